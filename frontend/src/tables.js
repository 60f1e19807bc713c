// Lists: a row opens on click, rows are ticked and bulk actions sent.

import { ask, say } from "./confirm.js";
import { element, words } from "./words.js";

export function enhanceTables() {
  document.addEventListener("click", openRow);
  document.addEventListener("auxclick", openRow);
  document.addEventListener("change", tick);
  document.addEventListener("click", bulkAction);
}

function openRow(event) {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.button > 1 || event.target.closest("a, button, input, label, select, summary, form")) return;
  if (String(window.getSelection())) return; // somebody is copying a number
  if (event.button === 1 || event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
  else window.location.assign(row.dataset.href);
}

function boxes() {
  return [...document.querySelectorAll("input.action-checkbox")];
}

function tick(event) {
  const all = document.querySelector("input.action-rowtoggle");
  if (!all) return;
  if (event.target === all) for (const box of boxes()) box.checked = all.checked;
  else if (!event.target.matches("input.action-checkbox")) return;
  const ticked = boxes().filter((box) => box.checked).length;
  all.checked = ticked > 0 && ticked === boxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
  for (const place of document.querySelectorAll("[data-ticked]")) place.textContent = ticked ? `· ${ticked}` : "";
}

async function bulkAction(event) {
  const button = event.target.closest("[data-bulk-action]");
  if (!button) return;
  event.preventDefault();
  const menu = button.closest("details.menu");
  if (menu) menu.open = false;
  const ticked = boxes().filter((box) => box.checked);
  if (!ticked.length) {
    await say(words.nothingSelected);
    return;
  }
  if (button.dataset.bulkConfirm && !(await ask(button.dataset.bulkConfirm))) return;
  const form = document.getElementById("action_form");
  form.querySelector("[name='action']").value = button.dataset.bulkAction;
  for (const old of form.querySelectorAll("[name='rowid']")) old.remove();
  for (const box of ticked) form.append(element("input", { type: "hidden", name: "rowid", value: box.value }));
  form.requestSubmit();
}
