"""A table of people against the register: what is new, changed, the same or wrong, and entering it in one transaction.

Nobody is ever taken out: who stands in the register and not in the table is told of and left alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app import policy
from app.days import day_of
from app.errors import Reason, Refused
from app.ingest.people_columns import Column, load_columns, plain
from app.ingest.people_line import Remark, Said, read_line
from app.ingest.people_table import Line, Table, from_plain, from_sheets, from_text
from app.models import Municipality, Person, PersonPost, School, Training
from app.policy import Actor, Permission
from app.terms import ImportOutcome
from app.workflows import journal, people_register
from app.workflows.people_checks import Card, faults, post_faults, training_faults

__all__ = [
    "Column",
    "Comparison",
    "Row",
    "Table",
    "compare",
    "enter",
    "from_plain",
    "from_text",
    "load_columns",
    "read_file",
]

_COLUMN_OF = {
    "name_empty": "name", "subject": "subjects", "grade": "grades", "no_workplace": "school", "period": "valid_until",
    "future": "issued_on", "no_programme": "programme",
}  # fmt: skip


@dataclass
class Row:
    """One line, what it says, and what entering it would do to `person` (None: to a new card)."""

    line: Line
    said: Said
    school_id: int | None = None
    person: Person | None = None
    remarks: list[Remark] = field(default_factory=list)
    changed: tuple[str, ...] = ()
    post: dict[str, Any] | None = None
    training: dict[str, Any] | None = None
    duties: tuple[Any, ...] = ()

    @property
    def outcome(self) -> ImportOutcome:
        if self.remarks:
            return ImportOutcome.WRONG
        if self.person is None:
            return ImportOutcome.NEW
        has_more = bool(self.changed or self.post or self.training or self.duties)
        return ImportOutcome.CHANGED if has_more else ImportOutcome.SAME


@dataclass(frozen=True)
class Comparison:
    """Rows in the order of the table, and active people of the register that it does not name."""

    rows: list[Row]
    left: list[Person]

    def count(self, outcome: ImportOutcome) -> int:
        return sum(row.outcome is outcome for row in self.rows)

    @property
    def digest(self) -> str:
        """Hash of what would be done, so that nothing else than what was looked at is entered."""
        told = [
            (r.line.sheet, r.line.row, r.outcome, r.person and r.person.id, r.changed, r.post, r.training, r.duties)
            for r in self.rows
        ]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False, default=str).encode()).hexdigest()


def read_file(content: bytes) -> Table:
    """The table in an uploaded workbook or CSV; the file itself is not kept.

    Raises
    ------
    WrongFormat
        It cannot be read, or holds no table of people.
    """
    from app.ingest.guarded import read_sheets_guarded

    with TemporaryDirectory(prefix="obektiv-people-") as folder:
        path = Path(folder) / "table"
        path.write_bytes(content)
        return from_sheets(read_sheets_guarded(path))


def compare(session: Session, table: Table, *, actor: Actor, at: datetime) -> Comparison:
    """Say of each line what it would do; nothing is changed."""
    policy.require(actor, Permission.PEOPLE_KEEP)
    schools = {row.code: row.id for row in session.execute(select(School.code, School.id))}
    rows_of = (Person.posts, Person.duties, Person.trainings)
    everybody = select(Person).options(*map(selectinload, rows_of)).execution_options(populate_existing=True)
    known = session.scalars(everybody).all()
    on = day_of(at)
    by_name: dict[str, list[Person]] = defaultdict(list)
    for person in known:
        by_name[plain(person.name)].append(person)
    rows: list[Row] = []
    first: dict[Any, Line] = {}
    for line in table.lines:
        said = read_line(line.cells)
        row = Row(line, said, remarks=list(said.remarks))
        row.school_id = schools.get(said.school) if said.school else None
        if said.school and row.school_id is None:
            row.remarks.append(Remark("school", _no_school(said.school)))
        row.remarks += [Remark(_COLUMN_OF.get(r.code, r.code), r) for r in _faults(row, on)]
        _match(row, by_name[plain(said.name)], on)
        key = row.person.id if row.person else (plain(said.name), row.school_id)
        if key in first and not row.remarks:
            row.remarks.append(Remark(None, _twice(first[key])))
        first.setdefault(key, line)
        if row.person is not None and not row.remarks:
            _differ(row, row.person, on)
        rows.append(row)
    named = {row.person.id for row in rows if row.person is not None}
    left = sorted((p for p in known if p.is_active and p.id not in named), key=lambda p: (p.name, p.id))
    return Comparison(rows, left)


def enter(session: Session, table: Table, seen: str, *, actor: Actor, at: datetime) -> tuple[int, int]:
    """Enter what is new and changed, all of it or nothing; returns how many were new and changed.

    Raises
    ------
    Refused
        The register changed since the comparison with the digest `seen`, or there is nothing to enter.
    """
    # Two who enter the same table at one moment follow one another; whoever is second is told that much has changed.
    session.scalars(select(Municipality.id).order_by(Municipality.id).with_for_update(key_share=True)).all()
    found = compare(session, table, actor=actor, at=at)
    if found.digest != seen:
        raise Refused(
            Reason(
                "changed_meanwhile",
                "Пока вы смотрели, реестр изменился. Посмотрите таблицу ещё раз и внесите.",
                "The register has changed meanwhile. Look at the table again and enter it.",
            )
        )
    new, changed = found.count(ImportOutcome.NEW), found.count(ImportOutcome.CHANGED)
    if not new + changed:
        raise Refused(
            Reason(
                "nothing_to_enter",
                "Внести нечего: каждый человек уже внесён так же или с замечанием.",
                "There is nothing to enter: everybody is in the register as told, or has a remark.",
            )
        )
    for row in found.rows:
        if row.outcome in (ImportOutcome.NEW, ImportOutcome.CHANGED):
            _enter(session, row, actor=actor, at=at)
    journal.append(
        session,
        actor=actor,
        at=at,
        action="person:import",
        subject="person",
        facts={"entered": new, "changed": changed, "wrong": found.count(ImportOutcome.WRONG)},
        municipality_id=actor.municipality_id,
    )
    return new, changed


def _enter(session: Session, row: Row, *, actor: Actor, at: datetime) -> None:
    how: dict[str, Any] = {"actor": actor, "at": at}
    person = row.person
    if person is None:
        person = people_register.add_person(session, _card(row.said, actor.municipality_id), **how)
        row.post, row.training, row.duties = _post(row), _training(row.said), row.said.duties
    elif row.changed:
        card = Card(
            **{
                name: getattr(row.said if name in row.changed else person, name)
                for name in ("email", "subjects", "grades", "languages", "load_limit")
            },
            name=person.name,
            municipality_id=person.municipality_id,
            is_active=person.is_active,
        )
        people_register.change_person(session, person.id, card, expected_version=person.version, **how)
    if row.post:
        people_register.add_post(session, person.id, **row.post, **how)
    for duty in row.duties:
        people_register.enter_duty(session, person.id, duty, since=day_of(at), **how)
    if row.training:
        people_register.add_training(session, person.id, **row.training, **how)


def _match(row: Row, namesakes: list[Person], on: date) -> None:
    """Find whose card the line means: the same name and, where the line tells one, the same place of work."""
    found = namesakes
    if row.said.has_post:
        found = [p for p in namesakes if row.school_id in _places(p, on)]
    if len(found) > 1:
        row.remarks.append(
            Remark(
                "name",
                Reason(
                    "several",
                    f"В реестре таких карточек {len(found)}. Измените нужную вручную.",
                    f"The register has {len(found)} such cards. Change the right one by hand.",
                ),
            )
        )
    row.person = found[0] if len(found) == 1 else None


def _places(person: Person, on: date) -> set[int | None]:
    """Schools of the posts that have not ended; None for who has none of them."""
    held: set[int | None] = {
        p.workplace_id for p in person.posts if p.workplace_id is not None and (p.until is None or on <= p.until)
    }
    return held or {person.school_id}


def _differ(row: Row, person: Person, on: date) -> None:
    """What the line says beyond the card; a blank cell says nothing."""
    said = row.said
    values = {
        "email": said.email,
        "subjects": sorted(said.subjects),
        "grades": list(said.grades),
        "languages": sorted(said.languages),
        "load_limit": said.load_limit,
    }
    kept: dict[str, Any] = {name: getattr(person, name) for name in values}
    kept["subjects"], kept["languages"] = sorted(person.subjects), sorted(person.languages)
    row.changed = tuple(name for name in values if name in row.line.cells and values[name] != kept[name])
    post, training = _post(row), _training(said)
    if post and not any(_is_post(post, known, on) for known in person.posts):
        row.post = post
    standing = {d.duty for d in person.duties if d.until is None or d.until >= on}
    row.duties = tuple(duty for duty in said.duties if duty not in standing)
    if training and not any(_is_training(training, known) for known in person.trainings):
        row.training = training


def _is_post(post: dict[str, Any], known: PersonPost, on: date) -> bool:
    same = all(not post[key] or plain(post[key]) == plain(getattr(known, key)) for key in ("title", "organisation"))
    is_held = known.until is None or on <= known.until
    return same and is_held and known.workplace_id == post["workplace_id"]


def _is_training(said: dict[str, Any], known: Training) -> bool:
    return all(value in (None, "") or value == getattr(known, key) for key, value in said.items())


def _faults(row: Row, today: date) -> list[Reason]:
    said = row.said
    reasons = faults(_card(said, None))
    if said.has_post and (not said.school or row.school_id is not None):
        reasons += post_faults(said.kind_of_post, said.title, row.school_id, said.organisation)
    if (training := said.training) is not None and training.issued_on is not None:
        told = (training.programme, training.issued_on, training.valid_until, training.hours)
        reasons += training_faults(*told, today)
    return reasons


def _card(said: Said, municipality_id: int | None) -> Card:
    return Card(
        name=said.name,
        municipality_id=municipality_id,
        email=said.email,
        subjects=tuple(subject.value for subject in said.subjects),
        grades=said.grades,
        languages=said.languages,
        load_limit=said.load_limit,
    )


def _post(row: Row) -> dict[str, Any] | None:
    said = row.said
    if not said.has_post:
        return None
    return {
        "kind": said.kind_of_post,
        "title": said.title[:200],
        "workplace_id": row.school_id,
        "organisation": "" if row.school_id is not None else said.organisation[:400],
        "since": said.since,
    }


def _training(said: Said) -> dict[str, Any] | None:
    training = said.training
    if training is None:
        return None
    return {
        "programme": training.programme[:300],
        "hours": training.hours,
        "certificate": training.certificate[:80],
        "issued_on": training.issued_on,
        "valid_until": training.valid_until,
    }


def _no_school(number: str) -> Reason:
    return Reason(
        "school",
        f"«{number[:40]}»: школы с таким номером нет или она относится к другой территории. Проверьте номер.",
        f"“{number[:40]}”: there is no school with this number, or it belongs to another territory.",
    )


def _twice(first: Line) -> Reason:
    sheet = f" листа «{first.sheet[:60]}»" if first.sheet else ""
    return Reason(
        "twice",
        f"Этот человек с этим местом работы уже есть в строке {first.row}{sheet}. Оставьте одну строку.",
        f"This person with this place of work stands in row {first.row} already. Leave one row.",
    )
