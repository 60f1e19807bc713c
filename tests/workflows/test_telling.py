"""Who is told at once of a road map, of a proposed end and of an appointment, and who is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.context import AppContext
from app.database import acting
from app.jobs import run_pending
from app.models import Notice, User
from app.policy import SYSTEM
from app.terms import Addressee, PostKind, Role, Verdict
from app.workflows import assignment, case, questions, road_maps
from tests.people import enter
from tests.workflows.test_notices import NOON, TODAY, Town, town_of

DEPARTMENT = ("marat", "mira")
SECOND = "предложен итог, нужен второй человек"


@pytest.fixture
def town(sqlite_context: AppContext) -> Town:
    return town_of(sqlite_context)


def act(town: Town, name: str, verb: Any, *args: Any, **more: Any) -> Any:
    """Let a person act on the town's case and send what follows from it."""
    actor = town.actor(name)
    with acting(town.context.sessions, actor) as session:
        found = verb(session, *args, actor=actor, at=NOON, **more)
        key = (found.id, getattr(found, "version", 0))
    run_pending(town.context)
    return key


def told(town: Town) -> dict[str, list[str]]:
    """Login → what the person was told since the last time."""
    found: dict[str, list[str]] = {}
    with acting(town.context.sessions, SYSTEM) as session:
        for notice, login in (
            session.query(Notice, User.login).join(User, User.id == Notice.user_id).order_by(Notice.id)
        ):
            if notice.key.startswith("work-"):
                found.setdefault(login, []).append(notice.text_ru.partition(": ")[2].partition(" (дело")[0])
            session.delete(notice)
    return found


def test_a_road_map_is_told_to_the_school_and_its_answer_to_those_who_check(town: Town) -> None:
    key, version = act(town, "marat", road_maps.propose, town.case_id, ["vsoko"])
    assert told(town) == {"sveta": ["предложена дорожная карта"], "kira": ["предложена дорожная карта"]}

    key, version = act(town, "sveta", road_maps.agree, key, expected_version=version)
    assert told(town) == {login: ["дорожная карта согласована"] for login in DEPARTMENT}
    key, version = act(town, "sveta", road_maps.submit, key, expected_version=version)
    assert told(town) == {login: ["проверить дорожную карту"] for login in DEPARTMENT}

    key, version = act(town, "marat", road_maps.send_back, key, "Назовите ответственных.", expected_version=version)
    assert told(town) == {"sveta": ["дорожную карту вернули на доработку"]}
    key, version = act(town, "sveta", road_maps.submit, key, expected_version=version)
    told(town)
    act(town, "marat", road_maps.accept, key, expected_version=version)
    assert told(town) == {"sveta": ["дорожная карта принята"], "kira": ["дорожная карта принята"]}


def test_a_proposed_end_is_told_to_whoever_may_approve_it(town: Town) -> None:
    grounds = "Объяснения школы подтверждены документами."
    act(town, "kira", case.propose, town.case_id, Verdict.DISMISSED, grounds)
    assert told(town) == {login: [SECOND] for login in DEPARTMENT}

    act(town, "marat", case.propose, town.case_id, Verdict.DISMISSED, grounds)
    assert told(town) == {"mira": [SECOND]}

    with acting(town.context.sessions, SYSTEM) as session:
        session.get_one(User, town.cast["mira"].id).is_active = False
    act(town, "marat", case.propose, town.case_id, Verdict.DISMISSED, grounds)
    with acting(town.context.sessions, SYSTEM) as session:
        region = [
            login for (login,) in session.query(User.login).where(User.role == Role.REGION_MANAGER, User.is_active)
        ]
    assert told(town) == {login: [SECOND] for login in region}, "nobody else is there"


def test_a_curator_by_order_and_one_whose_question_is_withdrawn(town: Town) -> None:
    act(
        town, "marat", assignment.issue_order, town.case_id, town.cast["kira"].id,
        number="12", issued_on=TODAY, until=TODAY + timedelta(days=200), no_conflict_declared=False,
    )  # fmt: skip
    assert told(town) == {"kira": ["вы назначены куратором"]}

    with acting(town.context.sessions, SYSTEM) as session:
        other = User(
            login="lena", name="Лена", role=Role.CURATOR, password_hash="!", municipality_id=town.cast.municipality.id
        )
        session.add(other)
        session.flush()
        enter(session, other, kind=PostKind.METHODIST)
    act(
        town, "marat", questions.ask, town.case_id, Addressee.CURATOR, "Кто проверял работы 6Б?",
        TODAY + timedelta(days=4), expected_version=0, request_id="ask-1",
    )  # fmt: skip
    assert told(town) == {"kira": ["вам задан вопрос"]}
    act(town, "marat", questions.withdraw, town.case_id, "Ответ уже есть в протоколе.")
    assert told(town) == {"kira": ["вопрос к вам снят"]}
