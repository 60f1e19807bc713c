// Items of a paper: the share of points the school earned against the share usual for works with the same scores.
// The interval stands around the expected share; items that the finding speaks of are orange.

import { number, percent, words } from "../words.js";
import { categoryAxis, legend, named, tooltip, valueAxis } from "./axes.js";

const TICK = "path://M0 4h18v2h-18z";

export function itemProfile(spec, colours, size) {
  const { items } = spec;
  const narrow = size.width < 480;
  const dots = (name, shown, more) => ({
    type: "scatter",
    name,
    itemStyle: { opacity: 1 },
    data: items.flatMap((item, i) => (item.shown === shown ? [[i, item.own]] : [])),
    ...more,
  });
  return {
    grid: { left: 28, right: 10, top: 22, bottom: narrow ? 106 : 62, containLabel: true },
    legend: legend(colours, {
      itemGap: narrow ? 10 : 18,
      selectedMode: false,
      data: [
        { name: words.itemShown, icon: "diamond" },
        { name: words.itemOwn, icon: "circle" },
        { name: words.itemExpected, icon: TICK },
      ],
    }),
    xAxis: { ...categoryAxis(colours, items.map((item) => String(item.item))), ...named(colours, words.item, 27) },
    yAxis: {
      ...valueAxis(colours, {
        min: 0,
        max: 1,
        interval: 0.25,
        axisLabel: { color: colours.muted, fontSize: 12.5, formatter: (value) => percent(value) },
      }),
      ...named(colours, words.completion, 46),
    },
    tooltip: tooltip(colours, {
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.muted, opacity: 0.1 } },
      formatter: ([first]) => {
        const item = items[first.data[0]];
        return [
          `${words.item} ${item.item}, ${words.itemMax}: ${item.max}`,
          `${words.school}: ${percent(item.own)}`,
          `${words.expectedShort}: ${percent(item.expected)} (${number(item.low * 100, 0)}–${percent(item.high)})`,
        ].join("\n");
      },
    }),
    series: [
      expectedShares(items, colours),
      dots(words.itemOwn, false, { color: colours.accent, symbolSize: narrow ? 7 : 9, z: 4 }),
      dots(words.itemShown, true, {
        color: colours.out,
        symbol: "diamond",
        symbolSize: narrow ? 11 : 14,
        z: 5,
        label: {
          show: !narrow,
          position: "top",
          color: colours.ink,
          fontSize: 12.5,
          fontWeight: 650,
          formatter: ({ value }) => percent(value[1]),
        },
        labelLayout: { hideOverlap: true },
      }),
    ],
  };
}

// A grey column from the lower to the upper bound with a line at the expected share.
function expectedShares(items, colours) {
  return {
    type: "custom",
    name: words.itemExpected,
    color: colours.curve,
    data: items.map((item, i) => [i, item.expected, item.low, item.high]),
    encode: { x: 0, y: [1, 2, 3] },
    z: 3,
    renderItem: (params, api) => {
      const [x, middle] = api.coord([api.value(0), api.value(1)]);
      const low = api.coord([api.value(0), api.value(2)])[1];
      const high = api.coord([api.value(0), api.value(3)])[1];
      const width = Math.min(24, api.size([1, 0])[0] * 0.7);
      return {
        type: "group",
        children: [
          {
            type: "rect",
            shape: { x: x - width / 2, y: high, width, height: low - high, r: 2 },
            style: { fill: colours.rest, opacity: 0.6 },
          },
          {
            type: "line",
            shape: { x1: x - width / 2, y1: middle, x2: x + width / 2, y2: middle },
            style: { stroke: colours.curve, lineWidth: 2 },
          },
        ],
      };
    },
  };
}
