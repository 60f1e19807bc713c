// What scripts say to people, in the page's language.

const WORDS = {
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
    itemExpected: "ожидалось при тех же баллах, 95\u00a0%",
    expectedShort: "ожидалось",
    inClass: "в классе",
    closePair: "очень похожая пара работ",
    otherPair: "остальные пары, по сходству",
    otherVariant: "разные варианты",
    closePairs: (pairs) => `Очень похожих пар из ${pairs}`,
    twoWorks: (a, b) => `работы ${a} и ${b}`,
    worksOrder: "работы, самые похожие первыми",
    likeness: "сходство",
    yearGrade: (year, grade) => `${year}\n${grade} класс`,
    middleHalf: "средняя половина школ",
    median: "средняя школа",
    expectedByLast: "ожидалось по прошлому году, 95\u00a0%",
    outside: (exams) => `внешний результат (${exams})`,
    expectedByOutside: "ожидалось по внешнему результату",
    pointsOfPaper: "получено баллов за работу",
    exams: { oge: "ОГЭ", ege: "ЕГЭ", rdr: "РДР", kdr: "КДР", recheck: "перепроверка" },
    topScores: "наивысшие баллы",
    topFrom: (score) => `наивысшие — с ${score}`,
    goodFrom: (score) => `сильные — с ${score}`,
    weakAbsent: "слабых не писали",
    weakExpected: "ожидалось слабых",
    othersAbsent: "остальных не писали",
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
    itemExpected: "expected at the same scores, 95\u00a0%",
    expectedShort: "expected",
    inClass: "in the class",
    closePair: "very similar pair of works",
    otherPair: "other pairs, by likeness",
    otherVariant: "different variants",
    closePairs: (pairs) => `Very similar pairs out of ${pairs}`,
    twoWorks: (a, b) => `works ${a} and ${b}`,
    worksOrder: "works, most alike first",
    likeness: "likeness",
    yearGrade: (year, grade) => `${year}\ngrade ${grade}`,
    middleHalf: "middle half of schools",
    median: "middle school",
    expectedByLast: "expected from last year, 95\u00a0%",
    outside: (exams) => `outside result (${exams})`,
    expectedByOutside: "expected from the outside result",
    pointsOfPaper: "points earned in the paper",
    exams: { oge: "OGE", ege: "EGE", rdr: "RDR", kdr: "KDR", recheck: "recheck" },
    topScores: "top scores",
    topFrom: (score) => `top from ${score}`,
    goodFrom: (score) => `good from ${score}`,
    weakAbsent: "weak, absent",
    weakExpected: "weak, expected",
    othersAbsent: "others, absent",
  },
};

export const language = document.documentElement.lang === "en" ? "en" : "ru";
export const words = WORDS[language];

export function number(value, digits = 1) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value).replace("-", "\u2212");
}

export function percent(share, digits = 0) {
  return `${number(share * 100, digits)}\u00a0%`;
}

export function element(name, properties = {}, ...children) {
  const { dataset, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  if (dataset) Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}
