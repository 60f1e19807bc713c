"""Pages of the calendar and of deadlines: the year, a preview that changes nothing, pins, the letter about works."""

from __future__ import annotations

import html
import json
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.database import acting
from app.days import day_of
from app.jobs import run_pending
from app.models import (
    CalendarChange,
    CalendarEntry,
    CalendarEvent,
    Case,
    Deadline,
    Document,
    PreservationRequest,
    ProgrammeTask,
    Recheck,
    RoadMapItem,
)
from app.policy import SYSTEM
from app.terms import ChangeStatus, DocumentKind, Lateness, RecheckStatus, Verdict
from app.workflows import lost_events
from tests import factories as make
from tests.admin.test_case_pages import Desk
from tests.admin.test_data_pages import Browser
from tests.admin.world import NOW, World

TODAY = day_of(NOW)


@pytest.fixture
def marat(world: World) -> Browser:
    return Browser(world, "marat")


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return html.unescape(found.group(1))


def test_the_year_shows_holidays_moved_days_and_local_ones(world: World) -> None:
    page = Browser(world, "sveta").text("/calendar/?year=2026")

    assert "День Победы" in page
    assert "перенесён с 09.05" in page
    assert "Местный праздник" in page
    assert "Изменить" not in page


def test_a_year_without_a_decree_says_so(world: World, marat: Browser) -> None:
    assert "переносы года ещё не утверждены" in marat.text("/calendar/?year=2027")
    assert "переносы года ещё не утверждены" not in marat.text("/calendar/?year=2026")


def test_days_are_previewed_first_and_applied_when_asked(world: World, marat: Browser) -> None:
    before = len(world.rows(CalendarEntry))
    answer = marat.send(
        "/calendar/days", kind="day_off", title="Карантин", starts_on="2026-11-10", ends_on="2026-11-13",
        place=world.cast.municipality.id, source="приказ № 5",
    )  # fmt: skip
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Пока ничего не изменено." in page
    assert len(world.rows(CalendarEntry)) == before

    refused = marat.send("/calendar/apply", change=hidden(page, "change"), reason="")
    assert refused.status_code == 409
    assert "Напишите, почему меняется календарь" in refused.get_data(as_text=True)
    sent = marat.send("/calendar/apply", change=hidden(page, "change"), reason="Грипп")
    run_pending(world.context)

    assert sent.status_code == 302
    report = marat.text(sent.location)
    assert "Сдвинулось" in report
    assert "без сообщений" in report
    (change,) = world.rows(CalendarChange, reason="Грипп")
    assert (change.status, change.is_told) == (ChangeStatus.APPLIED, False)
    assert len(world.rows(CalendarEntry)) == before + 1


def test_the_report_names_an_event_that_is_gone(world: World, marat: Browser) -> None:
    page = marat.send(f"/calendar/event/{world.own.event}", what="remove").get_data(as_text=True)
    sent = marat.send("/calendar/apply", change=hidden(page, "change"), reason="Список не вышел")
    run_pending(world.context)

    assert "Отменить событие: публикация списка" in marat.text(sent.location)
    assert not world.rows(CalendarEvent, id=world.own.event)


