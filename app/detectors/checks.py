"""What must hold of the input before anything is computed; every refusal says which rows and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from app import frames
from app.detectors.base import PaperSpec
from app.detectors.tables import find_spec
from app.detectors.work_codes import coded
from app.errors import Reason, WrongFormat

SHOWN_ROWS = 10
NO_WORKS = pd.DataFrame({name: pd.Series(dtype="object") for name in frames.names(frames.WORKS, required_only=True)})
"""Where only ready reports are given."""


@dataclass(frozen=True)
class CheckedWorks:
    """Works fit for screening, and what was noticed on the way: `warnings` are Russian sentences, `repeated` counts the
    works whose participant's code was already met.
    """

    works: pd.DataFrame
    warnings: tuple[str, ...]
    repeated: int = 0


def check_works(
    works: pd.DataFrame, papers: Sequence[PaperSpec], *, first_row: int = 0, strict_papers: bool = False
) -> CheckedWorks:
    """Check works against their papers and bring the columns to their types.

    Parameters
    ----------
    works : DataFrame
        Columns of `app.frames.WORKS` and items.
    papers : sequence of PaperSpec
    first_row : int
        Number of the first row in the sender's file, for messages.
    strict_papers : bool
        Whether works of a paper without description are refused; else they are left out with a warning.

    Returns
    -------
    CheckedWorks
        Whole numbers as such; scores that are blank are the sum of the items, works with neither are left out; codes
        of schools as text.

    Raises
    ------
    WrongFormat
        Columns are missing, numbers are not whole, scores lie outside their paper, or a paper is unknown (with
        `strict_papers`).
    """
    missing = [c.name for c in frames.WORKS if c.required and c.name not in works.columns and c.name != "score"]
    items = frames.item_columns(works.columns)
    if "score" not in works.columns and not items:
        missing.append("score")
    if missing:
        names = ", ".join(missing)
        raise WrongFormat(
            Reason(
                "missing_columns",
                f"в таблице работ нет столбцов: {names}",
                f"the table of works lacks columns: {names}",
            )
        )
    warnings: list[str] = []
    works = works.copy(deep=False)
    works["school"] = cleaned(works["school"])
    works["subject"] = cleaned(works["subject"], lower=True)
    problems: list[Reason] = []
    blank = (works["school"].isna() | (works["school"] == "")).to_numpy()
    if blank.any():
        problems.append(_rows("no_school", "не указана школа", "the school is missing", blank, first_row))
    for name in ("year", "grade"):
        values = _number(works[name])
        bad = ~np.isfinite(values) | (values != np.floor(values))
        if bad.any():
            problems.append(
                _rows(f"bad_{name}", f"в столбце {name} не целое число", f"{name} is not whole", bad, first_row)
            )
        works[name] = np.where(bad, 0, values).astype(np.int64)
    score, summed = _scores(works, items)
    if summed:
        warnings.append(f"балл не указан у {summed} работ: взята сумма баллов за задания")
    empty = ~np.isfinite(score)
    if empty.any():
        warnings.append(f"нет ни балла, ни баллов за задания у {int(empty.sum())} работ: они не учтены")
    fraction = ~empty & (score != np.floor(score))
    if fraction.any():
        problems.append(_rows("fraction", "балл не целое число", "the score is not whole", fraction, first_row))
    problems += _outside(works, score, papers, first_row, strict_papers, warnings)
    if problems:
        raise WrongFormat(*problems)
    works["score"] = score
    if "journal_mark" in works:
        journal = _number(works["journal_mark"])
        known = (journal >= 2) & (journal <= 5) & (journal == np.floor(journal))
        odd = np.isfinite(journal) & ~known
        if odd.any():
            warnings.append(f"отметка по журналу не от 2 до 5 у {int(odd.sum())} работ: она не учтена")
        works["journal_mark"] = np.where(odd, np.nan, journal)
    if empty.any():
        works = works[~empty].reset_index(drop=True)
    works["score"] = works["score"].astype(np.int64)
    repeated = _repeated(works)
    if repeated:
        warnings.append(repeated_codes(repeated))
    if not isinstance(works.index, pd.RangeIndex):
        works = works.reset_index(drop=True)
    return CheckedWorks(works, tuple(warnings), repeated)


def repeated_codes(works: int) -> str:
    """Warning about works whose participant's code was already met."""
    return f"код участника повторяется внутри школы и работы: {works} работ; все учтены"


