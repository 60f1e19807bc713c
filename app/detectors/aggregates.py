"""Ready reports in place of works: frames of marks, score distributions, items, journal and means, checked and counted.

A district often has only the federal exports. Here their frames become clean arrays, paper by paper; what the
detectors make of them stands in `app.detectors.report_tables` and `report_screening`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd

from app import terms
from app.detectors.base import PaperSpec
from app.detectors.report_values import counts_of, numbers, shares_of, unreadable
from app.detectors.tables import find_spec
from app.errors import Reason, WrongFormat

KINDS = ("marks", "distributions", "items", "journal", "means")
SHOWN_ROWS = 10
_ALIASES = {
    "логин": "school", "логин оо": "school", "логин школы": "school", "год": "year", "предмет": "subject",
    "класс": "grade", "кол-во участников": "n", "количество участников": "n", "кол-во участников(всего)": "n",
    "кол-во участников (всего)": "n", "средний балл": "mean", "стандартное отклонение": "sd",
}  # fmt: skip
_LOGIN = re.compile(r"^(?:sch|edu)(?=\d{6,8}$)", re.IGNORECASE)
_JOURNAL = (("lowered", "понизили"), ("confirmed", "подтвердили"), ("raised", "повысили"))
_SUBJECTS = {s.ru: s.value for s in terms.Subject} | {
    "ру": "ru", "ма": "ma", "ом": "om", "би": "bi", "ис": "is", "об": "ob", "гг": "gg", "фи": "fi", "хи": "hi",
}  # fmt: skip


@dataclass(frozen=True)
class Aggregates:
    """Frames of ready reports, one a kind; several papers and years may stand in one frame.

    Each has ``school, year, subject, grade, n`` (works) and the columns of its kind.

    Attributes
    ----------
    marks : DataFrame or None
        ``2, 3, 4, 5``: works, or per cent.
    distributions : DataFrame or None
        ``0 … M``: works at each primary score, or per cent; blank beyond the paper's maximum.
    items : DataFrame or None
        ``1 … k`` or ``item_1 … item_k``: completion in per cent of the item's maximum, or as a share.
    journal : DataFrame or None
        ``lowered, confirmed, raised``: works whose mark is below, at or above the journal's, or per cent; n counts
        works with a journal mark. The headers of the federal report serve as well.
    means : DataFrame or None
        ``mean`` and, where known, ``sd`` of the primary score, in points.
    """

    marks: pd.DataFrame | None = None
    distributions: pd.DataFrame | None = None
    items: pd.DataFrame | None = None
    journal: pd.DataFrame | None = None
    means: pd.DataFrame | None = None

    def frames(self) -> dict[str, pd.DataFrame]:
        """Kind → frame, of those that are there."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: frame for name, frame in given.items() if frame is not None and len(frame)}


@dataclass(frozen=True)
class Known:
    """One kind of report on one paper, arrays over its S schools in the order of their codes.

    Attributes
    ----------
    schools : ndarray of str, shape (S,)
    n : ndarray, shape (S,)
        Works.
    values : ndarray, shape (S, k)
        Works by mark, score or side of the journal; completion of items as shares; mean and standard deviation (NaN
        where not given).
    """

    schools: np.ndarray
    n: np.ndarray
    values: np.ndarray

    def without(self, names: np.ndarray) -> Known | None:
        """The schools that are not among `names`; None where nobody is left."""
        kept = ~np.isin(self.schools, names)
        return Known(self.schools[kept], self.n[kept], self.values[kept]) if kept.any() else None


@dataclass
class Reported:
    """What the ready reports say about one paper, by kind."""

    spec: PaperSpec
    year: int
    known: dict[str, Known] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, str, int]:
        return self.year, self.spec.subject, self.spec.grade


def check_aggregates(
    aggregates: Aggregates,
    papers: Sequence[PaperSpec],
    *,
    strict_papers: bool = False,
    first_rows: Mapping[str, int] | None = None,
) -> tuple[dict[tuple[int, str, int], Reported], list[str]]:
    """Check the frames of ready reports and count works in them.

    Parameters
    ----------
    aggregates : Aggregates
    papers : sequence of PaperSpec
    strict_papers : bool
        Whether rows of a paper without description are refused; else they are left out with a warning.
    first_rows : mapping of str to int, optional
        Number of the first row in the sender's file, by kind, for messages.

    Returns
    -------
    reported : dict
        Paper's key → what is known of it.
    warnings : list of str
        Russian sentences.

    Raises
    ------
    WrongFormat
        Columns are missing, cells cannot be read, shares do not add up, or a paper is unknown (with `strict_papers`).
    """
    reported: dict[tuple[int, str, int], Reported] = {}
    warnings: list[str] = []
    problems: list[Reason] = []
    for kind, frame in aggregates.frames().items():
        first = (first_rows or {}).get(kind, 0)
        table = _Frame(kind, frame, first, problems)
        if not table.is_complete:
            continue
        for (year, subject, grade), rows in table.papers():
            spec = find_spec(papers, year, subject, grade)
            label = f"{subject} {grade} класс, {year} год"
            if spec is None:
                text = f"{table.title}: работа не описана в файле работ (papers): {label}, строк: {len(rows)}"
                if strict_papers:
                    problems.append(Reason("unknown_paper", text, f"{kind}: {subject} {grade} {year} not described"))
                else:
                    warnings.append(text)
                continue
            known = table.known(rows, spec, label, warnings)
            if known is not None:
                entry = reported.setdefault((year, spec.subject, spec.grade), Reported(spec, year))
                entry.known[kind] = known
    if problems:
        raise WrongFormat(*problems)
    return reported, warnings


