// Primary scores: observed bars, the expected curve, the official cuts. What stands at a cut is orange; in a chart of the
// upper tail the top scores are.

import { number, words } from "../words.js";
import { DASHES, categoryAxis, legend, named, tooltip, valueAxis } from "./axes.js";

const ROW = 19; // height of one row of cut labels; they live above the plot and so never meet a bar's number

export function distribution(spec, colours, size) {
  const { scores, observed, expected, cuts = [] } = spec;
  const width = spec.window ?? 2;
  const { tail } = spec;
  const atCut = tail ? (score) => score >= tail.high : (score) => cuts.some((cut) => score >= cut && score < cut + width);
  const marked = tail ? words.topScores : words.atCut;
  const borders = tail
    ? [{ score: tail.middle, text: words.goodFrom(tail.middle) }, { score: tail.high, text: words.topFrom(tail.high) }]
    : cuts.map((cut, i) => ({ score: cut, text: words.cut(cut, i + 3) }));
  const labels = placeLabels(borders, scores, size.width - 60);
  const rows = 1 + Math.max(0, ...labels.map((label) => label.row));
  const narrow = size.width < 480;
  const highest = Math.max(1, ...observed, ...(expected ?? []));
  const bar = { type: "bar", barGap: "-100%", barCategoryGap: "16%", barMaxWidth: 34, itemStyle: { borderRadius: [2, 2, 0, 0] } };
  const series = [
    {
      ...bar,
      name: words.rest,
      color: colours.rest,
      data: observed.map((count, i) => (atCut(scores[i]) ? null : count)),
    },
    {
      ...bar,
      name: marked,
      color: colours.out,
      data: observed.map((count, i) => (atCut(scores[i]) ? count : null)),
      z: 3,
    },
  ];
  if (expected) {
    series.push({
      type: "line",
      name: words.expected,
      data: expected,
      symbol: "none",
      color: colours.curve,
      lineStyle: { color: colours.curve, width: 2, type: [5, 4] },
      z: 4,
    });
  }
  series.push(cutLines(labels, colours), barNumbers(scores, observed, atCut, colours));
  return {
    grid: { left: 6, right: 10, top: rows * ROW + 4, bottom: narrow ? 84 : 60, containLabel: true },
    legend: legend(colours, {
      data: [
        { name: marked, icon: "roundRect" },
        { name: words.rest, icon: "roundRect" },
        ...(expected ? [{ name: words.expected, icon: DASHES }] : []),
      ],
    }),
    xAxis: { ...categoryAxis(colours, scores.map(String)), ...named(colours, words.score, 27) },
    yAxis: valueAxis(colours, { max: niceTop(highest * 1.09), minInterval: 1 }),
    tooltip: tooltip(colours, {
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.muted, opacity: 0.1 } },
      formatter: ([first]) => {
        const i = first.dataIndex;
        const lines = [`${words.score}: ${scores[i]}`, `${words.works}: ${observed[i]}`];
        if (expected) lines.push(`${words.expected}: ${number(expected[i])}`);
        return lines.join("\n");
      },
    }),
    series,
  };
}

function niceTop(value) {
  const step = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((k) => k * step).find((top) => top >= value);
}

// From right to left: a label that reaches over the line of a later cut stands a row above that line's top.
function placeLabels(lines, scores, plotWidth) {
  const placed = [];
  for (const { score, text } of [...lines].reverse()) {
    const at = scores.indexOf(score);
    if (at < 0) continue;
    const left = (at / scores.length) * plotWidth;
    const crossed = placed.filter((other) => other.left < left + text.length * 7.6 + 10);
    placed.unshift({ at, text, left, row: crossed.length ? 1 + Math.max(...crossed.map((other) => other.row)) : 0 });
  }
  return placed;
}

function cutLines(labels, colours) {
  return {
    type: "custom",
    silent: true,
    z: 5,
    tooltip: { show: false },
    data: labels.map((label) => [label.at, 0]),
    renderItem: (params, api) => {
      const label = labels[params.dataIndex];
      const { y, height, x, width } = params.coordSys;
      const left = api.coord([label.at, 0])[0] - api.size([1, 0])[0] / 2;
      const top = y - (label.row + 1) * ROW;
      const room = x + width - left;
      return {
        type: "group",
        children: [
          {
            type: "line",
            shape: { x1: left, y1: top + 2, x2: left, y2: y + height },
            style: { stroke: colours.accent, lineWidth: 1.4 },
          },
          {
            type: "text",
            x: room < 70 ? left - 5 : left + 5,
            y: top + 2,
            style: {
              text: label.text,
              fill: colours.accent,
              font: `600 12.5px ${colours.font}`,
              align: room < 70 ? "right" : "left",
            },
          },
        ],
      };
    },
  };
}

// Counts over the bars at the cuts, on a ground of the card's colour where the curve passes behind them.
function barNumbers(scores, observed, atCut, colours) {
  const shown = scores.map((score, i) => i).filter((i) => atCut(scores[i]) && observed[i] > 0);
  return {
    type: "custom",
    silent: true,
    z: 6,
    tooltip: { show: false },
    data: shown.map((i) => [i, observed[i]]),
    renderItem: (params, api) => {
      const text = String(api.value(1));
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      if (text.length * 7.5 > api.size([1, 0])[0] + 12) return null;
      return {
        type: "text",
        x,
        y: y - 3,
        style: {
          text,
          fill: colours.ink,
          font: `650 12.5px ${colours.font}`,
          align: "center",
          verticalAlign: "bottom",
          backgroundColor: colours.card,
          padding: [1, 2],
          borderRadius: 3,
        },
      };
    },
  };
}
