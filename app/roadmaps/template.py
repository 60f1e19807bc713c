"""A road map as a template: sections and measures of one strict TOML file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from app import datafiles
from app.calendars import Rule, parse_rule
from app.errors import Misconfigured, Refused
from app.terms import Party, TaskKind, Term

FOLDER = datafiles.DATA_DIR / "roadmaps"
_ROW = re.compile(r"^M\d{2}$")
_ID = re.compile(r"^[a-z][a-z0-9_-]{1,39}$")
T = TypeVar("T", bound=Term)


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    title_en: str


@dataclass(frozen=True)
class Measure:
    """One measure of a template.

    `year_shift` counts the rule in the academic year before (-1) or after (1) that of the programme; `rows` are the
    mechanisms of the product that the measure asks for; `is_outside` says that it is not about objectivity.
    """

    number: str
    section: str
    kind: TaskKind
    what: str
    en: str
    rule: Rule
    roles: tuple[Party, ...]
    result: str
    evidence: str
    rows: tuple[str, ...]
    when_note: str = ""
    year_shift: int = 0
    is_outside: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values, as a programme keeps them beside its own."""
        return {
            "number": self.number,
            "section": self.section,
            "kind": self.kind.value,
            "what": self.what,
            "en": self.en,
            "rule": self.rule.to_json(),
            "when_note": self.when_note,
            "year_shift": self.year_shift,
            "roles": [role.value for role in self.roles],
            "result": self.result,
            "evidence": self.evidence,
            "rows": list(self.rows),
            "is_outside": self.is_outside,
        }

    def when(self, locale: str = "ru") -> str:
        """The term in words; the note says how the road map itself puts it."""
        said = self.rule.words(locale)
        return f"{said} ({self.when_note})" if self.when_note and locale == "ru" else said


@dataclass(frozen=True)
class Template:
    id: str
    title: str
    title_en: str
    version: str
    source: str
    sections: tuple[Section, ...]
    measures: tuple[Measure, ...]
    sha256: str = field(default="", compare=False)

    def section(self, section_id: str) -> Section:
        return next(section for section in self.sections if section.id == section_id)


def read_template(path: Path) -> Template:
    """Read one template strictly.

    Raises
    ------
    Misconfigured
        Names the file, the measure and the key: unknown or missing keys, a wrong rule of time, an unknown role, kind or
        section, two measures of one number, an empty section.
    """
    file = datafiles.load(path, keys={"id", "title_en", "section", "measure"})
    where = path.name
    if not isinstance(file.body["id"], str) or not _ID.match(file.body["id"]):
        raise Misconfigured(f"{where}: id — латинские строчные буквы, цифры, дефис, до 40 знаков")
    sections = tuple(_section(table, where) for table in tables(file.body["section"], where, "section"))
    measures = tuple(_measure(table, where) for table in tables(file.body["measure"], where, "measure"))
    _unique([section.id for section in sections], where, "разделов")
    _unique([measure.number for measure in measures], where, "мероприятий")
    known, used = {section.id for section in sections}, {measure.section for measure in measures}
    for measure in measures:
        if measure.section not in known:
            raise Misconfigured(f"{where}, мероприятие {measure.number}: раздела «{measure.section}» нет")
    if known - used:
        raise Misconfigured(f"{where}: в разделах нет мероприятий: {', '.join(sorted(known - used))}")
    return Template(
        file.body["id"],
        file.title,
        text(file.body, "title_en", where),
        file.version,
        file.source,
        sections,
        measures,
        file.sha256,
    )


@cache
def load_templates(folder: Path = FOLDER) -> dict[str, Template]:
    """The shipped templates by id, in the order of their files."""
    found = [read_template(path) for path in sorted(folder.glob("*.toml"))]
    _unique([template.id for template in found], folder.name, "шаблонов")
    return {template.id: template for template in found}


def tables(value: Any, where: str, name: str) -> list[Mapping[str, Any]]:
    """A list of tables that is not empty."""
    if not isinstance(value, list) or not value or not all(isinstance(item, Mapping) for item in value):
        raise Misconfigured(f"{where}: нужна хотя бы одна таблица [[{name}]]")
    return value


def text(table: Mapping[str, Any], key: str, where: str, *, is_needed: bool = True) -> str:
    value = table.get(key, "")
    if not isinstance(value, str) or (is_needed and not value.strip()):
        raise Misconfigured(f"{where}: {key} — непустая строка")
    return value.strip()


def member(enum: type[T], value: Any, where: str, key: str) -> T:
    if isinstance(value, str) and value in {item.value for item in enum}:
        return enum(value)
    raise Misconfigured(f"{where}: {key}: {value!r} нет; можно: {', '.join(item.value for item in enum)}")


def members(enum: type[T], table: Mapping[str, Any], key: str, where: str) -> tuple[T, ...]:
    value = table.get(key, [])
    if not isinstance(value, list):
        raise Misconfigured(f"{where}: {key} — список")
    found = tuple(member(enum, item, where, key) for item in value)
    _unique([item.value for item in found], where, key)
    return found


def rule_of(value: Any, where: str) -> Rule:
    try:
        return parse_rule(value)
    except Refused as refused:
        raise Misconfigured(f"{where}: {refused}") from refused


def _section(table: Mapping[str, Any], where: str) -> Section:
    datafiles.require_keys(table, {"id", "title", "title_en"}, where=f"{where} [[section]]")
    return Section(*(text(table, key, f"{where} [[section]]") for key in ("id", "title", "title_en")))


_KEYS = {"number", "section", "kind", "what", "en", "when", "roles", "result", "evidence", "rows"}


def _measure(table: Mapping[str, Any], where: str) -> Measure:
    here = f"{where}, мероприятие {table.get('number', '?')}"
    datafiles.require_keys(table, _KEYS, where=here, optional={"when_note", "year_shift", "outside"})
    rows = table["rows"]
    if not isinstance(rows, list) or not all(isinstance(row, str) and _ROW.match(row) for row in rows):
        raise Misconfigured(f'{here}: rows — список вида ["M21"]')
    roles = members(Party, table, "roles", here)
    if not roles:
        raise Misconfigured(f"{here}: roles — хотя бы один ответственный")
    shift, outside = table.get("year_shift", 0), table.get("outside", False)
    if not isinstance(shift, int) or isinstance(shift, bool) or shift not in (-1, 0, 1):
        raise Misconfigured(f"{here}: year_shift — -1, 0 или 1")
    if not isinstance(outside, bool):
        raise Misconfigured(f"{here}: outside — true или false")
    return Measure(
        text(table, "number", here),
        text(table, "section", here),
        member(TaskKind, table["kind"], here, "kind"),
        text(table, "what", here),
        text(table, "en", here),
        rule_of(table["when"], here),
        roles,
        text(table, "result", here),
        text(table, "evidence", here),
        tuple(rows),
        text(table, "when_note", here, is_needed=False),
        shift,
        outside,
    )


def _unique(values: list[str], where: str, what: str) -> None:
    twice = sorted(value for value, n in Counter(values).items() if n > 1)
    if twice:
        raise Misconfigured(f"{where}: номера {what} повторяются: {', '.join(twice)}")
