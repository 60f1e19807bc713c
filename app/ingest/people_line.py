"""What one line of a table of people says, as values; what cannot be understood says which column and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from app.errors import Reason
from app.ingest.people_columns import plain
from app.terms import Duty, PostKind, Subject, Term

_KIND_BY_TITLE = (
    ("заместитель", PostKind.DEPUTY),
    ("директор", PostKind.HEAD),
    ("заведующ", PostKind.HEAD),
    ("координатор", PostKind.COORDINATOR),
    ("учитель", PostKind.TEACHER),
    ("преподаватель", PostKind.TEACHER),
    ("методист", PostKind.METHODIST),
)
_OF_SCHOOLS = (PostKind.HEAD, PostKind.DEPUTY, PostKind.TEACHER, PostKind.COORDINATOR)
_Member = TypeVar("_Member", bound=Term)


@dataclass(frozen=True)
class Remark:
    """What is wrong with a cell: its column (None for the whole line) and why."""

    column: str | None
    reason: Reason


@dataclass(frozen=True)
class SaidTraining:
    """A training; `issued_on` None where the line lacks it, which is remarked."""

    programme: str
    hours: int | None = None
    certificate: str = ""
    issued_on: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True)
class Said:
    """What a line says. `school` is the digits of the school's number or ""; `remarks` what is not understood."""

    name: str
    school: str = ""
    organisation: str = ""
    title: str = ""
    kind: PostKind | None = None
    since: date | None = None
    duties: tuple[Duty, ...] = ()
    subjects: tuple[Subject, ...] = ()
    grades: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    email: str = ""
    load_limit: int | None = None
    training: SaidTraining | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def has_post(self) -> bool:
        return bool(self.school or self.title or self.organisation)

    @property
    def kind_of_post(self) -> PostKind:
        """The kind that is said, else by the title; who works at a school and is nothing else counts as a teacher."""
        if self.kind is not None:
            return self.kind
        word = self.title.casefold()
        found = next((kind for mark, kind in _KIND_BY_TITLE if mark in word), None)
        if not self.school:
            return PostKind.OTHER if found is None or found in _OF_SCHOOLS else found
        return found or PostKind.TEACHER


def read_line(cells: Mapping[str, str]) -> Said:
    """Understand one line.

    Parameters
    ----------
    cells : mapping
        Column (`people_columns.NAMES`) → text; absent where blank.

    Returns
    -------
    Said
        Never raises: whatever is not understood is a remark that says what to write instead.
    """
    reader = _Reader(cells)
    said: dict[str, Any] = {
        "name": " ".join(cells.get("name", "").split()),
        "school": reader.school(),
        "organisation": cells.get("organisation", ""),
        "title": cells.get("title", ""),
        "kind": next(iter(reader.members("kind", PostKind)), None),
        "since": reader.day("since"),
        "duties": reader.members("duties", Duty),
        "subjects": reader.members("subjects", Subject),
        "grades": reader.grades(),
        "languages": tuple(dict.fromkeys(filter(None, map(plain, re.split(r"[;,]", cells.get("languages", "")))))),
        "email": cells.get("email", ""),
        "load_limit": reader.whole("load_limit"),
        "training": reader.training(),
    }
    return Said(**said, remarks=tuple(reader.remarks))


class _Reader:
    def __init__(self, cells: Mapping[str, str]) -> None:
        self.cells = cells
        self.remarks: list[Remark] = []

    def _wrong(self, column: str, value: str, ru: str, en: str) -> None:
        reason = Reason(column, f"«{value[:60]}»: {ru}", f"“{value[:60]}”: {en}")
        self.remarks.append(Remark(column, reason))

    def school(self) -> str:
        text = self.cells.get("school", "")
        digits = re.sub(r"[^0-9]", "", text)
        if text and not digits:
            self._wrong(
                "school",
                text,
                "нужен номер школы, например sch990001; место работы не в школе пишут в столбце «Организация».",
                "the school's number is needed; another place of work goes to the column of organisations.",
            )
        return digits

    def whole(self, column: str) -> int | None:
        text = self.cells.get(column, "")
        if text and not (text.isascii() and text.isdigit() and len(text) < 5):
            self._wrong(column, text, "нужно целое число.", "a whole number is needed.")
            return None
        return int(text) if text else None

    def day(self, column: str) -> date | None:
        text = self.cells.get(column, "")
        for form in ("%d.%m.%Y", "%Y-%m-%d", "%d.%m.%y"):
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                continue
        if text:
            self._wrong(column, text, "нужен день вида 01.09.2026.", "a day such as 2026-09-01 is needed.")
        return None

    def members(self, column: str, kind: type[_Member]) -> tuple[_Member, ...]:
        found = []
        for word in filter(None, map(plain, re.split(r"[;,]", self.cells.get(column, "")))):
            member = next((m for m in kind if word in (m.value, plain(m.ru), plain(m.en))), None)
            if member is None:
                ru, en = (", ".join(m.title(locale) for m in kind) for locale in ("ru", "en"))
                self._wrong(column, word, f"бывает: {ru}.", f"one of: {en}.")
            else:
                found.append(member)
        return tuple(dict.fromkeys(found))

    def grades(self) -> tuple[int, ...]:
        parts = [part for part in re.split(r"[;,\s]+", self.cells.get("grades", "")) if part]
        bad = [p for p in parts if not (p.isascii() and p.isdigit() and 1 <= int(p[:4]) <= 11 and len(p) < 4)]
        if bad:
            self._wrong("grades", bad[0], "классы — числа от 1 до 11.", "grades are numbers from 1 to 11.")
            return ()
        return tuple(sorted({int(part) for part in parts}))

    def training(self) -> SaidTraining | None:
        hours, issued, until = self.whole("hours"), self.day("issued_on"), self.day("valid_until")
        programme, certificate = self.cells.get("programme", ""), self.cells.get("certificate", "")
        if not programme:
            for column in ("hours", "certificate", "issued_on", "valid_until"):
                if text := self.cells.get(column):
                    ru, en = "к обучению впишите программу в столбец «Программа».", "name the programme."
                    self._wrong("programme", text, ru, en)
                    break
            return None
        if issued is None and "issued_on" not in self.cells:
            self._wrong("issued_on", programme, "укажите день выдачи.", "give the day of issue.")
        return SaidTraining(programme, hours, certificate, issued, until)
