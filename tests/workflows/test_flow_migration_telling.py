"""Cases that went over to another version are told once a person, and one by one where their stage is another."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.admin.jobs import KINDS
from app.bench.fault_stage import AT, Stage, set_stage
from app.bench.verify import verify
from app.context import AppContext
from app.database import acting
from app.jobs import run_pending
from app.models import Notice, OutboxJob, User, WorkflowVersion
from app.policy import SYSTEM
from app.workflows import flow_migration, flow_migration_batches
from app.workflows.outbox import QUEUE_OF
from tests.workflows.test_flow_migration_batches import REASON, TARGET, ask_back, move


@pytest.fixture
def stage(context: AppContext, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(flow_migration_batches, "BATCH", 2)
    return set_stage(context)


def lead(stage: Stage, mapping: dict[str, str]) -> int:
    with acting(stage.context.sessions, SYSTEM) as session:
        session.execute(Notice.__table__.delete())
        ids = {row.name: row.id for row in session.scalars(select(WorkflowVersion))}
        row = flow_migration.request_migration(
            session, ids["objectivity"], ids[TARGET], mapping, reason=REASON, actor=SYSTEM, at=AT
        )
        migration_id = row.id
    run_pending(stage.context)
    assert verify(stage.context, is_settled=True) == []
    return migration_id


def told(stage: Stage) -> list[tuple[str, str]]:
    with acting(stage.context.sessions, SYSTEM) as session:
        query = select(User.login, Notice.text_ru).join(User, User.id == Notice.user_id).order_by(Notice.id)
        return [(row.login, row.text_ru) for row in session.execute(query)]


def test_five_cases_of_one_department_are_one_message_there_and_one_back(stage: Stage) -> None:
    stage.add_cases(5)

    migration_id = lead(stage, {"flagged": "flagged"})

    ((login, text),) = told(stage)
    assert login == "fault-department"
    assert text.startswith("Дела ведутся по порядку «")
    with acting(stage.context.sessions, SYSTEM) as session:
        jobs = session.scalar(select(func.count()).select_from(OutboxJob).where(OutboxJob.kind == "cases_led"))
        names = {row.name: row.title for row in session.scalars(select(WorkflowVersion))}
    assert jobs == 3, "a job a batch of two"
    assert names[TARGET] in text
    ask_back(stage, migration_id)
    run_pending(stage.context)
    assert [names[name] in text for name, (_login, text) in zip((TARGET, "objectivity"), told(stage), strict=True)] == [
        True,
        True,
    ]


def test_a_case_whose_stage_is_another_one_is_told_by_itself(stage: Stage) -> None:
    ids = stage.add_cases(3)
    move(stage, ids[1], 0)
    run_pending(stage.context)

    lead(stage, {"flagged": "flagged", "interview": "flagged"})

    texts = sorted(text for _login, text in told(stage))
    assert len(texts) == 2
    assert texts[0].startswith("Дела ведутся")
    assert "Собеседование → Признаки" in texts[1]


def test_every_kind_of_job_has_a_title_on_the_page() -> None:
    assert set(KINDS) == set(QUEUE_OF)