TITLES = {
    "marks": "отметки",
    "distributions": "распределение баллов",
    "items": "выполнение заданий",
    "journal": "сравнение с журналом",
    "means": "средние баллы",
}


class _Frame:
    """One kind's frame with its columns understood; problems are gathered, not raised."""

    def __init__(self, kind: str, frame: pd.DataFrame, first_row: int, problems: list[Reason]) -> None:
        self.kind, self.title, self.first_row, self.problems = kind, TITLES[kind], first_row, problems
        names = [" ".join(str(name).replace("\xa0", " ").split()).lower() for name in frame.columns]
        is_login = "school" not in names
        frame = frame.set_axis([_ALIASES.get(name, name) for name in names], axis=1).reset_index(drop=True)
        self.frame = frame.loc[:, ~frame.columns.duplicated()]
        wanted = ["school", "year", "subject", "grade"]
        if kind in ("items", "means"):
            wanted.append("n")
        missing = [name for name in wanted if name not in self.frame] + self._missing_values()
        self.is_complete = not missing
        if missing:
            listed = ", ".join(missing)
            self.problems.append(
                Reason("missing_columns", f"{self.title}: нет столбцов: {listed}", f"{kind} lacks columns: {listed}")
            )
            return
        school = self.frame["school"]
        if pd.api.types.is_float_dtype(school.dtype):
            school = school.astype("Int64")
        text = school.astype("string").str.strip().fillna("")
        self.school = (text.str.replace(_LOGIN, "", regex=True) if is_login else text).to_numpy(dtype=object)
        words = self.frame["subject"].astype("string").str.strip().str.lower().fillna("")
        self.subject = np.array([_SUBJECTS.get(word, word) for word in words], dtype=object)
        self.year, self.grade = numbers(self.frame["year"]), numbers(self.frame["grade"])
        self.n = numbers(self.frame["n"]) if "n" in self.frame else np.full(len(self.frame), np.nan)
        self._refuse("no_school", "не указана школа", self.school == "")
        for word, values in (("year", self.year), ("grade", self.grade)):
            self._refuse(f"bad_{word}", f"в столбце {word} не целое число", ~(values == np.rint(values)))
        if "n" in self.frame:
            self._refuse("bad_n", "число участников (n) не читается", unreadable(self.frame["n"]) | (self.n < 0))
        if kind in ("items", "means"):
            self._refuse("no_n", "не указано число участников (n)", ~np.isfinite(self.n))

    def _missing_values(self) -> list[str]:
        if self.kind == "marks":
            return [name for name in "2345" if name not in self.frame]
        if self.kind == "means":
            return [] if "mean" in self.frame else ["mean"]
        if self.kind == "journal":
            return [own for own, _ in _JOURNAL if self._journal_column(own) is None]
        return [] if self._numbered() else ["0, 1, …" if self.kind == "distributions" else "item_1, item_2, …"]

    def _journal_column(self, own: str) -> str | None:
        """The canonical column, else the federal one: works rather than per cent."""
        if own in self.frame:
            return own
        word = dict(_JOURNAL)[own]
        found = [str(name) for name in self.frame.columns if str(name).startswith(word)]
        return min(found, key=lambda name: "%" in name, default=None)

    def _numbered(self) -> dict[int, str]:
        """Score or item number → column."""
        pattern = re.compile(r"^(?:score_)?(\d+)$" if self.kind == "distributions" else r"^(?:item_)?(\d+)$")
        return {int(found[1]): str(name) for name in self.frame.columns if (found := pattern.match(str(name)))}

    def papers(self) -> list[tuple[tuple[int, str, int], np.ndarray]]:
        """Rows of each paper, those with broken keys left out."""
        good = (self.year == np.rint(self.year)) & (self.grade == np.rint(self.grade)) & (self.school != "")
        rows: dict[tuple[int, str, int], list[int]] = {}
        for i in np.flatnonzero(good).tolist():
            rows.setdefault((int(self.year[i]), str(self.subject[i]), int(self.grade[i])), []).append(i)
        return [(key, np.array(found)) for key, found in sorted(rows.items())]

    def known(self, rows: np.ndarray, spec: PaperSpec, label: str, warnings: list[str]) -> Known | None:
        """Clean values of the rows of one paper; what cannot be taken is a problem or a warning."""
        read: Callable[[np.ndarray, PaperSpec, str], tuple[np.ndarray, np.ndarray, np.ndarray]] = {
            "marks": self._marks,
            "distributions": self._distributions,
            "items": self._items,
            "journal": self._journal,
            "means": self._means,
        }[self.kind]
        values, n, kept = read(rows, spec, label)
        left_out = int((~kept).sum())
        if left_out:
            warnings.append(f"{self.title}: строки без значений не учтены ({label}): {left_out}")
        values, n, school = values[kept], n[kept], self.school[rows][kept].astype(str)
        present, first = np.unique(school, return_index=True)
        if len(present) < len(school):
            spare = len(school) - len(present)
            warnings.append(
                f"{self.title}: школа записана больше одного раза ({label}): лишних строк {spare}, учтена первая"
            )
        return Known(present, n[first], values[first]) if len(present) else None

    def _marks(self, rows: np.ndarray, spec: PaperSpec, label: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self._counted(rows, ["2", "3", "4", "5"], label)

    def _journal(self, rows: np.ndarray, spec: PaperSpec, label: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self._counted(rows, [self._journal_column(own) or own for own, _ in _JOURNAL], label)

    def _distributions(
        self, rows: np.ndarray, spec: PaperSpec, label: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        columns = self._numbered()
        top = spec.max_score
        for score in sorted(columns):
            if score > top:
                beyond = np.asarray(np.nan_to_num(numbers(self.frame[columns[score]])[rows]) != 0)
                text = f"есть работы с баллом {score}, а наибольший — {top} ({label})"
                self._refuse("score_outside", text, beyond, rows)
        counts, n, kept = self._counted(rows, [columns.get(score, "") for score in range(top + 1)], label)
        return counts, n, kept

    def _items(self, rows: np.ndarray, spec: PaperSpec, label: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        columns = self._numbered()
        K = len(spec.item_max)
        values = self._cells(rows, [columns.get(k + 1, "") for k in range(K)])
        blank = np.isnan(values)
        outside = np.asarray(((values < 0) | (values > 100)).any(axis=1))
        self._refuse("item_outside", f"выполнение задания вне 0–100 % ({label})", outside, rows)
        kept = ~blank.any(axis=1) & (self.n[rows] > 0) & ~outside
        return shares_of(np.where(kept[:, None], values, 0.0)), self.n[rows], kept

    def _means(self, rows: np.ndarray, spec: PaperSpec, label: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        values = self._cells(rows, ["mean", "sd"])
        top = spec.max_score
        outside = np.asarray((values[:, 0] < 0) | (values[:, 0] > top))
        self._refuse("mean_outside", f"средний балл вне шкалы от 0 до {top} ({label})", outside, rows)
        negative = np.asarray(values[:, 1] < 0)
        self._refuse("sd_outside", f"стандартное отклонение вне 0–{top} ({label})", negative, rows)
        return values, self.n[rows], np.isfinite(values[:, 0]) & (self.n[rows] > 0) & ~outside

    def _counted(self, rows: np.ndarray, columns: list[str], label: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        values = self._cells(rows, columns)
        counts, n, good = counts_of(values, self.n[rows])
        blank = np.isnan(values).all(axis=1)
        text = f"значения не складываются ни в число участников, ни в 100 % ({label})"
        self._refuse("not_a_whole", text, ~good & ~blank, rows)
        return counts, n, good & ~blank & (np.nan_to_num(n) > 0)

    def _cells(self, rows: np.ndarray, columns: list[str]) -> np.ndarray:
        values = np.full((len(rows), len(columns)), np.nan)
        for at, name in enumerate(columns):
            if name in self.frame:
                column = self.frame[name].iloc[rows]
                self._refuse("not_a_number", f"в столбце «{name}» не число", unreadable(column), rows)
                values[:, at] = numbers(column)
        return values

    def _refuse(self, code: str, ru: str, bad: np.ndarray, rows: np.ndarray | None = None) -> None:
        found = np.flatnonzero(bad) if rows is None else rows[np.flatnonzero(bad)]
        if len(found):
            shown = ", ".join(str(i + self.first_row) for i in found[:SHOWN_ROWS].tolist())
            more = f" и ещё {len(found) - SHOWN_ROWS}" if len(found) > SHOWN_ROWS else ""
            self.problems.append(
                Reason(code, f"{self.title}: {ru}: строки {shown}{more}", f"{self.kind}: {code}: rows {shown}")
            )
