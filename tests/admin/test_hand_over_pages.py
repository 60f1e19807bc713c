"""A hand-over on the pages of everybody it concerns: who offers, who is asked, who issues the order."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from sqlalchemy import select

from app.admin import words
from app.database import acting
from app.days import day_of
from app.jobs import run_pending
from app.models import Case, HandOver, Notice, User
from app.policy import SYSTEM
from app.terms import HandOverStatus, PostKind, Role
from tests import factories
from tests.admin.test_side_pages import send
from tests.admin.world import World
from tests.people import enter

WHY = "С декабря я в отпуске"


@pytest.fixture
def lena(world: World) -> int:
    """A curator of the same methodical service; the case's curator was named by an order."""
    with acting(world.context.sessions, SYSTEM) as session:
        case = session.get_one(Case, world.own.case)
        case.curator_id, case.curator_name = world.cast["kira"].id, "Kira"
        factories.make_order(session, case, world.cast["kira"])
        user = User(
            login="lena", name="Лена", role=Role.CURATOR, password_hash="!", municipality_id=world.cast.municipality.id
        )
        session.add(user)
        session.flush()
        enter(session, user, kind=PostKind.METHODIST)
        world.cast.users["lena"] = user
        return user.id


def shown(client, path: str) -> str:
    return unescape(client.get(path).get_data(as_text=True))


def told(world: World, login: str) -> list[str]:
    """What a person was told of the hand-over since the last time."""
    run_pending(world.context)
    with acting(world.context.sessions, SYSTEM) as session:
        rows = session.scalars(
            select(Notice).where(Notice.user_id == world.cast[login].id, Notice.key.like("work-%")).order_by(Notice.id)
        )
        found = [row.text_ru for row in rows]
        for row in session.scalars(select(Notice).where(Notice.user_id == world.cast[login].id)):
            session.delete(row)
    return found


def test_an_offer_goes_from_the_declaration_to_the_order(world: World, lena: int) -> None:
    path = f"/cases/{world.own.case}/do"
    kira, marat, successor = world.client("kira"), world.client("marat"), world.client("lena")
    assert send(kira, f"{path}/transfer", person_id=str(lena), reason=WHY).status_code == 302
    assert f"{WHY}.\n" in shown(kira, f"/cases/{world.own.case}")
    assert len(told(world, "lena")) == 1

    day = shown(successor, "/")
    assert "<h1>Вас ждут: 1\N{NO-BREAK SPACE}декларация" in day
    assert "Сначала — декларация" in day
    assert f"дело предлагает вам {world.cast['kira'].name}" in shown(successor, "/declarations/")
    school_id = world.cast.school.id
    assert send(successor, f"/declarations/{school_id}", answer="no").status_code == 302
    assert "вам предлагают дело" in shown(successor, "/")

    form = shown(successor, f"{path}/transfer_answer")
    assert "no_conflict_declared" not in form, "what was declared a moment ago is not asked twice"
    assert send(successor, f"{path}/transfer_answer", choice="yes").status_code == 302

    assert "внести приказ о новом кураторе" in shown(marat, "/")
    assert ["согласились принять" in text for text in told(world, "marat")] == [True]
    assert ["согласились принять" in text for text in told(world, "kira")] == [True]
    assert "Дело переходит к другому куратору: Лена" in shown(marat, f"/cases/{world.own.case}")
    assert f'<option selected value="{lena}"' in shown(marat, f"{path}/order")
    day_of_order = day_of(datetime.now(UTC)).isoformat()
    order = {"curator_id": str(lena), "number": "45", "issued_on": day_of_order, "until": "2099-06-30"}
    assert send(marat, f"{path}/order", **order).status_code == 302

    assert world.rows(HandOver)[-1].status is HandOverStatus.DONE
    assert "внести приказ о новом кураторе" not in shown(marat, "/")
    assert [text.partition(": ")[2].partition(" (")[0] for text in told(world, "kira") + told(world, "lena")] == [
        "дело ведёт новый куратор",
        "вы назначены куратором",
    ]
    course = re.sub(r"<[^>]+>", " ", shown(marat, f"/cases/{world.own.case}?tab=course"))
    assert world.cast["kira"].name in course
    assert "Лена" in course


def test_an_offer_taken_back_is_told_to_whom_it_was_made(world: World, lena: int) -> None:
    path = f"/cases/{world.own.case}/do"
    marat = world.client("marat")
    assert send(marat, f"{path}/transfer", person_id=str(lena), reason=WHY).status_code == 302
    assert len(told(world, "lena")) == 1

    assert send(marat, f"{path}/transfer_back", reason="Кира передумала и остаётся.").status_code == 302

    assert ["отозвано" in text for text in told(world, "lena")] == [True]
    assert told(world, "marat") == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Ухожу в отпуск", "Ухожу в отпуск."),
        (" Ухожу. ", "Ухожу."),
        ("Школа сказала «нет!»", "Школа сказала «нет!»"),
        ("Работы школы (все)", "Работы школы (все)."),
        ("", ""),
    ],
)
def test_what_was_typed_ends_as_a_sentence(typed: str, said: str) -> None:
    assert words.sentence(typed) == said
