// Share of cases still open by days: a step line with its interval; open cases are censored and marked.

import { number, percent } from "../words.js";
import { legend, named, toneColour, tooltip, valueAxis } from "./axes.js";

export function survival(spec, colours) {
  const series = spec.series.flatMap((item, index) => {
    const color = toneColour(colours, item.tone, index);
    const line = { type: "line", step: "end", name: item.title ?? "", symbol: "none", color };
    const out = [{ ...line, data: item.points, lineStyle: { color, width: 2.2 }, z: 4 }];
    for (const edge of [item.low, item.high].filter(Boolean)) {
      out.push({ ...line, data: edge, silent: true, lineStyle: { color, width: 1, type: [2, 3] }, z: 3 });
    }
    if (item.censored?.length) {
      out.push({
        type: "scatter",
        name: item.title ?? "",
        data: item.censored,
        symbol: "path://M-1,-6 L1,-6 L1,6 L-1,6 Z",
        symbolSize: [2, 10],
        silent: true,
        color,
        z: 5,
      });
    }
    return out;
  });
  const many = spec.series.length > 1;
  return {
    grid: { left: 28, right: 16, top: 12, bottom: many ? 62 : 34, containLabel: true },
    legend: many ? legend(colours, { data: spec.series.map((item) => item.title) }) : { show: false },
    xAxis: { ...valueAxis(colours, { min: 0, splitLine: { show: false } }), ...named(colours, spec.x_title ?? "", 27) },
    yAxis: {
      ...valueAxis(colours, {
        min: 0,
        max: 1,
        interval: 0.25,
        axisLabel: { color: colours.muted, fontSize: 12.5, formatter: (value) => percent(value) },
      }),
      ...(spec.y_title ? named(colours, spec.y_title, 46) : {}),
    },
    tooltip: tooltip(colours, {
      trigger: "axis",
      formatter: (items) => {
        const lines = new Map(items.filter((item) => item.componentSubType === "line").reverse().map((item) => [item.seriesName, item.data]));
        const first = [...lines.values()][0];
        const head = `${spec.x_title ?? ""}: ${number(first[0])}`;
        return [head, ...[...lines].map(([name, data]) => `${name ? `${name}: ` : ""}${percent(data[1])}`)].join("\n");
      },
    }),
    series,
  };
}
