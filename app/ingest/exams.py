"""Results of ОГЭ and ЕГЭ: a line a school, examination, subject and year, with the number of pupils and their mean.

A school is known by its login for ВПР; where the file names only its code in the examination, by the codes of the
context form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import pandas as pd

from app.ingest import cells
from app.ingest.columns import Data, Log, gather
from app.ingest.formats import Formats, Words, plain
from app.ingest.reading import SHARED_CODE, Reading
from app.ingest.recognise import Recognised
from app.ingest.refusals import refuse
from app.ingest.report_rows import figure
from app.terms import Examination, FileKind

_FIRST_YEAR, _LAST_YEAR = 2015, 2100
_LARGEST_MARK, _LARGEST_SCORE = 5.0, 100.0
_LANGUAGES = "an"
_CODE_FIELDS = ("code_oge", "code_ege", "exam_code")
_SCHOOL_FIELDS = ("login", *_CODE_FIELDS)


@dataclass(frozen=True)
class Result:
    """One school's result; `language` tells foreign languages apart, which are one subject of ВПР."""

    year: int
    school: str
    exam: str
    subject: str
    language: str
    n: int
    mean: float
    spread: float
    below: float

    @property
    def key(self) -> tuple[object, ...]:
        return self.school, self.exam, self.subject, self.language, self.year


def read_exams(recognised: Recognised, formats: Formats, exam_codes: Mapping[str, Mapping[str, str]]) -> Reading:
    """Read results of ОГЭ and ЕГЭ.

    Parameters
    ----------
    recognised : Recognised
    formats : Formats
    exam_codes : mapping
        For each examination (``oge``, ``ege``) code → school, `SHARED_CODE` where several schools have the code.

    Returns
    -------
    Reading
        The frame has ``year, school, exam, subject, language, n, mean_mark, sd_mark, below``: marks 2–5 for ОГЭ, points
        0–100 for ЕГЭ; ``sd_mark`` and ``below`` (participants below the minimum) null where they are not told.

    Raises
    ------
    WrongFormat
        No column names the school or the mean, there are no rows, or names of people stand for schools.
    """
    data = gather(recognised.main)
    if not any(name in data for name in _SCHOOL_FIELDS):
        raise refuse("exam_no_school")
    if "mean_mark" not in data and "mean_score" not in data:
        raise refuse("exam_no_mean")
    _refuse_people(data)
    log = Log(data)
    results = _Rows(data, log, formats.words, exam_codes).results()
    kept = [result for _, result in results]
    years, subjects = ({getattr(result, name) for result in kept} for name in ("year", "subject"))
    layout = recognised.main[0].layout
    return Reading(
        kind=FileKind.EXAMS,
        layout=layout.id,
        year=years.pop() if len(years) == 1 else None,
        subject=subjects.pop() if len(subjects) == 1 else None,
        grade=None,
        pupil_grade=None,
        rows_read=len(data),
        rows_accepted=len(kept),
        rows_rejected=len(data) - len(kept),
        absent=0,
        problems=log.sorted(),
        frame=_frame(kept),
        schools=_schools(data, results, formats.words),
        scale_version=None,
        format_version=layout.version,
    )


def _refuse_people(data: Data) -> None:
    for name in _SCHOOL_FIELDS:
        column = data.fields.get(name)
        if column is not None and any(map(cells.is_person, column.table(str).values())):
            raise refuse("personal_data", what=f"имена в столбце «{column.header[:60]}»")


class _Rejected(Exception):
    """The row at hand cannot be taken; what is wrong has been said."""


