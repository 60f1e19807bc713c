"""The stage of the stories: two municipalities, four schools, every role, a clock, and documents on demand.

A database is made once and copied for every story. It syncs nothing to the disk: nothing here outlives its story.
"""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app import migrating
from app.context import AppContext
from app.database import acting, bind
from app.errors import Conflict, NotFound, NotPermitted, Refused
from app.models import Case, Dataset, RoadMap, School, SupportRecord, User
from app.policy import SYSTEM, Actor
from app.settings import Settings
from app.terms import CaseKind, PostKind, RecheckOutcome, ReviewOutcome, Role, SupportKind, Verdict
from app.workflows import assignment, engine, people, stage_clock
from app.workflows import case as case_verbs
from app.workflows.definitions import shipped
from app.workflows.machine import Transition
from tests import factories
from tests.people import enter, make_cast
from tests.plans import make_accepted_map

ZONE = ZoneInfo("Europe/Moscow")
BEGINS, ENDS = datetime(2020, 1, 9, 9, 0, tzinfo=UTC), datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
"""Jobs look at the real clock: what they are to do has to be due already."""

WHY = "Так решили на совещании, протокол в деле."
LATER = date(2040, 1, 1)

ROLES = {
    # name → role and municipality, as they are said here and nowhere asked of the program
    "anna": ("analyst", None), "rita": ("region_manager", None), "root": ("admin", None),
    "marat": ("department", "m001"), "mira": ("department", "m001"),
    "dina": ("department", "m002"), "dora": ("department", "m002"),
    "kira": ("curator", "m001"), "nina": ("curator", "m001"), "dima": ("curator", "m002"),
    "ivan": ("inspector", "m001"), "sveta": ("school", "m001"), "oleg": ("school", "m001"),
}  # fmt: skip
NAMES = tuple(ROLES)
DEPARTMENTS = {"m001": ("marat", "mira"), "m002": ("dina", "dora")}
SAFE_CURATORS = {"m001": "nina", "m002": "dima"}
"""Curators of whom no conflict ever comes to light in these stories."""

SCHOOLS = {"990001": "m001", "990002": "m001", "990900": "m002", "990901": "m002"}
FIRST_CASES = (
    ("990001", "objectivity"), ("990001", "low_results"), ("990002", "objectivity_amur"),
    ("990900", "objectivity_curator_first"), ("990901", "low_results"), ("990901", "objectivity"),
)  # fmt: skip


@cache
def _template() -> Path:
    """A migrated database with everybody in it."""
    home = Path(tempfile.mkdtemp(prefix="obektiv-life-template-"))
    atexit.register(shutil.rmtree, home)
    context = _context(home)
    migrating.upgrade(context)
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        session.add(School(code="990901", name="СОШ № 901", municipality_id=cast.other_municipality.id))
        places = {"m001": cast.municipality.id, "m002": cast.other_municipality.id}
        for login in ("nina", "dora", "dima"):
            role, place = ROLES[login]
            user = User(login=login, name=login.capitalize(), role=Role(role), password_hash="!")
            user.municipality_id = places[str(place)]
            session.add(user)
            session.flush()
            if role == "curator":
                enter(session, user, kind=PostKind.METHODIST)
            cast.users[login] = user
        schools = {s.code: s for s in session.scalars(select(School))}
        for login, (role, place) in ROLES.items():
            for code, where in SCHOOLS.items():
                if role in ("curator", "inspector") and place == where:
                    factories.make_declaration(session, cast[login], schools[code], valid_until=LATER)
        factories.make_dataset(session)
        for number, (code, flow) in enumerate(FIRST_CASES):
            kind = CaseKind(shipped(flow).definition.kind)
            case = factories.make_case(
                session, schools[code], number=f"2019-{number:04d}", kind=kind, workflow=flow,
                workflow_version=shipped(flow).version, opened_at=BEGINS, entered_at=BEGINS, year=2020,
            )  # fmt: skip
            stage_clock.refresh(session, case)
    context.engine.dispose()
    return home / "obektiv.db"


