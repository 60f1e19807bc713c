"""Layouts of the accepted files: headers, aliases and words are data (``data/formats/*.toml``), strictly checked on
load.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.datafiles import DATA_DIR, load, require_keys
from app.errors import Misconfigured
from app.terms import Subject

KINDS = frozenset({"works", "context", "federal_list", "side", "report", "school_form", "exams"})

REPORTS = frozenset({"", "marks", "scores", "items", "journal", "journal_rows", "planned", "groups", "recut"})
"""What a ready report tells; empty for files of works."""

FIELDS = frozenset(
    {
        *(
            "login",
            "participant",
            "groups",
            "municipality",
            "school_title",
            "journal_mark",
            "class",
            "variant",
            "variant_2",
        ),
        *(
            "total",
            "item",
            "textbook",
            "textbook_other",
            "uploaded",
            "ignore",
            "year",
            "marker",
            "subject",
            "participants",
        ),
        *(
            "full_name",
            "short_name",
            "code_oge",
            "code_ege",
            "status",
            "branches",
            "legal_form",
            "settlement",
            "size",
            "transport",
        ),
        *("adapted", "adapted_only", "adapted_classes", "adapted_together", "languages", "indepth", "indepth_primary"),
        *("indepth_basic", "indepth_upper", "pupils", "pupils_born_2006", "adapted_born_2006", "pupils_born_2007"),
        *("group", "schools", "share", "task", "skill", "max_points"),
        *("adapted_born_2007", "teachers", "teachers_basic", "teachers_qualified"),
        *("exam", "exam_code", "mean_mark", "mean_score", "spread", "below", "below_share"),
    }
)
"""What a column may hold; a layout that names anything else is refused."""

REPEATED = frozenset({"item", "marker", "ignore", "textbook_other"})
"""Fields that several columns may hold."""

_LAYOUT_KEYS = frozenset({"id", "kind", "supported", "year", "pupil_ahead", "items_end_at", "notes"})
_WORD_KEYS = frozenset(
    {
        *(
            "personal",
            "dropped",
            "report_titles",
            "subject_titles",
            "not_attempted",
            "not_taught",
            "absent",
            "no_mark",
            "no_class",
        ),
        *("text_words", "school_prefixes", "own_prefixes", "subject_codes", "textbook_words", "school_kind"),
        *("examinations", "exam_subjects", "exam_basic", "exam_other"),
    }
)

_NUMBERING = re.compile(r"^\d+(?:\.\d+)*\.\s*(?=\D)")


def plain(header: object) -> str:
    r"""Header as layouts write it: lower case, «ё» as «е», single spaces, without the question's number.

    Examples
    --------
    >>> plain("3.\tФИО  директора (полностью)")
    'фио директора (полностью)'
    >>> plain("5(1) (1б)")
    '5(1) (1б)'
    """
    text = " ".join(str(header).replace("\xa0", " ").split()).lower().replace("ё", "е")
    return _NUMBERING.sub("", text)


@dataclass(frozen=True)
class Column:
    """One column of a layout: the field it holds, and the headers or the pattern it is known by."""

    field: str
    headers: frozenset[str]
    pattern: re.Pattern[str] | None
    required: bool

    def match(self, header: str) -> dict[str, str] | None:
        """Named groups of the pattern when `header` (already plain) is this column's, else None."""
        if header in self.headers:
            return {}
        found = self.pattern.search(header) if self.pattern else None
        return {key: value for key, value in found.groupdict().items() if value} if found else None


@dataclass(frozen=True)
class Layout:
    """How one kind of file looks."""

    id: str
    kind: str
    supported: bool
    refusal: str
    year: int
    pupil_ahead: tuple[int, ...]
    items_end_at: str
    columns: tuple[Column, ...]
    version: str
    report: str = ""
    titles: frozenset[str] = frozenset()

    @property
    def known_headers(self) -> frozenset[str]:
        return frozenset().union(*(c.headers for c in self.columns))


@dataclass(frozen=True)
class Words:
    """Vocabulary common to all layouts."""

    personal: tuple[re.Pattern[str], ...]
    dropped: tuple[re.Pattern[str], ...]
    report_titles: tuple[str, ...]
    not_attempted: frozenset[str]
    not_taught: frozenset[str]
    absent: frozenset[str]
    no_mark: frozenset[str]
    no_class: frozenset[str]
    text_words: tuple[str, ...]
    login: re.Pattern[str]
    subject_codes: Mapping[str, str]
    subject_titles: Mapping[str, str]
    textbook_words: Mapping[str, tuple[str, ...]]
    school_kinds: tuple[tuple[str, re.Pattern[str]], ...]
    examinations: Mapping[str, str]
    exam_subjects: Mapping[str, str]
    exam_basic: frozenset[str]
    exam_other: frozenset[str]

    def is_personal(self, header: str) -> bool:
        return any(p.search(header) for p in self.personal)

    def is_dropped(self, header: str) -> bool:
        return any(p.search(header) for p in self.dropped)

    def school_kind(self, name: str | None) -> str | None:
        """Kind of school by its name, or None."""
        lowered = (name or "").lower()
        return next((kind for kind, pattern in self.school_kinds if lowered and pattern.search(lowered)), None)


@dataclass(frozen=True)
class Formats:
    layouts: tuple[Layout, ...]
    words: Words


