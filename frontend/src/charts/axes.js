// Axes, tooltip and legend in the product's manner.

import { number } from "../words.js";

export function valueAxis(colours, more = {}) {
  return {
    type: "value",
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: colours.muted, fontSize: 12.5, formatter: (value) => number(value) },
    splitLine: { lineStyle: { color: colours.line } },
    splitNumber: 4,
    ...more,
  };
}

export function categoryAxis(colours, data, more = {}) {
  return {
    type: "category",
    data,
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
    axisLabel: { color: colours.muted, fontSize: 12.5, hideOverlap: true },
    ...more,
  };
}

export function named(colours, name, gap) {
  return { name, nameLocation: "middle", nameGap: gap, nameTextStyle: { color: colours.muted, fontSize: 12.5 } };
}

// Rich text, since an HTML tooltip would need inline styles, which the page's policy forbids.
export function tooltip(colours, more) {
  return {
    renderMode: "richText",
    confine: true,
    backgroundColor: colours.card,
    borderColor: colours.line,
    borderWidth: 1,
    padding: [8, 11],
    textStyle: { color: colours.ink, fontSize: 13, lineHeight: 19, fontFamily: colours.font },
    ...more,
  };
}

// Dashes for the legend of a dashed line.
export const DASHES = "path://M0 4h5v2h-5z M8 4h5v2h-5z M16 4h5v2h-5z";
export const DOTS = "path://M0 4h2v2h-2z M5 4h2v2h-2z M10 4h2v2h-2z M15 4h2v2h-2z M19 4h2v2h-2z";

export function legend(colours, more = {}) {
  return {
    bottom: 0,
    left: 0,
    itemWidth: 18,
    itemHeight: 10,
    itemGap: 18,
    textStyle: { color: colours.muted, fontSize: 12.5, fontFamily: colours.font },
    ...more,
  };
}

export function toneColour(colours, tone, index = 0) {
  const order = [colours.accent, colours.rest, colours.out, colours.good, colours.warn];
  const named = { accent: colours.accent, rest: colours.rest, out: colours.out, good: colours.good, warn: colours.warn, bad: colours.bad };
  return named[tone] ?? order[index % order.length];
}
