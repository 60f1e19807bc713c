"""A table of people, copied from a spreadsheet: previewed row by row, then entered at once or not at all."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import datafiles, policy
from app.errors import Misconfigured, Reason, Refused
from app.models import Person, School
from app.policy import Actor, Permission
from app.terms import Duty, PostKind, Subject, Term
from app.workflows import journal, people_register
from app.workflows.people_checks import Card, faults, post_faults, training_faults

MOST_ROWS, MOST_CHARACTERS = 2000, 1_000_000
_COLUMNS = frozenset(
    {"name", "school", "organisation", "title", "kind", "since", "duties", "subjects", "grades", "languages", "email"}
    | {"load_limit", "programme", "hours", "certificate", "issued_on", "valid_until"}
)
_KIND_BY_TITLE = (
    ("директор", PostKind.HEAD),
    ("заведующ", PostKind.HEAD),
    ("заместитель", PostKind.DEPUTY),
    ("координатор", PostKind.COORDINATOR),
    ("учитель", PostKind.TEACHER),
    ("преподаватель", PostKind.TEACHER),
    ("методист", PostKind.METHODIST),
)
_Member = TypeVar("_Member", bound=Term)


@dataclass
class Row:
    """A row of the table: its number, what was read, and what is wrong with it."""

    number: int
    card: Card
    post: dict[str, Any] = field(default_factory=dict)
    duties: tuple[Duty, ...] = ()
    training: dict[str, Any] | None = None
    problems: list[Reason] = field(default_factory=list)

    @property
    def is_fine(self) -> bool:
        return not self.problems


@cache
def headers() -> dict[str, str]:
    """Heading in small letters → column (``app/data/people_table.toml``)."""
    path = datafiles.DATA_DIR / "people_table.toml"
    table = datafiles.load(path, keys={"headers"}).body["headers"]
    datafiles.require_keys(table, _COLUMNS, where=f"{path.name} [headers]")
    found: dict[str, str] = {}
    for column, words in table.items():
        for word in words:
            if word in found:
                raise Misconfigured(f"{path.name}: заголовок «{word}» стоит у двух столбцов")
            found[word] = column
    return found


def preview(session: Session, text: str, *, actor: Actor, at: datetime) -> list[Row]:
    """Read the table and say of each row whether it can be entered.

    Raises
    ------
    Refused
        There is no table, its column of names is not found, or it is too long.
    """
    policy.require(actor, Permission.PEOPLE_KEEP)
    if len(text) > MOST_CHARACTERS:
        raise _refused("too_long", "Таблица слишком длинная. Внесите её частями.", "The table is too long. Part it.")
    lines = [line for line in text.replace("\x00", "").splitlines() if line.strip()]
    if len(lines) < 2:
        raise _refused(
            "no_table",
            "Вставьте таблицу целиком: строку заголовков и хотя бы одного человека.",
            "Paste the whole table: the row of headings and at least one person.",
        )
    if len(lines) - 1 > MOST_ROWS:
        raise _refused("too_long", f"Больше {MOST_ROWS} строк. Внесите частями.", f"More than {MOST_ROWS} rows.")
    delimiter = "\t" if "\t" in lines[0] else ";"
    try:
        head, *body = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error as error:
        raise _refused("no_table", "Таблица не читается. Скопируйте её заново.", "Cannot be read.") from error
    columns = {i: headers().get(_plain(cell)) for i, cell in enumerate(head)}
    if "name" not in columns.values():
        raise _refused(
            "no_names",
            "Не найден столбец с именами. Назовите его «ФИО».",
            "The column of names is not found. Call it “ФИО”.",
        )
    schools = {row.code: row.id for row in session.execute(select(School.code, School.id))}
    known = {(_plain(row.name), row.school_id) for row in session.execute(select(Person.name, Person.school_id)).all()}
    rows = []
    for number, cells in enumerate(body, start=2):
        said = {name: cells[i].strip() for i, name in columns.items() if name is not None and i < len(cells)}
        row = _read(number, said, schools, actor, at.date())
        key = (_plain(row.card.name), row.post.get("workplace_id"))
        if row.is_fine and key in known:
            row.problems.append(
                Reason(
                    "known",
                    "Такой человек с этим местом работы в реестре уже есть.",
                    "This person with this place of work is in the register already.",
                )
            )
        known.add(key)
        rows.append(row)
    return rows


def enter_table(session: Session, text: str, *, actor: Actor, at: datetime) -> int:
    """Enter every row that can be; returns how many.

    Raises
    ------
    Refused
        No row can be entered.
    """
    rows = [row for row in preview(session, text, actor=actor, at=at) if row.is_fine]
    if not rows:
        raise _refused(
            "nothing_to_enter",
            "Внести нечего: у каждой строки есть замечание.",
            "There is nothing to enter: each row has a remark.",
        )
    how: dict[str, Any] = {"actor": actor, "at": at}
    for row in rows:
        person = people_register.add_person(session, row.card, **how)
        if row.post:
            people_register.add_post(session, person.id, **row.post, **how)
        for duty in row.duties:
            people_register.enter_duty(session, person.id, duty, since=at.date(), **how)
        if row.training is not None:
            people_register.add_training(session, person.id, **row.training, **how)
    journal.append(
        session,
        actor=actor,
        at=at,
        action="person:import",
        subject="person",
        facts={"entered": len(rows)},
        municipality_id=actor.municipality_id,
    )
    return len(rows)


def _read(number: int, said: Mapping[str, str], schools: Mapping[str, int], actor: Actor, today: date) -> Row:
    row = Row(number, Card(""))
    problems = row.problems

    def wrong(column: str, value: str, ru: str, en: str) -> None:
        problems.append(Reason(column, f"«{value[:60]}»: {ru}", f"“{value[:60]}”: {en}"))

    def whole(column: str) -> int | None:
        text = said.get(column, "")
        if text and not (text.isascii() and text.isdigit() and len(text) < 5):
            wrong(column, text, "нужно целое число.", "a whole number is needed.")
            return None
        return int(text) if text else None

    def day(column: str) -> date | None:
        text = said.get(column, "")
        for form in ("%d.%m.%Y", "%Y-%m-%d", "%d.%m.%y"):
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                continue
        if text:
            wrong(column, text, "нужен день вида 01.09.2026.", "a day such as 2026-09-01 is needed.")
        return None

    def members(column: str, kind: type[_Member]) -> tuple[_Member, ...]:
        found = []
        for word in filter(None, map(_plain, re.split(r"[;,]", said.get(column, "")))):
            member = next((m for m in kind if word in (m.value, m.ru, m.en)), None)
            if member is None:
                known = ", ".join(m.ru for m in kind)
                wrong(column, word, f"бывает: {known}.", f"one of: {', '.join(m.en for m in kind)}.")
            else:
                found.append(member)
        return tuple(dict.fromkeys(found))

    code = re.sub(r"\D", "", said.get("school", ""))
    school_id = schools.get(code) if code else None
    if said.get("school") and school_id is None:
        wrong(
            "school",
            said["school"],
            "школы с таким номером нет или она относится к другой территории.",
            "there is no school with this number, or it belongs to another territory.",
        )
    title, organisation = said.get("title", ""), said.get("organisation", "")
    kinds = members("kind", PostKind)
    if school_id is not None or title or organisation:
        row.post = {
            "kind": kinds[0] if kinds else _kind_of(title, school_id),
            "title": title,
            "workplace_id": school_id,
            "organisation": "" if school_id is not None else organisation,
            "since": day("since"),
        }
    grades = [part for part in re.split(r"[;,\s]+", said.get("grades", "")) if part]
    bad = [part for part in grades if not (part.isascii() and part.isdigit() and 1 <= int(part[:4]) <= 11)]
    if bad:
        wrong("grades", bad[0], "классы — числа от 1 до 11.", "grades are numbers from 1 to 11.")
    row.duties = members("duties", Duty)
    if said.get("programme"):
        issued = day("issued_on")
        row.training = {
            "programme": said["programme"],
            "hours": whole("hours"),
            "certificate": said.get("certificate", ""),
            "issued_on": issued,
            "valid_until": day("valid_until"),
        }
        if issued is None and not any(problem.code == "issued_on" for problem in problems):
            wrong("issued_on", said["programme"], "укажите день выдачи.", "give the day of issue.")
    row.card = Card(
        name=said.get("name", ""),
        municipality_id=actor.municipality_id,
        email=said.get("email", ""),
        subjects=tuple(subject.value for subject in members("subjects", Subject)),
        grades=tuple(int(part) for part in grades) if not bad else (),
        languages=tuple(re.split(r"[;,]", said.get("languages", ""))),
        load_limit=whole("load_limit"),
    )
    problems += faults(row.card)
    if row.post:
        problems += post_faults(row.post["kind"], title, school_id, organisation)
    if row.training is not None and row.training["issued_on"] is not None:
        hours, issued_on, until = (row.training[key] for key in ("hours", "issued_on", "valid_until"))
        problems += training_faults(row.training["programme"], issued_on, until, hours, today)
    return row


def _kind_of(title: str, school_id: int | None) -> PostKind:
    """The kind of a post by its title; whoever works at a school and is nothing else counts as a teacher."""
    word = title.casefold()
    found = next((kind for mark, kind in _KIND_BY_TITLE if mark in word), None)
    if found in (PostKind.HEAD, PostKind.DEPUTY, PostKind.TEACHER, PostKind.COORDINATOR) and school_id is None:
        return PostKind.OTHER
    return found or (PostKind.TEACHER if school_id is not None else PostKind.OTHER)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _refused(code: str, ru: str, en: str) -> Refused:
    return Refused(Reason(code, ru, en))
