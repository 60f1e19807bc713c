// Finds every chart of the page, loads the drawing library when there is one, and keeps charts right:
// after a resize, a change of theme, and on paper.

import { element, language } from "../words.js";
import { absence } from "./absence.js";
import { bars } from "./bars.js";
import { cohortLine } from "./cohort.js";
import { distribution } from "./distribution.js";
import { externalScatter } from "./external.js";
import { funnel } from "./funnel.js";
import { journalTable } from "./journal.js";
import { itemProfile } from "./profile.js";
import { classSimilarity } from "./similarity.js";
import { survival } from "./survival.js";

const KINDS = {
  distribution,
  journal_table: journalTable,
  funnel,
  bars,
  survival,
  item_profile: itemProfile,
  class_similarity: classSimilarity,
  cohort_line: cohortLine,
  external_scatter: externalScatter,
  absence,
};
const root = document.documentElement;

export async function drawCharts(script) {
  const boxes = [...document.querySelectorAll(".chart[data-chart]")];
  if (!boxes.length) return;
  await load(new URL("vendor/echarts.js", script));
  const redraw = () => boxes.forEach(draw);
  // The page's font must be there before texts are measured.
  await document.fonts?.ready;
  const resized = new ResizeObserver((entries) => entries.forEach((entry) => draw(entry.target)));
  boxes.forEach((box) => resized.observe(box));
  new MutationObserver(redraw).observe(root, { attributeFilter: ["data-theme"] });

  let before;
  window.addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    redraw();
  });
  window.addEventListener("afterprint", () => {
    root.dataset.theme = before;
  });
}

function load(url) {
  return new Promise((resolve, reject) => {
    const script = element("script", { src: url.href });
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}

function draw(box) {
  if (!box.clientWidth) return; // inside a closed part of the page; the observer calls again when it opens
  const { echarts } = window;
  const chart =
    echarts.getInstanceByDom(box) ?? echarts.init(box, null, { renderer: "svg", locale: language === "ru" ? "RU" : "EN" });
  chart.resize();
  const spec = JSON.parse(box.dataset.spec);
  const option = KINDS[box.dataset.chart](spec, palette(), { width: box.clientWidth, height: box.clientHeight });
  chart.setOption({ ...base(palette()), ...option }, { notMerge: true });
}

function palette() {
  const style = getComputedStyle(root);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"),
    muted: colour("muted"),
    line: colour("line"),
    card: colour("card"),
    sunken: colour("sunken"),
    accent: colour("accent"),
    accentSoft: colour("accent-soft"),
    onAccent: colour("on-accent"),
    out: colour("chart-out"),
    rest: colour("chart-rest"),
    curve: colour("chart-curve"),
    good: colour("good"),
    warn: colour("warn"),
    bad: colour("bad"),
    font: getComputedStyle(document.body).fontFamily,
  };
}

function base(colours) {
  return {
    animation: false,
    textStyle: { fontFamily: colours.font, fontSize: 13, color: colours.ink },
    aria: { enabled: true },
  };
}