def test_a_removal_says_whose_dates_lose_their_ground_and_the_page_of_each_says_what_to_do(
    world: World, marat: Browser
) -> None:
    town = world.cast.municipality.id
    with acting(world.context.sessions, SYSTEM) as session:
        gone = make.make_event(session, town, on=date(2027, 2, 1))
        row = make.make_deadline(session, town, title="Собеседования", occurrence=f"event:{gone.id}",
                                 starts_on=date(2027, 2, 1), due_on=date(2027, 2, 15))  # fmt: skip
        make.make_event(session, town, on=date(2027, 2, 3))
    path = f"/deadlines/{row.id}"

    page = marat.send(f"/calendar/event/{gone.id}", what="remove").get_data(as_text=True)
    assert "Сроки, которые лишатся события: 1" in page
    assert f"{world.cast.municipality.name}, Mira" in page
    assert "без основания: событие снято" in page
    assert "Без основания" not in marat.text(path)
    sent = marat.send("/calendar/apply", change=hidden(page, "change"), reason="Список отозван")
    run_pending(world.context)

    report = marat.text(sent.location)
    assert "владельцам сообщено" in report
    assert f'href="{path}"' in report
    assert "Событие снято, срок остался без основания" in marat.text("/inbox")
    assert "без основания" in marat.text("/deadlines/?state=groundless")
    told = marat.text(path)
    assert "Без основания: событие снято." in told
    assert "Список отозван" in told
    assert "Закрепите его или выберите другое событие." in told
    choice = re.search(r'<option value="(event:\d+)">17.02.2027: публикация списка 03.02', told)
    assert choice
    refused = marat.send(f"{path}/event", version=hidden(told, "version"), event="event:0")
    assert (refused.status_code, "Выберите событие из списка" in refused.get_data(as_text=True)) == (409, True)
    taken = marat.send(f"{path}/event", version=hidden(told, "version"), event=choice.group(1))
    assert taken.status_code == 302
    assert "Без основания" not in marat.text(path)
    assert world.rows(Deadline, id=row.id)[0].due_on == date(2027, 2, 17)


def test_a_recheck_whose_works_may_be_gone_says_so_and_what_to_do(world: World, marat: Browser) -> None:
    path = f"/rechecks/{world.own.recheck}"
    with acting(world.context.sessions, SYSTEM) as session:
        row = session.get_one(Recheck, world.own.recheck)
        row.status, row.outcome, row.scheduled_on = RecheckStatus.DRAWN, None, date(2030, 1, 10)

    page = marat.text(path)

    assert "В этот день работ может уже не быть" in page
    assert "Попросить сохранить" in page


def test_a_task_and_a_measure_of_a_road_map_say_that_their_event_is_gone(world: World, marat: Browser) -> None:
    change = world.rows(CalendarChange)[0]
    with acting(world.context.sessions, SYSTEM) as session:
        removal = session.get_one(CalendarChange, change.id)
        was = {"kind": "sitting", "title": "Заседание", "subject": "", "grade": None, "on": "2026-11-02"}
        removal.values = {**removal.values, "was": was}
        task = session.scalars(select(ProgrammeTask).where(ProgrammeTask.id == world.own.task)).one()
        item = session.scalars(select(RoadMapItem).where(RoadMapItem.id == world.own.item)).one()
        for row in (task, item):
            row.lost_change_id, row.status, row.is_pinned, row.pinned_reason = change.id, "planned", False, None
            row.due_on = row.due_on or date(2027, 2, 1)
        day = task.due_on

    path = f"/programmes/tasks/{world.own.task}"
    for page in (marat.text(path), marat.text(f"/road-maps/items/{world.own.item}")):
        assert "Без основания: событие снято." in page
        assert "«Перенести срок» закрепит тот же день или другой" in page
    said = marat.send(f"{path}/act", action="move", version=hidden(marat.text(path), "version"),
                      due_on=day.isoformat(), reason="Заседание будет в тот же день.")  # fmt: skip
    assert said.status_code == 302
    assert "Без основания" not in marat.text(path)


def test_a_forged_change_of_the_region_is_refused(world: World, marat: Browser) -> None:
    values = {"kind": "day_off", "title": "Отпуск", "starts_on": "2026-12-01", "ends_on": "2026-12-31", "source": "я"}
    forged = json.dumps({"kind": "entry_add", "row_id": None, "values": {**values, "municipality_id": None}})

    answer = marat.send("/calendar/apply", change=forged, reason="просто так")

    assert answer.status_code == 403
    assert not world.rows(CalendarEntry, title="Отпуск")


