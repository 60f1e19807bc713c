"""Every guard that a workflow may name objects when what it asks for is missing, and is silent when it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import bind
from app.errors import Reason
from app.flows import GuardUse
from app.flows.vocabulary import GUARDS
from app.models import Case, CasePause, CaseQuestion, Document, RoadMap, RoadMapItem
from app.policy import SYSTEM, Actor, Bar
from app.terms import (
    Addressee,
    CaseKind,
    DocumentKind,
    PauseCause,
    RecheckOutcome,
    RecheckStatus,
    ReviewOutcome,
    RoadMapStatus,
    SupportKind,
    TaskKind,
    TaskStatus,
    Verdict,
    VisitStatus,
)
from app.workflows import brakes
from app.workflows.definitions import guard_of
from app.workflows.machine import Guard, Question
from tests import factories
from tests.people import Cast, employ
from tests.plans import make_pair


@pytest.fixture
def session(sqlite_context: AppContext) -> Iterator[Session]:
    """What a guard reads is plain rows: one database is enough."""
    with sqlite_context.sessions() as session:
        bind(session, SYSTEM)
        yield session


LONG_AGO = datetime(2025, 1, 9, 9, 0, tzinfo=UTC)
Scene = Callable[[Session, Cast, Case], Any]


def nothing(session: Session, cast: Cast, case: Case) -> None:
    pass


def interview(session, cast, case):
    factories.make_interview(session, case)


def order(session, cast, case, **changes):
    factories.make_order(session, case, cast["kira"], **changes)


def kira_works_there(session, cast, case):
    order(session, cast, case)
    employ(session, cast["kira"], cast.school)


def act(session, cast, case, **changes):
    factories.make_observation(session, case, cast["ivan"], **changes)


def recheck(session, cast, case, **changes):
    factories.make_recheck(session, case, cast["ivan"], factories.make_dataset(session), **changes)


def proposal(verdict: Verdict, who: str = "marat") -> Scene:
    return lambda session, cast, case: factories.make_conclusion(session, case, cast[who], verdict=verdict)


def both(*scenes: Scene) -> Scene:
    def play(session, cast, case):
        for scene in scenes:
            scene(session, cast, case)

    return play


def changed(scene: Callable[..., Any], **changes: Any) -> Scene:
    return lambda session, cast, case: scene(session, cast, case, **changes)


def support(kind: str, **changes: Any) -> Scene:
    def play(session, cast, case):
        case.kind = CaseKind.LOW_RESULTS
        factories.make_support(session, case, kind=SupportKind(kind), **changes)

    return play


def pair(session, cast, case) -> None:
    make_pair(session, cast.school, cast.objective)


def road_map(status: str, item: str = "done") -> Scene:
    def play(session, cast, case):
        done = {"done_on": date(2026, 11, 20), "note": "протокол № 3"} if item == "done" else {}
        decided = {"decided_at": factories.OPENED, "remarks": "Нет сроков."}
        made = RoadMap(
            case_id=case.id, status=RoadMapStatus(status), blocks_version="1", proposed_by_name="Kira",
            proposed_at=factories.OPENED, **decided, **factories.place(cast.school),
        )  # fmt: skip
        session.add(made)
        session.flush()
        session.add(
            RoadMapItem(
                road_map_id=made.id, case_id=case.id, key="marking:1", block="Проверка", kind=TaskKind.EVENT,
                what="Перекрёстная проверка", evidence="протокол", is_obligatory=True, status=TaskStatus(item),
                **done, **factories.place(cast.school),
            )
        )  # fmt: skip

    return play


def issued(session, cast, case, **changes):
    values = {"kind": DocumentKind.INTERVIEW_PROTOCOL, "sha256": "1" * 64, "issued_at": factories.OPENED, **changes}
    session.add(
        Document(
            case_id=case.id, source_key="interview:1", title="Протокол", number="1", requested_at=factories.OPENED,
            **values, **factories.place(cast.school),
        )
    )  # fmt: skip


def curated(session, cast, case):
    case.curator_id, case.curator_name = cast["kira"].id, "Kira"


not_confirmed, confirmed = proposal(Verdict.NOT_CONFIRMED), proposal(Verdict.CONFIRMED)
dismissed = proposal(Verdict.DISMISSED)

CASES: list[tuple[str, dict[str, Any], Scene, str | None]] = [
    # guard, its parameters, what is on record, the code of its reason (None: it is met)
    ("protocol", {}, nothing, "no_interview"),
    ("protocol", {}, interview, None),
    ("order", {}, nothing, "no_order"),
    ("order", {}, changed(order, until=date(2026, 11, 22)), "order_expired"),
    ("order", {}, changed(order, until=date(2026, 11, 23)), None),
    ("independent", {}, nothing, "no_curator"),
    ("independent", {}, kira_works_there, "own_school"),
    ("independent", {}, changed(order, no_conflict_declared=False), "conflict_not_declared"),
    ("independent", {}, order, None),
    ("act", {}, nothing, "no_act"),
    ("act", {}, changed(act, status=VisitStatus.SCHEDULED), "no_act"),
    ("act", {}, changed(act, trained_until=date(2026, 11, 15)), "observer_untrained"),
    ("act", {"acts": 2}, act, "too_few_acts"),
    ("act", {"acts": 2}, both(act, act), None),
    ("remarked", {}, nothing, "no_recheck"),
    ("remarked", {}, changed(recheck, status=RecheckStatus.DRAWN), "recheck_unfinished"),
    ("remarked", {"works": 31}, recheck, "too_few_works"),
    ("remarked", {"works": 30}, recheck, None),
    ("conclusion", {}, nothing, "no_conclusion"),
    ("conclusion", {}, dismissed, "no_conclusion"),
    ("conclusion", {}, confirmed, None),
    ("dismissal", {}, nothing, "no_dismissal"),
    ("dismissal", {}, confirmed, "no_dismissal"),
    ("dismissal", {}, dismissed, None),
    ("follows", {}, both(recheck, confirmed), "verdict_contradicts"),
    ("follows", {}, both(changed(recheck, outcome=RecheckOutcome.INSUFFICIENT), confirmed), "recheck_insufficient"),
    ("follows", {}, both(recheck, not_confirmed), None),
    ("clean", {}, both(changed(act, violations=["help"]), not_confirmed), "gross_violation"),
    ("clean", {}, both(changed(act, violations=["help"]), confirmed), None),
    ("clean", {}, both(act, not_confirmed), None),
    ("indicators", {}, nothing, "no_diagnosis"),
    ("indicators", {}, support("diagnosis"), None),
    ("programme", {}, nothing, "no_programme"),
    ("programme", {}, support("programme", until=date(2026, 11, 22)), "programme_over"),
    ("programme", {}, support("programme", until=date(2026, 11, 23)), None),
    ("mentor", {}, nothing, "no_mentor"),
    ("mentor", {"who": "pair"}, curated, "no_mentor"),
    ("mentor", {"who": "curator"}, pair, "no_mentor"),
    ("mentor", {}, curated, None),
    ("mentor", {"who": "pair"}, pair, None),
    ("reviewed", {}, nothing, "no_review"),
    ("reviewed", {"since": "stage"}, support("review", outcome=ReviewOutcome.WORSE, recorded_at=LONG_AGO), "no_review"),
    ("reviewed", {}, support("review", outcome=ReviewOutcome.WORSE, recorded_at=LONG_AGO), None),
    (
        "follows_review", {}, both(support("review", outcome=ReviewOutcome.WORSE), proposal(Verdict.IMPROVED)),
        "verdict_contradicts",
    ),
    ("follows_review", {}, both(support("review", outcome=ReviewOutcome.IMPROVED), proposal(Verdict.IMPROVED)), None),
    ("road_map_accepted", {}, nothing, "no_road_map"),
    ("road_map_accepted", {}, road_map("returned"), "road_map_not_accepted"),
    ("road_map_accepted", {}, road_map("accepted"), None),
    ("road_map_settled", {}, road_map("accepted", "planned"), "road_map_unfinished"),
    ("road_map_settled", {}, road_map("accepted", "done"), None),
    ("second", {}, proposal(Verdict.CONFIRMED, "mira"), "same_person"),
    ("second", {}, confirmed, None),
    ("document", {"kind": "interview_protocol"}, nothing, "no_document"),
    ("document", {"kind": "interview_protocol"}, changed(issued, sha256=None, issued_at=None), "no_document"),
    ("document", {"kind": "interview_protocol"}, issued, None),
    ("field", {"field": "curator"}, nothing, "no_field"),
    ("field", {"field": "curator"}, curated, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "params", "scene", "code"), CASES, ids=lambda v: v if isinstance(v, str) else getattr(v, "__name__", None)
)
def test_a_guard_bites_on_what_is_missing_and_on_nothing_else(name, params, scene, code, session, cast, at) -> None:
    case = factories.make_case(session, cast.school)
    scene(session, cast, case)
    session.flush()

    reason = guard_of(GuardUse(name, params)).check(Question(session, case, cast.actor("mira"), at))

    assert (reason and reason.code) == code
    assert reason is None or (reason.ru and reason.en)


def test_no_guard_is_without_a_case_in_which_it_bites_and_one_in_which_it_does_not() -> None:
    bites = {name for name, _, _, code in CASES if code is not None}
    silent = {name for name, _, _, code in CASES if code is None}

    assert set(GUARDS) - bites == set()
    assert set(GUARDS) - silent == set()


def test_every_parameter_of_every_guard_is_tried() -> None:
    tried = {(name, key) for name, params, _, _ in CASES for key in params}

    assert {(spec.name, param.name) for spec in GUARDS.values() for param in spec.params} - tried == set()


def paused(cause: PauseCause) -> Scene:
    def scene(session: Session, cast: Cast, case: Case) -> None:
        until = {"started_at": factories.OPENED, "until_on": date(2026, 12, 1), "reason": "Карантин в школе."}
        place = {"municipality_id": case.municipality_id, "school_id": case.school_id}
        session.add(CasePause(case_id=case.id, cause=cause, started_by_name="Marat", **until, **place))

    return scene


def asked(session: Session, cast: Cast, case: Case, **answered: Any) -> None:
    said = {"addressee": Addressee.SCHOOL, "asked": "Где протокол?", "due_on": date(2026, 12, 1)}
    place = {"municipality_id": case.municipality_id, "school_id": case.school_id}
    who = {"asked_by_name": "Marat", "asked_at": factories.OPENED}
    session.add(CaseQuestion(case_id=case.id, **said, **who, **place, **answered))


def barred(actor: Actor, case: Case) -> Actor:
    """The same person, of whom a tie to the school has come to light."""
    assert case.school_id is not None
    return replace(actor, bars=(Bar(case.school_id, Reason("relative", "Родственник.", "A relative.")),))


BRAKES: list[tuple[Guard, str, Scene, str | None]] = [
    (brakes.ACTOR_INDEPENDENT, "kira", kira_works_there, "own_school"),
    (brakes.ACTOR_INDEPENDENT, "kira", nothing, None),
    (brakes.ACTOR_INDEPENDENT, "mira, tied", nothing, "relative"),
    (brakes.ACTOR_INDEPENDENT, "mira", kira_works_there, None),
    (brakes.NOT_ON_HOLD, "mira", paused(PauseCause.HOLD), "on_hold"),
    (brakes.NOT_ON_HOLD, "mira", paused(PauseCause.QUESTION), None),
    (brakes.ANSWERED, "mira", asked, "question_open"),
    (brakes.ANSWERED, "mira", changed(asked, answer="Приложен.", closed_at=factories.OPENED), None),
    (brakes.SECOND_PERSON, "mira", proposal(Verdict.CONFIRMED, "mira"), "same_person"),
    (brakes.SECOND_PERSON, "nobody", confirmed, "no_person"),
    (brakes.SECOND_PERSON, "mira", confirmed, None),
]


@pytest.mark.parametrize(("guard", "who", "scene", "code"), BRAKES)
def test_a_brake_bites_though_no_workflow_names_it_and_is_silent_otherwise(
    guard, who, scene, code, session, cast, at
) -> None:
    case = factories.make_case(session, cast.school)
    scene(session, cast, case)
    session.flush()
    actor = SYSTEM if who == "nobody" else cast.actor(who.split(",")[0])

    reason = guard.check(Question(session, case, barred(actor, case) if "tied" in who else actor, at))

    assert (reason and reason.code) == code
    assert reason is None or (reason.ru and reason.en)


def test_no_brake_is_without_a_case_in_which_it_bites_and_one_in_which_it_does_not() -> None:
    all_brakes = {guard.name for guard in (*brakes.ALL, brakes.SECOND_PERSON)}

    assert {guard.name for guard, _, _, code in BRAKES if code is not None} == all_brakes
    assert {guard.name for guard, _, _, code in BRAKES if code is None} == all_brakes
