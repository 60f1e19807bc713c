// «Что, если»: a slider beside each number of the form; every move asks the server anew and replaces the figures.
// The numbers are the form's own fields, so that without this script the button does the same.

import { element, language, number } from "./words.js";

const PAUSE = 120; // milliseconds without a move before the server is asked

export function watchSliders() {
  const form = document.querySelector("form[data-what-if]");
  if (!form) return;
  const figures = document.getElementById("what-if-figures");
  const said = document.getElementById("what-if-said");
  let waiting = null;
  let asked = null;

  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    const query = new URLSearchParams(new FormData(form)).toString();
    figures.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${form.dataset.whatIf}?${query}`, {
        headers: { Accept: "application/json" },
        signal: asked.signal,
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const { html, said: sentence } = await answer.json();
      const open = figures.querySelector("details")?.open;
      figures.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
      if (open && figures.querySelector("details")) figures.querySelector("details").open = true;
      said.textContent = sentence;
      history.replaceState(null, "", `${form.getAttribute("action")}?${query}`);
      figures.removeAttribute("aria-busy");
    } catch (error) {
      if (error.name !== "AbortError") form.submit(); // the whole page says what is wrong
    }
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  };

  for (const field of form.querySelectorAll("[data-stops]")) addSlider(field, soon);
  form.addEventListener("input", soon);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    ask();
  });
}

function addSlider(field, soon) {
  const text = field.querySelector("input");
  const stops = field.dataset.stops.split(" ");
  const slider = element("input", { type: "range", min: "0", max: String(stops.length - 1), step: "1" });
  slider.setAttribute("aria-label", field.querySelector("label").textContent);
  slider.setAttribute("aria-describedby", `${text.id}-help`);
  const place = () => {
    const value = Number(text.value.replace(",", "."));
    const distances = stops.map((stop) => Math.abs(Math.log(Number(stop)) - Math.log(value)));
    if (value > 0) slider.value = String(distances.indexOf(Math.min(...distances)));
    slider.setAttribute("aria-valuetext", number(value, 10));
  };
  slider.addEventListener("input", (event) => {
    event.stopPropagation();
    text.value = stops[Number(slider.value)].replace(".", language === "ru" ? "," : ".");
    slider.setAttribute("aria-valuetext", number(Number(stops[Number(slider.value)]), 10));
    soon();
  });
  text.addEventListener("input", place);
  text.before(slider);
  place();
}
