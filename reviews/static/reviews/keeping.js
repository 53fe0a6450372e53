/* Keeps what is typed into a form with data-keep: at the server every few seconds; in this browser only while the server
   doesn't take it. Without this file a form is kept when it is sent. */
(() => {
  "use strict";
  const WAIT = 3000; // milliseconds between typing and keeping
  const AGAIN = 15000; // until the next try when it couldn't be kept
  const MOST_ON_LEAVING = 60000; // bytes: browsers send at most 64 KiB after a page is gone

  const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const when = (iso) => {
    const day = new Date(iso);
    return day.toDateString() === new Date().toDateString() ? `at ${clock(iso)}` : `on ${day.toLocaleDateString("sv")} at ${clock(iso)}`;
  };
  document.querySelectorAll("time[data-local-time]").forEach((time) => { time.textContent = when(time.dateTime); });

  /* Who has signed in anew since the page was opened has a new token. The server checks that it is the same person. */
  const freshen = (form) => {
    const token = document.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/)?.[1];
    if (token) form.elements.namedItem("csrfmiddlewaretoken").value = token;
  };
  document.querySelectorAll("form[data-send-again]").forEach((form) => form.addEventListener("submit", () => freshen(form)));

  const form = document.querySelector("form[data-keep]");
  if (!form) return;
  const status = form.querySelector("[data-kept-status]");
  const own = (name) => form.elements.namedItem(name);
  const say = (words, mark = "") => {
    if (status.textContent !== words) status.textContent = words; // the same minute isn't announced again
    for (const name of ["is-unsaved", "is-apart"]) status.classList.toggle(name, name === mark);
  };

  /* --- this browser's own store, by person, page and tab */

  const shelf = `kept ${own("kept-user").value} ${own("kept-path").value} `;
  let shelved = ""; // the name under which this page's typing lies there
  const unshelve = () => { if (shelved) localStorage.removeItem(shelved); shelved = ""; };
  const shelve = (sent) => {
    try {
      unshelve();
      const name = shelf + own("kept").value;
      localStorage.setItem(name, JSON.stringify([...sent].filter(([field]) => field !== "csrfmiddlewaretoken")));
      shelved = name;
    } catch { /* full, or forbidden: the words beside the buttons say so */ }
  };

  /* --- keeping at the server */

  let isDirty = false, isLeaving = false, running = null, timer = 0, due = 0;

  const post = async (sent, more = {}) => {
    freshen(form);
    sent.set("csrfmiddlewaretoken", own("csrfmiddlewaretoken").value);
    const answer = await fetch(form.dataset.keep, { method: "POST", body: sent, redirect: "error", ...more });
    return { status: answer.status, ...(await answer.json().catch(() => ({}))) };
  };
  /* Where another tab has the same row, this one goes on with a row of its own. */
  const postApart = (sent, tab, more) => {
    sent.set("kept", tab);
    sent.set("kept-count", "0");
    return post(sent, more);
  };

  const took = (answer) => {
    own("kept").value = answer.tab;
    own("kept-count").value = answer.count;
    unshelve();
    say(`saved ${clock(answer.saved)}${answer.notice ? `. ${answer.notice}` : ""}`, answer.notice && "is-apart");
  };
  const failed = (sent, words) => {
    isDirty = true;
    shelve(sent);
    say(shelved ? words : `${words} This browser can’t keep it: copy it before you leave the page.`, "is-unsaved");
    plan(AGAIN);
  };

  const attempt = async (more) => {
    isDirty = false;
    const sent = new FormData(form);
    try {
      let answer = await post(sent, more);
      if (answer.status === 409) answer = await postApart(sent, answer.tab, more);
      if (answer.status === 200) took(answer);
      else failed(sent, answer.error || "Not saved: the server couldn’t take it. What you typed stays here.");
    } catch {
      failed(sent, "Not saved: the server can’t be reached. What you typed stays here.");
    }
  };
  const keep = (more) => {
    clearTimeout(timer);
    timer = 0;
    if (!isDirty) return running || Promise.resolve();
    const mine = (running || Promise.resolve()).then(() => (isDirty ? attempt(more) : null)).finally(() => { if (running === mine) running = null; });
    running = mine;
    return mine;
  };
  const plan = (wait) => {
    if (timer && due <= Date.now() + wait) return;
    clearTimeout(timer);
    due = Date.now() + wait;
    timer = setTimeout(keep, wait);
  };
  const typed = () => { isDirty = true; isLeaving = false; plan(WAIT); };
  form.addEventListener("input", typed);
  form.addEventListener("change", typed);

  /* --- leaving, when perhaps nobody hears the answer */

  const bytesOf = (sent) => [...sent].reduce((sum, [name, value]) => sum + 150 + new Blob([name, value]).size, 0);
  const leave = () => {
    if (!isDirty || isLeaving) return;
    const sent = new FormData(form);
    const fits = bytesOf(sent) < MOST_ON_LEAVING;
    if (!fits || shelved) shelve(sent);
    if (!fits) return;
    isDirty = false;
    // While an answer is still out, the count to come is not known.
    (running ? postApart(sent, "", { keepalive: true }) : post(sent, { keepalive: true })).then(
      (answer) => { if (answer.status === 200) took(answer); else isDirty = true; }, () => { isDirty = true; });
  };
  addEventListener("pagehide", leave);
  addEventListener("pageshow", () => { isLeaving = false; });
  addEventListener("online", () => keep());
  document.addEventListener("visibilitychange", () => {
    if (isLeaving) return;
    keep(document.visibilityState === "hidden" && bytesOf(new FormData(form)) < MOST_ON_LEAVING ? { keepalive: true } : {});
  });
  addEventListener("beforeunload", (event) => {
    if (isDirty && !isLeaving && !shelved && status.classList.contains("is-unsaved")) event.preventDefault();
  });

  /* --- sending: first keep, so that neither a refusal nor a broken line loses anything */

  let isWaiting = false;
  form.addEventListener("submit", async (event) => {
    freshen(form);
    if (isLeaving || !(isDirty || running) || !form.requestSubmit) { isLeaving = true; return; }
    event.preventDefault();
    if (isWaiting) return;
    isWaiting = true;
    await Promise.race([keep(), new Promise((done) => setTimeout(done, WAIT))]);
    if (isDirty || running) shelve(new FormData(form));
    isWaiting = false;
    isLeaving = true;
    form.requestSubmit(event.submitter);
  });

  /* --- what an earlier page left in this browser goes to the server, and is offered here */

  const offers = document.querySelector("[data-kept-offers]");
  const offer = ({ go_on: address, saved }) => {
    if ([...offers.querySelectorAll("a")].some((link) => link.getAttribute("href") === address)) return;
    const [box, words, link] = ["div", "p", "a"].map((name) => document.createElement(name));
    box.className = "notice spread";
    words.textContent = `Kept by this browser and taken over ${when(saved)}, not saved yet.`;
    link.className = "button small";
    link.href = address;
    link.textContent = "Go on with it";
    box.append(words, link);
    offers.append(box);
  };
  const handOver = async (name) => {
    const sent = new FormData();
    for (const [field, value] of JSON.parse(localStorage.getItem(name))) sent.append(field, value);
    let answer = await post(sent);
    if (answer.status === 409 && !answer.done) answer = await postApart(sent, answer.tab);
    if (answer.status === 200 || answer.done) localStorage.removeItem(name);
    const isShown = answer.tab === own("kept").value && String(answer.count) === own("kept-count").value;
    if (answer.status === 200 && !isShown) offer(answer);
  };
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(shelf)) handOver(name).catch(() => {});
  } catch { /* no store in this browser */ }
})();
