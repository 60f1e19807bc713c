// One cohort over the years: the school's line, the middle half of the schools, and what last year predicts for this one.

import { number, percent, words } from "../words.js";
import { DASHES, categoryAxis, legend, tooltip, valueAxis } from "./axes.js";

const BAR = "path://M8 0h2v10h-2z M5 0h8v2h-8z M5 8h8v2h-8z";

export function cohortLine(spec, colours, size) {
  const { points } = spec;
  const last = points.length - 1;
  const narrow = size.width < 480;
  const names = points.map((point) => words.yearGrade(point.year, point.grade)); // two lines: they fit a telephone
  const line = (name, values, more) => ({ type: "line", name, data: values, symbolSize: 9, ...more });
  const values = points.flatMap((point) => [point.own, point.low, point.high]).filter((value) => value !== null);
  values.push(spec.expected_low, spec.expected_high);
  return {
    grid: { left: 12, right: 24, top: 16, bottom: narrow ? 96 : 48, containLabel: true },
    legend: legend(colours, {
      selectedMode: false,
      data: [
        { name: words.school, icon: "circle" },
        { name: words.middleHalf, icon: "roundRect" },
        { name: words.expectedByLast, icon: BAR },
        { name: words.median, icon: DASHES },
      ],
    }),
    xAxis: { ...categoryAxis(colours, names, { boundaryGap: true }) },
    yAxis: valueAxis(colours, {
      min: Math.max(0, Math.floor(Math.min(...values) * 10 - 0.5) / 10),
      max: Math.min(1, Math.ceil(Math.max(...values) * 10 + 0.5) / 10),
      axisLabel: { color: colours.muted, fontSize: 12.5, formatter: (value) => percent(value) },
    }),
    tooltip: tooltip(colours, {
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.muted, opacity: 0.1 } },
      formatter: ([first]) => {
        const point = points[first.dataIndex];
        const lines = [
          `${names[first.dataIndex].replace("\n", ", ")}, ${words.works}: ${number(point.n)}`,
          `${words.school}: ${point.own === null ? "—" : percent(point.own, 1)}`,
          `${words.middleHalf}: ${percent(point.low)} – ${percent(point.high)}`,
        ];
        if (first.dataIndex === last) {
          lines.push(`${words.expectedShort}: ${percent(spec.expected)} (${percent(spec.expected_low)} – ${percent(spec.expected_high)})`);
        }
        return lines.join("\n");
      },
    }),
    series: [
      middleHalf(points, colours),
      line(words.median, points.map((point) => point.middle), {
        symbol: "none",
        color: colours.curve,
        lineStyle: { color: colours.curve, width: 1.6, type: [5, 4] },
        z: 3,
      }),
      whisker(spec, last, colours),
      line(words.school, points.map((point) => point.own), {
        symbol: "circle",
        color: colours.out,
        lineStyle: { color: colours.out, width: 2.4 },
        label: {
          show: true,
          position: "top",
          distance: 8,
          color: colours.ink,
          fontSize: 12.5,
          fontWeight: 650,
          formatter: ({ value }) => percent(value),
        },
        z: 5,
      }),
    ],
  };
}

// Grey columns from the lower to the upper quartile of the schools.
function middleHalf(points, colours) {
  return {
    type: "custom",
    name: words.middleHalf,
    color: colours.rest,
    data: points.map((point, i) => [i, point.low, point.high]),
    encode: { x: 0, y: [1, 2] },
    z: 2,
    renderItem: (params, api) => {
      const [x, low] = api.coord([api.value(0), api.value(1)]);
      const high = api.coord([api.value(0), api.value(2)])[1];
      const width = Math.min(56, api.size([1, 0])[0] * 0.5);
      return {
        type: "rect",
        shape: { x: x - width / 2, y: high, width, height: low - high, r: 3 },
        style: { fill: colours.rest, opacity: 0.45 },
      };
    },
  };
}

// The interval predicted for the last year, beside the school's own point.
function whisker(spec, last, colours) {
  return {
    type: "custom",
    name: words.expectedByLast,
    color: colours.curve,
    data: [[last, spec.expected, spec.expected_low, spec.expected_high]],
    encode: { x: 0, y: [1, 2, 3] },
    z: 4,
    renderItem: (params, api) => {
      const [centre, middle] = api.coord([api.value(0), api.value(1)]);
      const x = centre + 16;
      const [low, high] = [2, 3].map((at) => api.coord([api.value(0), api.value(at)])[1]);
      const stroke = { stroke: colours.curve, lineWidth: 2 };
      const across = (y, half) => ({ type: "line", shape: { x1: x - half, y1: y, x2: x + half, y2: y }, style: stroke });
      return {
        type: "group",
        children: [
          { type: "line", shape: { x1: x, y1: low, x2: x, y2: high }, style: stroke },
          across(low, 5),
          across(high, 5),
          across(middle, 8),
        ],
      };
    },
  };
}
