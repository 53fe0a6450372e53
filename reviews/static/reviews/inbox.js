/* The inbox by keyboard: j and k move, o or Enter opens, e marks read, m mutes the proposal, ? shows the keys.
   Every key does what a link or button beside it does; without this file those are there. */
(() => {
  "use strict";
  const visible = (element) => !element.closest("details:not([open])");
  const stops = () => [...document.querySelectorAll("[data-stop]")].filter(visible);
  const here = () => document.activeElement?.closest?.("[data-stop]");
  let last = 0; // where we were, for when a page part was exchanged

  const go = (step) => {
    const all = stops();
    if (!all.length) return;
    const at = all.indexOf(here());
    const next = at < 0 ? (step > 0 ? Math.min(last, all.length - 1) : all.length - 1) : at + step;
    last = Math.max(0, Math.min(next, all.length - 1));
    all[last].focus();
    all[last].scrollIntoView({ block: "nearest" });
  };
  // What an item has no button for, its group has.
  const click = (name) => {
    const button = `[data-does="${name}"]`;
    (here()?.querySelector(button) ?? here()?.closest("[data-group]")?.querySelector(button))?.click();
  };
  const help = () => {
    const keys = document.querySelector("[data-keys]");
    keys.open = !keys.open;
    if (keys.open) keys.scrollIntoView({ block: "nearest" });
  };
  const does = { j: () => go(1), k: () => go(-1), o: () => click("open"), Enter: () => click("open"), e: () => click("read"), m: () => click("mute"), "?": help };

  /* The switch of keys.js: whom single keys are in the way of has none here either. */
  const isOff = () => { try { return localStorage.getItem("keys") === "off"; } catch { return false; } };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
    // Enter on a link or button is its own.
    const pressing = event.key === "Enter" && !event.target.matches?.("[data-stop]");
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || typing || pressing || isOff() || !Object.hasOwn(does, event.key)) return;
    event.preventDefault();
    does[event.key]();
  });
  document.addEventListener("focusin", () => { const at = stops().indexOf(here()); if (at >= 0) last = at; });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "inbox") return;
    const all = stops();
    last = Math.min(last, Math.max(0, all.length - 1));
    all[last]?.focus();
  });
})();
