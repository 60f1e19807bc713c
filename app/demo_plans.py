"""Plans of the demo: a department's programme under way, road maps of schools on different steps, mentoring pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.days import day_of
from app.flows import CLOSED
from app.models import Case, ProgrammeTask, School
from app.policy import Actor
from app.storage import ObjectStore
from app.terms import ATTENDED_KINDS, MentoringKind, Subject
from app.workflows import mentoring, mentors, programme_tasks, programmes, road_map_items, road_maps
from app.workflows.execution import Report
from app.workflows.road_map_guards import unfinished

TEMPLATE = "moskovsky"


def make_plans(
    session: Session, store: ObjectStore, actors: Mapping[str, Actor], start: datetime, to_finish: Sequence[int]
) -> None:
    """Make everything on the days after `start`, with the product's own verbs.

    Parameters
    ----------
    to_finish : sequence of int
        Cases that are to be closed as confirmed: their road maps are carried out.
    """
    _programme(session, store, actors, start)
    home = actors["department"].municipality_id
    cases = session.scalars(
        select(Case).where(Case.municipality_id == home, Case.state != CLOSED).order_by(Case.evidence.desc())
    ).all()
    proposed = start + timedelta(days=30)
    for case in cases:
        if case.id in to_finish:
            _road_map(session, store, actors, case, proposed, 3, is_settled=True)
    # The strongest case is left for the reader to work on.
    under_way = [case for case in cases[1:] if case.id not in to_finish]
    for case, steps in zip(under_way, (3, 1, 0), strict=False):
        _road_map(session, store, actors, case, proposed, steps)
    if len(cases) > 1:
        _pair(session, actors, cases[1], start + timedelta(days=32))
        _teachers(session, actors, cases[1], start + timedelta(days=33))


def _programme(session: Session, store: ObjectStore, actors: Mapping[str, Actor], start: datetime) -> None:
    actor, first_year = actors["department"], start.year if start.month >= 9 else start.year - 1
    programme = programmes.draft(session, TEMPLATE, first_year, actor=actor, at=start)
    for measure in programme.measures[::3]:
        adapted = programmes.Adapted(
            measure.what, measure.result, measure.evidence, measure.rule, responsible_id=actors["deputy"].user_id
        )
        programmes.adapt(session, measure.id, adapted, actor=actor, at=start, expected_version=measure.version)
    approved = start + timedelta(days=2)
    approval = programmes.Approval(
        "214-о",
        "заместитель главы администрации",
        day_of(start),
        "начальник отдела образования",
        day_of(approved),
    )
    programmes.approve(session, programme.id, approval, actor=actor, at=approved, expected_version=programme.version)
    now = start + timedelta(days=50)
    tasks = session.scalars(
        select(ProgrammeTask)
        .where(ProgrammeTask.programme_id == programme.id, ProgrammeTask.due_on.is_not(None))
        .order_by(ProgrammeTask.due_on, ProgrammeTask.id)
    ).all()
    for position, task in enumerate(tasks[:8]):
        who: dict[str, Any] = {"at": now, "expected_version": task.version}
        if position == 3:
            programme_tasks.waive(
                session, task.id, "Курсы этой осенью проводит региональный институт.", actor=actors["deputy"], **who
            )
        elif position == 6:
            later = day_of(now + timedelta(days=30))
            programme_tasks.move(
                session, task.id, later, "Ждём данные регионального центра.", actor=actors["deputy"], **who
            )
        elif position != 7:
            people = 24 if task.measure.kind in ATTENDED_KINDS else None
            report = Report(day_of(now), f"{task.measure.evidence}: документ № {120 + position}", n_people=people)
            programme_tasks.complete(session, store, task.id, report, actor=actors["deputy"], **who)


def _road_map(
    session: Session,
    store: ObjectStore,
    actors: Mapping[str, Actor],
    case: Case,
    at: datetime,
    steps: int,
    *,
    is_settled: bool = False,
) -> None:
    """Propose the blocks that fit; agree on paper, submit and accept as far as `steps` goes; carry out the accepted."""
    blocks = [chosen.block.id for chosen in road_maps.proposals(session, case)]
    road_map = road_maps.propose(session, case.id, blocks, actor=actors["department"], at=at)
    moves = (
        (road_maps.agree, "department"),
        (road_maps.submit, "department"),
        (road_maps.accept, "deputy"),
    )
    for n, (verb, login) in enumerate(moves[:steps], start=1):
        verb(session, road_map.id, actor=actors[login], at=at + timedelta(days=n), expected_version=road_map.version)
    if steps < len(moves):
        return
    day = at + timedelta(days=12)
    for item in unfinished(road_map.items) if is_settled else road_map.items[-1:]:
        report = Report(
            day_of(day), "Протокол педагогического совета № 2", n_people=30 if item.kind in ATTENDED_KINDS else None
        )
        road_map_items.complete(
            session, store, item.id, report, actor=actors["deputy"], at=day, expected_version=item.version
        )


def _pair(session: Session, actors: Mapping[str, Actor], case: Case, at: datetime) -> None:
    """The first objective school of the municipality helps the school of a case."""
    mentor = session.scalars(
        select(School)
        .where(School.municipality_id == case.municipality_id, School.is_objective, School.id != case.school_id)
        .order_by(School.code)
        .limit(1)
    ).first()
    if mentor is None:
        return
    form = mentoring.PairForm(
        MentoringKind.SCHOOLS,
        mentor.id,
        int(case.school_id or 0),
        "Проверить работы двух школ общей комиссией и договориться о критериях.",
        day_of(at),
        day_of(at) + timedelta(days=180),
    )
    pair = mentoring.make_pair(session, form, actor=actors["department"], at=at)
    mentoring.record_meeting(
        session,
        pair.id,
        held_on=day_of(at),
        theme="Критерии развёрнутых ответов",
        agreed="Каждая школа присылает по десять работ без отметок.",
        actor=actors["department"],
        at=at,
    )


def _teachers(session: Session, actors: Mapping[str, Actor], case: Case, at: datetime) -> None:
    """A teacher of mathematics of that school, entered for it, and the first mentor whom the pickers offer."""
    school = session.get_one(School, case.school_id)
    who: dict[str, Any] = {"actor": actors["department"], "at": at}
    offered = mentors.mentors(session, school, Subject.MA, day_of(at), actors["department"])
    mentor = next((offer for offer in offered if not offer.reasons and offer.is_of_subject), None)
    if mentor is None:
        return
    mentee = mentors.enter_colleague(session, "Сомова Дарья Ильинична", "учитель математики", school, Subject.MA, **who)
    form = mentoring.PairForm(
        MentoringKind.TEACHERS,
        None,
        school.id,
        "Вместе готовить уроки по трудным темам пятого класса и раз в месяц посещать уроки друг друга.",
        day_of(at),
        day_of(at) + timedelta(days=180),
        subject=Subject.MA,
        mentor_person_id=mentor.person.person_id,
        mentee_person_id=mentee.id,
    )
    mentoring.make_pair(session, form, **who)