def cleaned(column: pd.Series, *, lower: bool = False) -> pd.Series:
    """Text without blanks around it; a categorical column stays one, unless two of its words become the same."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        words = column.cat.categories.astype("str").str.strip()
        words = words.str.lower() if lower else words
        if words.is_unique:
            return column.cat.rename_categories(words)
        column = column.astype("string")
    column = _plain_text(column)
    return column.str.lower() if lower else column


def _plain_text(column: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(column.dtype):
        column = column.astype("Int64")
    return column.astype("str").str.strip() if column.notna().all() else column.astype("string").str.strip()


def _number(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    text = column.astype("string").str.strip().str.replace(",", ".", regex=False)
    return pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _scores(works: pd.DataFrame, items: list[str]) -> tuple[np.ndarray, int]:
    score = _number(works["score"]).copy() if "score" in works else np.full(len(works), np.nan)
    blank = ~np.isfinite(score)
    if not blank.any() or not items:
        return score, 0
    points = np.column_stack([_number(works[name][blank]) for name in items])
    answered = np.isfinite(points).any(axis=1)
    rows = np.flatnonzero(blank)[answered]
    score[rows] = np.nansum(points[answered], axis=1)
    return score, len(rows)


def _outside(
    works: pd.DataFrame,
    score: np.ndarray,
    papers: Sequence[PaperSpec],
    first_row: int,
    strict: bool,
    warnings: list[str],
) -> list[Reason]:
    problems: list[Reason] = []
    if len(works) == 0:
        return problems
    subjects, names = pd.factorize(works["subject"])
    years, grades = works["year"].to_numpy(), works["grade"].to_numpy()
    combined = (years * 100 + grades) * (len(names) + 1) + subjects
    for key in np.unique(combined):
        rows = combined == key
        at = int(np.argmax(rows))
        year, grade, subject = int(years[at]), int(grades[at]), str(works["subject"].iloc[at])
        label = f"{subject} {grade} класс, {year} год"
        spec = find_spec(papers, year, subject, grade)
        if spec is None:
            if strict:
                problems.append(
                    Reason(
                        "unknown_paper",
                        f"работа не описана в файле работ (papers): {label} — {int(rows.sum())} строк",
                        f"the paper is not described: {subject}, grade {grade}, {year}",
                    )
                )
            else:
                warnings.append(f"работа не описана и не учтена: {label} — {int(rows.sum())} строк")
            continue
        known = np.nan_to_num(score, nan=0.0)
        bad = rows & ((known > spec.max_score) | (known < 0))
        if bad.any():
            worst = int(known[bad].max())
            text = f"балл вне шкалы от 0 до {spec.max_score} ({label}; наибольший — {worst})"
            problems.append(_rows("score_outside", text, f"score outside 0–{spec.max_score}", bad, first_row))
    return problems


def _rows(code: str, ru: str, en: str, bad: np.ndarray, first_row: int) -> Reason:
    numbers = np.flatnonzero(bad) + first_row
    shown = ", ".join(str(n) for n in numbers[:SHOWN_ROWS])
    more = f" и ещё {len(numbers) - SHOWN_ROWS}" if len(numbers) > SHOWN_ROWS else ""
    return Reason(code, f"{ru}: строки {shown}{more}", f"{en}: rows {shown}")


def _repeated(works: pd.DataFrame) -> int:
    if "participant" not in works or works["participant"].isna().all():
        return 0
    keys = ["year", "subject", "grade", "school", "participant"]
    known = works["participant"].notna().to_numpy()
    # One number a work: numbers of a file that is sorted only grow, and then nothing repeats.
    code = np.zeros(len(works), dtype=np.int64)
    room = 2**62
    for name in keys:
        own = works[name].to_numpy() if name in ("year", "grade") else coded(works[name])[0]
        low, high = int(own.min()), int(own.max())
        size = high - low + 1
        if room < size:
            return int(works[known].duplicated(keys).sum())
        room //= size
        code = code * size + (own.astype(np.int64) - low)
    code = code[known]
    return 0 if np.all(np.diff(code) > 0) else int(pd.Series(code).duplicated().sum())
