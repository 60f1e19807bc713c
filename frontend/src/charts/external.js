// The paper against an outside examination: every school a point, the line of what the outside result predicts.

import { number, percent, words } from "../words.js";
import { DASHES, legend, named, tooltip, valueAxis } from "./axes.js";

export function externalScatter(spec, colours, size) {
  const crowded = spec.x.length > 150;
  const others = spec.x.map((mark, i) => [mark, spec.y[i]]).filter((_, i) => i !== spec.index);
  const exams = spec.exams.map((exam) => words.exams[exam] ?? exam).join(", ");
  const own = { type: "scatter", name: words.school, symbolSize: 12, z: 5 };
  const [mark] = spec.own;
  return {
    grid: { left: 28, right: 16, top: 12, bottom: size.width < 480 ? 100 : 64, containLabel: true },
    legend: legend(colours, {
      selectedMode: false,
      data: [words.school, words.others, { name: words.expectedByOutside, icon: DASHES }],
    }),
    xAxis: { ...valueAxis(colours, { scale: true, splitLine: { show: false } }), ...named(colours, words.outside(exams), 27) },
    yAxis: {
      ...valueAxis(colours, { scale: true, axisLabel: { color: colours.muted, fontSize: 12.5, formatter: (value) => percent(value) } }),
      ...named(colours, words.pointsOfPaper, 46),
    },
    tooltip: tooltip(colours, {
      formatter: ({ data: [x, y], seriesName }) =>
        [seriesName, `${words.outside(exams)}: ${number(x, 2)}`, `${words.pointsOfPaper}: ${percent(y, 1)}`].join("\n"),
    }),
    series: [
      {
        type: "scatter",
        name: words.others,
        data: others,
        symbolSize: crowded ? 5 : 7,
        color: colours.muted,
        itemStyle: { color: colours.muted, opacity: crowded ? 0.4 : 0.6 },
        z: 3,
      },
      {
        type: "line",
        name: words.expectedByOutside,
        data: spec.line,
        symbol: "none",
        silent: true,
        color: colours.curve,
        lineStyle: { color: colours.curve, width: 2, type: [5, 4] },
        z: 4,
      },
      // What is expected of this school, with its interval, under its own point.
      {
        type: "line",
        name: "",
        data: [[mark, spec.expected_low], [mark, spec.expected_high]],
        symbol: "none",
        silent: true,
        lineStyle: { color: colours.curve, width: 2 },
        z: 4,
      },
      {
        ...own,
        data: [spec.own],
        color: spec.clears ? colours.good : colours.out,
        itemStyle: { color: spec.clears ? colours.good : colours.out, borderColor: colours.card, borderWidth: 2 },
      },
    ],
  };
}
