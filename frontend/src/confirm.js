// Questions before irreversible steps, and no form sent twice. One listener for the whole page.

import { element, words } from "./words.js";

export function ask(message, { yes = words.yes, danger = true } = {}) {
  return new Promise((resolve) => {
    const dialog = element("dialog", { className: "ask" });
    const answer = (value, text, kind) => {
      const button = element("button", { type: "button", className: `btn ${kind}`, dataset: { answer: value } }, text);
      button.addEventListener("click", () => dialog.close(value));
      return button;
    };
    const buttons = element("div", { className: "row" });
    if (yes) buttons.append(answer("no", words.cancel, ""), answer("yes", yes, danger ? "btn-danger" : "btn-primary"));
    else buttons.append(answer("no", "OK", "btn-primary"));
    dialog.append(element("p", {}, message), buttons);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    buttons.firstElementChild.focus();
  });
}

export function say(message) {
  return ask(message, { yes: null });
}

export function guardForms() {
  document.addEventListener("submit", onSubmit, true);
  document.addEventListener("click", onLink);
  // Coming back through the browser's history finds the form usable again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sending]")) release(form);
  });
}

async function onSubmit(event) {
  const form = event.target;
  const submitter = event.submitter;
  if (form.dataset.sending) {
    event.preventDefault();
    return;
  }
  const question = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !form.dataset.confirmed) {
    event.preventDefault();
    event.stopPropagation();
    const source = submitter?.dataset.confirm ? submitter : form;
    if (!(await ask(question, { yes: source.dataset.confirmYes, danger: source.dataset.confirmTone !== "plain" }))) return;
    form.dataset.confirmed = "1";
    form.requestSubmit(submitter?.form === form ? submitter : undefined);
    return;
  }
  delete form.dataset.confirmed;
  if (form.method === "post" && !form.target) {
    form.dataset.sending = "1";
    submitter?.setAttribute("aria-busy", "true");
    // A download answers without leaving the page: the form must not stay locked for ever.
    setTimeout(() => release(form), 4000);
  }
}

function release(form) {
  delete form.dataset.sending;
  delete form.dataset.confirmed;
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

async function onLink(event) {
  const link = event.target.closest("a[data-confirm]");
  if (!link) return;
  event.preventDefault();
  if (await ask(link.dataset.confirm, { yes: link.dataset.confirmYes })) window.location.assign(link.href);
}
