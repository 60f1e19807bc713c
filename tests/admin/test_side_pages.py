"""Pages of side moves and bulk decisions: the form, what the case's page says then, and the way back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from app.database import acting
from app.days import day_of
from app.jobs import run_pending
from app.models import BulkDecision, BulkRow, Case, CasePause, HandOver
from app.policy import SYSTEM
from app.terms import BulkRowStatus, BulkStatus, Verdict
from tests.admin.world import World, readable

DAY = day_of(datetime.now(UTC) + timedelta(days=9)).isoformat()
WHY = "Школа на карантине до конца недели."


def send(client, path: str, **values):
    """Fill in a form as the page shows it and send it."""
    page = client.get(path).get_data(as_text=True)
    hidden = dict(re.findall(r'<input[^>]*name="(csrf_token|version|request_id)"[^>]*value="([^"]*)"', page))
    return client.post(path, data={**hidden, **values})


def page_of(client, world: World, tab: str = "") -> str:
    return client.get(f"/cases/{world.own.case}?tab={tab}").get_data(as_text=True)


def test_a_case_is_held_and_resumed(world: World) -> None:
    client = world.client("marat")
    path = f"/cases/{world.own.case}/do"
    assert "Отложить дело" in page_of(client, world)

    assert send(client, f"{path}/hold", until_on=DAY, reason=WHY).status_code == 302

    page = page_of(client, world)
    assert "Дело отложено до" in page
    assert f"{path}/resume" in page
    assert f"{path}/hold" not in page
    assert send(client, f"{path}/resume", note="Карантин снят раньше.").status_code == 302
    assert "Дело отложено до" not in page_of(client, world)
    assert WHY in page_of(client, world, "work")
    assert "Дело возобновлено" in page_of(client, world, "course")


def test_a_refused_form_keeps_what_was_typed(world: World) -> None:
    answer = send(world.client("marat"), f"/cases/{world.own.case}/do/hold", until_on="2020-01-01", reason=WHY)

    assert answer.status_code == 409
    assert "должен быть впереди" in answer.get_data(as_text=True)
    assert WHY in answer.get_data(as_text=True)
    assert world.rows(CasePause) == []


def test_the_school_answers_a_question_on_its_page(world: World) -> None:
    asked = "Пришлите протокол проверки работ по математике."
    path = f"/cases/{world.own.case}/do"
    assert send(world.client("marat"), f"{path}/ask", to="school", asked=asked, due_on=DAY).status_code == 302
    school = world.client("sveta")
    assert asked in page_of(school, world)
    assert "ждут ответа на вопрос" in school.get("/").get_data(as_text=True)

    assert send(school, f"{path}/answer", text="Протокол приложен к письму № 12.").status_code == 302

    assert "возвращено на уточнение:" not in page_of(school, world)
    assert "Протокол приложен" in page_of(school, world, "work")


def test_one_who_is_tied_to_the_school_says_so_and_sees_the_case_without_its_buttons(world: World) -> None:
    client = world.client("marat")
    path = f"/cases/{world.own.case}/do"
    assert "Заявить самоотвод" in page_of(client, world)
    told = send(client, f"{path}/recuse", statement="")
    assert told.status_code == 409
    assert "в чём состоит конфликт" in told.get_data(as_text=True)

    assert send(client, f"{path}/recuse", kinds=["relative"]).status_code == 302

    page = page_of(client, world)
    assert "Решать по этому делу не вам" in page
    assert f"{path}/" not in page
    refused = client.get(f"{path}/hold")
    assert refused.status_code == 409
    assert "родственник" in refused.get_data(as_text=True)
    assert f"/cases/{world.own.case}" not in client.get("/").get_data(as_text=True)
    assert "Решать по этому делу не вам" not in page_of(world.client("mira"), world)


def test_a_closed_case_is_reopened_and_both_pages_show_the_chain(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        case = session.get(Case, world.own.case)
        case.state, case.closed_at, case.verdict = "closed", datetime.now(UTC), Verdict.CONFIRMED
    client = world.client("marat")

    answer = send(client, f"/cases/{world.own.case}/do/reopen", reason="Родители сообщили о подсказках.")

    assert answer.status_code == 302
    new = next(row for row in world.rows(Case) if row.episode_of_id == world.own.case)
    assert f"/cases/{new.id}" in page_of(client, world)
    assert f"/cases/{world.own.case}" in client.get(f"/cases/{new.id}").get_data(as_text=True)


def test_a_measure_is_refused_with_the_day_from_which_it_can(world: World) -> None:
    path = f"/cases/{world.own.case}/do/measure"
    values = {"kind": "remark", "order_number": "1", "issued_on": "2026-11-20", "addressee": "директор", "grounds": WHY}

    answer = send(world.client("marat"), path, **values)

    assert answer.status_code == 409
    assert "01.11.2028" in answer.get_data(as_text=True)


def decided(client, query: str, **values) -> str:
    answer = send(client, f"/bulk/new?{query}", reason="Решение совещания, протокол № 3.", person_id="0", **values)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(answer.headers["Location"])


def test_a_decision_over_the_filter_is_tried_carried_out_and_withdrawn(world: World) -> None:
    client = world.client("marat")
    assert "/bulk/new?state=observed" in client.get("/cases/?state=observed").get_data(as_text=True)

    where = decided(client, "state=observed", what="hold", until_on=DAY)
    page = client.get(where).get_data(as_text=True)
    assert "2 можно, 0 нельзя" in page  # of the municipality's own two schools, the foreign one never
    assert world.rows(CasePause) == []

    token = {"X-CSRFToken": world.token(client)}
    assert client.post(f"{where}/confirm", headers=token).status_code == 302
    run_pending(world.context)
    assert len(world.rows(CasePause, ended_at=None)) == 2
    assert "Отозвать решение" in client.get(where).get_data(as_text=True)
    book = readable(client.post(f"{where}/export/xlsx", headers=token))
    assert "СОШ № 1" in book
    assert "выполнено" in book

    assert client.post(f"{where}/withdraw", headers=token, data={"reason": "Ошиблись списком."}).status_code == 302
    run_pending(world.context)
    assert world.rows(CasePause, ended_at=None) == []
    assert "Возвращено" in client.get(where).get_data(as_text=True)


def test_a_dry_run_groups_what_cannot_be_done(world: World) -> None:
    client = world.client("marat")

    page = client.get(decided(client, "state=open", what="move:recheck")).get_data(as_text=True)

    assert "0 можно, 2 нельзя" in page
    assert "Перепроверка начата, но не все работы" in page
    assert f"/cases/{world.own.case}" in page
    assert {row.status for row in world.rows(BulkRow) if row.decision_id > 3} == {BulkRowStatus.UNABLE}


@pytest.mark.parametrize("login", ["kira", "sveta", "anna", "ivan", "root"])
def test_bulk_decisions_are_for_the_department_and_the_region(world: World, login: str) -> None:
    assert world.client(login).get("/bulk/").status_code == 403
    assert "/bulk/" not in world.client(login).get("/cases/").get_data(as_text=True)


def test_a_decision_of_another_municipality_does_not_exist(world: World) -> None:
    client = world.client("marat")

    assert client.get(f"/bulk/{world.foreign.decision}").status_code == 404
    assert all(row.status is BulkStatus.DRAFT for row in world.rows(BulkDecision))


def test_the_api_holds_hands_over_and_says_what_stands(world: World) -> None:
    client = world.client("marat")
    headers = {"X-CSRFToken": world.token(client)}
    path = f"/api/v1/cases/{world.own.case}"

    held = client.post(f"{path}/hold", headers=headers, json={"until_on": DAY, "reason": WHY, "version": 0})
    again = client.post(f"{path}/hold", headers=headers, json={"until_on": DAY, "reason": WHY, "version": 0})
    resumed = client.post(f"{path}/resume", headers=headers, json={"reason": "Снят карантин."})

    assert held.json["clock_stands_until"] == DAY
    assert again.status_code == 409
    assert resumed.json["clock_stands_until"] is None
    bad = client.post(f"{path}/hold", headers=headers, json={"until_on": "завтра", "reason": WHY, "version": 0})
    assert bad.status_code in (400, 422)
    assert world.rows(HandOver) == []


def test_reviews_list_what_waits(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(Case, world.own.case).opened_at = datetime(2024, 1, 10, tzinfo=UTC)
    client = world.client("marat")
    assert f"/cases/{world.own.case}/do/review" in client.get("/reviews/").get_data(as_text=True)

    note = "Помощь продолжается: курсы для учителей."
    assert send(client, f"/cases/{world.own.case}/do/review", note=note).status_code == 302

    assert f"/cases/{world.own.case}/do/review" not in client.get("/reviews/").get_data(as_text=True)
    assert note in page_of(client, world, "work")
