import { drawCharts } from "./charts/index.js";
import { enhanceChoices } from "./combobox.js";
import { guardForms } from "./confirm.js";
import { enhanceFilters } from "./filters.js";
import { enhanceFrame } from "./frame.js";
import { enhanceInlineRows } from "./inline.js";
import { enhancePlanBoard } from "./plan_board.js";
import { enhanceTables } from "./tables.js";
import { watchProgress } from "./progress.js";
import { watchSliders } from "./sliders.js";

const script = document.currentScript.src; // other files of the theme stand beside this one

function start() {
  enhanceFrame();
  guardForms();
  enhanceTables();
  enhanceFilters();
  enhanceInlineRows();
  enhancePlanBoard();
  enhanceChoices(document);
  watchProgress();
  watchSliders();
  drawCharts(script);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
