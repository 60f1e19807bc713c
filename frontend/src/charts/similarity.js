// Works of the most alike class, pair by pair: one cell a pair, the close ones orange; beside them, how many pairs are
// close and how many would be among works of different classes. Works have places in an order, never codes.

import { number, percent, words } from "../words.js";
import { categoryAxis, legend, named, tooltip, valueAxis } from "./axes.js";

const BARS = 64; // height of the two bars
const WIDE = 620;

// Pairs of one variant, most alike first: [likeness, later work, earlier work]; the table of the page counts alike.
function pairsOf(alike) {
  const pairs = alike.flatMap((row, v) => row.slice(0, v).map((value, w) => [value, v, w]));
  return pairs.filter(([value]) => value !== null).sort((a, b) => b[0] - a[0] || b[1] - a[1] || b[2] - a[2]);
}

export function classSimilarity(spec, colours, size) {
  const { alike, close, expected, pairs } = spec;
  const works = alike.map((_, i) => String(i + 1));
  const all = pairsOf(alike);
  const near = Math.round(close * pairs);
  const gaps = all.length < (alike.length * (alike.length - 1)) / 2;
  const wide = size.width >= WIDE;
  const narrow = size.width < 480;
  const foot = wide ? 54 : (narrow ? 76 : 40) + BARS + 64;
  const side = Math.min(size.width - 44, size.height - foot - 30);
  const left = wide ? 34 : Math.max(34, (size.width - side) / 2);
  const bars = wide
    ? { left: left + side + 48, width: Math.min(480, size.width - left - side - 64), top: Math.max(30, side / 2 - 40), height: BARS }
    : { left: 8, right: 8, top: side + 76, height: BARS };
  const cells = all.map(([value, v, w], i) => ({
    value: [w, v, value],
    ...(i < near ? { visualMap: false, itemStyle: { color: colours.out } } : {}),
  }));
  const axis = {
    ...categoryAxis(colours, works, { axisLine: { show: false } }),
    gridIndex: 0,
  };
  const low = Math.max(0, close - spec.effect_high) * pairs;
  const high = Math.max(0, close - spec.effect_low) * pairs;
  const counts = [close * pairs, expected * pairs];
  return {
    grid: [
      { left, top: 4, width: side, height: side },
      { ...bars, containLabel: true },
    ],
    legend: legend(colours, {
      itemStyle: { opacity: 1 },
      selectedMode: false,
      itemGap: narrow ? 10 : 18,
      data: [
        { name: words.closePair, icon: "roundRect", itemStyle: { color: colours.out } },
        { name: words.otherPair, icon: "roundRect", itemStyle: { color: colours.rest } },
        ...(gaps ? [{ name: words.otherVariant, icon: "roundRect", itemStyle: { color: colours.card, borderColor: colours.muted, borderWidth: 1 } }] : []),
      ],
    }),
    xAxis: [
      { ...axis, ...named(colours, words.worksOrder, 25) },
      // Room on the right for the number of the longest bar.
      { ...valueAxis(colours, { min: 0, max: Math.max(...counts, 1) * (narrow ? 1.6 : 1.35), show: false }), gridIndex: 1 },
    ],
    yAxis: [
      { ...axis, inverse: true },
      {
        ...categoryAxis(colours, [words.inClass, words.expectedShort], { axisLabel: { color: colours.ink, fontSize: 12.5 }, axisLine: { show: false } }),
        gridIndex: 1,
        inverse: true,
        name: words.closePairs(number(pairs)),
        nameLocation: "start",
        nameGap: 8,
        nameTextStyle: { color: colours.muted, fontSize: 12.5, align: "left" },
      },
    ],
    visualMap: { show: false, min: 0, max: Math.max(1, all[near]?.[0] ?? 1), dimension: 2, seriesIndex: 0, inRange: { color: [colours.sunken, colours.rest] } },
    tooltip: tooltip(colours, {
      formatter: ({ seriesIndex, dataIndex, value }) =>
        seriesIndex === 0
          ? [words.twoWorks(value[0] + 1, value[1] + 1), `${words.likeness}: ${number(value[2])}`, dataIndex < near ? words.closePair : ""].filter(Boolean).join("\n")
          : dataIndex === 0
            ? `${words.inClass}: ${share(counts[0], pairs)}`
            : `${words.expectedShort}: ${share(counts[1], pairs)}\n95\u00a0%: ${number(low)}–${number(high)}`,
    }),
    series: [
      {
        type: "heatmap",
        data: cells,
        itemStyle: { borderColor: colours.card, borderWidth: side / works.length > 9 ? 1.5 : 0.5, borderRadius: 2 },
        emphasis: { disabled: true },
      },
      {
        type: "bar",
        xAxisIndex: 1,
        yAxisIndex: 1,
        barMaxWidth: 20,
        data: [
          { value: counts[0], itemStyle: { color: colours.out } },
          { value: counts[1], itemStyle: { color: colours.rest } },
        ],
        itemStyle: { borderRadius: [0, 3, 3, 0] },
        label: {
          show: true,
          position: "right",
          color: colours.ink,
          fontSize: 12.5,
          fontWeight: 650,
          formatter: ({ value }) => share(value, pairs),
        },
      },
      ...[words.closePair, words.otherPair, words.otherVariant].map((name) => ({ type: "scatter", name, data: [] })),
    ],
  };
}

function share(count, pairs) {
  return `${number(count)} (${percent(count / Math.max(pairs, 1), 1)})`;
}
