"""Two municipalities full of rows, people who are signed in, and a client for each of them.

Every text of the neighbour school says НЕВИДИМКА, every text of the other municipality КАНАРЕЙКА: whoever may not see
it must not meet the word anywhere.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import auth
from app.context import AppContext
from app.database import acting
from app.days import day_of, first_moment
from app.models import (
    Absence,
    BulkDecision,
    BulkRow,
    Case,
    Document,
    DueMove,
    Finding,
    InboxNote,
    Notice,
    OutboxJob,
    PreservationRequest,
    RecheckedWork,
    School,
    Tenant,
    Upload,
)
from app.policy import SYSTEM
from app.settings import Settings
from app.terms import (
    DocumentKind,
    Family,
    FileKind,
    FindingLevel,
    FindingOutcome,
    Following,
    JobStatus,
    NoticeKind,
    RecheckStatus,
    Stratum,
    UploadStatus,
    VisitStatus,
)
from app.web import create_app
from app.workflows import journal
from tests import factories as make
from tests import plans
from tests.people import Cast, make_cast

CANARY, NEIGHBOUR = "КАНАРЕЙКА", "НЕВИДИМКА"
NOW = datetime.now(UTC)


@dataclass
class Place:
    """Ids of the rows that belong to one school."""

    school: int
    case: int
    flag: int
    observation: int
    recheck: int
    document: int
    upload: int
    finding: int
    entry: int
    group: int
    plan: int
    seat: int
    person: int
    decision: int
    deadline: int
    event: int
    days: int
    change: int
    programme: int
    measure: int
    task: int
    road_map: int
    item: int
    pair: int
    notice: int
    absence: int


@dataclass
class World:
    app: Flask
    context: AppContext
    cast: Cast
    own: Place
    neighbour: Place
    foreign: Place
    run: int
    job: int
    division: int = 0
    link: int = 0
    migration: int = 0
    keys: dict[str, str] = field(default_factory=dict)

    def client(self, login: str | None) -> FlaskClient:
        """A browser in which `login` is signed in; None is a stranger."""
        client = self.app.test_client()
        if login is not None:
            if login not in self.keys:
                with self.app.app_context(), acting(self.context.sessions, SYSTEM) as session:
                    self.keys[login] = auth.open_session(session, self.cast[login], at=datetime.now(UTC))
            client.set_cookie("obektiv", self.keys[login])
        return client

    def token(self, client: FlaskClient) -> str:
        """The CSRF token of a signed-in browser."""
        return str(client.get("/api/v1/session").json["csrf_token"])

    def rows(self, model: Any, **where: Any) -> list[Any]:
        with acting(self.context.sessions, SYSTEM) as session:
            return list(session.scalars(select(model).filter_by(**where)))

    def fingerprint(self, *places: Place) -> str:
        """Hash of everything that belongs to the schools of `places`."""
        digest = hashlib.sha256()
        with acting(self.context.sessions, SYSTEM) as session:
            for model in sorted(_tenants(Tenant), key=lambda m: m.__tablename__):
                if model.__tablename__ == "journal":
                    continue  # who looked is noted there, whatever the answer was
                table = model.__table__
                for row in session.execute(
                    select(table).where(table.c.school_id.in_([p.school for p in places])).order_by(*table.primary_key)
                ):
                    digest.update(repr(tuple(row)).encode())
            for notice in session.scalars(select(Notice).where(Notice.id.in_([p.notice for p in places]))):
                digest.update(repr((notice.id, notice.read_at)).encode())
        return digest.hexdigest()


def readable(answer: Any) -> str:
    """The text of an answer; of a workbook, the text of its parts."""
    content: bytes = answer.get_data()
    if content[:2] != b"PK":
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())


def _tenants(cls: type) -> Iterator[Any]:
    for child in cls.__subclasses__():
        if hasattr(child, "__tablename__"):
            yield child
        yield from _tenants(child)


def fill(session: Session, context: AppContext, cast: Cast, school: School, word: str, run: Any, dataset: Any) -> Place:
    """Everything one school may have, each text with `word` in it."""
    school.name = f"{school.name} {word}".strip()
    place = make.place(school)
    finding_facts = {
        "year": 2026,
        "subject": "ma",
        "grade": 5,
        "detector": "boundary_push",
        "n": 60,
        "statistic": 3.0,
        "effect": 20.0,
        "effect_unit": "works",
        "effect_low": 12.0,
        "effect_high": 28.0,
        "p_value": 0.0001,
        "q_value": 0.001,
        "reason": None,
        "sentence": f"У границ отметок лишние работы. {word}",
        "evidence": {
            "kind": "distribution",
            "scores": [0, 1],
            "observed": [3, 4],
            "expected": [3.5, 3.5],
            "cuts": [1, 1, 1],
        },
    }
    frozen = {
        **make_frozen(),
        "findings": [
            {
                **finding_facts,
                "family": "boundary",
                "level": "full",
                "outcome": "assessed",
                "title": f"Границы {word}",
                "version": "1.0",
                "reference": "регион",
                "explains_away": "иное",
                "sign": True,
            }
        ],
    }
    case = make.make_case(session, school, state="observed", version=0, curator_name=f"Куратор {word}")
    flag = make.make_flag(session, school, run, case_id=case.id, frozen=frozen)
    finding = Finding(
        run_id=run.id,
        family=Family.BOUNDARY,
        level=FindingLevel.FULL,
        outcome=FindingOutcome.ASSESSED,
        **finding_facts,
        **place,
    )
    make.make_interview(session, case, explanation=f"Объяснение {word}", recorded_by_name=f"Записал {word}")
    observation = make.make_observation(
        session,
        case,
        cast["ivan"],
        status=VisitStatus.SCHEDULED,
        act_number=None,
        held_on=None,
        comment=word,
        observer_name=f"Наблюдатель {word}",
        observer_id=cast["ivan"].id if not word else cast["root"].id,
    )
    recheck = make.make_recheck(
        session,
        case,
        cast["ivan"],
        dataset,
        status=RecheckStatus.DRAWN,
        outcome=None,
        n_objective=None,
        n_sample=2,
        share_low=None,
        share_high=None,
        marked_at=None,
        order_number=f"9{word}"[:20],
        inspector_id=cast["ivan"].id if not word else cast["root"].id,
        inspector_name=f"Эксперт {word}",
        rule={"share": 0.3, "version": "1", "max_score": 20, "mark_from": [7, 11, 15]},
    )
    make.make_support(session, case, text=f"Разбор {word}", recorded_by_name=f"Разобрал {word}")
    make.make_conclusion(session, case, cast["kira"], grounds=f"Основания {word}", proposed_by_name=f"Внёс {word}")
    document = Document(
        case_id=case.id,
        kind=DocumentKind.SIGNS_NOTICE,
        source_key=f"flag:{flag.id}",
        title=f"Уведомление {word}",
        number="1",
        sha256=context.store.put(f"%PDF-1.4 {word}".encode()),
        requested_at=NOW,
        issued_at=NOW,
        **place,
    )
    upload = Upload(
        sha256=context.store.put(f"файл {word}".encode()),
        file_name=f"ma5 {word}.xlsx",
        size=7,
        status=UploadStatus.PREVIEWED,
        kind=FileKind.WORKS,
        year=2026,
        subject="ma",
        grade=5,
        rows_read=1,
        reading_sha256=context.store.put(f"строки {word}".encode()),
        rows_accepted=1,
        uploaded_at=NOW,
        uploaded_by_name=f"Прислал {word}",
        problems_sha256=context.store.put(json.dumps([_problem(word)], ensure_ascii=False).encode()),
        n_problems=1,
        **place,
    )
    session.add_all([finding, document, upload])
    session.add_all(
        RecheckedWork(
            recheck_id=recheck.id,
            position=i,
            participant=f"{school.id}0{i}",
            stratum=Stratum.RANDOM,
            school_score=10,
            school_mark=3,
            class_group=word or "5А",
            **place,
        )
        for i in (1, 2)
    )
    session.flush()
    note = OutboxJob(
        kind="case_moved", queue="default", subject_id=case.id, next_try_at=NOW, created_at=NOW, status=JobStatus.DONE
    )
    session.add(note)
    session.flush()
    session.add(InboxNote(outbox_id=note.id, case_id=case.id, text=f"Сдвинулось {word}", at=NOW, **place))
    journal.append(
        session,
        actor=SYSTEM,
        at=NOW,
        action="case:note",
        subject="case",
        subject_id=case.id,
        reason=f"Запись {word}",
        **place,
    )
    entry = make.make_entry(session, school, reason=f"Основание записи {word}", recorded_by_name=f"Внёс {word}")
    group = make.make_control_group(session, [school], title=f"Группа {word}", drawn_by_name=f"Составил {word}")
    plan = make.make_plan(session, case, cast["ivan"], proposed_by_name=f"Предложил {word}")
    person = make.make_person(session, school, name=f"Сотрудник {word}".strip(), note=f"Связь {word}", cast=cast)
    (absence,) = session.scalars(select(Absence).where(Absence.person_id == person.id)).all()
    town = school.municipality_id
    deadline = make.make_deadline(
        session, town, school_id=school.id, title=f"Срок {word}", responsible=f"Отвечает {word}"
    )
    # The calendar itself is everybody's, so none of its texts says the word.
    event, days = make.make_event(session, town), make.make_days(session, town)
    change = make.make_calendar_change(session, town)
    session.add(
        DueMove(
            change_id=change.id,
            subject="deadlines",
            subject_id=deadline.id,
            label=f"Срок {word}",
            following=Following.MOVED,
            at=NOW,
            **place,
        )
    )
    session.add(
        PreservationRequest(
            case_id=case.id,
            number=f"7 {word}"[:40],
            requested_on=day_of(NOW),
            keep_until=day_of(NOW),
            requested_by_name=f"Просил {word}",
            requested_at=NOW,
            **place,
        )
    )
    session.flush()
    decision = BulkDecision(
        kind="move", trigger="recheck", reason=f"Решение {word}", made_by_name=f"Решил {word}", tried_at=NOW, n_rows=1,
        n_able=1, municipality_id=school.municipality_id,
    )  # fmt: skip
    session.add(decision)
    session.flush()
    reasons = [{"code": "no_recheck", "ru": f"Нет перепроверки {word}", "en": f"No recheck {word}"}]
    rest = {"expected_version": 0, "status": "unable", "reasons": reasons, **place}
    session.add(BulkRow(decision_id=decision.id, case_id=case.id, **rest))
    session.flush()
    of_calendar = (deadline.id, event.id, days.id, change.id)
    of_case = (case.id, flag.id, observation.id, recheck.id, document.id)
    programme = plans.make_programme(session, school, word)
    road_map = plans.make_road_map(session, context.store, case, word)
    names = {"mentor_name": f"Наставник {word}", "mentee_name": f"Учитель {word}", "mentee_person_id": person.id}
    pair = plans.make_pair(session, school, cast.objective, word, **names)
    (measure,) = programme.measures
    # A notice is one person's own: of the department here, of the school next door, of the other department.
    whose = {cast.school.id: "marat", cast.neighbour.id: "oleg"}.get(school.id, "dina")
    notice = Notice(
        user_id=cast[whose].id, kind=NoticeKind.MOVED, key=f"case:{case.id}", text_ru=f"Сдвинулось {word}",
        text_en=f"Moved {word}", href="/", at=NOW,
    )  # fmt: skip
    session.add(notice)
    session.flush()
    of_plans = (programme.id, measure.id, measure.tasks[0].id, road_map.id, road_map.items[0].id, pair.id)
    return Place(
        school.id,
        *of_case,
        upload.id,
        finding.id,
        entry.id,
        group.id,
        plan.id,
        plan.rows[0].id,
        person.id,
        decision.id,
        *of_calendar,
        *of_plans,
        notice.id,
        absence.id,
    )


def make_frozen() -> dict[str, Any]:
    return {
        "inputs_sha256": "0" * 64,
        "detector_versions": {},
        "detector_versions_text": "boundary_push 1",
        "parameters": {},
        "parameters_version": "1",
        "reference": {},
        "summary": {},
    }


def _problem(word: str) -> dict[str, Any]:
    return {
        "sheet": "Лист1",
        "row": 2,
        "column": "Логин",
        "value": word,
        "code": "login_malformed",
        "message": f"Логин не распознан {word}",
        "severity": "rejected",
    }


class CompiledOnce(BytecodeCache):
    """Templates are compiled once for all the applications of a test run."""

    kept: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


def stay_in_the_day() -> None:
    """Tests name their day before they begin: a run that goes over midnight stays in the day it began in."""
    g.at = min(datetime.now(UTC), first_moment(day_of(NOW) + timedelta(days=1)) - timedelta(seconds=1))


def make_world(context: AppContext) -> World:
    app = create_app(context)
    app.before_request_funcs.setdefault(None, []).insert(0, stay_in_the_day)
    app.testing = False
    app.jinja_env.bytecode_cache = CompiledOnce()
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        run = make.make_run(session, n_findings=3, n_flags=3, tiers={"case": 3})
        dataset = make.make_dataset(session)
        own = fill(session, context, cast, cast.school, "", run, dataset)
        neighbour = fill(session, context, cast, cast.neighbour, NEIGHBOUR, run, dataset)
        foreign = fill(session, context, cast, cast.foreign, CANARY, run, dataset)
        session.get(Case, own.case).curator_id = cast["kira"].id
        for login in ("kira", "ivan"):
            for school in (cast.school, cast.objective):
                make.make_declaration(session, cast[login], school)
        dead = OutboxJob(
            kind="issue_document",
            queue="default",
            subject_id=own.document,
            next_try_at=NOW,
            created_at=NOW,
            status=JobStatus.DEAD,
            error="сбой",
        )
        session.add(dead)
        session.flush()
        job = dead.id
        cast.other_municipality.name = f"Район 2 {CANARY}"
        division = make.make_cluster_set(session, [cast.school, cast.neighbour, cast.foreign]).id
        link = make.make_scale_link(session, dataset, [cast.school, cast.neighbour, cast.foreign]).id
        migration = make.make_migration(session, session.get(Case, foreign.case)).id
    return World(app, context, cast, own, neighbour, foreign, run.id, job, division, link, migration)


@pytest.fixture
def world(sqlite_context: AppContext) -> World:
    return make_world(sqlite_context)


@pytest.fixture(scope="module")
def shared_world(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for a module whose tests only look."""
    home = tmp_path_factory.mktemp("shared_world")
    shutil.copy(_sqlite_template, home / "obektiv.db")
    context = AppContext.from_settings(Settings.from_env({"OBEKTIV_HOME": str(home)}))
    yield make_world(context)
    context.engine.dispose()


@pytest.fixture
def world_on_both(context: AppContext) -> World:
    return make_world(context)
