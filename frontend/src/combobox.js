// Choosing one or many from a long list: an input that filters as one types (WAI-ARIA combobox with a list).
// Takes over <select data-role="select2"> that are long or multiple, and the framework's remote look-ups.

import { element, words } from "./words.js";

const LONG = 12;
const SHOWN = 60;
let serial = 0;

export function enhanceChoices(parent) {
  for (const field of parent.querySelectorAll("select[data-role='select2'], select[data-combobox]")) {
    if (field.closest("template") || field.dataset.enhanced) continue;
    if (field.multiple || field.options.length > LONG) combobox(field, localChoices(field));
  }
  for (const field of parent.querySelectorAll("input[data-role='select2-ajax']")) {
    if (!field.dataset.enhanced) combobox(field, remoteChoices(field));
  }
}

function localChoices(select) {
  const all = [...select.options].filter((option) => option.value !== "__None" && option.text.trim() !== "");
  return {
    multiple: select.multiple,
    blank: !select.multiple && (select.dataset.allowBlank === "1" || all.length < select.options.length),
    placeholder: select.dataset.placeholder ?? "",
    chosen: () => all.filter((option) => option.selected).map((option) => ({ id: option.value, text: option.text })),
    search: async (query) => {
      const wanted = query.trim().toLowerCase();
      return all
        .filter((option) => option.text.toLowerCase().includes(wanted))
        .map((option) => ({ id: option.value, text: option.text.trim() }));
    },
    store: (items) => {
      const ids = new Set(items.map((item) => item.id));
      for (const option of select.options) option.selected = ids.has(option.value);
      if (!items.length && !select.multiple) {
        const empty = [...select.options].find((option) => option.value === "__None" || option.text.trim() === "");
        if (empty) empty.selected = true;
      }
    },
  };
}

function remoteChoices(input) {
  const multiple = input.dataset.multiple === "1";
  const least = Number(input.dataset.minimumInputLength ?? 1);
  const parse = () => {
    const given = JSON.parse(input.dataset.json || "null");
    return (multiple ? (given ?? []) : given ? [given] : []).map(([id, text]) => ({ id: String(id), text }));
  };
  return {
    multiple,
    blank: input.dataset.allowBlank === "1",
    placeholder: input.dataset.placeholder ?? "",
    chosen: parse,
    search: async (query) => {
      if (query.trim().length < least) return null;
      const url = new URL(input.dataset.url, window.location.href);
      url.searchParams.set("query", query.trim());
      url.searchParams.set("offset", "0");
      url.searchParams.set("limit", "20");
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      return (await answer.json()).map(([id, text]) => ({ id: String(id), text }));
    },
    store: (items) => {
      input.value = items.map((item) => item.id).join(input.dataset.separator || ",");
    },
  };
}

function combobox(field, choices) {
  field.dataset.enhanced = "1";
  serial += 1;
  const listId = `combo-list-${serial}`;
  const input = element("input", {
    type: "text",
    className: "combo-input",
    id: `${field.id || `combo-${serial}`}-combo`,
    autocomplete: "off",
    role: "combobox",
    placeholder: choices.placeholder,
  });
  for (const [name, value] of Object.entries({ expanded: "false", controls: listId, autocomplete: "list" })) {
    input.setAttribute(`aria-${name}`, value);
  }
  const list = element("ul", { id: listId, className: "combo-list", role: "listbox", hidden: true });
  const clear = element("button", { type: "button", className: "combo-clear", title: words.clear, ariaLabel: words.clear }, "×");
  const box = element("div", { className: "combo-box" }, input, clear);
  const combo = element("div", { className: "combo" }, box, list);
  const label = field.id && document.querySelector(`label[for="${CSS.escape(field.id)}"]`);
  if (label) label.htmlFor = input.id;
  else if (field.ariaLabel) input.ariaLabel = field.ariaLabel;
  field.hidden = true;
  field.after(combo);

  let items = choices.chosen();
  let found = [];
  let active = -1;
  let asked = 0;

  const render = () => {
    for (const chip of box.querySelectorAll(".combo-chip")) chip.remove();
    if (choices.multiple) {
      for (const item of items) input.before(chip(item));
    } else {
      input.value = items[0]?.text ?? "";
    }
    clear.hidden = choices.multiple || !choices.blank || !items.length;
  };
  const chip = (item) => {
    const remove = element("button", { type: "button", className: "combo-clear", ariaLabel: `${words.remove}: ${item.text}` }, "×");
    remove.addEventListener("click", () => change(items.filter((other) => other.id !== item.id)));
    return element("span", { className: "combo-chip" }, item.text, remove);
  };
  const change = (next) => {
    items = next;
    choices.store(items);
    render();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const note = (text) => list.replaceChildren(element("li", { className: "note" }, text));
  const open = async (query) => {
    const mine = ++asked;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    active = -1;
    try {
      const answer = await choices.search(query);
      if (mine !== asked) return; // a later question has been asked meanwhile
      found = (answer ?? []).filter((item) => !choices.multiple || !items.some((other) => other.id === item.id));
      if (answer === null) note(words.typeMore);
      else if (!found.length) note(words.nothingFound);
      else list.replaceChildren(...found.slice(0, SHOWN).map((item, index) => option(item, index)));
    } catch {
      if (mine === asked) note(words.loadFailed);
    }
  };
  const option = (item, index) => {
    const made = element("li", { id: `${listId}-${index}`, role: "option" }, item.text);
    made.addEventListener("mousedown", (event) => {
      event.preventDefault();
      take(item);
    });
    return made;
  };
  const take = (item) => {
    change(choices.multiple ? [...items, item] : [item]);
    if (choices.multiple) input.value = "";
    close();
  };
  const move = (step) => {
    const options = list.querySelectorAll("[role='option']");
    if (!options.length) return;
    options[active]?.setAttribute("aria-selected", "false");
    active = (active + step + options.length) % options.length;
    options[active].setAttribute("aria-selected", "true");
    options[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[active].id);
  };

  input.addEventListener("input", () => open(input.value));
  input.addEventListener("focus", () => {
    input.select();
    open("");
  });
  input.addEventListener("click", () => {
    if (list.hidden) open("");
  });
  input.addEventListener("blur", () => {
    close();
    if (!choices.multiple && input.value === "" && choices.blank && items.length) change([]);
    else render();
    if (choices.multiple) input.value = "";
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open(input.value);
      else move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !list.hidden) {
      event.preventDefault();
      if (found[Math.max(0, active)]) take(found[Math.max(0, active)]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
    } else if (event.key === "Backspace" && choices.multiple && input.value === "" && items.length) {
      change(items.slice(0, -1));
    }
  });
  clear.addEventListener("click", () => {
    change([]);
    input.focus();
  });
  render();
}
