/* What a page asks for again and again (data-polls) is asked for only while the page is seen; when it is seen again, at once.
   The number of unread things stands before the page's title. Without this file htmx asks all the time. */
(() => {
  "use strict";
  const title = document.title;
  const count = () => {
    const unread = document.querySelector("#inbox-badge [data-unread]")?.dataset.unread;
    document.title = unread && unread !== "0" ? `(${unread}) ${title}` : title;
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.visibilityState === "hidden" && event.target.matches?.("[data-polls]")) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") return;
    for (const each of document.querySelectorAll("[data-polls]")) htmx.trigger(each, "seen-again");
  });
  document.addEventListener("htmx:afterSwap", (event) => { if (event.target.id === "inbox-badge") count(); });
  count();
})();