def load_formats(folder: Path | None = None) -> Formats:
    """Read and check every layout and the vocabulary.

    Raises
    ------
    Misconfigured
        A file, key, field, pattern or kind is wrong; the message names the file and the place.
    """
    return _shipped() if folder is None else _read(folder)


@cache
def _shipped() -> Formats:
    return _read(DATA_DIR / "formats")


def _read(folder: Path) -> Formats:
    layouts = [_layout(path) for path in sorted(folder.glob("*.toml")) if path.stem != "vocabulary"]
    ids = [layout.id for layout in layouts]
    if len(set(ids)) != len(ids):
        raise Misconfigured("форматы: два файла с одним id")
    return Formats(tuple(layouts), _words(folder / "vocabulary.toml"))


def _layout(path: Path) -> Layout:
    file = load(path, keys={"layout", "column"})
    head: Mapping[str, Any] = file.body["layout"]
    where = path.name
    require_keys(head, _LAYOUT_KEYS, where=where, optional={"refusal", "report", "titles"})
    if head["kind"] not in KINDS:
        raise Misconfigured(f"{where}: неизвестный вид {head['kind']!r}")
    if head.get("report", "") not in REPORTS or (head["kind"] == "report") != bool(head.get("report")):
        raise Misconfigured(f'{where}: report — один из видов отчёта, и только у kind = "report"')
    titles = frozenset(head.get("titles", ()))
    if any(plain(title) != title for title in titles):
        raise Misconfigured(f"{where}: titles пишутся строчными буквами, без «ё»")
    if head["id"] != path.stem:
        raise Misconfigured(f"{where}: id должен совпадать с именем файла")
    if not head["supported"] and not head.get("refusal"):
        raise Misconfigured(f"{where}: у неподдержанного вида нужна фраза refusal")
    columns = tuple(_column(table, f"{where}, столбец {n}") for n, table in enumerate(file.body["column"], 1))
    if head["items_end_at"] and head["items_end_at"] not in {c.field for c in columns}:
        raise Misconfigured(f"{where}: items_end_at ссылается на столбец, которого нет")
    if not any(c.required for c in columns):
        raise Misconfigured(f"{where}: нет ни одного обязательного столбца")
    return Layout(
        id=head["id"],
        kind=head["kind"],
        supported=bool(head["supported"]),
        refusal=head.get("refusal", ""),
        year=int(head["year"]),
        pupil_ahead=tuple(head["pupil_ahead"]),
        items_end_at=head["items_end_at"],
        columns=columns,
        version=f"{head['id']}@{file.version}",
        report=head.get("report", ""),
        titles=titles,
    )


def _column(table: Mapping[str, Any], where: str) -> Column:
    require_keys(table, {"field"}, where=where, optional={"headers", "pattern", "required"})
    if table["field"] not in FIELDS:
        raise Misconfigured(f"{where}: неизвестное поле {table['field']!r}")
    if ("headers" in table) == ("pattern" in table):
        raise Misconfigured(f"{where}: нужно ровно одно из headers и pattern")
    headers = frozenset(table.get("headers", ()))
    if any(plain(h) != h for h in headers):
        raise Misconfigured(f"{where}: заголовки пишутся строчными буквами, без «ё» и номера")
    pattern = _compile(table["pattern"], where) if "pattern" in table else None
    return Column(table["field"], headers, pattern, bool(table.get("required", False)))


def _compile(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise Misconfigured(f"{where}: шаблон {pattern!r} не читается ({error})") from error


def _words(path: Path) -> Words:
    body = load(path, keys=_WORD_KEYS).body
    where = path.name

    def patterns(key: str) -> tuple[re.Pattern[str], ...]:
        return tuple(_compile(p, f"{where}, {key}") for p in body[key])

    def words(key: str) -> frozenset[str]:
        return frozenset(_lowered(body[key], f"{where}, {key}"))

    kinds = []
    for table in body["school_kind"]:
        require_keys(table, {"kind", "pattern"}, where=f"{where}, school_kind")
        kinds.append((table["kind"], _compile(table["pattern"], f"{where}, school_kind")))
    common = "|".join(re.escape(p) for p in body["school_prefixes"])
    own = "|".join(re.escape(p) for p in body["own_prefixes"])
    return Words(
        personal=patterns("personal"),
        dropped=patterns("dropped"),
        report_titles=tuple(body["report_titles"]),
        not_attempted=words("not_attempted"),
        not_taught=words("not_taught"),
        absent=words("absent"),
        no_mark=words("no_mark"),
        no_class=words("no_class"),
        text_words=tuple(_lowered(body["text_words"], where)),
        login=re.compile(rf"^(?:(?:{common})?|(?P<own>{own}))(?P<digits>\d{{6,8}})$", re.IGNORECASE),
        subject_codes=dict(body["subject_codes"]),
        subject_titles={s.ru: s.value for s in Subject} | dict(body["subject_titles"]),
        textbook_words={key: tuple(value) for key, value in body["textbook_words"].items()},
        school_kinds=tuple(kinds),
        examinations=dict(body["examinations"]),
        exam_subjects=dict(body["exam_subjects"]),
        exam_basic=words("exam_basic"),
        exam_other=words("exam_other"),
    )


def _lowered(values: Sequence[str], where: str) -> Sequence[str]:
    if any(value != value.lower() for value in values):
        raise Misconfigured(f"{where}: слова пишутся строчными буквами")
    return values
