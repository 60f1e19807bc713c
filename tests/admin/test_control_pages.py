"""Pages of control groups."""

from __future__ import annotations

import re

import pytest

from app.database import acting
from app.models import ControlGroup, ControlMember, Municipality, School, ScreeningRun
from app.policy import SYSTEM
from app.terms import ControlGroupStatus
from tests import factories as make
from tests.admin.test_data_pages import Browser
from tests.admin.world import CANARY, World


@pytest.fixture
def anna(world: World) -> Browser:
    return Browser(world, "anna")


def add_schools(world: World, n: int = 30) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        places = [Municipality(code=f"p{i}", name=f"Район p{i}") for i in range(6)]
        session.add_all(places)
        session.flush()
        session.add_all(
            School(
                code=f"78{i:04d}", name=f"СОШ p{i}", kind="secondary", municipality_id=places[i % 6].id,
                context={"pupils": 50 + 13 * i, "settlement_type": 2 + 2 * (i % 2)},
            )
            for i in range(n)
        )  # fmt: skip


def drawn(world: World, anna: Browser) -> str:
    add_schools(world)
    sent = anna.send("/control/draw", title="Весна", year="2027", size="10", per_municipality="2", seed="ключ")
    assert sent.status_code == 302
    return sent.location


def version(page: str) -> str:
    return re.search(r'name="version"[^>]*value="(\d+)"', page).group(1)


def test_a_group_is_drawn_adjusted_fixed_and_taken_by_a_run(world: World, anna: Browser) -> None:
    path = drawn(world, anna)
    page = anna.text(path)
    assert "Похожа ли группа на регион" in page
    assert "ключ" in page
    (group,) = world.rows(ControlGroup, title="Весна")
    member = world.rows(ControlMember, group_id=group.id)[0]

    refused = anna.send(f"{path}/remove/{member.school_id}", version=version(page), reason="нет")
    assert refused.status_code == 409
    assert "Напишите причину" in refused.get_data(as_text=True)
    assert (
        anna.send(f"{path}/remove/{member.school_id}", version=version(page), reason="Ремонт здания.").status_code
        == 302
    )
    form = anna.text(f"{path}/add")
    assert anna.send(f"{path}/add", version=version(form), school_id=member.school_id, reason="нет").status_code == 409
    back = anna.send(f"{path}/add", version=version(form), school_id=member.school_id, reason="Ремонт закончен.")
    assert back.status_code == 302

    rita = Browser(world, "rita")
    order = {
        "order_number": "41",
        "order_date": "2026-01-20",
        "markers": "Эксперты соседей",
        "staff": "Методисты отдела",
    }
    assert rita.send(f"{path}/fix", version="99", **order).status_code == 409
    assert rita.send(f"{path}/fix", version=version(rita.text(f"{path}/fix"))).status_code == 422
    assert rita.send(f"{path}/fix", version=version(rita.text(f"{path}/fix")), **order).status_code == 302

    assert "Эксперты соседей" in anna.text(path)
    assert "с контрольной группой: Весна, 2027" in anna.text("/screening/")
    started = anna.send("/screening/start", year="2026", control_group=str(group.id))
    assert started.status_code == 302
    (run,) = world.rows(ScreeningRun, status="queued")
    assert run.inputs["control_group"]["id"] == group.id
    with acting(world.context.sessions, SYSTEM) as session:
        kept = session.get(ScreeningRun, run.id)
        kept.status, kept.reference = "done", {"control": False, "warnings": []}
    assert "Контрольная группа «Весна»" in anna.text(started.location)


def test_a_draw_that_cannot_be_made_says_why_and_keeps_what_was_typed(world: World, anna: Browser) -> None:
    add_schools(world)

    answer = anna.send("/control/draw", title="Большая", year="2027", size="100", per_municipality="2", seed="")

    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "выборку из 100 школ составить нельзя" in text
    assert 'value="Большая"' in text
    assert anna.send("/control/draw", title="", year="x").status_code == 422


def test_the_draw_is_repeated_before_ones_eyes_and_its_frame_taken_away(world: World, anna: Browser) -> None:
    path = drawn(world, anna)

    repeated = anna.client.post(f"{path}/redraw", headers=anna.headers, follow_redirects=True)
    frame = anna.send(f"{path}/frame/csv").get_data().decode("utf-8-sig")

    assert "вышли те же школы" in repeated.get_data(as_text=True)
    assert len(frame.splitlines()) > 30
    assert "открыто дело" in frame
    assert anna.send(f"{path}/frame/nonsense").status_code == 409


def test_strata_speak_english_to_an_english_reader(world: World, anna: Browser) -> None:
    path = drawn(world, anna)
    assert "поселение неизвестно" in anna.text(path)

    anna.send("/locale", locale="en")

    assert "unknown settlement" in anna.text(path)
    assert "поселение неизвестно" not in anna.text(path)
    assert "unknown settlement" in anna.send(f"{path}/frame/csv").get_data().decode("utf-8-sig")


def test_a_group_is_withdrawn_with_a_reason(world: World, anna: Browser) -> None:
    path = drawn(world, anna)
    rita = Browser(world, "rita")

    assert rita.send(f"{path}/withdraw", version="1", reason="").status_code == 409
    assert rita.send(f"{path}/withdraw", version="1", reason="Процедуру перенесли.").status_code == 302

    assert world.rows(ControlGroup, title="Весна")[0].status is ControlGroupStatus.WITHDRAWN
    assert "Процедуру перенесли." in anna.text(path)


def test_a_department_sees_its_own_schools_of_the_regions_group_and_cannot_change_it(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        schools = [session.get(School, place.school) for place in (world.own, world.foreign)]
        group = make.make_control_group(session, schools, municipality_id=None, title="Региональная")
        path = f"/control/{group.id}"
    marat = Browser(world, "marat")

    page = marat.text(path)

    assert "Показаны школы вашей территории" in page
    assert "Эту группу ведёт регион" in page
    assert CANARY not in page
    assert marat.client.get(f"{path}/fix").status_code == 409
    assert marat.send(f"{path}/withdraw", version="1", reason="Процедуру перенесли.").status_code == 409


@pytest.mark.parametrize("person", ["kira", "ivan", "sveta", "root"])
def test_others_do_not_open_control_groups(world: World, person: str) -> None:
    assert world.client(person).get("/control/").status_code == 403
