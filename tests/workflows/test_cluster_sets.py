"""Cluster sets: proposed from the context, approved by another right, one in use, taken by screening."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import bind
from app.errors import Conflict, NotPermitted, Refused
from app.models import ClusterMembership, ClusterSet, JournalEntry, School
from app.terms import ClusterSetStatus
from app.workflows import cluster_sets, control_frame
from app.workflows.screening_inputs import gather
from tests import factories as make
from tests.people import Cast


@pytest.fixture
def region(session: Session, cast: Cast) -> list[School]:
    """Thirty villages, twenty towns, ten correctional schools."""
    rng = np.random.default_rng(8)
    schools = [
        School(
            code=f"66{i:04d}",
            name=f"СОШ {i}",
            kind="secondary" if i < 50 else "correctional",
            municipality_id=cast.municipality.id,
            context={
                "settlement_type": 4 if i < 30 else 2,
                "size": int(rng.integers(1, 3) if i < 30 else rng.integers(6, 9)),
                "pupils": int(rng.integers(60, 120) if i < 30 else rng.integers(600, 900)),
            },
        )
        for i in range(60)
    ]
    session.add_all(schools)
    session.commit()
    return schools


def propose(session: Session, cast: Cast, at) -> ClusterSet:
    return cluster_sets.propose_clusters(session, 2026, actor=cast.actor("anna"), at=at)


def approve(session: Session, cast: Cast, chosen: ClusterSet, at) -> ClusterSet:
    return cluster_sets.approve_clusters(
        session, chosen.id, actor=cast.actor("rita"), at=at, expected_version=chosen.version
    )


def test_a_proposed_set_keeps_method_features_memberships_and_their_hash(session, cast, region, at) -> None:
    chosen = propose(session, cast, at)

    members = session.scalars(select(ClusterMembership)).all()
    numbers = {member.school_id: member.number for member in members}
    assert (chosen.n_clusters, chosen.n_schools) == (2, 50)
    assert {numbers[school.id] for school in region[:30]} == {1}
    assert {numbers[school.id] for school in region[30:50]} == {2}
    assert not {school.id for school in region[50:]} & set(numbers)
    assert numbers[cast.school.id] is None
    assert chosen.n_left_out == 4
    assert next(division["k"] for division in chosen.method["tried"]) == 2
    assert {f["name"] for f in chosen.features if f["weight"]} == {"rural", "town_size", "pupils"}
    assert len(chosen.sha256) == 64
    assert chosen.status is ClusterSetStatus.PROPOSED


def test_the_same_context_gives_the_same_hash(session, cast, region, at) -> None:
    first = propose(session, cast, at)
    second = propose(session, cast, at)
    region[0].context = {"settlement_type": 2, "size": 8, "pupils": 800}
    session.flush()
    third = propose(session, cast, at)

    assert first.sha256 == second.sha256 != third.sha256


def test_an_approval_names_who_and_when_and_replaces_the_one_before(session, cast, region, at) -> None:
    first = approve(session, cast, propose(session, cast, at), at)
    second = approve(session, cast, propose(session, cast, at), at)

    assert (first.status, second.status) == (ClusterSetStatus.REPLACED, ClusterSetStatus.APPROVED)
    assert (second.approved_by_name, second.approved_at) == ("Rita", at)
    assert cluster_sets.approved_set(session) is second
    actions = session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)).all()
    assert actions == ["clusters:propose", "clusters:approve"] * 2
    with pytest.raises(Refused) as refusal:
        approve(session, cast, second, at)
    assert refusal.value.reasons[0].code == "decided"


def test_moved_schools_are_counted_whatever_the_numbers_of_clusters(session, cast, region, at) -> None:
    first = propose(session, cast, at)
    assert cluster_sets.moved(session, first) is None
    approve(session, cast, first, at)
    for school in region[:3]:
        school.context = {"settlement_type": 2, "size": 8, "pupils": 800}
    for school in region[3:12]:
        school.kind = "evening"  # the villages become the smaller cluster, so that the numbers change places
    session.flush()

    second = propose(session, cast, at)

    assert cluster_sets.moved(session, second) == (3, 41)


def test_rights_of_proposing_and_approving_are_apart_and_the_regions(session, cast, region, at) -> None:
    with pytest.raises(NotPermitted):
        cluster_sets.propose_clusters(session, 2026, actor=cast.actor("rita"), at=at)
    chosen = propose(session, cast, at)
    with pytest.raises(NotPermitted):
        cluster_sets.approve_clusters(session, chosen.id, actor=cast.actor("anna"), at=at, expected_version=1)
    with pytest.raises(Refused) as refusal:
        cluster_sets.approve_clusters(session, chosen.id, actor=cast.actor("marat"), at=at, expected_version=1)
    assert refusal.value.reasons[0].code == "regional_only"
    with pytest.raises(Conflict):
        cluster_sets.approve_clusters(session, chosen.id, actor=cast.actor("rita"), at=at, expected_version=9)


def test_without_context_the_refusal_says_what_to_upload(session, cast, at) -> None:
    with pytest.raises(Refused) as refusal:
        propose(session, cast, at)

    (reason,) = refusal.value.reasons
    assert "Загрузите контекстную форму" in reason.ru
    assert reason.href == "/uploads"


def test_the_database_allows_one_approved_set(session, cast, region, at) -> None:
    approve(session, cast, propose(session, cast, at), at)

    from sqlalchemy.exc import IntegrityError

    session.add(
        ClusterSet(
            year=2026, status=ClusterSetStatus.APPROVED, n_schools=1, n_clusters=1, n_left_out=0, sha256="4" * 64,
            proposed_by_name="x", proposed_at=at, approved_at=at,
        )
    )  # fmt: skip
    with pytest.raises(IntegrityError):
        session.flush()


def test_a_department_sees_the_set_and_only_its_own_schools_in_it(session, cast, at) -> None:
    make.make_cluster_set(session, [cast.school, cast.foreign])
    school_id, dina, kira = cast.school.id, cast.actor("dina"), cast.actor("kira", cast.school)
    foreign_id = cast.foreign.id
    session.commit()
    bind(session, dina)

    assert len(session.scalars(select(ClusterSet)).all()) == 1
    assert session.scalars(select(ClusterMembership.school_id)).all() == [foreign_id]

    bind(session, kira)
    assert session.scalars(select(ClusterSet)).all() == []
    assert school_id != foreign_id


def test_clusters_become_the_strata_of_a_control_group(session, cast, region, at) -> None:
    plain = control_frame.build_frame(session, at=at)
    chosen = approve(session, cast, propose(session, cast, at), at)

    frame = control_frame.build_frame(session, at=at)

    names = {cluster["name_ru"] for cluster in chosen.clusters}
    assert {row["stratum"] for row in frame["schools"] if row["code"].startswith("66")} == names
    assert not {row["stratum"] for row in plain["schools"]} & names


def test_screening_takes_the_approved_set_and_keeps_its_hash(
    context: AppContext, session: Session, cast: Cast, region: list[School], at, tmp_path
) -> None:
    works = pd.DataFrame(
        {
            "year": 2026, "subject": "ma", "grade": 5, "school": [region[0].code, region[40].code],
            "participant": ["50001", "50002"], "score": [5, 9], "item_1": [5, 9],
        }
    )  # fmt: skip
    path = tmp_path / "works.parquet"
    works.to_parquet(path)
    make.make_dataset(session, sha256=context.store.put_file(path))
    session.commit()
    before = gather(context, 2026)
    chosen = approve(session, cast, propose(session, cast, at), at)
    session.commit()

    after = gather(context, 2026)

    assert "cluster" not in before.schools
    assert "cluster_set" not in before.description
    assert after.description["cluster_set"] == {"id": chosen.id, "sha256": chosen.sha256}
    clusters = after.schools.set_index("school")["cluster"]
    names = [cluster["name_ru"] for cluster in chosen.clusters]
    assert [clusters[region[0].code], clusters[region[40].code]] == names
    assert clusters.isna().sum() == session.scalar(select(func.count(School.id))) - 50