@pytest.mark.parametrize("rubbish", ["", "{}", "[]", '{"kind": "x", "row_id": 1, "values": {}}', "никак"])
def test_a_preview_that_is_no_change_is_stale(rubbish: str, world: World, marat: Browser) -> None:
    assert marat.send("/calendar/apply", change=rubbish, reason="просто так").status_code == 409


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("date", {"on": "2999-01-01"}, "не даёт ни одного дня"),
        ("monthly", {"day": 25}, "ежемесячно до 25 числа"),
        ("months", {"months": [1, 7]}, "январь, июль"),
        ("quarterly", {}, "ежеквартально"),
        ("year_end", {"year": "academic"}, "до конца учебного года"),
    ],
)
def test_a_deadline_is_set_by_its_rule(kind: str, fields: dict, words: str, world: World, marat: Browser) -> None:
    place = world.cast.municipality.id

    answer = marat.send(f"/deadlines/add?kind={kind}", title="Отчёт", place=place, day_off="", **fields)

    if answer.status_code == 409:
        assert words in answer.get_data(as_text=True)
        assert not world.rows(Deadline, title="Отчёт")
    else:
        assert words in marat.text("/deadlines/?search=Отчёт")
        assert all(row.rule["kind"] == kind for row in world.rows(Deadline, title="Отчёт"))


def test_a_deadline_is_pinned_with_a_reason_unpinned_and_done(world: World, marat: Browser) -> None:
    path = f"/deadlines/{world.own.deadline}"
    version = hidden(marat.text(path), "version")
    refused = marat.send(f"{path}/pin", version=version, on="2026-12-11", reason="")
    assert refused.status_code == 409
    assert "Напишите, почему срок закрепляется" in refused.get_data(as_text=True)

    assert marat.send(f"{path}/pin", version=version, on="2026-12-11", reason="так решил совет").status_code == 302
    assert "так решил совет" in marat.text(path)
    stale = marat.send(f"{path}/unpin", version=version)
    assert stale.status_code == 409
    assert marat.send(f"{path}/unpin", version=hidden(marat.text(path), "version")).status_code == 302
    assert marat.send(f"{path}/finish", version=hidden(marat.text(path), "version")).status_code == 302

    assert "выполнено" in marat.text(path)


def test_cases_past_their_stage_are_found_by_the_filter(world: World, marat: Browser) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(Case, world.own.case).due_on = TODAY - timedelta(days=1)
        session.get(Case, world.neighbour.case).due_on = TODAY + timedelta(days=3)

    late = marat.text(f"/cases/?due={Lateness.OVERDUE}")
    soon = marat.text(f"/cases/?due={Lateness.SOON}")

    assert f"/cases/{world.own.case}" in late
    assert f"/cases/{world.neighbour.case}" not in late
    assert f"/cases/{world.neighbour.case}" in soon


