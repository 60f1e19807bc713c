// Journal marks against the marks of the paper: a table of four by four, darker where more pupils are.

import { number, percent, words } from "../words.js";
import { categoryAxis, named, tooltip } from "./axes.js";

export function journalTable(spec, colours, size) {
  const marks = (spec.marks ?? [2, 3, 4, 5]).map((mark) => `«${mark}»`);
  const counts = spec.counts ?? spec.matrix; // rows: journal, columns: paper
  const total = counts.flat().reduce((sum, count) => sum + count, 0) || 1;
  const highest = Math.max(1, ...counts.flat());
  const cells = counts.flatMap((row, journal) =>
    row.map((count, paper) => ({
      value: [paper, journal, count],
      label: { color: count > highest * 0.55 ? colours.onAccent : colours.ink, fontWeight: journal === paper ? 700 : 400 },
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
      inRange: { color: [colours.sunken, colours.accentSoft, colours.accent] },
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
