/* Keys for what stands on the page. They are written where people read them: <kbd data-click="selector">a</kbd> clicks the first
   thing that the selector finds (with data-within: in the row where one is), <kbd data-focus="selector"> goes to it (with
   data-click: after the click), and <kbd data-step="1" data-among="selector"> goes to the next of many. Without this file all of
   it is there to be pressed. Whom single keys are in the way of (speech input!) switches them off, for this browser. */
(() => {
  "use strict";
  const SWITCH = "keys"; // its name in this browser's store
  const box = document.querySelector("[data-keys]");
  if (!box) return;
  const store = (value) => {
    try {
      if (value !== undefined) localStorage.setItem(SWITCH, value);
      return localStorage.getItem(SWITCH);
    } catch { return null; } // no store in this browser: the keys are on
  };
  const seen = (element) => element && !element.disabled && element.getClientRects().length > 0;
  const find = (selector, root = document) => selector && root && [...root.querySelectorAll(selector)].find(seen);

  let at = -1; // the place among many where we were last
  const step = (by, selector) => {
    const all = [...document.querySelectorAll(selector)].filter(seen);
    if (!all.length) return false;
    const here = all.indexOf(document.activeElement?.closest?.(selector));
    at = Math.max(0, Math.min((here >= 0 ? here : at) + by, all.length - 1));
    if (all[at].tabIndex < 0) all[at].tabIndex = -1;
    all[at].focus({ preventScroll: true });
    all[at].scrollIntoView({ block: all[at].offsetHeight > innerHeight / 2 ? "start" : "nearest" });
    return true;
  };
  const press = ({ click, focus, step: by, among, within }) => {
    if (by) return step(Number(by), among);
    const pressed = find(click, within ? document.activeElement?.closest?.(within) : document);
    if (click && !pressed) return false;
    pressed?.click();
    const next = find(focus);
    next?.focus();
    return Boolean(pressed || next);
  };
  const help = () => {
    box.open = !box.open;
    if (box.open) box.scrollIntoView({ block: "nearest" });
    return true;
  };

  const off = box.querySelector("[data-keys-off]");
  const isOff = () => store() === "off";
  if (off) {
    off.closest("[hidden]")?.removeAttribute("hidden");
    off.checked = isOff();
    off.addEventListener("change", () => store(off.checked ? "off" : "on"));
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches?.("textarea")) {
      const send = event.target.form?.querySelector("button");
      if (send) { event.preventDefault(); send.click(); }
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || typing || isOff()) return;
    const key = [...box.querySelectorAll("kbd")].find((one) => one.textContent === event.key && Object.keys(one.dataset).length);
    if (key ? press(key.dataset) || ("help" in key.dataset && help()) : false) event.preventDefault();
  });
})();
