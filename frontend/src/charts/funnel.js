// Schools by number of works and result, with control limits that narrow as the number grows (a funnel plot).

import { number, words } from "../words.js";
import { DASHES, DOTS, legend, named, tooltip, valueAxis } from "./axes.js";

// The detectors give all schools of a paper as parallel lists with the place of this one; the rest of this file wants pairs.
function asPairs(spec) {
  if (!spec.residual) return spec;
  const points = spec.n.map((n, i) => [n, spec.residual[i]]);
  const { n: sizes, ...bounds } = spec.limits;
  return {
    points: points.filter((_, i) => i !== spec.index),
    school: points[spec.index],
    centre: 0,
    y_title: words.residual,
    limits: Object.entries(bounds).map(([level, widths]) => ({
      title: `${number(Number(level))}\u00a0%`,
      lower: sizes.map((n, i) => [n, -widths[i]]),
      upper: sizes.map((n, i) => [n, widths[i]]),
    })),
  };
}

export function funnel(given, colours, size) {
  const spec = asPairs(given);
  const crowded = spec.points.length > 150;
  const dot = { type: "scatter", z: 3 };
  const limit = (points, name, dash = [4, 4]) => ({
    type: "line",
    name,
    data: points,
    symbol: "none",
    silent: true,
    color: colours.muted,
    lineStyle: { color: colours.muted, width: 1.3, type: dash },
  });
  const series = [
    { ...dot, name: words.others, data: spec.points, symbolSize: crowded ? 5 : 7, itemStyle: { color: colours.muted, opacity: crowded ? 0.4 : 0.6 } },
    ...(spec.limits ?? []).flatMap(({ title, lower, upper }, i) => {
      const dash = i ? [1.5, 3] : [5, 4]; // the outer limits are dotted
      return [limit(lower, title, dash), limit(upper, title, dash)];
    }),
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
  const sizes = all.map(([n]) => n);
  const [left, right] = [Math.min(...sizes), Math.max(...sizes)];
  // Most schools are small: a scale of doublings keeps them apart and the funnel's shape visible.
  const doublings = left > 0 && right / left > 20;
  const low = doublings ? 2 ** Math.floor(Math.log2(left)) : 0;
  if (spec.centre !== undefined) {
    series.push({
      ...limit([[low, spec.centre], [right, spec.centre]], ""),
      lineStyle: { color: colours.ink, width: 1.2 },
    });
  }
  return {
    grid: { left: 28, right: 16, top: 12, bottom: size.width < 480 ? 84 : 64, containLabel: true },
    legend: legend(colours, { data: [words.school, words.others, ...(spec.limits ?? []).map(({ title }, i) => ({ name: title, icon: i ? DOTS : DASHES }))] }),
    xAxis: { ...valueAxis(colours, { min: low, splitLine: { show: false }, ...(doublings ? { type: "log", logBase: 2 } : {}) }), ...named(colours, spec.x_title ?? words.works, 27) },
    yAxis: { ...valueAxis(colours, { scale: true }), ...named(colours, spec.y_title ?? "", 38) },
    tooltip: tooltip(colours, {
      formatter: ({ data: [n, value, name] }) =>
        [name, `${spec.x_title ?? words.works}: ${number(n)}`, `${spec.y_title ?? ""}: ${number(value, 2)}`].filter(Boolean).join("\n"),
    }),
    series,
  };
}
