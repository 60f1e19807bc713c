// Simple bars: counts or shares by category, side by side or stacked, upright or lying.

import { number, percent } from "../words.js";
import { categoryAxis, legend, named, toneColour, tooltip, valueAxis } from "./axes.js";

export function bars(spec, colours, size) {
  const shares = spec.unit === "share";
  const show = (value) => (shares ? percent(value) : number(value));
  const lying = spec.horizontal ?? false;
  const longest = Math.max(...spec.categories.map((name) => name.length));
  const many = spec.series.length > 1;
  const values = valueAxis(colours, {
    min: 0,
    minInterval: shares ? 0 : 1,
    axisLabel: { color: colours.muted, fontSize: 12.5, formatter: show },
  });
  const names = categoryAxis(colours, spec.categories, {
    inverse: lying,
    axisLabel: {
      color: lying ? colours.ink : colours.muted,
      fontSize: 12.5,
      hideOverlap: true,
      ...(lying && longest * 7.5 > size.width * 0.45 ? { width: size.width * 0.45, overflow: "break", lineHeight: 15 } : {}),
    },
  });
  const round = lying ? [0, 3, 3, 0] : [3, 3, 0, 0];
  return {
    grid: { left: 4, right: lying ? 46 : 10, top: lying ? 4 : 26, bottom: (many ? 34 : 4) + (spec.x_title ? 26 : 0), containLabel: true },
    legend: many ? legend(colours) : { show: false },
    xAxis: lying ? values : { ...names, ...(spec.x_title ? named(colours, spec.x_title, 27) : {}) },
    yAxis: lying ? names : values,
    tooltip: tooltip(colours, {
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.muted, opacity: 0.1 } },
      formatter: (items) =>
        [items[0].name, ...items.map((item) => `${item.seriesName ? `${item.seriesName}: ` : ""}${show(item.value)}`)].join("\n"),
    }),
    series: spec.series.map((series, index) => ({
      type: "bar",
      name: series.title ?? "",
      data: series.values,
      stack: spec.stacked ? "all" : undefined,
      barMaxWidth: 30,
      color: toneColour(colours, series.tone, index),
      itemStyle: { borderRadius: spec.stacked ? 0 : round },
      label: {
        show: !spec.stacked && !(many && size.width < 500),
        position: lying ? "right" : "top",
        color: colours.ink,
        fontSize: 12.5,
        formatter: ({ value }) => show(value),
      },
    })),
  };
}
