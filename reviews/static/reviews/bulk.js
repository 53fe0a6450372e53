/* Ticking many boxes: how many are ticked, all or none without a reload, a range with the Shift key. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-ticks]");
  const boxes = form ? [...form.querySelectorAll(`input[type=checkbox][name=${form.dataset.ticks}]`)] : [];
  if (!boxes.length) return;
  const words = form.querySelector("[data-ticked]");
  const count = () => {
    words.textContent = `${boxes.filter((box) => box.checked).length} of ${boxes.length} ticked`;
  };
  let last = null;
  boxes.forEach((box, place) => box.addEventListener("click", (event) => {
    if (event.shiftKey && last !== null) {
      boxes.slice(Math.min(last, place), Math.max(last, place) + 1).forEach((one) => { one.checked = box.checked; });
    }
    last = place;
    count();
  }));
  form.querySelectorAll("button[name=tick]").forEach((button) => button.addEventListener("click", (event) => {
    event.preventDefault();
    boxes.forEach((box) => { box.checked = button.value === "all"; });
    count();
  }));
  window.addEventListener("pageshow", count); /* after Back the browser ticks what was ticked */
  count();
})();
