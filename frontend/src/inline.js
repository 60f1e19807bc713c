// Rows added to and removed from a form (one-to-many children), and the framework's date fields.

import { enhanceChoices } from "./combobox.js";
import { ask } from "./confirm.js";

export function enhanceInlineRows() {
  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-inline-add]");
    if (add) addRow(document.getElementById(add.dataset.inlineAdd));
    const remove = event.target.closest("[data-inline-remove]");
    if (remove) removeRow(remove);
  });
  dates(document);
}

function addRow(box) {
  const list = box.querySelector(":scope > .inline-list");
  const used = [...list.children].map((row) => Number(row.id.split("-").at(-1)));
  const prefix = `${box.id}-${Math.max(-1, ...used.filter(Number.isInteger)) + 1}`;
  const row = box.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
  row.id = prefix;
  // In the template ids and names lack the row's prefix.
  for (const field of row.querySelectorAll("[name]")) {
    field.name = field.getAttribute("name") ? `${prefix}-${field.getAttribute("name")}` : prefix;
    if (field.id || field.type !== "hidden") field.id = field.name;
  }
  for (const label of row.querySelectorAll("label[for]")) label.htmlFor = `${prefix}-${label.getAttribute("for")}`;
  list.append(row);
  dates(row);
  enhanceChoices(row);
  row.querySelector("input:not([type='hidden']), select, textarea")?.focus();
}

async function removeRow(button) {
  if (await ask(button.dataset.inlineRemove)) button.closest(".inline-row").remove();
}

// The framework prints dates as text for a picker of its own; the browser's picker speaks the user's language.
export function dates(parent) {
  for (const field of parent.querySelectorAll("input[data-role='datepicker']")) field.type = "date";
  for (const field of parent.querySelectorAll("input[data-role='datetimepicker']")) {
    const value = field.value.replace(" ", "T");
    field.type = "datetime-local";
    field.value = value;
    field.form?.addEventListener("formdata", (event) => {
      const [day, time] = field.value.split("T");
      if (time) event.formData.set(field.name, `${day} ${time.length === 5 ? `${time}:00` : time}`);
    });
  }
}