def test_the_letter_about_works_is_issued_from_the_case(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        case = make.make_case(session, world.cast.objective, number="2026-0888", state="observed")
        case_id = case.id
    desk = Desk(world, "marat")
    assert "Работ может уже не быть" in desk.open(f"/cases/{case_id}/do/preservation")

    fields = {"number": "9/х", "keep_until": (TODAY + timedelta(days=90)).isoformat(), "signatory": "М. П. Соколова"}
    refused = desk.send(f"/cases/{case_id}/do/preservation", **fields, signatory_post="Начальник")
    assert refused.status_code == 409
    assert "Узнайте у школы" in refused.get_data(as_text=True)
    sent = desk.send(f"/cases/{case_id}/do/preservation", **fields, signatory_post="Начальник", is_confirmed="y")

    assert sent.status_code == 302
    assert len(world.rows(PreservationRequest, case_id=case_id)) == 1
    assert world.rows(Document, case_id=case_id)[0].kind is DocumentKind.KEEP_WORKS
    assert "до " + f"{TODAY + timedelta(days=90):%d.%m.%Y}" in desk.open(f"/cases/{case_id}")


def test_a_late_recheck_is_refused_with_the_link_to_the_request(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        for row in session.query(PreservationRequest):
            session.delete(row)
        make.make_case(session, world.cast.objective, number="2026-0889", state="observed")
    desk = Desk(world, "marat")

    answer = desk.send(
        f"/cases/{world.own.case}/do/recheck", paper="2026:ma:5", share="0.3", order_number="55",
        inspector_id=str(world.cast["ivan"].id), scheduled_on=(TODAY + timedelta(days=7)).isoformat(),
    )  # fmt: skip

    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "В этот день работ может уже не быть" in page
    assert f'href="/cases/{world.own.case}/do/preservation"' in page


def test_all_dates_that_lost_one_event_are_mended_on_the_page_of_the_change(world: World, marat: Browser) -> None:
    town = world.cast.municipality.id
    with acting(world.context.sessions, SYSTEM) as session:
        gone = make.make_event(session, town, on=date(2027, 2, 1))
        for n in range(3):
            make.make_deadline(session, town, title=f"Явка {n}", occurrence=f"event:{gone.id}",
                               starts_on=date(2027, 2, 1), due_on=date(2027, 2, 15))  # fmt: skip
        make.make_event(session, town, on=date(2027, 2, 3))
    page = marat.send(f"/calendar/event/{gone.id}", what="remove").get_data(as_text=True)
    report = marat.send("/calendar/apply", change=hidden(page, "change"), reason="Список отозван").location
    run_pending(world.context)

    page = marat.text(report)
    assert "Сроки без основания, которые ведёте вы: 3" in page
    choice = re.search(r'<option value="(event:\d+)">публикация списка, 3', html.unescape(page))
    assert choice
    refused = marat.send(f"{report}/mend", how="pin", reason="")
    assert (refused.status_code, "Объясните причину" in refused.get_data(as_text=True)) == (409, True)
    assert marat.send(f"{report}/mend", how="event", event=choice.group(1)).status_code == 302

    page = marat.text(report)
    assert "Сроков получили основание: 3." in page
    assert "Среди сроков, которые ведёте вы, без основания нет ни одного." in page
    rows = [row for row in world.rows(Deadline) if row.title.startswith("Явка ")]
    assert {row.due_on for row in rows} == {date(2027, 2, 17)}
    assert Browser(world, "kira").client.post(f"{report}/mend").status_code in (400, 403)


def test_tasks_and_measures_are_pinned_with_the_deadlines_but_not_those_of_closed_cases(world: World) -> None:
    change = world.rows(CalendarChange)[0].id
    with acting(world.context.sessions, SYSTEM) as session:
        task = session.scalars(select(ProgrammeTask).where(ProgrammeTask.id == world.own.task)).one()
        items = [session.get_one(RoadMapItem, place.item) for place in (world.own, world.neighbour)]
        for row in (task, *items):
            row.lost_change_id, row.status, row.is_pinned, row.pinned_reason = change, "planned", False, None
            row.due_on = row.due_on or date(2027, 2, 1)
        closed = session.get_one(Case, world.neighbour.case)
        closed.state, closed.closed_at, closed.verdict = "closed", NOW, Verdict.CONFIRMED
    actor = world.cast.actor("marat")

    with acting(world.context.sessions, actor) as session:
        lost = lost_events.lost_by(session, change, actor)
        assert ([row.id for row in lost.tasks], [row.id for row in lost.items]) == ([world.own.task], [world.own.item])
        mended = lost_events.pin_all(session, change, "Дни согласованы.", actor=actor, at=NOW)

    assert (mended.done, mended.left) == (2 + len(lost.deadlines), 0)
    assert world.rows(ProgrammeTask, id=world.own.task)[0].pinned_reason == "Дни согласованы."
    assert world.rows(RoadMapItem, id=world.own.item)[0].pinned_reason == "Дни согласованы."
    assert not world.rows(RoadMapItem, id=world.neighbour.item)[0].is_pinned
