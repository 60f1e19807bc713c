// Journal marks against the marks of the paper: a table of four by four, darker where more pupils are.

import { number, percent, words } from "../words.js";
import { categoryAxis, named, tooltip } from "./axes.js";

const LIGHTEST = [255, 255, 255];
const DARKEST = [15, 20, 28];

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// The colour the chart's scale gives to `share` in 0..1 of the highest count.
function shade(ramp, share) {
  const at = Math.min(share, 1) * (ramp.length - 1);
  const below = Math.min(Math.floor(at), ramp.length - 2);
  const [from, to] = [rgb(ramp[below]), rgb(ramp[below + 1])];
  return from.map((part, i) => part + (to[i] - part) * (at - below));
}

// Relative luminance as WCAG 2 defines it.
function luminance(colour) {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// Light or dark ink, whichever stands out more from the cell.
function ink(cell) {
  const own = luminance(cell);
  const light = (luminance(LIGHTEST) + 0.05) / (own + 0.05);
  const dark = (own + 0.05) / (luminance(DARKEST) + 0.05);
  return `rgb(${(light > dark ? LIGHTEST : DARKEST).join(",")})`;
}

export function journalTable(spec, colours, size) {
  const marks = (spec.marks ?? [2, 3, 4, 5]).map((mark) => `«${mark}»`);
  const counts = spec.counts ?? spec.matrix; // rows: journal, columns: paper
  const total = counts.flat().reduce((sum, count) => sum + count, 0) || 1;
  const ramp = [colours.sunken, colours.accentSoft, colours.accent];
  const highest = Math.max(1, ...counts.flat());
  const cells = counts.flatMap((row, journal) =>
    row.map((count, paper) => ({
      value: [paper, journal, count],
      label: { color: ink(shade(ramp, count / highest)), fontWeight: journal === paper ? 700 : 400 },
    })),
  );
  const height = size.height - 58;
  return {
    grid: { left: 64, top: 8, width: Math.min(size.width - 80, height * 1.9), height },
    xAxis: { ...categoryAxis(colours, marks), ...named(colours, words.paperMark, 27), axisLine: { show: false } },
    yAxis: {
      ...categoryAxis(colours, marks),
      ...named(colours, words.journalMark, 40),
      inverse: true,
      axisLine: { show: false },
    },
    visualMap: {
      show: false,
      min: 0,
      max: highest,
      dimension: 2,
      inRange: { color: ramp },
    },
    tooltip: tooltip(colours, {
      formatter: ({ value: [paper, journal, count] }) =>
        [
          `${words.journalMark}: ${marks[journal]}`,
          `${words.paperMark}: ${marks[paper]}`,
          `${words.works}: ${number(count)} (${percent(count / total, 1)})`,
        ].join("\n"),
    }),
    series: [
      {
        type: "heatmap",
        data: cells,
        label: { show: true, fontSize: 13, formatter: ({ value }) => number(value[2]) },
        itemStyle: { borderColor: colours.card, borderWidth: 3, borderRadius: 6 },
        emphasis: { disabled: true },
      },
    ],
  };
}