def _context(home: Path) -> AppContext:
    context = AppContext.from_settings(Settings.from_env({"OBEKTIV_HOME": str(home)}))
    event.listen(context.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=off"))
    return context


@dataclass
class World:
    """One story's installation and its clock."""

    home: Path
    context: AppContext
    users: dict[str, int]
    schools: dict[str, int]
    municipalities: dict[str, int]
    reader: sqlite3.Connection
    at: datetime = BEGINS
    number: int = 0
    fire: Callable[..., Any] = engine.fire
    ties: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def begin(cls) -> World:
        folder = "/dev/shm" if Path("/dev/shm").is_dir() else None
        home = Path(tempfile.mkdtemp(prefix="obektiv-life-", dir=folder))
        shutil.copy(_template(), home / "obektiv.db")
        context = _context(home)
        reader = sqlite3.connect(home / "obektiv.db", isolation_level=None)
        reader.row_factory = sqlite3.Row

        def ids(table: str, key: str) -> dict[str, int]:
            return {row[key]: row["id"] for row in reader.execute(f"SELECT id, {key} FROM {table}")}

        return cls(home, context, ids("users", "login"), ids("schools", "code"), ids("municipalities", "code"), reader)

    def end(self) -> None:
        self.reader.close()
        self.context.engine.dispose()
        shutil.rmtree(self.home)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Rows as they stand in the file, past everything the program has of sessions and types."""
        with closing(self.reader.execute(sql, values)) as cursor:
            return cursor.fetchall()

    def data_version(self) -> int:
        """Changes whenever anybody commits anything."""
        return self.rows("PRAGMA data_version")[0][0]

    def request_id(self) -> str:
        self.number += 1
        return f"r{self.number}"

    def place_of(self, case_id: int) -> str:
        """Code of the case's municipality."""
        (row,) = self.rows(
            "SELECT m.code FROM cases c JOIN municipalities m ON m.id = c.municipality_id WHERE c.id = ?", case_id
        )
        return row["code"]

    def attempt(self, name: str, verb: Callable[[Session, Actor], Any]) -> Any:
        """Let somebody try. What it gave, or the refusal: that has its reasons and leaves nothing behind."""
        before = self.data_version()
        with self.context.sessions() as session:
            bind(session, SYSTEM)
            actor = people.actor_for(session, session.get_one(User, self.users[name]), self.at)
            session.rollback()
            bind(session, actor)
            try:
                found = verb(session, actor)
                session.commit()
            except (Refused, Conflict, NotFound, NotPermitted) as refusal:
                session.rollback()
                found = refusal
        if isinstance(found, Exception):
            assert self.data_version() == before, "a refusal left something behind"
            assert str(found)
            assert all(reason.ru and reason.en for reason in getattr(found, "reasons", ()))
        return found

    def arrange(self, verb: Callable[[Session], None]) -> None:
        """Bring about what is not on trial here."""
        with acting(self.context.sessions, SYSTEM) as session:
            verb(session)

    def move(self, name: str, case_id: int, row: Transition | str, version: int, request_id: str) -> Any:
        is_row = isinstance(row, Transition)
        code = row.reasons[0].code if isinstance(row, Transition) and row.reasons else ""
        trigger = row.trigger if is_row else row
        return self.attempt(
            name,
            lambda s, a: self.fire(
                s, case_id, trigger, actor=a, at=self.at, expected_version=version, request_id=request_id,
                reason=WHY, reason_code=code,
            ),
        )  # fmt: skip

    # ---- documents ----

    def supply(self, case_id: int, row: Transition, author: str) -> None:
        """Give a case what the guards of a row ask for; `author` proposes how it ends, the department issues orders."""
        guards = {guard.name for guard in row.guards}
        place = self.place_of(case_id)
        self.arrange(lambda session: self._papers(session, session.get_one(Case, case_id), guards))
        if guards & {"order", "mentor"}:
            self.issue_order(DEPARTMENTS[place][0], case_id, self.curator_to_be(case_id))
        if guards & {"conclusion", "dismissal"}:
            verdict = Verdict.DISMISSED if "dismissal" in guards else self._shown(case_id)
            self.attempt(author, lambda s, a: case_verbs.propose(s, case_id, verdict, WHY, actor=a, at=self.at))

    def _papers(self, session: Session, case: Case, guards: set[str]) -> None:
        today = self.at.date()
        if "protocol" in guards:
            factories.make_interview(session, case, held_on=today, recorded_at=self.at)
        if "act" in guards:
            ivan = session.get_one(User, self.users["ivan"])
            factories.make_observation(
                session, case, ivan, held_on=today, scheduled_on=today, trained_until=LATER, recorded_at=self.at
            )
        if "remarked" in guards:
            ivan, dataset = session.get_one(User, self.users["ivan"]), session.scalars(select(Dataset)).one()
            outcome = RecheckOutcome.NOT_CONFIRMED if case.id % 4 else RecheckOutcome.CONFIRMED
            factories.make_recheck(session, case, ivan, dataset, outcome=outcome, marked_at=self.at)
        has_map = session.scalars(select(RoadMap.id).where(RoadMap.case_id == case.id)).first() is not None
        if "road_map_settled" in guards and not has_map:
            make_accepted_map(session, case)
        for guard, kind in (("indicators", "diagnosis"), ("programme", "programme"), ("reviewed", "review")):
            if guard in guards:
                self._record(session, case, SupportKind(kind))

    def _record(self, session: Session, case: Case, kind: SupportKind) -> None:
        outcome = None
        if kind is SupportKind.REVIEW:
            outcome = ReviewOutcome.IMPROVED if case.id % 2 else ReviewOutcome.WORSE
        factories.make_support(session, case, kind=kind, outcome=outcome, recorded_at=self.at)

    def _shown(self, case_id: int) -> Verdict:
        """The verdict that follows from what is on record."""
        with acting(self.context.sessions, SYSTEM) as session:
            review = session.scalars(
                select(SupportRecord)
                .where(SupportRecord.case_id == case_id, SupportRecord.kind == SupportKind.REVIEW)
                .order_by(SupportRecord.id.desc())
            ).first()
        if review is not None:
            return Verdict.IMPROVED if review.outcome is ReviewOutcome.IMPROVED else Verdict.NOT_IMPROVED
        confirmed = self.rows("SELECT id FROM rechecks WHERE case_id = ? AND outcome = 'confirmed'", case_id)
        return Verdict.CONFIRMED if confirmed else Verdict.NOT_CONFIRMED

    def issue_order(self, name: str, case_id: int, curator: str, days: int = 200) -> Any:
        return self.attempt(
            name,
            lambda s, a: assignment.issue_order(
                s, case_id, self.users[curator], number="118", issued_on=self.at.date(),
                until=self.at.date() + timedelta(days=days), no_conflict_declared=True, actor=a, at=self.at,
            ),
        )  # fmt: skip

    def curator_to_be(self, case_id: int) -> str:
        """Whom an order may name now: the curator by the last order, unless a conflict has come to light."""
        login = self.curator_of(case_id)
        school_id = self.rows("SELECT school_id FROM cases WHERE id = ?", case_id)[0][0]
        has_tie = login is not None and (login, school_id) in self.ties
        return SAFE_CURATORS[self.place_of(case_id)] if login is None or has_tie else login

    def curator_of(self, case_id: int) -> str | None:
        found = self.rows("SELECT u.login FROM cases c JOIN users u ON u.id = c.curator_id WHERE c.id = ?", case_id)
        return found[0][0] if found else None

    def last_proposer(self, case_id: int) -> int | None:
        found = self.rows("SELECT proposed_by_id FROM conclusions WHERE case_id = ? ORDER BY id DESC LIMIT 1", case_id)
        return found[0][0] if found else None
