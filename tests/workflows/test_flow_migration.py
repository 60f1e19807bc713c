"""Leading running cases over to another version, and back."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.context import AppContext
from app.errors import NotPermitted, Refused
from app.jobs import run_pending
from app.models import Case, CaseEvent, JournalEntry, MigratedCase, WorkflowVersion
from app.terms import MigratedOutcome, MigrationStatus
from app.workflows import flow_migration as migrations
from app.workflows.engine import available, fire
from tests import factories
from tests.people import Cast

REASON = "Округ перешёл на порядок «сначала куратор»."


def version(session: Session, name: str) -> WorkflowVersion:
    return session.scalars(select(WorkflowVersion).where(WorkflowVersion.name == name)).one()


def ask(session: Session, cast: Cast, at: datetime) -> migrations.WorkflowMigration:
    """Two cases, one at the curator's stage, one observed; the second stage is left without a place."""
    factories.make_case(session, cast.school, state="curator_assigned")
    factories.make_case(session, cast.neighbour, state="observed")
    row = migrations.request_migration(
        session,
        version(session, "objectivity").id,
        version(session, "objectivity_curator_first").id,
        {"flagged": "flagged", "curator_assigned": "interview"},
        reason=REASON,
        actor=cast.actor("root"),
        at=at,
    )
    session.commit()
    return row


@pytest.fixture
def asked(session: Session, cast: Cast, at: datetime) -> migrations.WorkflowMigration:
    return ask(session, cast, at)


def cases(session: Session) -> list[tuple[str, str, int]]:
    session.expire_all()
    return [(c.workflow, c.state, c.version) for c in session.scalars(select(Case).order_by(Case.id))]


def test_a_preview_says_of_each_case_where_it_would_stand(session, cast, at) -> None:
    factories.make_case(session, cast.school, state="curator_assigned")
    factories.make_case(session, cast.neighbour, state="observed")
    source = version(session, "objectivity")

    rows = migrations.preview(session, source, {"observed": "observed"})

    assert [(row.case.state, row.to_state) for row in rows] == [("curator_assigned", None), ("observed", "observed")]


def test_mapped_cases_go_over_with_event_and_journal_and_the_others_stay(
    context: AppContext, session: Session, cast: Cast, asked, at: datetime
) -> None:
    run_pending(context)

    assert cases(session) == [("objectivity_curator_first", "interview", 1), ("objectivity", "observed", 0)]
    event = session.scalars(select(CaseEvent)).one()
    assert (event.trigger, event.from_state, event.to_state, event.seq) == (
        "migrate",
        "curator_assigned",
        "interview",
        1,
    )
    entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "case:migrate")).one()
    assert (entry.reason, entry.facts["to_workflow"]) == (REASON, "objectivity_curator_first 1")
    kept = session.scalars(select(MigratedCase).order_by(MigratedCase.case_id)).all()
    assert [row.outcome for row in kept] == [MigratedOutcome.MOVED, MigratedOutcome.UNMAPPED]
    case = session.scalars(select(Case).order_by(Case.id)).first()
    assert [move.transition.trigger for move in available(session, case, actor=cast.actor("marat"), at=at)] == [
        "observe", "dismiss", "back_to_signs", "back_to_curator",
    ]  # fmt: skip


def test_the_way_back_returns_every_case_that_has_not_moved_since(
    context: AppContext, session: Session, cast: Cast, at: datetime
) -> None:
    factories.make_case(session, cast.objective, state="flagged")
    asked = ask(session, cast, at)
    run_pending(context)
    session.expire_all()
    moved = session.scalars(select(Case).where(Case.school_id == cast.objective.id)).one()
    factories.make_order(session, moved, cast["kira"])
    fire(
        session, moved.id, "assign", actor=cast.actor("marat"), at=at, expected_version=1, request_id="moved-since"
    )  # fmt: skip
    migrations.request_undo(session, asked.id, reason="Ошиблись версией хода.", actor=cast.actor("root"), at=at)
    session.commit()

    run_pending(context)

    assert cases(session) == [
        ("objectivity_curator_first", "curator_assigned", 2),
        ("objectivity", "curator_assigned", 2),
        ("objectivity", "observed", 0),
    ]
    outcomes = session.scalars(select(MigratedCase.outcome).order_by(MigratedCase.case_id)).all()
    assert outcomes == [MigratedOutcome.KEPT, MigratedOutcome.RETURNED, MigratedOutcome.UNMAPPED]
    assert migrations.migration_of(session, asked.id).status is MigrationStatus.UNDONE


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"mapping": {"flagged": "nowhere"}}, "wrong_mapping"),
        ({"mapping": {"nowhere": "flagged"}}, "wrong_mapping"),
        ({"mapping": {"flagged": "closed"}}, "wrong_mapping"),
        ({"mapping": {}}, "nobody_goes"),
        ({"reason": "так"}, "no_reason"),
        ({"to": "low_results"}, "other_kind"),
        ({"to": "objectivity"}, "other_kind"),
    ],
)
def test_a_migration_that_cannot_be_is_refused_and_nothing_is_asked(changes, code, session, cast, at) -> None:
    factories.make_case(session, cast.school)

    with pytest.raises(Refused) as refusal:
        migrations.request_migration(
            session,
            version(session, "objectivity").id,
            version(session, changes.get("to", "objectivity_amur")).id,
            changes.get("mapping", {"flagged": "flagged"}),
            reason=changes.get("reason", REASON),
            actor=cast.actor("root"),
            at=at,
        )

    assert code in {reason.code for reason in refusal.value.reasons}
    assert session.scalars(select(migrations.WorkflowMigration)).all() == []


@pytest.mark.parametrize("name", ["rita", "marat", "anna"])
def test_only_an_administrator_leads_cases_over(name, session, cast, at) -> None:
    with pytest.raises(NotPermitted):
        migrations.request_migration(session, 1, 2, {}, reason=REASON, actor=cast.actor(name), at=at)


def test_the_database_refuses_a_case_of_a_workflow_nobody_has(session, cast) -> None:
    with pytest.raises(IntegrityError):
        factories.make_case(session, cast.school, workflow_version="77")


def test_a_school_may_have_an_open_case_of_each_kind_but_not_two_of_one(session, cast) -> None:
    factories.make_case(session, cast.school)
    factories.make_case(session, cast.school, number="2026-5000", kind="low_results", workflow="low_results")

    with pytest.raises(IntegrityError):
        factories.make_case(session, cast.school, number="2026-5001", kind="low_results", workflow="low_results")
