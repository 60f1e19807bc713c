(() => {
  // src/words.js
  var WORDS = {
    ru: {
      yes: "Да, продолжить",
      cancel: "Отмена",
      nothingSelected: "Отметьте хотя бы одну строку.",
      nothingFound: "Ничего не найдено",
      typeMore: "Начните вводить название",
      loadFailed: "Список не загрузился. Проверьте связь и попробуйте ещё раз",
      clear: "Очистить",
      remove: "Убрать",
      atCut: "у границы отметки",
      rest: "остальные работы",
      expected: "ожидаемое при том же среднем",
      score: "первичный балл",
      works: "работ",
      cut: (cut, mark) => `с ${cut} — «${mark}»`,
      paperMark: "отметка за работу",
      journalMark: "отметка в журнале",
      school: "эта школа",
      others: "другие школы",
      residual: "разница с ожидаемым, баллов",
      item: "задание",
      itemMax: "баллов за него",
      completion: "получено баллов",
      itemOwn: "эта школа, остальные задания",
      itemShown: "эта школа, задания этого признака",
      itemExpected: "ожидалось при тех же баллах, 95 %",
      expectedShort: "ожидалось",
      inClass: "в классе",
      closePair: "очень похожая пара работ",
      otherPair: "остальные пары, по сходству",
      otherVariant: "разные варианты",
      closePairs: (pairs) => `Очень похожих пар из ${pairs}`,
      twoWorks: (a, b) => `работы ${a} и ${b}`,
      worksOrder: "работы, самые похожие первыми",
      likeness: "сходство",
      yearGrade: (year, grade) => `${year}
${grade} класс`,
      middleHalf: "средняя половина школ",
      median: "средняя школа",
      expectedByLast: "ожидалось по прошлому году, 95 %",
      outside: (exams) => `внешний результат (${exams})`,
      expectedByOutside: "ожидалось по внешнему результату",
      pointsOfPaper: "получено баллов за работу",
      exams: { oge: "ОГЭ", ege: "ЕГЭ", rdr: "РДР", kdr: "КДР", recheck: "перепроверка" },
      topScores: "наивысшие баллы",
      topFrom: (score) => `наивысшие — с ${score}`,
      goodFrom: (score) => `сильные — с ${score}`,
      weakAbsent: "слабых не писали",
      weakExpected: "ожидалось слабых",
      othersAbsent: "остальных не писали"
    },
    en: {
      yes: "Yes, go on",
      cancel: "Cancel",
      nothingSelected: "Select at least one row.",
      nothingFound: "Nothing found",
      typeMore: "Start typing a name",
      loadFailed: "The list did not load. Check the connection and try again",
      clear: "Clear",
      remove: "Remove",
      atCut: "at a mark's cut",
      rest: "other works",
      expected: "expected at the same mean",
      score: "raw score",
      works: "works",
      cut: (cut, mark) => `from ${cut}: mark ${mark}`,
      paperMark: "mark for the paper",
      journalMark: "mark in the journal",
      school: "this school",
      others: "other schools",
      residual: "difference from expected, points",
      item: "item",
      itemMax: "points for it",
      completion: "points earned",
      itemOwn: "this school, other items",
      itemShown: "this school, items of this sign",
      itemExpected: "expected at the same scores, 95 %",
      expectedShort: "expected",
      inClass: "in the class",
      closePair: "very similar pair of works",
      otherPair: "other pairs, by likeness",
      otherVariant: "different variants",
      closePairs: (pairs) => `Very similar pairs out of ${pairs}`,
      twoWorks: (a, b) => `works ${a} and ${b}`,
      worksOrder: "works, most alike first",
      likeness: "likeness",
      yearGrade: (year, grade) => `${year}
grade ${grade}`,
      middleHalf: "middle half of schools",
      median: "middle school",
      expectedByLast: "expected from last year, 95 %",
      outside: (exams) => `outside result (${exams})`,
      expectedByOutside: "expected from the outside result",
      pointsOfPaper: "points earned in the paper",
      exams: { oge: "OGE", ege: "EGE", rdr: "RDR", kdr: "KDR", recheck: "recheck" },
      topScores: "top scores",
      topFrom: (score) => `top from ${score}`,
      goodFrom: (score) => `good from ${score}`,
      weakAbsent: "weak, absent",
      weakExpected: "weak, expected",
      othersAbsent: "others, absent"
    }
  };
  var language = document.documentElement.lang === "en" ? "en" : "ru";
  var words = WORDS[language];
  function number(value, digits = 1) {
    return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value).replace("-", "−");
  }
  function percent(share2, digits = 0) {
    return `${number(share2 * 100, digits)} %`;
  }
  function element(name, properties = {}, ...children) {
    const { dataset, ...rest } = properties;
    const made = Object.assign(document.createElement(name), rest);
    if (dataset) Object.assign(made.dataset, dataset);
    made.append(...children);
    return made;
  }

  // src/charts/axes.js
  function valueAxis(colours, more = {}) {
    return {
      type: "value",
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: colours.muted, fontSize: 12.5, formatter: (value) => number(value) },
      splitLine: { lineStyle: { color: colours.line } },
      splitNumber: 4,
      ...more
    };
  }
  function categoryAxis(colours, data, more = {}) {
    return {
      type: "category",
      data,
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
      axisLabel: { color: colours.muted, fontSize: 12.5, hideOverlap: true },
      ...more
    };
  }
  function named(colours, name, gap) {
    return { name, nameLocation: "middle", nameGap: gap, nameTextStyle: { color: colours.muted, fontSize: 12.5 } };
  }
  function tooltip(colours, more) {
    return {
      renderMode: "richText",
      confine: true,
      backgroundColor: colours.card,
      borderColor: colours.line,
      borderWidth: 1,
      padding: [8, 11],
      textStyle: { color: colours.ink, fontSize: 13, lineHeight: 19, fontFamily: colours.font },
      ...more
    };
  }
  var DASHES = "path://M0 4h5v2h-5z M8 4h5v2h-5z M16 4h5v2h-5z";
  var DOTS = "path://M0 4h2v2h-2z M5 4h2v2h-2z M10 4h2v2h-2z M15 4h2v2h-2z M19 4h2v2h-2z";
  function legend(colours, more = {}) {
    return {
      bottom: 0,
      left: 0,
      itemWidth: 18,
      itemHeight: 10,
      itemGap: 18,
      textStyle: { color: colours.muted, fontSize: 12.5, fontFamily: colours.font },
      ...more
    };
  }
  function toneColour(colours, tone, index = 0) {
    const order = [colours.accent, colours.rest, colours.out, colours.good, colours.warn];
    const named2 = { accent: colours.accent, rest: colours.rest, out: colours.out, good: colours.good, warn: colours.warn, bad: colours.bad };
    return named2[tone] ?? order[index % order.length];
  }

  // src/charts/bars.js
  function bars(spec, colours, size) {
    const shares = spec.unit === "share";
    const show = (value) => shares ? percent(value) : number(value);
    const lying = spec.horizontal ?? false;
    const longest = Math.max(...spec.categories.map((name) => name.length));
    const many = spec.series.length > 1;
    const values = valueAxis(colours, {
      min: 0,
      minInterval: shares ? 0 : 1,
      axisLabel: { color: colours.muted, fontSize: 12.5, formatter: show }
    });
    const names = categoryAxis(colours, spec.categories, {
      inverse: lying,
      axisLabel: {
        color: lying ? colours.ink : colours.muted,
        fontSize: 12.5,
        hideOverlap: true,
        ...lying && longest * 7.5 > size.width * 0.45 ? { width: size.width * 0.45, overflow: "break", lineHeight: 15 } : {}
      }
    });
    const round = lying ? [0, 3, 3, 0] : [3, 3, 0, 0];
    return {
      grid: { left: 4, right: lying ? 46 : 10, top: lying ? 4 : 26, bottom: (many ? 34 : 4) + (spec.x_title ? 26 : 0), containLabel: true },
      legend: many ? legend(colours) : { show: false },
      xAxis: lying ? values : { ...names, ...spec.x_title ? named(colours, spec.x_title, 27) : {} },
      yAxis: lying ? names : values,
      tooltip: tooltip(colours, {
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: colours.muted, opacity: 0.1 } },
        formatter: (items) => [items[0].name, ...items.map((item) => `${item.seriesName ? `${item.seriesName}: ` : ""}${show(item.value)}`)].join("\n")
      }),
      series: spec.series.map((series, index) => ({
        type: "bar",
        name: series.title ?? "",
        data: series.values,
        stack: spec.stacked ? "all" : void 0,
        barMaxWidth: 30,
        color: toneColour(colours, series.tone, index),
        itemStyle: { borderRadius: spec.stacked ? 0 : round },
        label: {
          show: !spec.stacked && !(many && size.width < 500),
          position: lying ? "right" : "top",
          color: colours.ink,
          fontSize: 12.5,
          formatter: ({ value }) => show(value)
        }
      }))
    };
  }

  // src/charts/absence.js
  function absence(spec, colours, size) {
    const others = spec.absent - spec.weak;
    return bars(
      {
        horizontal: true,
        categories: [words.weakAbsent, words.weakExpected, words.othersAbsent],
        series: [{ values: [spec.weak, spec.expected, others] }]
      },
      colours,
      size
    );
  }

  // src/charts/cohort.js
  var BAR = "path://M8 0h2v10h-2z M5 0h8v2h-8z M5 8h8v2h-8z";
  function cohortLine(spec, colours, size) {
    const { points } = spec;
    const last = points.length - 1;
    const narrow = size.width < 480;
    const names = points.map((point) => words.yearGrade(point.year, point.grade));
    const line = (name, values2, more) => ({ type: "line", name, data: values2, symbolSize: 9, ...more });
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
          { name: words.median, icon: DASHES }
        ]
      }),
      xAxis: { ...categoryAxis(colours, names, { boundaryGap: true }) },
      yAxis: valueAxis(colours, {
        min: Math.max(0, Math.floor(Math.min(...values) * 10 - 0.5) / 10),
        max: Math.min(1, Math.ceil(Math.max(...values) * 10 + 0.5) / 10),
        axisLabel: { color: colours.muted, fontSize: 12.5, formatter: (value) => percent(value) }
      }),
      tooltip: tooltip(colours, {
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: colours.muted, opacity: 0.1 } },
        formatter: ([first]) => {
          const point = points[first.dataIndex];
          const lines = [
            `${names[first.dataIndex].replace("\n", ", ")}, ${words.works}: ${number(point.n)}`,
            `${words.school}: ${point.own === null ? "—" : percent(point.own, 1)}`,
            `${words.middleHalf}: ${percent(point.low)} – ${percent(point.high)}`
          ];
          if (first.dataIndex === last) {
            lines.push(`${words.expectedShort}: ${percent(spec.expected)} (${percent(spec.expected_low)} – ${percent(spec.expected_high)})`);
          }
          return lines.join("\n");
        }
      }),
      series: [
        middleHalf(points, colours),
        line(words.median, points.map((point) => point.middle), {
          symbol: "none",
          color: colours.curve,
          lineStyle: { color: colours.curve, width: 1.6, type: [5, 4] },
          z: 3
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
            formatter: ({ value }) => percent(value)
          },
          z: 5
        })
      ]
    };
  }
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
          style: { fill: colours.rest, opacity: 0.45 }
        };
      }
    };
  }
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
            across(middle, 8)
          ]
        };
      }
    };
  }

  // src/charts/distribution.js
  var ROW = 19;
  function distribution(spec, colours, size) {
    const { scores, observed, expected, cuts = [] } = spec;
    const width = spec.window ?? 2;
    const { tail } = spec;
    const atCut = tail ? (score) => score >= tail.high : (score) => cuts.some((cut) => score >= cut && score < cut + width);
    const marked = tail ? words.topScores : words.atCut;
    const borders = tail ? [{ score: tail.middle, text: words.goodFrom(tail.middle) }, { score: tail.high, text: words.topFrom(tail.high) }] : cuts.map((cut, i) => ({ score: cut, text: words.cut(cut, i + 3) }));
    const labels = placeLabels(borders, scores, size.width - 60);
    const rows = 1 + Math.max(0, ...labels.map((label) => label.row));
    const narrow = size.width < 480;
    const highest = Math.max(1, ...observed, ...expected ?? []);
    const bar = { type: "bar", barGap: "-100%", barCategoryGap: "16%", barMaxWidth: 34, itemStyle: { borderRadius: [2, 2, 0, 0] } };
    const series = [
      {
        ...bar,
        name: words.rest,
        color: colours.rest,
        data: observed.map((count, i) => atCut(scores[i]) ? null : count)
      },
      {
        ...bar,
        name: marked,
        color: colours.out,
        data: observed.map((count, i) => atCut(scores[i]) ? count : null),
        z: 3
      }
    ];
    if (expected) {
      series.push({
        type: "line",
        name: words.expected,
        data: expected,
        symbol: "none",
        color: colours.curve,
        lineStyle: { color: colours.curve, width: 2, type: [5, 4] },
        z: 4
      });
    }
    series.push(cutLines(labels, colours), barNumbers(scores, observed, atCut, colours));
    return {
      grid: { left: 6, right: 10, top: rows * ROW + 4, bottom: narrow ? 84 : 60, containLabel: true },
      legend: legend(colours, {
        data: [
          { name: marked, icon: "roundRect" },
          { name: words.rest, icon: "roundRect" },
          ...expected ? [{ name: words.expected, icon: DASHES }] : []
        ]
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
        }
      }),
      series
    };
  }
  function niceTop(value) {
    const step = 10 ** Math.floor(Math.log10(value));
    return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((k) => k * step).find((top) => top >= value);
  }
  function placeLabels(lines, scores, plotWidth) {
    const placed = [];
    for (const { score, text } of [...lines].reverse()) {
      const at = scores.indexOf(score);
      if (at < 0) continue;
      const left = at / scores.length * plotWidth;
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
              style: { stroke: colours.accent, lineWidth: 1.4 }
            },
            {
              type: "text",
              x: room < 70 ? left - 5 : left + 5,
              y: top + 2,
              style: {
                text: label.text,
                fill: colours.accent,
                font: `600 12.5px ${colours.font}`,
                align: room < 70 ? "right" : "left"
              }
            }
          ]
        };
      }
    };
  }
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
            borderRadius: 3
          }
        };
      }
    };
  }

  // src/charts/external.js
  function externalScatter(spec, colours, size) {
    const crowded = spec.x.length > 150;
    const others = spec.x.map((mark2, i) => [mark2, spec.y[i]]).filter((_, i) => i !== spec.index);
    const exams = spec.exams.map((exam) => words.exams[exam] ?? exam).join(", ");
    const own = { type: "scatter", name: words.school, symbolSize: 12, z: 5 };
    const [mark] = spec.own;
    return {
      grid: { left: 28, right: 16, top: 12, bottom: size.width < 480 ? 100 : 64, containLabel: true },
      legend: legend(colours, {
        selectedMode: false,
        data: [words.school, words.others, { name: words.expectedByOutside, icon: DASHES }]
      }),
      xAxis: { ...valueAxis(colours, { scale: true, splitLine: { show: false } }), ...named(colours, words.outside(exams), 27) },
      yAxis: {
        ...valueAxis(colours, { scale: true, axisLabel: { color: colours.muted, fontSize: 12.5, formatter: (value) => percent(value) } }),
        ...named(colours, words.pointsOfPaper, 46)
      },
      tooltip: tooltip(colours, {
        formatter: ({ data: [x, y], seriesName }) => [seriesName, `${words.outside(exams)}: ${number(x, 2)}`, `${words.pointsOfPaper}: ${percent(y, 1)}`].join("\n")
      }),
      series: [
        {
          type: "scatter",
          name: words.others,
          data: others,
          symbolSize: crowded ? 5 : 7,
          color: colours.muted,
          itemStyle: { color: colours.muted, opacity: crowded ? 0.4 : 0.6 },
          z: 3
        },
        {
          type: "line",
          name: words.expectedByOutside,
          data: spec.line,
          symbol: "none",
          silent: true,
          color: colours.curve,
          lineStyle: { color: colours.curve, width: 2, type: [5, 4] },
          z: 4
        },
        // What is expected of this school, with its interval, under its own point.
        {
          type: "line",
          name: "",
          data: [[mark, spec.expected_low], [mark, spec.expected_high]],
          symbol: "none",
          silent: true,
          lineStyle: { color: colours.curve, width: 2 },
          z: 4
        },
        {
          ...own,
          data: [spec.own],
          color: spec.clears ? colours.good : colours.out,
          itemStyle: { color: spec.clears ? colours.good : colours.out, borderColor: colours.card, borderWidth: 2 }
        }
      ]
    };
  }

  // src/charts/funnel.js
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
        title: `${number(Number(level))} %`,
        lower: sizes.map((n, i) => [n, -widths[i]]),
        upper: sizes.map((n, i) => [n, widths[i]])
      }))
    };
  }
  function funnel(given, colours, size) {
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
      lineStyle: { color: colours.muted, width: 1.3, type: dash }
    });
    const series = [
      { ...dot, name: words.others, data: spec.points, symbolSize: crowded ? 5 : 7, itemStyle: { color: colours.muted, opacity: crowded ? 0.4 : 0.6 } },
      ...(spec.limits ?? []).flatMap(({ title, lower, upper }, i) => {
        const dash = i ? [1.5, 3] : [5, 4];
        return [limit(lower, title, dash), limit(upper, title, dash)];
      })
    ];
    if (spec.school) {
      series.push({
        ...dot,
        name: words.school,
        data: [spec.school],
        symbolSize: 12,
        itemStyle: { color: colours.out, borderColor: colours.card, borderWidth: 2 },
        z: 5
      });
    }
    const all = [...spec.points, ...spec.school ? [spec.school] : []];
    const sizes = all.map(([n]) => n);
    const [left, right] = [Math.min(...sizes), Math.max(...sizes)];
    const doublings = left > 0 && right / left > 20;
    const low = doublings ? 2 ** Math.floor(Math.log2(left)) : 0;
    if (spec.centre !== void 0) {
      series.push({
        ...limit([[low, spec.centre], [right, spec.centre]], ""),
        lineStyle: { color: colours.ink, width: 1.2 }
      });
    }
    return {
      grid: { left: 28, right: 16, top: 12, bottom: size.width < 480 ? 84 : 64, containLabel: true },
      legend: legend(colours, { data: [words.school, words.others, ...(spec.limits ?? []).map(({ title }, i) => ({ name: title, icon: i ? DOTS : DASHES }))] }),
      xAxis: { ...valueAxis(colours, { min: low, splitLine: { show: false }, ...doublings ? { type: "log", logBase: 2 } : {} }), ...named(colours, spec.x_title ?? words.works, 27) },
      yAxis: { ...valueAxis(colours, { scale: true }), ...named(colours, spec.y_title ?? "", 38) },
      tooltip: tooltip(colours, {
        formatter: ({ data: [n, value, name] }) => [name, `${spec.x_title ?? words.works}: ${number(n)}`, `${spec.y_title ?? ""}: ${number(value, 2)}`].filter(Boolean).join("\n")
      }),
      series
    };
  }

  // src/charts/journal.js
  var LIGHTEST = [255, 255, 255];
  var DARKEST = [15, 20, 28];
  function rgb(hex) {
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  }
  function shade(ramp, share2) {
    const at = Math.min(share2, 1) * (ramp.length - 1);
    const below = Math.min(Math.floor(at), ramp.length - 2);
    const [from, to] = [rgb(ramp[below]), rgb(ramp[below + 1])];
    return from.map((part, i) => part + (to[i] - part) * (at - below));
  }
  function luminance(colour) {
    const [r, g, b] = colour.map((part) => {
      const share2 = part / 255;
      return share2 <= 0.04045 ? share2 / 12.92 : ((share2 + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function ink(cell) {
    const own = luminance(cell);
    const light = (luminance(LIGHTEST) + 0.05) / (own + 0.05);
    const dark = (own + 0.05) / (luminance(DARKEST) + 0.05);
    return `rgb(${(light > dark ? LIGHTEST : DARKEST).join(",")})`;
  }
  function journalTable(spec, colours, size) {
    const marks = (spec.marks ?? [2, 3, 4, 5]).map((mark) => `«${mark}»`);
    const counts = spec.counts ?? spec.matrix;
    const total = counts.flat().reduce((sum, count) => sum + count, 0) || 1;
    const ramp = [colours.sunken, colours.accentSoft, colours.accent];
    const highest = Math.max(1, ...counts.flat());
    const cells = counts.flatMap(
      (row, journal) => row.map((count, paper) => ({
        value: [paper, journal, count],
        label: { color: ink(shade(ramp, count / highest)), fontWeight: journal === paper ? 700 : 400 }
      }))
    );
    const height = size.height - 58;
    return {
      grid: { left: 64, top: 8, width: Math.min(size.width - 80, height * 1.9), height },
      xAxis: { ...categoryAxis(colours, marks), ...named(colours, words.paperMark, 27), axisLine: { show: false } },
      yAxis: {
        ...categoryAxis(colours, marks),
        ...named(colours, words.journalMark, 40),
        inverse: true,
        axisLine: { show: false }
      },
      visualMap: {
        show: false,
        min: 0,
        max: highest,
        dimension: 2,
        inRange: { color: ramp }
      },
      tooltip: tooltip(colours, {
        formatter: ({ value: [paper, journal, count] }) => [
          `${words.journalMark}: ${marks[journal]}`,
          `${words.paperMark}: ${marks[paper]}`,
          `${words.works}: ${number(count)} (${percent(count / total, 1)})`
        ].join("\n")
      }),
      series: [
        {
          type: "heatmap",
          data: cells,
          label: { show: true, fontSize: 13, formatter: ({ value }) => number(value[2]) },
          itemStyle: { borderColor: colours.card, borderWidth: 3, borderRadius: 6 },
          emphasis: { disabled: true }
        }
      ]
    };
  }

  // src/charts/profile.js
  var TICK = "path://M0 4h18v2h-18z";
  function itemProfile(spec, colours, size) {
    const { items } = spec;
    const narrow = size.width < 480;
    const dots = (name, shown, more) => ({
      type: "scatter",
      name,
      itemStyle: { opacity: 1 },
      data: items.flatMap((item, i) => item.shown === shown ? [[i, item.own]] : []),
      ...more
    });
    return {
      grid: { left: 28, right: 10, top: 22, bottom: narrow ? 106 : 62, containLabel: true },
      legend: legend(colours, {
        itemGap: narrow ? 10 : 18,
        selectedMode: false,
        data: [
          { name: words.itemShown, icon: "diamond" },
          { name: words.itemOwn, icon: "circle" },
          { name: words.itemExpected, icon: TICK }
        ]
      }),
      xAxis: { ...categoryAxis(colours, items.map((item) => String(item.item))), ...named(colours, words.item, 27) },
      yAxis: {
        ...valueAxis(colours, {
          min: 0,
          max: 1,
          interval: 0.25,
          axisLabel: { color: colours.muted, fontSize: 12.5, formatter: (value) => percent(value) }
        }),
        ...named(colours, words.completion, 46)
      },
      tooltip: tooltip(colours, {
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: colours.muted, opacity: 0.1 } },
        formatter: ([first]) => {
          const item = items[first.data[0]];
          return [
            `${words.item} ${item.item}, ${words.itemMax}: ${item.max}`,
            `${words.school}: ${percent(item.own)}`,
            `${words.expectedShort}: ${percent(item.expected)} (${number(item.low * 100, 0)}–${percent(item.high)})`
          ].join("\n");
        }
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
            formatter: ({ value }) => percent(value[1])
          },
          labelLayout: { hideOverlap: true }
        })
      ]
    };
  }
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
              style: { fill: colours.rest, opacity: 0.6 }
            },
            {
              type: "line",
              shape: { x1: x - width / 2, y1: middle, x2: x + width / 2, y2: middle },
              style: { stroke: colours.curve, lineWidth: 2 }
            }
          ]
        };
      }
    };
  }

  // src/charts/similarity.js
  var BARS = 64;
  var WIDE = 620;
  function pairsOf(alike) {
    const pairs = alike.flatMap((row, v) => row.slice(0, v).map((value, w) => [value, v, w]));
    return pairs.filter(([value]) => value !== null).sort((a, b) => b[0] - a[0] || b[1] - a[1] || b[2] - a[2]);
  }
  function classSimilarity(spec, colours, size) {
    const { alike, close, expected, pairs } = spec;
    const works = alike.map((_, i) => String(i + 1));
    const all = pairsOf(alike);
    const near = Math.round(close * pairs);
    const gaps = all.length < alike.length * (alike.length - 1) / 2;
    const wide = size.width >= WIDE;
    const narrow = size.width < 480;
    const foot = wide ? 54 : (narrow ? 76 : 40) + BARS + 64;
    const side = Math.min(size.width - 44, size.height - foot - 30);
    const left = wide ? 34 : Math.max(34, (size.width - side) / 2);
    const bars2 = wide ? { left: left + side + 48, width: Math.min(480, size.width - left - side - 64), top: Math.max(30, side / 2 - 40), height: BARS } : { left: 8, right: 8, top: side + 76, height: BARS };
    const cells = all.map(([value, v, w], i) => ({
      value: [w, v, value],
      ...i < near ? { visualMap: false, itemStyle: { color: colours.out } } : {}
    }));
    const axis = {
      ...categoryAxis(colours, works, { axisLine: { show: false } }),
      gridIndex: 0
    };
    const low = Math.max(0, close - spec.effect_high) * pairs;
    const high = Math.max(0, close - spec.effect_low) * pairs;
    const counts = [close * pairs, expected * pairs];
    return {
      grid: [
        { left, top: 4, width: side, height: side },
        { ...bars2, containLabel: true }
      ],
      legend: legend(colours, {
        itemStyle: { opacity: 1 },
        selectedMode: false,
        itemGap: narrow ? 10 : 18,
        data: [
          { name: words.closePair, icon: "roundRect", itemStyle: { color: colours.out } },
          { name: words.otherPair, icon: "roundRect", itemStyle: { color: colours.rest } },
          ...gaps ? [{ name: words.otherVariant, icon: "roundRect", itemStyle: { color: colours.card, borderColor: colours.muted, borderWidth: 1 } }] : []
        ]
      }),
      xAxis: [
        { ...axis, ...named(colours, words.worksOrder, 25) },
        // Room on the right for the number of the longest bar.
        { ...valueAxis(colours, { min: 0, max: Math.max(...counts, 1) * (narrow ? 1.6 : 1.35), show: false }), gridIndex: 1 }
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
          nameTextStyle: { color: colours.muted, fontSize: 12.5, align: "left" }
        }
      ],
      visualMap: { show: false, min: 0, max: Math.max(1, all[near]?.[0] ?? 1), dimension: 2, seriesIndex: 0, inRange: { color: [colours.sunken, colours.rest] } },
      tooltip: tooltip(colours, {
        formatter: ({ seriesIndex, dataIndex, value }) => seriesIndex === 0 ? [words.twoWorks(value[0] + 1, value[1] + 1), `${words.likeness}: ${number(value[2])}`, dataIndex < near ? words.closePair : ""].filter(Boolean).join("\n") : dataIndex === 0 ? `${words.inClass}: ${share(counts[0], pairs)}` : `${words.expectedShort}: ${share(counts[1], pairs)}
95 %: ${number(low)}–${number(high)}`
      }),
      series: [
        {
          type: "heatmap",
          data: cells,
          itemStyle: { borderColor: colours.card, borderWidth: side / works.length > 9 ? 1.5 : 0.5, borderRadius: 2 },
          emphasis: { disabled: true }
        },
        {
          type: "bar",
          xAxisIndex: 1,
          yAxisIndex: 1,
          barMaxWidth: 20,
          data: [
            { value: counts[0], itemStyle: { color: colours.out } },
            { value: counts[1], itemStyle: { color: colours.rest } }
          ],
          itemStyle: { borderRadius: [0, 3, 3, 0] },
          label: {
            show: true,
            position: "right",
            color: colours.ink,
            fontSize: 12.5,
            fontWeight: 650,
            formatter: ({ value }) => share(value, pairs)
          }
        },
        ...[words.closePair, words.otherPair, words.otherVariant].map((name) => ({ type: "scatter", name, data: [] }))
      ]
    };
  }
  function share(count, pairs) {
    return `${number(count)} (${percent(count / Math.max(pairs, 1), 1)})`;
  }

  // src/charts/survival.js
  function survival(spec, colours) {
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
          z: 5
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
          axisLabel: { color: colours.muted, fontSize: 12.5, formatter: (value) => percent(value) }
        }),
        ...spec.y_title ? named(colours, spec.y_title, 46) : {}
      },
      tooltip: tooltip(colours, {
        trigger: "axis",
        formatter: (items) => {
          const lines = new Map(items.filter((item) => item.componentSubType === "line").reverse().map((item) => [item.seriesName, item.data]));
          const first = [...lines.values()][0];
          const head = `${spec.x_title ?? ""}: ${number(first[0])}`;
          return [head, ...[...lines].map(([name, data]) => `${name ? `${name}: ` : ""}${percent(data[1])}`)].join("\n");
        }
      }),
      series
    };
  }

  // src/charts/index.js
  var KINDS = {
    distribution,
    journal_table: journalTable,
    funnel,
    bars,
    survival,
    item_profile: itemProfile,
    class_similarity: classSimilarity,
    cohort_line: cohortLine,
    external_scatter: externalScatter,
    absence
  };
  var root = document.documentElement;
  async function drawCharts(script2) {
    const boxes2 = [...document.querySelectorAll(".chart[data-chart]")];
    if (!boxes2.length) return;
    await load(new URL("vendor/echarts.js", script2));
    const redraw = () => boxes2.forEach(draw);
    await document.fonts?.ready;
    const resized = new ResizeObserver((entries) => entries.forEach((entry) => draw(entry.target)));
    boxes2.forEach((box) => resized.observe(box));
    new MutationObserver(redraw).observe(root, { attributeFilter: ["data-theme"] });
    let before;
    window.addEventListener("beforeprint", () => {
      before = root.dataset.theme;
      root.dataset.theme = "light";
      redraw();
    });
    window.addEventListener("afterprint", () => {
      root.dataset.theme = before;
    });
  }
  function load(url) {
    return new Promise((resolve, reject) => {
      const script2 = element("script", { src: url.href });
      script2.addEventListener("load", resolve);
      script2.addEventListener("error", reject);
      document.head.append(script2);
    });
  }
  function draw(box) {
    if (!box.clientWidth) return;
    const { echarts } = window;
    const chart = echarts.getInstanceByDom(box) ?? echarts.init(box, null, { renderer: "svg", locale: language === "ru" ? "RU" : "EN" });
    chart.resize();
    const spec = JSON.parse(box.dataset.spec);
    const option = KINDS[box.dataset.chart](spec, palette(), { width: box.clientWidth, height: box.clientHeight });
    chart.setOption({ ...base(palette()), ...option }, { notMerge: true });
  }
  function palette() {
    const style = getComputedStyle(root);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    return {
      ink: colour("ink"),
      muted: colour("muted"),
      line: colour("line"),
      card: colour("card"),
      sunken: colour("sunken"),
      accent: colour("accent"),
      accentSoft: colour("accent-soft"),
      onAccent: colour("on-accent"),
      out: colour("chart-out"),
      rest: colour("chart-rest"),
      curve: colour("chart-curve"),
      good: colour("good"),
      warn: colour("warn"),
      bad: colour("bad"),
      font: getComputedStyle(document.body).fontFamily
    };
  }
  function base(colours) {
    return {
      animation: false,
      textStyle: { fontFamily: colours.font, fontSize: 13, color: colours.ink },
      aria: { enabled: true }
    };
  }

  // src/combobox.js
  var LONG = 12;
  var SHOWN = 60;
  var serial = 0;
  function enhanceChoices(parent) {
    for (const field of parent.querySelectorAll("select[data-role='select2'], select[data-combobox]")) {
      if (field.closest("template") || field.dataset.enhanced) continue;
      if (field.multiple || field.options.length > LONG) combobox(field, localChoices(field));
    }
    for (const field of parent.querySelectorAll("input[data-role='select2-ajax']")) {
      if (!field.dataset.enhanced) combobox(field, remoteChoices(field));
    }
  }
  function localChoices(select) {
    const all = [...select.options].filter((option) => option.value !== "__None" && option.text.trim() !== "");
    return {
      multiple: select.multiple,
      blank: !select.multiple && (select.dataset.allowBlank === "1" || all.length < select.options.length),
      placeholder: select.dataset.placeholder ?? "",
      chosen: () => all.filter((option) => option.selected).map((option) => ({ id: option.value, text: option.text })),
      search: async (query) => {
        const wanted = query.trim().toLowerCase();
        return all.filter((option) => option.text.toLowerCase().includes(wanted)).map((option) => ({ id: option.value, text: option.text.trim() }));
      },
      store: (items) => {
        const ids = new Set(items.map((item) => item.id));
        for (const option of select.options) option.selected = ids.has(option.value);
        if (!items.length && !select.multiple) {
          const empty = [...select.options].find((option) => option.value === "__None" || option.text.trim() === "");
          if (empty) empty.selected = true;
        }
      }
    };
  }
  function remoteChoices(input) {
    const multiple = input.dataset.multiple === "1";
    const least = Number(input.dataset.minimumInputLength ?? 1);
    const parse = () => {
      const given = JSON.parse(input.dataset.json || "null");
      return (multiple ? given ?? [] : given ? [given] : []).map(([id, text]) => ({ id: String(id), text }));
    };
    return {
      multiple,
      blank: input.dataset.allowBlank === "1",
      placeholder: input.dataset.placeholder ?? "",
      chosen: parse,
      search: async (query) => {
        if (query.trim().length < least) return null;
        const url = new URL(input.dataset.url, window.location.href);
        url.searchParams.set("query", query.trim());
        url.searchParams.set("offset", "0");
        url.searchParams.set("limit", "20");
        const answer = await fetch(url, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        return (await answer.json()).map(([id, text]) => ({ id: String(id), text }));
      },
      store: (items) => {
        input.value = items.map((item) => item.id).join(input.dataset.separator || ",");
      }
    };
  }
  function combobox(field, choices) {
    field.dataset.enhanced = "1";
    serial += 1;
    const listId = `combo-list-${serial}`;
    const input = element("input", {
      type: "text",
      className: "combo-input",
      id: `${field.id || `combo-${serial}`}-combo`,
      autocomplete: "off",
      role: "combobox",
      placeholder: choices.placeholder
    });
    for (const [name, value] of Object.entries({ expanded: "false", controls: listId, autocomplete: "list" })) {
      input.setAttribute(`aria-${name}`, value);
    }
    const list = element("ul", { id: listId, className: "combo-list", role: "listbox", hidden: true });
    const clear = element("button", { type: "button", className: "combo-clear", title: words.clear, ariaLabel: words.clear }, "×");
    const box = element("div", { className: "combo-box" }, input, clear);
    const combo = element("div", { className: "combo" }, box, list);
    const label = field.id && document.querySelector(`label[for="${CSS.escape(field.id)}"]`);
    if (label) label.htmlFor = input.id;
    else if (field.ariaLabel) input.ariaLabel = field.ariaLabel;
    field.hidden = true;
    field.after(combo);
    let items = choices.chosen();
    let found = [];
    let active = -1;
    let asked = 0;
    const render = () => {
      for (const chip2 of box.querySelectorAll(".combo-chip")) chip2.remove();
      if (choices.multiple) {
        for (const item of items) input.before(chip(item));
      } else {
        input.value = items[0]?.text ?? "";
      }
      clear.hidden = choices.multiple || !choices.blank || !items.length;
    };
    const chip = (item) => {
      const remove = element("button", { type: "button", className: "combo-clear", ariaLabel: `${words.remove}: ${item.text}` }, "×");
      remove.addEventListener("click", () => change(items.filter((other) => other.id !== item.id)));
      return element("span", { className: "combo-chip" }, item.text, remove);
    };
    const change = (next) => {
      items = next;
      choices.store(items);
      render();
      field.dispatchEvent(new Event("change", { bubbles: true }));
    };
    const close = () => {
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const note = (text) => list.replaceChildren(element("li", { className: "note" }, text));
    const open = async (query) => {
      const mine = ++asked;
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      active = -1;
      try {
        const answer = await choices.search(query);
        if (mine !== asked) return;
        found = (answer ?? []).filter((item) => !choices.multiple || !items.some((other) => other.id === item.id));
        if (answer === null) note(words.typeMore);
        else if (!found.length) note(words.nothingFound);
        else list.replaceChildren(...found.slice(0, SHOWN).map((item, index) => option(item, index)));
      } catch {
        if (mine === asked) note(words.loadFailed);
      }
    };
    const option = (item, index) => {
      const made = element("li", { id: `${listId}-${index}`, role: "option" }, item.text);
      made.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(item);
      });
      return made;
    };
    const take = (item) => {
      change(choices.multiple ? [...items, item] : [item]);
      if (choices.multiple) input.value = "";
      close();
    };
    const move = (step) => {
      const options = list.querySelectorAll("[role='option']");
      if (!options.length) return;
      options[active]?.setAttribute("aria-selected", "false");
      active = (active + step + options.length) % options.length;
      options[active].setAttribute("aria-selected", "true");
      options[active].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[active].id);
    };
    input.addEventListener("input", () => open(input.value));
    input.addEventListener("focus", () => {
      input.select();
      open("");
    });
    input.addEventListener("click", () => {
      if (list.hidden) open("");
    });
    input.addEventListener("blur", () => {
      close();
      if (!choices.multiple && input.value === "" && choices.blank && items.length) change([]);
      else render();
      if (choices.multiple) input.value = "";
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) open(input.value);
        else move(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter" && !list.hidden) {
        event.preventDefault();
        if (found[Math.max(0, active)]) take(found[Math.max(0, active)]);
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        close();
      } else if (event.key === "Backspace" && choices.multiple && input.value === "" && items.length) {
        change(items.slice(0, -1));
      }
    });
    clear.addEventListener("click", () => {
      change([]);
      input.focus();
    });
    render();
  }

  // src/confirm.js
  function ask(message, { yes = words.yes, danger = true } = {}) {
    return new Promise((resolve) => {
      const dialog = element("dialog", { className: "ask" });
      const answer = (value, text, kind) => {
        const button = element("button", { type: "button", className: `btn ${kind}`, dataset: { answer: value } }, text);
        button.addEventListener("click", () => dialog.close(value));
        return button;
      };
      const buttons = element("div", { className: "row" });
      if (yes) buttons.append(answer("no", words.cancel, ""), answer("yes", yes, danger ? "btn-danger" : "btn-primary"));
      else buttons.append(answer("no", "OK", "btn-primary"));
      dialog.append(element("p", {}, message), buttons);
      dialog.addEventListener("close", () => {
        dialog.remove();
        resolve(dialog.returnValue === "yes");
      });
      document.body.append(dialog);
      dialog.showModal();
      buttons.firstElementChild.focus();
    });
  }
  function say(message) {
    return ask(message, { yes: null });
  }
  function guardForms() {
    document.addEventListener("submit", onSubmit, true);
    document.addEventListener("click", onLink);
    window.addEventListener("pageshow", () => {
      for (const form of document.querySelectorAll("form[data-sending]")) release(form);
    });
  }
  async function onSubmit(event) {
    const form = event.target;
    const submitter = event.submitter;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    const question = submitter?.dataset.confirm ?? form.dataset.confirm;
    if (question && !form.dataset.confirmed) {
      event.preventDefault();
      event.stopPropagation();
      const source = submitter?.dataset.confirm ? submitter : form;
      if (!await ask(question, { yes: source.dataset.confirmYes, danger: source.dataset.confirmTone !== "plain" })) return;
      form.dataset.confirmed = "1";
      form.requestSubmit(submitter?.form === form ? submitter : void 0);
      return;
    }
    delete form.dataset.confirmed;
    if (form.method === "post" && !form.target) {
      form.dataset.sending = "1";
      submitter?.setAttribute("aria-busy", "true");
      setTimeout(() => release(form), 4e3);
    }
  }
  function release(form) {
    delete form.dataset.sending;
    delete form.dataset.confirmed;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }
  async function onLink(event) {
    const link = event.target.closest("a[data-confirm]");
    if (!link) return;
    event.preventDefault();
    if (await ask(link.dataset.confirm, { yes: link.dataset.confirmYes })) window.location.assign(link.href);
  }

  // src/inline.js
  function enhanceInlineRows() {
    document.addEventListener("click", (event) => {
      const add = event.target.closest("[data-inline-add]");
      if (add) addRow(document.getElementById(add.dataset.inlineAdd));
      const remove = event.target.closest("[data-inline-remove]");
      if (remove) removeRow(remove);
    });
    dates(document);
  }
  function addRow(box) {
    const list = box.querySelector(":scope > .inline-list");
    const used = [...list.children].map((row2) => Number(row2.id.split("-").at(-1)));
    const prefix = `${box.id}-${Math.max(-1, ...used.filter(Number.isInteger)) + 1}`;
    const row = box.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
    row.id = prefix;
    for (const field of row.querySelectorAll("[name]")) {
      field.name = field.getAttribute("name") ? `${prefix}-${field.getAttribute("name")}` : prefix;
      if (field.id || field.type !== "hidden") field.id = field.name;
    }
    for (const label of row.querySelectorAll("label[for]")) label.htmlFor = `${prefix}-${label.getAttribute("for")}`;
    list.append(row);
    dates(row);
    enhanceChoices(row);
    row.querySelector("input:not([type='hidden']), select, textarea")?.focus();
  }
  async function removeRow(button) {
    if (await ask(button.dataset.inlineRemove)) button.closest(".inline-row").remove();
  }
  function dates(parent) {
    for (const field of parent.querySelectorAll("input[data-role='datepicker']")) field.type = "date";
    for (const field of parent.querySelectorAll("input[data-role='datetimepicker']")) {
      const value = field.value.replace(" ", "T");
      field.type = "datetime-local";
      field.value = value;
      field.form?.addEventListener("formdata", (event) => {
        const [day, time] = field.value.split("T");
        if (time) event.formData.set(field.name, `${day} ${time.length === 5 ? `${time}:00` : time}`);
      });
    }
  }

  // src/filters.js
  function enhanceFilters() {
    const source = document.getElementById("filter-data");
    const form = document.getElementById("filter_form");
    if (!source || !form) return;
    const { groups, active } = JSON.parse(source.textContent);
    const rows = form.querySelector(".filter-rows");
    const apply = form.querySelector("[data-filter-apply]");
    let count = 0;
    const show = () => {
      apply.hidden = rows.children.length === 0 && active.length === 0;
    };
    const add = (name, index = null, value = "") => {
      const options = groups[name] ?? [];
      if (!options.length) return null;
      const current = options.find((option) => option.index === index) ?? options[0];
      const row = element("div", { className: "filter-row" });
      const operation = element("select", { ariaLabel: name });
      for (const option of options) {
        operation.append(new Option(option.operation, option.arg, false, option === current));
      }
      const remove = element("button", { type: "button", className: "row-action", title: words.remove, ariaLabel: words.remove }, "×");
      const slot = element("div");
      const fill = (option, content) => {
        const prefix = `flt${count}_`;
        count += 1;
        slot.replaceChildren(...valueField(option, `${prefix}${option.arg}`, content, name));
        dates(slot);
        enhanceChoices(slot);
      };
      operation.addEventListener("change", () => fill(options[operation.selectedIndex], ""));
      remove.addEventListener("click", () => {
        row.remove();
        show();
        apply.hidden = false;
      });
      row.append(element("span", { className: "name" }, name), operation, slot, remove);
      rows.append(row);
      fill(current, value);
      show();
      return slot;
    };
    for (const [index, name, value] of active) add(name, index, value);
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-filter-add]");
      if (!button) return;
      const menu = button.closest("details.menu");
      if (menu) menu.open = false;
      add(button.dataset.filterAdd)?.querySelector("input:not([type='hidden']), select")?.focus();
    });
    show();
  }
  function valueField(option, name, value, title) {
    const common = { name, value, ariaLabel: title };
    if (option.type === "select2-tags" && option.options) {
      const hidden = element("input", { type: "hidden", name, value });
      const select = element("select", { multiple: true, ariaLabel: title, dataset: { role: "select2" } });
      const chosen = new Set(String(value).split(","));
      for (const [key, text] of option.options) select.append(new Option(text, key, false, chosen.has(String(key))));
      select.addEventListener("change", () => {
        hidden.value = [...select.selectedOptions].map((item) => item.value).join(",");
      });
      return [select, hidden];
    }
    if (option.options) {
      const select = element("select", { name, ariaLabel: title });
      for (const [key, text] of option.options) select.append(new Option(text, key, false, String(key) === String(value)));
      return [select];
    }
    if (option.type === "datepicker") return [element("input", { ...common, type: "date" })];
    if (option.type === "daterangepicker") return dateRange(name, value, title);
    return [element("input", { ...common, type: "text" })];
  }
  function dateRange(name, value, title) {
    const [from = "", to = ""] = String(value).split(" to ");
    const hidden = element("input", { type: "hidden", name, value });
    const ends = [from, to].map((day) => element("input", { type: "date", value: day, ariaLabel: title }));
    for (const end of ends) {
      end.addEventListener("change", () => {
        hidden.value = ends.map((item) => item.value).join(" to ");
      });
    }
    return [ends[0], " – ", ends[1], hidden];
  }

  // src/frame.js
  var root2 = document.documentElement;
  function enhanceFrame() {
    drawer();
    hotkeys();
    menus();
    themeChoice();
    document.addEventListener("click", (event) => event.target.closest("[data-dismiss='alert']")?.closest(".alert")?.remove());
    document.addEventListener("change", (event) => {
      if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
    });
  }
  function drawer() {
    const toggle = document.querySelector(".drawer-toggle");
    const sidebar = document.getElementById("sidebar");
    const main = document.querySelector(".main");
    if (!toggle || !sidebar) return;
    const set = (open) => {
      if (open) root2.dataset.drawer = "open";
      else delete root2.dataset.drawer;
      toggle.setAttribute("aria-expanded", String(open));
      main.inert = open;
      if (open) sidebar.querySelector("a")?.focus();
      else toggle.focus({ preventScroll: true });
    };
    toggle.addEventListener("click", () => set(root2.dataset.drawer !== "open"));
    document.querySelector(".scrim")?.addEventListener("click", () => set(false));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && root2.dataset.drawer === "open") set(false);
    });
    window.matchMedia("(min-width: 900px)").addEventListener("change", (event) => {
      if (event.matches && root2.dataset.drawer === "open") set(false);
    });
  }
  function hotkeys() {
    const search = document.querySelector("[data-hotkey='/']");
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, textarea, select, [contenteditable]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey || !search) return;
      event.preventDefault();
      search.focus();
      search.select();
    });
  }
  function menus() {
    document.addEventListener("click", (event) => {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        if (!menu.contains(event.target)) menu.open = false;
      }
    });
    document.addEventListener("keydown", (event) => {
      const menu = event.target.closest?.("details.menu[open]");
      if (!menu) return;
      if (event.key === "Escape") {
        menu.open = false;
        menu.querySelector("summary").focus();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const items = [...menu.querySelectorAll("a[href], button")];
        const step = event.key === "ArrowDown" ? 1 : -1;
        const at = items.indexOf(document.activeElement);
        items[at < 0 ? 0 : (at + step + items.length) % items.length]?.focus();
        event.preventDefault();
      }
    });
  }
  function themeChoice() {
    const buttons = [...document.querySelectorAll("[data-theme-choice]")].filter((node) => node !== root2);
    const show = () => {
      for (const button of buttons) {
        button.setAttribute("aria-pressed", String(button.dataset.themeChoice === root2.dataset.themeChoice));
      }
    };
    for (const button of buttons) {
      button.addEventListener("click", () => {
        try {
          localStorage.setItem("theme", button.dataset.themeChoice);
        } catch {
          return;
        }
        document.dispatchEvent(new CustomEvent("obektiv:theme"));
        show();
      });
    }
    show();
  }

  // src/plan_board.js
  function enhancePlanBoard() {
    const form = document.getElementById("plan-move");
    if (!form) return;
    const lanes = [...document.querySelectorAll("[data-board] .lane")];
    let seat = null;
    let against = {};
    const start2 = async (event) => {
      seat = event.currentTarget;
      against = {};
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", seat.dataset.seat);
      seat.classList.add("dragging");
      const asked = seat;
      try {
        const answer = await fetch(asked.dataset.who, { headers: { Accept: "application/json" } });
        if (!answer.ok || seat !== asked) return;
        against = (await answer.json()).against;
        for (const lane of lanes) tell(lane, against[lane.dataset.person]);
      } catch {
      }
    };
    const end = () => {
      seat?.classList.remove("dragging");
      seat = null;
      for (const lane of lanes) {
        lane.classList.remove("target");
        tell(lane, "");
      }
    };
    for (const card of document.querySelectorAll("[data-seat]")) {
      card.addEventListener("dragstart", start2);
      card.addEventListener("dragend", end);
    }
    for (const lane of lanes) {
      const isOpen = () => seat && !lane.contains(seat) && !against[lane.dataset.person];
      lane.addEventListener("dragover", (event) => {
        if (!isOpen()) return;
        event.preventDefault();
        lane.classList.add("target");
      });
      lane.addEventListener("dragleave", (event) => {
        if (!lane.contains(event.relatedTarget)) lane.classList.remove("target");
      });
      lane.addEventListener("drop", (event) => {
        if (!isOpen()) return;
        event.preventDefault();
        form.action = seat.dataset.move;
        form.elements.person_id.value = lane.dataset.person;
        form.requestSubmit();
      });
    }
  }
  function tell(lane, reason) {
    const why = lane.querySelector(".lane-why");
    lane.classList.toggle("blocked", Boolean(reason));
    why.textContent = reason || "";
    why.hidden = !reason;
  }

  // src/tables.js
  function enhanceTables() {
    document.addEventListener("click", openRow);
    document.addEventListener("auxclick", openRow);
    document.addEventListener("change", tick);
    document.addEventListener("click", bulkAction);
  }
  function openRow(event) {
    const row = event.target.closest("tr[data-href]");
    if (!row || event.button > 1 || event.target.closest("a, button, input, label, select, summary, form")) return;
    if (String(window.getSelection())) return;
    if (event.button === 1 || event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
    else window.location.assign(row.dataset.href);
  }
  function boxes() {
    return [...document.querySelectorAll("input.action-checkbox")];
  }
  function tick(event) {
    const all = document.querySelector("input.action-rowtoggle");
    if (!all) return;
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    else if (!event.target.matches("input.action-checkbox")) return;
    const ticked = boxes().filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
    for (const place of document.querySelectorAll("[data-ticked]")) place.textContent = ticked ? `· ${ticked}` : "";
  }
  async function bulkAction(event) {
    const button = event.target.closest("[data-bulk-action]");
    if (!button) return;
    event.preventDefault();
    const menu = button.closest("details.menu");
    if (menu) menu.open = false;
    const ticked = boxes().filter((box) => box.checked);
    if (!ticked.length) {
      await say(words.nothingSelected);
      return;
    }
    if (button.dataset.bulkConfirm && !await ask(button.dataset.bulkConfirm)) return;
    const form = document.getElementById("action_form");
    form.querySelector("[name='action']").value = button.dataset.bulkAction;
    for (const old of form.querySelectorAll("[name='rowid']")) old.remove();
    for (const box of ticked) form.append(element("input", { type: "hidden", name: "rowid", value: box.value }));
    form.requestSubmit();
  }

  // src/progress.js
  var EVERY = 1500;
  function watchProgress() {
    for (const box of document.querySelectorAll(".progress[data-progress-url]")) follow(box, 0);
  }
  function follow(box, failures) {
    setTimeout(async () => {
      try {
        const answer = await fetch(box.dataset.progressUrl, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const { share: share2, text, left, done } = await answer.json();
        if (done) {
          if ([...document.querySelectorAll("input[type='file']")].some((field) => field.files.length)) follow(box, 0);
          else window.location.reload();
          return;
        }
        const bar = box.querySelector("progress");
        if (typeof share2 === "number") bar.value = share2;
        else bar.removeAttribute("value");
        box.querySelector("[data-progress-text]").textContent = text ?? "";
        box.querySelector("[data-progress-left]").textContent = left ?? "";
        follow(box, 0);
      } catch {
        if (failures < 20) follow(box, failures + 1);
      }
    }, EVERY * Math.min(8, 1 + failures));
  }

  // src/sliders.js
  var PAUSE = 120;
  function watchSliders() {
    const form = document.querySelector("form[data-what-if]");
    if (!form) return;
    const figures = document.getElementById("what-if-figures");
    const said = document.getElementById("what-if-said");
    let waiting = null;
    let asked = null;
    const ask2 = async () => {
      asked?.abort();
      asked = new AbortController();
      const query = new URLSearchParams(new FormData(form)).toString();
      figures.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(`${form.dataset.whatIf}?${query}`, {
          headers: { Accept: "application/json" },
          signal: asked.signal
        });
        if (!answer.ok) throw new Error(String(answer.status));
        const { html, said: sentence } = await answer.json();
        const open = figures.querySelector("details")?.open;
        figures.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
        if (open && figures.querySelector("details")) figures.querySelector("details").open = true;
        said.textContent = sentence;
        history.replaceState(null, "", `${form.getAttribute("action")}?${query}`);
        figures.removeAttribute("aria-busy");
      } catch (error) {
        if (error.name !== "AbortError") form.submit();
      }
    };
    const soon = () => {
      clearTimeout(waiting);
      waiting = setTimeout(ask2, PAUSE);
    };
    for (const field of form.querySelectorAll("[data-stops]")) addSlider(field, soon);
    form.addEventListener("input", soon);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(waiting);
      ask2();
    });
  }
  function addSlider(field, soon) {
    const text = field.querySelector("input");
    const stops = field.dataset.stops.split(" ");
    const slider = element("input", { type: "range", min: "0", max: String(stops.length - 1), step: "1" });
    slider.setAttribute("aria-label", field.querySelector("label").textContent);
    slider.setAttribute("aria-describedby", `${text.id}-help`);
    const place = () => {
      const value = Number(text.value.replace(",", "."));
      const distances = stops.map((stop) => Math.abs(Math.log(Number(stop)) - Math.log(value)));
      if (value > 0) slider.value = String(distances.indexOf(Math.min(...distances)));
      slider.setAttribute("aria-valuetext", number(value, 10));
    };
    slider.addEventListener("input", (event) => {
      event.stopPropagation();
      text.value = stops[Number(slider.value)].replace(".", language === "ru" ? "," : ".");
      slider.setAttribute("aria-valuetext", number(Number(stops[Number(slider.value)]), 10));
      soon();
    });
    text.addEventListener("input", place);
    text.before(slider);
    place();
  }

  // src/main.js
  var script = document.currentScript.src;
  function start() {
    enhanceFrame();
    guardForms();
    enhanceTables();
    enhanceFilters();
    enhanceInlineRows();
    enhancePlanBoard();
    enhanceChoices(document);
    watchProgress();
    watchSliders();
    drawCharts(script);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