class _Rows:
    """Rows one by one; the first thing wrong with a row rejects it."""

    def __init__(self, data: Data, log: Log, words: Words, exam_codes: Mapping[str, Mapping[str, str]]) -> None:
        self.data, self.log, self.words, self.exam_codes = data, log, words, exam_codes
        self._login = cells.school_login(words)
        self._first: dict[tuple[object, ...], tuple[int, Result]] = {}

    def results(self) -> list[tuple[int, Result]]:
        """Place of the row and what it says, in the order of the file."""
        found = []
        for i in range(len(self.data)):
            try:
                result = self._row(i)
            except _Rejected:
                continue
            if self._is_new(i, result):
                found.append((i, result))
        return found

    def _text(self, name: str, i: int) -> str:
        column = self.data.fields.get(name)
        return cells.text(column.cells[i]) if column is not None else ""

    def _row(self, i: int) -> Result:
        exam = self.words.examinations.get(plain(self._text("exam", i)))
        if exam is None:
            self._reject("exam_unknown", i, "exam")
        subject = self._subject(i)
        school = self._school(i, Examination(exam))
        year = cells.whole_number(self._text("year", i))
        if year is None or not _FIRST_YEAR <= year <= _LAST_YEAR:
            self._reject("exam_year", i, "year")
        n = cells.whole_number(self._text("participants", i))
        if n is None or n < 1:
            self._reject("exam_participants", i, "participants")
        mean = self._mean(i, Examination(exam))
        language = plain(self._text("subject", i)) if subject == _LANGUAGES else ""
        return Result(year, school, exam, subject, language, n, mean, self._spread(i), self._below(i, n))

    def _doubt(self, code: str, i: int, field: str, **words: str) -> None:
        self.log.at(code, i, self.data.fields[field], shown=None, **words)

    def _reject(self, code: str, i: int, field: str, **words: str) -> NoReturn:
        self._doubt(code, i, field, **words)
        raise _Rejected

    def _subject(self, i: int) -> str:
        words, said = self.words, plain(self._text("subject", i))
        number = said.lstrip("0") if said.isdecimal() else said
        if number in words.exam_basic:
            self._reject("exam_basic_level", i, "subject")
        if number in words.exam_other:
            self._reject("exam_subject_other", i, "subject")
        for names in (words.exam_subjects, words.subject_titles, words.subject_codes):
            if number in names:
                return names[number]
        return self._reject("exam_subject_unknown", i, "subject")

    def _school(self, i: int, exam: Examination) -> str:
        """School by login or, without one, by its code in the examination; a login in the column of codes counts."""
        login, of_code = self._text("login", i), self._code_field(i, exam)
        code = self._text(of_code, i) if of_code else ""
        by_code = self.exam_codes.get(exam.value, {}).get(cells.exam_code(code) or "-")
        if login:
            school = self._login(login)
            if school is None:
                self._reject("login_malformed", i, "login")
            if of_code and by_code not in (None, SHARED_CODE, school):
                self._doubt("exam_school_differs", i, of_code, exam=exam.ru, other=by_code)
            return school
        if of_code is None or not code:
            self._reject("exam_school_missing", i, next(name for name in _SCHOOL_FIELDS if name in self.data))
        if by_code == SHARED_CODE:
            self._reject("exam_code_shared", i, of_code, exam=exam.ru)
        if by_code is None and not code.isdecimal():
            by_code = self._login(code)
        if by_code is None:
            self._reject("exam_code_unknown", i, of_code, exam=exam.ru)
        return by_code

    def _code_field(self, i: int, exam: Examination) -> str | None:
        """Column with the school's code in the examination: its own one, or the common one."""
        fields = (f"code_{exam.value}", "exam_code")
        return next((name for name in fields if self._text(name, i)), None)

    def _mean(self, i: int, exam: Examination) -> float:
        """Mean of the row from the examination's own column, or from the other one where the own one is blank."""
        own, other = ("mean_mark", "mean_score") if exam is Examination.OGE else ("mean_score", "mean_mark")
        field = own if self._text(own, i) or other not in self.data else other
        mean = figure(self._text(field, i))
        if mean is None or math.isnan(mean):
            self._reject("exam_mean", i, field)
        if exam is Examination.OGE and not 2.0 <= mean <= _LARGEST_MARK:
            self._reject("exam_mark_outside", i, field)
        if exam is Examination.EGE and not 0.0 <= mean <= _LARGEST_SCORE:
            self._reject("exam_score_outside", i, field)
        if exam is Examination.EGE and mean <= _LARGEST_MARK:
            self._doubt("exam_score_low", i, field)
        return mean

    def _spread(self, i: int) -> float:
        spread = figure(self._text("spread", i))
        if spread is None or spread < 0:
            self._doubt("exam_spread", i, "spread")
            return math.nan
        return spread

    def _below(self, i: int, n: int) -> float:
        """Participants below the minimum, from their number or from their per cent."""
        field = "below" if self._text("below", i) else "below_share"
        said = figure(self._text(field, i))
        if said is not None and math.isnan(said):
            return math.nan
        if said is None or not 0 <= said <= (n if field == "below" else 100):
            self._doubt("exam_below", i, field)
            return math.nan
        return float(round(said if field == "below" else said * n / 100))

    def _is_new(self, i: int, result: Result) -> bool:
        kept, first = self._first.setdefault(result.key, (i, result))
        if kept == i:
            return True
        named = self._code_field(i, Examination(result.exam))
        column = self.data.fields["login" if named is None or self._text("login", i) else named]
        same = (first.n, first.mean) == (result.n, result.mean)
        rows = self.data.row_of
        self.log.at("duplicate_row" if same else "duplicate_conflict", i, column, first=int(rows[kept]))
        if not same:
            self.log.at("duplicate_kept", kept, column, other=int(rows[i]))
        return False


def _frame(results: Sequence[Result]) -> pd.DataFrame:
    rows = sorted(results, key=lambda result: result.key)
    return pd.DataFrame(
        {
            "year": pd.Series([row.year for row in rows], dtype="int16"),
            **{
                name: pd.Series([getattr(row, name) for row in rows], dtype="str")
                for name in ("school", "exam", "subject", "language")
            },
            "n": pd.Series([row.n for row in rows], dtype="int32"),
            "mean_mark": pd.Series([row.mean for row in rows], dtype="float64"),
            "sd_mark": pd.Series([row.spread for row in rows], dtype="float64"),
            "below": pd.Series([row.below for row in rows], dtype="float64"),
        }
    )


def _schools(data: Data, results: Sequence[tuple[int, Result]], words: Words) -> pd.DataFrame:
    """One row a school, as its first line tells of it."""
    titles = data.fields["school_title"].values(cells.school_title) if "school_title" in data else None
    places = data.fields["municipality"].values(cells.municipality) if "municipality" in data else None
    rows: dict[str, tuple[str | None, str | None, str | None]] = {}
    for i, result in results:
        place = places[i] if places is not None else (None, None)
        rows.setdefault(result.school, (titles[i] if titles is not None else None, *place))
    columns = {
        "school": sorted(rows),
        "name": [rows[school][0] for school in sorted(rows)],
        "municipality": [rows[school][1] for school in sorted(rows)],
        "municipality_name": [rows[school][2] for school in sorted(rows)],
        "kind": [words.school_kind(rows[school][0]) for school in sorted(rows)],
    }
    return pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in columns.items()})
