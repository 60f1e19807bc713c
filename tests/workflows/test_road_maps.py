"""A school's road map: proposed from signs, agreed, checked, carried out; its guards; mentoring pairs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import bind
from app.documents import KINDS, render
from app.errors import Conflict, NotFound, NotPermitted, Refused
from app.models import Case, CaseEvent, Document, JournalEntry, RoadMap
from app.policy import SYSTEM
from app.storage import ObjectStore
from app.terms import (
    DocumentKind,
    MentoringKind,
    MentoringStatus,
    RecheckOutcome,
    RoadMapStatus,
    TaskStatus,
    Verdict,
)
from app.workflows import issuing, mentoring, road_map_items, road_maps
from app.workflows.engine import Question
from app.workflows.execution import Report
from app.workflows.guards import CHECKS
from app.workflows.road_map_guards import unfinished
from tests import factories as make
from tests.people import Cast, make_cast

REPORT = Report(date(2026, 11, 23), "Приказ № 7 от 20.11.2026")
FROZEN = {
    "findings": [
        {"sign": True, "family": "journal", "detector": "journal_gap"},
        {"sign": False, "family": "attendance", "detector": "selective_absence"},
    ],
    "inputs_sha256": "0" * 64, "detector_versions": {}, "detector_versions_text": "", "parameters": {},
    "parameters_version": "1", "reference": {}, "summary": {"resembles": "copy_journal"},
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def case(session: Session, cast: Cast) -> Case:
    case = make.make_case(session, cast.school)
    make.make_flag(session, cast.school, make.make_run(session), case_id=case.id, frozen=FROZEN)
    make.make_interview(session, case, reasons=["leak"])
    session.commit()
    return case


def proposed(session: Session, cast: Cast, case: Case, at: datetime, *blocks: str) -> RoadMap:
    return road_maps.propose(session, case.id, blocks or ("journal", "vsoko"), actor=cast.actor("marat"), at=at)


def question(session: Session, cast: Cast, case: Case, at: datetime) -> Question:
    return Question(session, case, cast.actor("marat"), at)


def step(session: Session, road_map: RoadMap, verb, actor, at: datetime, *said: str) -> None:
    verb(session, road_map.id, *said, actor=actor, at=at, expected_version=road_map.version)


def test_the_blocks_follow_the_signs_and_the_named_reasons(session: Session, case: Case) -> None:
    chosen = {item.block.id: [term.value for term in item.because] for item in road_maps.proposals(session, case)}

    assert chosen == {"journal": ["copy_journal", "journal_gap", "journal"], "leak": ["leak"], "vsoko": []}


def test_a_proposal_dates_its_measures_and_sends_recommendations(
    session: Session, cast: Cast, case: Case, at: datetime
) -> None:
    road_map = proposed(session, cast, case, at)

    days = {item.key: item.due_on for item in road_map.items}
    # 23 November 2026 is a Monday; 15 and 30 working days later, over the January holidays.
    assert days["vsoko:council"] == date(2026, 12, 14)
    assert days["vsoko:acts"] == date(2027, 1, 13)
    assert days["journal:compare"] == date(2026, 12, 30)
    assert days["vsoko:parents"] is None
    paper = session.scalars(select(Document).where(Document.kind == DocumentKind.RECOMMENDATIONS)).one()
    assert [advice["title"] for advice in paper.context["advice"]] == [block["title"] for block in road_map.blocks]
    assert render(paper.kind, issuing.from_json(KINDS[paper.kind].context, paper.context)).startswith(b"%PDF")


def test_when_the_interview_is_recorded_its_days_follow_and_pinned_ones_stay(
    session: Session, cast: Cast, case: Case, at: datetime
) -> None:
    road_map = proposed(session, cast, case, at)
    items = {item.key: item for item in road_map.items}
    pinned = items["vsoko:acts"]
    road_map_items.move(
        session, pinned.id, date(2027, 2, 1), "Приказ готовит учредитель.", actor=cast.actor("marat"), at=at,
        expected_version=pinned.version,
    )  # fmt: skip
    session.add(
        CaseEvent(
            case_id=case.id, seq=1, request_id="move-interview", trigger="interview", from_state="flagged",
            to_state="interview", actor_name="Kira", at=datetime(2026, 11, 30, 9, tzinfo=UTC),
            municipality_id=case.municipality_id, school_id=case.school_id,
        )
    )  # fmt: skip
    session.flush()

    road_maps.follow_events(session, case, at=datetime(2026, 12, 1, tzinfo=UTC))

    assert items["vsoko:council"].due_on == date(2026, 12, 21)
    assert pinned.due_on == date(2027, 2, 1)
    assert session.scalars(select(JournalEntry).where(JournalEntry.action == "roadmap:follow")).one().facts


def test_only_one_road_map_a_case(session: Session, cast: Cast, case: Case, at: datetime) -> None:
    proposed(session, cast, case, at)

    with pytest.raises(Refused, match="уже есть"):
        proposed(session, cast, case, at)


def test_the_school_does_not_propose_and_does_not_check(session: Session, cast: Cast, case: Case, at: datetime) -> None:
    with pytest.raises(NotPermitted):
        road_maps.propose(session, case.id, ["vsoko"], actor=cast.actor("sveta"), at=at)
    road_map = proposed(session, cast, case, at)
    step(session, road_map, road_maps.agree, cast.actor("sveta"), at)
    step(session, road_map, road_maps.submit, cast.actor("sveta"), at)

    with pytest.raises(NotPermitted):
        step(session, road_map, road_maps.accept, cast.actor("sveta"), at)


def test_another_person_checks_what_one_submitted(session: Session, cast: Cast, case: Case, at: datetime) -> None:
    road_map = proposed(session, cast, case, at)
    step(session, road_map, road_maps.agree, cast.actor("marat"), at)
    step(session, road_map, road_maps.submit, cast.actor("marat"), at)

    with pytest.raises(Refused, match="другой человек"):
        step(session, road_map, road_maps.accept, cast.actor("marat"), at)
    step(session, road_map, road_maps.accept, cast.actor("mira"), at)

    assert road_map.status is RoadMapStatus.ACCEPTED
    paper = session.scalars(select(Document).where(Document.kind == DocumentKind.SCHOOL_ROAD_MAP)).one()
    assert render(paper.kind, issuing.from_json(KINDS[paper.kind].context, paper.context)).startswith(b"%PDF")


def test_a_return_needs_remarks_and_lets_the_school_add_measures(
    session: Session, cast: Cast, case: Case, at: datetime
) -> None:
    road_map = proposed(session, cast, case, at)
    step(session, road_map, road_maps.agree, cast.actor("sveta"), at)
    step(session, road_map, road_maps.submit, cast.actor("sveta"), at)
    own = road_maps.OwnMeasure("Провести открытый урок оценивания", "План урока", date(2027, 2, 1))
    with pytest.raises(Refused, match="на проверке"):
        road_maps.add_item(session, road_map.id, own, actor=cast.actor("sveta"), at=at,
                           expected_version=road_map.version)  # fmt: skip
    with pytest.raises(Refused):
        step(session, road_map, road_maps.send_back, cast.actor("marat"), at, "нет")

    step(session, road_map, road_maps.send_back, cast.actor("marat"), at, "Добавьте работу с учителями.")
    item = road_maps.add_item(session, road_map.id, own, actor=cast.actor("sveta"), at=at,
                              expected_version=road_map.version)  # fmt: skip

    assert (item.key, item.is_obligatory) == ("own:1", False)
    with pytest.raises(Refused, match="Обязательным"):
        road_maps.add_item(
            session, road_map.id, road_maps.OwnMeasure(own.what, own.evidence, own.due_on, is_obligatory=True),
            actor=cast.actor("sveta"), at=at, expected_version=road_map.version,
        )  # fmt: skip


def test_the_guard_of_acceptance_bites(session: Session, cast: Cast, case: Case, at: datetime) -> None:
    ask = question(session, cast, case, at)
    assert CHECKS["road_map_accepted"](ask).code == "no_road_map"
    road_map = proposed(session, cast, case, at)
    assert CHECKS["road_map_accepted"](ask).code == "road_map_not_accepted"
    step(session, road_map, road_maps.agree, cast.actor("sveta"), at)
    step(session, road_map, road_maps.submit, cast.actor("sveta"), at)
    step(session, road_map, road_maps.accept, cast.actor("marat"), at)

    assert CHECKS["road_map_accepted"](ask) is None


def test_confirmed_signs_close_only_with_an_accepted_road_map_that_is_settled(
    session: Session, cast: Cast, case: Case, at: datetime
) -> None:
    from app.workflows.engine import fire

    case.state = "rechecked"
    make.make_recheck(session, case, cast["ivan"], make.make_dataset(session), outcome=RecheckOutcome.CONFIRMED)
    make.make_conclusion(session, case, cast["marat"], verdict=Verdict.CONFIRMED)
    session.flush()

    def close() -> None:
        said = {"expected_version": case.version, "request_id": "close-confirmed"}
        fire(session, case.id, "close", actor=cast.actor("mira"), at=at, **said)

    def told() -> list[str]:
        with pytest.raises(Refused) as refusal:
            close()
        return [reason.code for reason in refusal.value.reasons]

    assert told() == ["no_road_map"]
    road_map = proposed(session, cast, case, at, "vsoko")
    assert told() == ["road_map_not_accepted"]
    step(session, road_map, road_maps.agree, cast.actor("sveta"), at)
    step(session, road_map, road_maps.submit, cast.actor("sveta"), at)
    step(session, road_map, road_maps.accept, cast.actor("marat"), at)
    assert told() == ["road_map_unfinished"]
    for item in road_map.items:
        if item.is_obligatory:
            road_map_items.waive(
                session, item.id, "Сделано весной по приказу № 4.", actor=cast.actor("marat"), at=at,
                expected_version=item.version,
            )  # fmt: skip
    close()
    assert (case.state, case.verdict) == ("closed", Verdict.CONFIRMED)


def test_the_guard_of_obligatory_measures_bites_until_the_last_is_done_or_waived(
    session: Session, cast: Cast, case: Case, store: ObjectStore, at: datetime
) -> None:
    ask = question(session, cast, case, at)
    assert CHECKS["road_map_settled"](ask) is None
    road_map = proposed(session, cast, case, at, "vsoko")
    assert CHECKS["road_map_settled"](ask) is None
    step(session, road_map, road_maps.agree, cast.actor("sveta"), at)
    step(session, road_map, road_maps.submit, cast.actor("sveta"), at)
    step(session, road_map, road_maps.accept, cast.actor("marat"), at)
    council, acts = (item for item in road_map.items if item.is_obligatory)
    who = {"at": at}
    assert "2" in CHECKS["road_map_settled"](ask).ru

    report = Report(REPORT.done_on, REPORT.note, n_people=20)
    road_map_items.complete(
        session, store, council.id, report, actor=cast.actor("sveta"), expected_version=council.version, **who
    )
    assert CHECKS["road_map_settled"](ask).href == "#roadmap"
    with pytest.raises(NotPermitted):
        road_map_items.waive(
            session, acts.id, "Акты уже действуют.", actor=cast.actor("sveta"), expected_version=acts.version, **who
        )
    road_map_items.waive(
        session, acts.id, "Акты обновили весной.", actor=cast.actor("marat"), expected_version=acts.version, **who
    )

    assert CHECKS["road_map_settled"](ask) is None


def test_nothing_is_reported_before_the_school_agreed(
    session: Session, cast: Cast, case: Case, store: ObjectStore, at: datetime
) -> None:
    item = proposed(session, cast, case, at).items[0]

    with pytest.raises(Refused, match="согласуйте"):
        road_map_items.complete(
            session, store, item.id, REPORT, actor=cast.actor("sveta"), at=at, expected_version=item.version
        )


def test_after_submission_the_school_moves_no_days(session: Session, cast: Cast, case: Case, at: datetime) -> None:
    road_map = proposed(session, cast, case, at)
    step(session, road_map, road_maps.agree, cast.actor("sveta"), at)
    step(session, road_map, road_maps.submit, cast.actor("sveta"), at)
    item = road_map.items[0]
    said = (item.id, date(2027, 3, 1), "Педсовет перенесли на март.")

    with pytest.raises(Refused, match="переносит отдел"):
        road_map_items.move(session, *said, actor=cast.actor("sveta"), at=at, expected_version=item.version)
    road_map_items.move(session, *said, actor=cast.actor("marat"), at=at, expected_version=item.version)

    assert (item.due_on, item.is_pinned) == (date(2027, 3, 1), True)


def test_a_stale_page_changes_nothing(session: Session, cast: Cast, case: Case, at: datetime) -> None:
    road_map = proposed(session, cast, case, at)
    stale = road_map.version
    step(session, road_map, road_maps.agree, cast.actor("sveta"), at)

    with pytest.raises(Conflict):
        road_maps.agree(session, road_map.id, actor=cast.actor("sveta"), at=at, expected_version=stale)


def test_another_school_finds_no_road_map(session: Session, cast: Cast, case: Case, at: datetime) -> None:
    road_map = proposed(session, cast, case, at)
    road_map_id, version = road_map.id, road_map.version
    session.commit()
    session.expunge_all()
    bind(session, cast.actor("oleg"))

    with pytest.raises(NotFound):
        road_maps.agree(session, road_map_id, actor=cast.actor("oleg"), at=at, expected_version=version)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE road_maps SET status = 'returned', remarks = ''",
        "UPDATE road_maps SET status = 'accepted'",
        "UPDATE road_map_items SET status = 'waived'",
        "UPDATE mentoring_pairs SET mentor_school_id = school_id",
        "UPDATE mentoring_pairs SET status = 'ended'",
    ],
)
def test_the_database_refuses_what_cannot_be(
    session: Session, cast: Cast, case: Case, at: datetime, statement: str
) -> None:
    proposed(session, cast, case, at)
    paired(session, cast, at)
    session.commit()

    with pytest.raises(IntegrityError):
        session.connection().execute(text(statement))


def paired(session: Session, cast: Cast, at: datetime, **changes):
    form = {
        "kind": MentoringKind.SCHOOLS, "mentor_school_id": cast.objective.id, "school_id": cast.school.id,
        "goals": "Проверять работы одной комиссией.", "starts_on": date(2026, 11, 1), "ends_on": date(2027, 5, 31),
    }  # fmt: skip
    return mentoring.make_pair(session, mentoring.PairForm(**{**form, **changes}), actor=cast.actor("marat"), at=at)


def test_a_pair_is_linked_to_the_case_of_the_school_it_helps(
    session: Session, cast: Cast, case: Case, at: datetime
) -> None:
    assert paired(session, cast, at).case_id == case.id


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"goals": "нет"}, "no_goals"),
        ({"ends_on": date(2026, 1, 1)}, "days"),
        ({"kind": MentoringKind.TEACHERS}, "no_subject"),
        ({"kind": MentoringKind.TEACHERS, "subject": "ma"}, "no_teachers"),
        ({"mentor_school_id": None}, "no_school"),
    ],
)
def test_a_pair_that_makes_no_sense_is_refused(
    session: Session, cast: Cast, at: datetime, changes: dict, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        paired(session, cast, at, **changes)

    assert [reason.code for reason in refused.value.reasons] == [code]


def test_a_school_with_an_open_case_is_nobodys_mentor(session: Session, cast: Cast, case: Case, at: datetime) -> None:
    with pytest.raises(Refused, match="открыто дело"):
        paired(session, cast, at, mentor_school_id=cast.school.id, school_id=cast.neighbour.id)


def test_meetings_are_kept_until_the_pair_ends(session: Session, cast: Cast, at: datetime) -> None:
    pair = paired(session, cast, at)
    who = {"actor": cast.actor("kira", cast.school), "at": at}
    mentoring.record_meeting(session, pair.id, held_on=date(2026, 11, 20), theme="Критерии", agreed="Разбор", **who)
    with pytest.raises(Refused):
        mentoring.record_meeting(session, pair.id, held_on=date(2026, 12, 20), theme="Тема", agreed="Разбор", **who)

    mentoring.end(session, pair.id, "Комиссия стала постоянной.", expected_version=pair.version, **who)

    assert (pair.status, len(pair.meetings)) == (MentoringStatus.ENDED, 1)
    with pytest.raises(Refused, match="завершена"):
        mentoring.record_meeting(session, pair.id, held_on=date(2026, 11, 21), theme="Тема", agreed="Разбор", **who)


AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
VERBS = ("agree", "submit", "send_back", "accept")
PEOPLE = ("sveta", "marat", "mira", "oleg")


class RoadMapLife(RuleBasedStateMachine):
    """Anybody tries any step at any time; whatever is refused changes nothing."""

    made: tuple[AppContext, Path] | None = None

    @initialize()
    def begin(self) -> None:
        assert self.made is not None
        context, _home = self.made
        self.session = context.sessions()
        bind(self.session, SYSTEM)
        self.cast = make_cast(self.session)
        self.case = make.make_case(self.session, self.cast.school)
        self.road_map = road_maps.propose(self.session, self.case.id, ["vsoko"], actor=self.cast.actor("marat"), at=AT)
        self.store = ObjectStore(_home / "objects")

    @rule(verb=st.sampled_from(VERBS), who=st.sampled_from(PEOPLE))
    def take_a_step(self, verb: str, who: str) -> None:
        said = ("Приложите локальный акт.",) if verb == "send_back" else ()
        before = self.road_map.status
        try:
            step(self.session, self.road_map, getattr(road_maps, verb), self.cast.actor(who), AT, *said)
        except (Refused, NotFound):
            assert self.road_map.status is before
        else:
            allowed = {
                "agree": {RoadMapStatus.PROPOSED},
                "submit": {RoadMapStatus.AGREED, RoadMapStatus.RETURNED},
                "send_back": {RoadMapStatus.SUBMITTED},
                "accept": {RoadMapStatus.SUBMITTED},
            }
            assert before in allowed[verb]

    @rule(n=st.integers(0, 2), who=st.sampled_from(PEOPLE), action=st.sampled_from(["done", "waive", "reopen"]))
    @precondition(lambda self: self.road_map.items)
    def settle(self, n: int, who: str, action: str) -> None:
        item, actor = self.road_map.items[n], self.cast.actor(who)
        before = item.status
        shared = {"actor": actor, "at": AT, "expected_version": item.version}
        try:
            if action == "done":
                report = Report(date(2026, 11, 20), "Протокол педсовета № 3", n_people=12)
                road_map_items.complete(self.session, self.store, item.id, report, **shared)
            else:
                getattr(road_map_items, action)(self.session, item.id, "Причина названа прямо.", **shared)
        except (Refused, NotFound):
            assert item.status is before

    @invariant()
    def what_is_settled_has_its_papers(self) -> None:
        if not hasattr(self, "road_map"):
            return
        for item in self.road_map.items:
            assert item.status is not TaskStatus.DONE or (item.done_on and (item.note or item.link or item.file_name))
            assert (item.status is TaskStatus.WAIVED) == (item.waived_reason is not None)
        left = unfinished(self.road_map.items)
        asked = Question(self.session, self.case, self.cast.actor("marat"), AT)
        is_promised = self.road_map.status is RoadMapStatus.ACCEPTED
        assert (CHECKS["road_map_settled"](asked) is not None) == (is_promised and bool(left))
        assert (CHECKS["road_map_accepted"](asked) is None) == (self.road_map.status is RoadMapStatus.ACCEPTED)

    @invariant()
    def each_step_stands_in_the_journal(self) -> None:
        if not hasattr(self, "road_map"):
            return
        rows = self.session.scalars(
            select(JournalEntry.action).where(JournalEntry.subject == "case", JournalEntry.subject_id == self.case.id)
        ).all()
        assert rows.count("roadmap:return") == self.road_map.n_returns
        assert rows.count("roadmap:accept") == (self.road_map.status is RoadMapStatus.ACCEPTED)

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.rollback()
            self.session.close()


def test_whatever_people_try_the_road_map_stays_true(sqlite_context: AppContext, tmp_path: Path) -> None:
    RoadMapLife.made = (sqlite_context, tmp_path)

    run_state_machine_as_test(RoadMapLife, settings=settings(max_examples=25, stateful_step_count=20, deadline=None))
