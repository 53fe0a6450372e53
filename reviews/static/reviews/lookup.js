/* Suggests records while somebody types. Without this file keys, ids and addresses are typed or pasted. */
(() => {
  "use strict";
  const WAIT = 200;
  const fill = (list, records) => {
    list.replaceChildren(...records.map(({ key, label }) => {
      const option = document.createElement("option");
      option.value = key;
      option.label = label;
      return option;
    }));
  };
  const watch = (input) => {
    let timer, last = "";
    const kindOf = () => input.dataset.lookup || kindChosen(input);
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const typed = input.value.trim();
        const address = kindOf();
        if (!address || typed.length < 2 || typed === last || typed.includes("/")) return;
        last = typed;
        try {
          const answer = await fetch(`${address}?q=${encodeURIComponent(typed)}`);
          if (answer.ok) fill(input.list, (await answer.json()).records);
        } catch { /* typing on works as well */ }
      }, WAIT);
    });
  };
  /* Where the kind is chosen in the same form, the address follows the choice. */
  const kindChosen = (input) => {
    const kind = input.form?.elements.namedItem("kind");
    const pattern = input.dataset.lookupKind;
    return pattern && kind?.value ? pattern.replace("KIND", encodeURIComponent(kind.value)) : "";
  };
  document.querySelectorAll("input[data-lookup]").forEach(watch);
})();
