// Schools by number of works and result, with control limits that narrow as the number grows (a funnel plot).

import { number, words } from "../words.js";
import { DASHES, legend, named, tooltip, valueAxis } from "./axes.js";

export function funnel(spec, colours) {
  const dot = { type: "scatter", z: 3 };
  const limit = (points, name) => ({
    type: "line",
    name,
    data: points,
    symbol: "none",
    silent: true,
    color: colours.muted,
    lineStyle: { color: colours.muted, width: 1.3, type: [4, 4] },
  });
  const series = [
    { ...dot, name: words.others, data: spec.points, symbolSize: 7, itemStyle: { color: colours.muted, opacity: 0.55 } },
    ...(spec.limits ?? []).flatMap(({ title, lower, upper }) => [limit(lower, title), limit(upper, title)]),
  ];
  if (spec.school) {
    series.push({
      ...dot,
      name: words.school,
      data: [spec.school],
      symbolSize: 12,
      itemStyle: { color: colours.out, borderColor: colours.card, borderWidth: 2 },
      z: 5,
    });
  }
  const all = [...spec.points, ...(spec.school ? [spec.school] : [])];
  const right = Math.max(...all.map(([n]) => n));
  if (spec.centre !== undefined) {
    series.push({
      ...limit([[0, spec.centre], [right, spec.centre]], ""),
      lineStyle: { color: colours.ink, width: 1.2 },
    });
  }
  return {
    grid: { left: 28, right: 16, top: 12, bottom: 64, containLabel: true },
    legend: legend(colours, { data: [words.school, words.others, ...(spec.limits ?? []).map(({ title }) => ({ name: title, icon: DASHES }))] }),
    xAxis: { ...valueAxis(colours, { min: 0, splitLine: { show: false } }), ...named(colours, spec.x_title ?? words.works, 27) },
    yAxis: { ...valueAxis(colours, { scale: true }), ...named(colours, spec.y_title ?? "", 38) },
    tooltip: tooltip(colours, {
      formatter: ({ data: [n, value, name] }) =>
        [name, `${spec.x_title ?? words.works}: ${number(n)}`, `${spec.y_title ?? ""}: ${number(value, 2)}`].filter(Boolean).join("\n"),
    }),
    series,
  };
}
