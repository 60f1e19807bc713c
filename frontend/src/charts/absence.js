// Who did not sit this paper, of those who sat another one: the weak and the others, counted and expected.

import { words } from "../words.js";
import { bars } from "./bars.js";

export function absence(spec, colours, size) {
  const others = spec.absent - spec.weak;
  return bars(
    {
      horizontal: true,
      categories: [words.weakAbsent, words.weakExpected, words.othersAbsent],
      series: [{ values: [spec.weak, spec.expected, others] }],
    },
    colours,
    size,
  );
}
