"""Control groups: who may be in, redrawn alike, adjusted with reasons, fixed by an order, the reference of a run."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import bind
from app.errors import Conflict, NotFound, NotPermitted, Refused
from app.models import ControlGroup, ControlMember, Finding, JournalEntry, Municipality, School
from app.policy import Actor
from app.terms import (
    ControlGroupStatus,
    Family,
    FindingLevel,
    FindingOutcome,
    MemberOrigin,
    ObjectiveGround,
    Verdict,
)
from app.workflows import control_groups, objective_register, screening
from tests import factories as make
from tests.people import Cast

ORDER = {
    "order_number": "41",
    "order_date": date(2026, 11, 20),
    "markers": "Эксперты соседнего района.",
    "staff": "Методисты отдела образования.",
}


@pytest.fixture
def region(session: Session, cast: Cast) -> list[School]:
    """Forty-eight schools of eight municipalities, with context; the last eight are correctional."""
    rng = np.random.default_rng(3)
    places = [Municipality(code=f"r{i}", name=f"Район r{i}") for i in range(8)]
    session.add_all(places)
    session.flush()
    schools = [
        School(
            code=f"77{i:04d}",
            name=f"СОШ r{i}",
            kind="secondary" if i < 40 else "correctional",
            municipality_id=places[i % 8].id,
            context={
                "settlement_type": int(rng.choice([2, 4])),
                "size": int(rng.integers(1, 9)),
                "pupils": int(rng.integers(40, 900)),
            },
        )
        for i in range(48)
    ]
    session.add_all(schools)
    session.commit()
    return schools


def draw(session: Session, actor: Actor, at: datetime, **changes) -> ControlGroup:
    said = {"title": "Контрольная ВПР", "year": 2027, "size": 12, "per_municipality": 2, "seed": "ключ", **changes}
    return control_groups.draw_group(session, actor=actor, at=at, **said)


def codes(refusal) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def test_a_group_is_drawn_balanced_within_limits_and_redrawn_alike(session, cast, region, at) -> None:
    group = draw(session, cast.actor("anna"), at)

    members = session.scalars(select(ControlMember)).all()
    assert len(members) == group.n_members == 12
    assert {m.origin for m in members} == {MemberOrigin.DRAWN}
    assert max(sum(m.municipality_id == place for m in members) for place in {m.municipality_id for m in members}) <= 2
    assert group.balance["imbalance"]["drawn"] <= group.balance["imbalance"]["first"]
    assert [row["name"] for row in group.balance["rows"]] == ["rural", "town_size", "pupils"]
    assert control_groups.redraw(group)
    (noted,) = session.scalars(select(JournalEntry).where(JournalEntry.action == "control:draw"))
    assert noted.facts["seed"] == "ключ"


def test_a_changed_frame_does_not_pass_for_the_drawn_one(session, cast, region, at) -> None:
    group = draw(session, cast.actor("anna"), at)
    group.frame = {**group.frame, "schools": group.frame["schools"][:-1]}

    assert not control_groups.redraw(group)


def test_flagged_listed_and_correctional_schools_and_those_with_cases_are_never_drawn(
    session, cast, region, at
) -> None:
    run = make.make_run(session)
    session.add(
        Finding(
            run_id=run.id, year=2026, subject="ma", grade=5, detector="contextual_mean", family=Family.LEVEL, n=50,
            level=FindingLevel.FULL, outcome=FindingOutcome.ASSESSED, **make.place(region[5]),
        )
    )  # fmt: skip
    make.make_flag(session, region[0], run)
    make.make_case(session, region[1])
    confirmed = make.make_case(session, region[2])
    confirmed.state, confirmed.verdict, confirmed.closed_at = (
        "closed", Verdict.CONFIRMED, datetime(2026, 10, 1, tzinfo=UTC),
    )  # fmt: skip
    make.make_marker(session, region[3], make.make_dataset(session), year=2026)
    session.flush()

    group = draw(session, cast.actor("anna"), at, size=35, per_municipality=9)

    why = {row["code"]: row["against"][0] for row in group.frame["schools"] if row["against"]}
    assert set(why) == {school.code for school in region[:4]}
    assert "признаки" in why[region[0].code]
    assert "открыто дело" in why[region[1].code]
    assert "подтверждены" in why[region[2].code]
    assert "федеральном списке" in why[region[3].code]
    assert not {row["code"] for row in group.frame["schools"]} & {school.code for school in region[40:]}
    assert not set(control_groups.codes_of(group)) & set(why)
    assert [row["n"] for row in group.balance["works"]] in ([50], [])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"size": 45}, "too_few_schools"),
        ({"size": 30, "per_municipality": 1}, "too_few_schools"),
        ({"size": 3}, "size"),
        ({"title": " "}, "no_title"),
        ({"year": 26}, "year"),
    ],
)
def test_a_group_that_cannot_be_drawn_says_why(session, cast, region, at, changes, code) -> None:
    with pytest.raises(Refused) as refusal:
        draw(session, cast.actor("anna"), at, **changes)

    assert codes(refusal) == [code]


def test_adding_and_removing_asks_for_reasons_and_counts_the_balance_anew(session, cast, region, at) -> None:
    anna = cast.actor("anna")
    group = draw(session, anna, at)
    inside = control_groups.codes_of(group)
    outside = next(school for school in region[:40] if school.code not in inside)
    member = next(school for school in region if school.code == inside[0])
    before = group.balance

    def change(verb, school: School, reason: str, version: int):
        return verb(session, group.id, school.id, reason=reason, actor=anna, at=at, expected_version=version)

    with pytest.raises(Refused) as refusal:
        change(control_groups.add_school, outside, "так", 1)
    assert codes(refusal) == ["no_reason"]
    with pytest.raises(Refused) as refusal:
        change(control_groups.add_school, region[47], "Школа сама попросилась.", 1)
    assert codes(refusal) == ["not_in_frame"]
    with pytest.raises(Conflict):
        change(control_groups.add_school, outside, "Школа сама попросилась.", 5)
    change(control_groups.add_school, outside, "Школа сама попросилась.", 1)
    change(control_groups.remove_school, member, "Ремонт здания до лета.", 2)
    change(control_groups.add_school, member, "Ремонт закончили раньше.", 3)

    assert group.n_members == 13
    assert set(control_groups.codes_of(group)) == {*inside, outside.code}
    assert group.balance["rows"] != before["rows"]
    assert [row["drawn"] for row in group.balance["rows"]] == [row["drawn"] for row in before["rows"]]
    actions = session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)).all()
    assert actions == ["control:draw", "control:add", "control:remove", "control:add"]


def test_a_removed_school_stays_in_the_list_with_its_reason(session, cast, region, at) -> None:
    anna = cast.actor("anna")
    group = draw(session, anna, at)
    member = group.members[0]

    control_groups.remove_school(
        session, group.id, member.school_id, reason="Ремонт здания до лета.", actor=anna, at=at, expected_version=1
    )

    assert (member.removed_by_name, member.removal_reason) == ("Anna", "Ремонт здания до лета.")
    assert group.n_members == 11


def test_an_order_fixes_the_list_and_nothing_changes_it_any_more(session, cast, region, at) -> None:
    group = draw(session, cast.actor("anna"), at)

    control_groups.fix_group(session, group.id, **ORDER, actor=cast.actor("rita"), at=at, expected_version=1)

    assert group.status is ControlGroupStatus.FIXED
    assert len(group.members_sha256) == 64
    with pytest.raises(Refused) as refusal:
        control_groups.remove_school(
            session, group.id, group.members[0].school_id, reason="Ремонт здания до лета.", actor=cast.actor("anna"),
            at=at, expected_version=2,
        )  # fmt: skip
    assert codes(refusal) == ["not_a_draft"]


def test_an_order_without_markers_staff_or_number_is_refused_whole(session, cast, region, at) -> None:
    group = draw(session, cast.actor("anna"), at)
    empty = {"order_number": " ", "order_date": date(2030, 1, 1), "markers": "", "staff": ""}

    with pytest.raises(Refused) as refusal:
        control_groups.fix_group(session, group.id, **empty, actor=cast.actor("rita"), at=at, expected_version=1)

    assert codes(refusal) == ["no_number", "future", "no_markers", "no_staff"]


def test_a_school_whose_case_opened_after_the_draw_stops_the_order(session, cast, region, at) -> None:
    group = draw(session, cast.actor("anna"), at)
    make.make_case(session, group.members[0].school)

    with pytest.raises(Refused, match="открыто дело"):
        control_groups.fix_group(session, group.id, **ORDER, actor=cast.actor("rita"), at=at, expected_version=1)


def test_a_fixed_group_is_the_reference_of_a_run_which_keeps_its_list_and_hash(session, cast, region, at) -> None:
    make.make_dataset(session)
    group = draw(session, cast.actor("anna"), at)
    with pytest.raises(Refused, match="не утверждена"):
        screening.request_screening(session, 2026, control_group_id=group.id, actor=cast.actor("anna"), at=at)
    control_groups.fix_group(session, group.id, **ORDER, actor=cast.actor("rita"), at=at, expected_version=1)

    run = screening.request_screening(session, 2026, control_group_id=group.id, actor=cast.actor("anna"), at=at)
    kept = dict(run.inputs["control_group"])
    control_groups.withdraw_group(
        session, group.id, reason="Приказ отменён вышестоящим.", actor=cast.actor("rita"), at=at, expected_version=2
    )

    assert kept["sha256"] == group.members_sha256
    assert kept["schools"] == control_groups.codes_of(group)
    assert control_groups.fixed_groups(session) == []


def test_a_school_of_a_fixed_group_has_a_ground_for_the_register(session, cast, region, at) -> None:
    group = draw(session, cast.actor("anna"), at)
    assert objective_register.proposals(session, at=at) == []

    control_groups.fix_group(session, group.id, **ORDER, actor=cast.actor("rita"), at=at, expected_version=1)
    found = objective_register.proposals(session, at=at)

    assert {p.school.code for p in found} == set(control_groups.codes_of(group))
    assert {p.evidence.ground for p in found} == {ObjectiveGround.CONTROL}


def test_rights_of_proposing_and_approving_are_apart(session, cast, region, at) -> None:
    with pytest.raises(NotPermitted):
        draw(session, cast.actor("rita"), at)
    group = draw(session, cast.actor("anna"), at)
    with pytest.raises(NotPermitted):
        control_groups.fix_group(session, group.id, **ORDER, actor=cast.actor("anna"), at=at, expected_version=1)
    control_groups.fix_group(session, group.id, **ORDER, actor=cast.actor("rita"), at=at, expected_version=1)
    with pytest.raises(NotPermitted):
        control_groups.withdraw_group(
            session, group.id, reason="Больше не нужна.", actor=cast.actor("anna"), at=at, expected_version=2
        )


def test_who_proposed_a_group_may_give_it_up_while_it_is_not_fixed(session, cast, region, at) -> None:
    group = draw(session, cast.actor("anna"), at)

    control_groups.withdraw_group(
        session, group.id, reason="Назвали не тот год.", actor=cast.actor("anna"), at=at, expected_version=1
    )

    assert group.status is ControlGroupStatus.WITHDRAWN


def test_a_department_reads_the_regions_group_with_its_own_schools_and_changes_nothing(session, cast, at) -> None:
    regions = make.make_control_group(session, [cast.school, cast.foreign], municipality_id=None)
    foreign = make.make_control_group(session, [cast.foreign], municipality_id=cast.other_municipality.id)
    ids, school_id, marat = (regions.id, foreign.id), cast.school.id, cast.actor("marat")
    session.commit()
    bind(session, marat)

    seen = session.scalars(select(ControlGroup)).all()
    members = session.scalars(select(ControlMember.school_id)).all()

    assert [group.id for group in seen] == [ids[0]]
    assert members == [school_id]
    with pytest.raises(NotFound):
        control_groups.fix_group(session, ids[0], **ORDER, actor=marat, at=at, expected_version=1)
