// Filters of a list: each is a row of name, operation and value; what they may be comes as JSON with the page.

import { enhanceChoices } from "./combobox.js";
import { dates } from "./inline.js";
import { element, words } from "./words.js";

export function enhanceFilters() {
  const source = document.getElementById("filter-data");
  const form = document.getElementById("filter_form");
  if (!source || !form) return;
  const { groups, active } = JSON.parse(source.textContent);
  const rows = form.querySelector(".filter-rows");
  const apply = form.querySelector("[data-filter-apply]");
  let count = 0;

  const show = () => {
    apply.hidden = rows.children.length === 0 && active.length === 0;
  };

  const add = (name, index = null, value = "") => {
    const options = groups[name] ?? [];
    if (!options.length) return null;
    const current = options.find((option) => option.index === index) ?? options[0];
    const row = element("div", { className: "filter-row" });
    const operation = element("select", { ariaLabel: name });
    for (const option of options) {
      operation.append(new Option(option.operation, option.arg, false, option === current));
    }
    const remove = element("button", { type: "button", className: "row-action", title: words.remove, ariaLabel: words.remove }, "×");
    const slot = element("div");
    const fill = (option, content) => {
      const prefix = `flt${count}_`;
      count += 1;
      slot.replaceChildren(...valueField(option, `${prefix}${option.arg}`, content, name));
      dates(slot);
      enhanceChoices(slot);
    };
    operation.addEventListener("change", () => fill(options[operation.selectedIndex], ""));
    remove.addEventListener("click", () => {
      row.remove();
      show();
      apply.hidden = false; // taking a filter away is a change to apply as well
    });
    row.append(element("span", { className: "name" }, name), operation, slot, remove);
    rows.append(row);
    fill(current, value);
    show();
    return slot;
  };

  for (const [index, name, value] of active) add(name, index, value);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-filter-add]");
    if (!button) return;
    const menu = button.closest("details.menu");
    if (menu) menu.open = false;
    add(button.dataset.filterAdd)?.querySelector("input:not([type='hidden']), select")?.focus();
  });
  show();
}

function valueField(option, name, value, title) {
  const common = { name, value, ariaLabel: title };
  if (option.type === "select2-tags" && option.options) {
    const hidden = element("input", { type: "hidden", name, value });
    const select = element("select", { multiple: true, ariaLabel: title, dataset: { role: "select2" } });
    const chosen = new Set(String(value).split(","));
    for (const [key, text] of option.options) select.append(new Option(text, key, false, chosen.has(String(key))));
    select.addEventListener("change", () => {
      hidden.value = [...select.selectedOptions].map((item) => item.value).join(",");
    });
    return [select, hidden];
  }
  if (option.options) {
    const select = element("select", { name, ariaLabel: title });
    for (const [key, text] of option.options) select.append(new Option(text, key, false, String(key) === String(value)));
    return [select];
  }
  if (option.type === "datepicker") return [element("input", { ...common, type: "date" })];
  if (option.type === "daterangepicker") return dateRange(name, value, title);
  return [element("input", { ...common, type: "text" })];
}

// The framework expects «2026-09-01 to 2026-09-30».
function dateRange(name, value, title) {
  const [from = "", to = ""] = String(value).split(" to ");
  const hidden = element("input", { type: "hidden", name, value });
  const ends = [from, to].map((day) => element("input", { type: "date", value: day, ariaLabel: title }));
  for (const end of ends) {
    end.addEventListener("change", () => {
      hidden.value = ends.map((item) => item.value).join(" to ");
    });
  }
  return [ends[0], " – ", ends[1], hidden];
}
