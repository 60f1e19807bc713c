"""Pages of programmes, road maps of schools and mentoring: the whole way as people go it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from app.database import acting
from app.days import day_of
from app.flows import CLOSED
from app.models import Case, JournalEntry, Programme, ProgrammeMeasure, ProgrammeTask, RoadMap, RoadMapItem
from app.policy import SYSTEM
from app.roadmaps import load_templates
from app.terms import ProgrammeStatus, RoadMapStatus, TaskStatus, Verdict
from app.workflows import programme_updates
from tests.admin.test_data_pages import Browser
from tests.admin.world import CANARY, NOW, World

TODAY = day_of(NOW).isoformat()
PDF = b"%PDF-1.4 evidence"


@pytest.fixture
def marat(world: World) -> Browser:
    return Browser(world, "marat")


@pytest.fixture
def sveta(world: World) -> Browser:
    return Browser(world, "sveta")


def post(browser: Browser, path: str, **data: Any) -> Any:
    """A form with a file in it."""
    return browser.client.post(path, data=data, headers=browser.headers)


def drafted(world: World, marat: Browser, template: str = "kirovsky") -> int:
    answer = marat.send(f"/programmes/templates/{template}/draft", year="2026")
    assert answer.status_code == 302
    return int(answer.location.rsplit("/", 1)[-1])


def approved(world: World, marat: Browser, template: str = "kirovsky") -> int:
    programme_id = drafted(world, marat, template)
    answer = marat.send(
        f"/programmes/{programme_id}/approve", version="1", number="12-о", agreed_by="Глава района",
        agreed_on=TODAY, approved_by="Начальник отдела", approved_on=TODAY,
    )  # fmt: skip
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return programme_id


def test_the_gallery_shows_five_templates_with_their_counts(marat: Browser) -> None:
    page = marat.text("/programmes/templates")

    counts = [int(n) for n in re.findall(r'class="gallery-count"><b>(\d+)', page)]
    assert counts == [24, 37, 18, 48, 20]


@pytest.mark.parametrize("template", load_templates())
def test_a_preview_dates_every_measure_before_anything_is_made(world: World, marat: Browser, template: str) -> None:
    page = marat.text(f"/programmes/templates/{template}?year=2026")

    shown = re.findall(r'<td class="nowrap">([^<]+)</td>', page)
    assert sorted(shown) == sorted(measure.number for measure in load_templates()[template].measures)
    assert len(world.rows(Programme)) == 3


def test_a_programme_is_drafted_adapted_approved_and_carried_out(world: World, marat: Browser) -> None:
    programme_id = drafted(world, marat)
    row = world.rows(ProgrammeMeasure, programme_id=programme_id, number="24")[0]
    fields = {"what": row.what, "result": row.result, "evidence": row.evidence, "version": "1", "rule_kind": "keep"}
    refused = marat.send(f"/programmes/measures/{row.id}", **fields, left_out="1")
    assert refused.status_code == 409
    kept = marat.send(
        f"/programmes/measures/{row.id}", **fields, left_out="1", left_out_reason="Показатели утвердил регион."
    )
    assert kept.status_code == 302
    other = world.rows(ProgrammeMeasure, programme_id=programme_id, number="2")[0]
    moved = marat.send(
        f"/programmes/measures/{other.id}", what="Утвердить модель оценки района", result=other.result,
        evidence=other.evidence, version="1", rule_kind="date", rule_on="2026-12-15",
        responsible_id=world.cast["mira"].id,
    )  # fmt: skip
    assert moved.status_code == 302

    answer = marat.send(
        f"/programmes/{programme_id}/approve", version="1", number="12-о", agreed_by="Глава района",
        agreed_on=TODAY, approved_by="Начальник отдела", approved_on=TODAY,
    )  # fmt: skip
    assert answer.status_code == 302

    (task,) = world.rows(ProgrammeTask, measure_id=other.id)
    assert f"{task.due_on:%d.%m.%Y}" == "15.12.2026"
    for tab in ("calendar", "table", "progress"):
        assert "Утвердить модель оценки района" in marat.text(f"/programmes/{programme_id}?tab={tab}&kind=") or (
            tab == "progress"
        )
    assert "Показатели утвердил регион." in marat.text(f"/programmes/{programme_id}?tab=table&state=left_out")
    page = marat.text(f"/programmes/tasks/{task.id}")
    assert "Отметить выполнение" in page
    empty = post(marat, f"/programmes/tasks/{task.id}/act", action="done", version="1", done_on=TODAY)
    assert empty.status_code == 409
    assert "Нужно подтверждение" in empty.get_data(as_text=True)
    done = post(
        marat, f"/programmes/tasks/{task.id}/act", action="done", version="1", done_on=TODAY,
        file=(io.BytesIO(PDF), "модель.pdf"),
    )  # fmt: skip
    assert done.status_code == 302
    file = marat.client.get(f"/programmes/tasks/{task.id}/file")
    assert file.get_data() == PDF
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_approval_says_everything_that_is_wrong_and_keeps_what_was_typed(world: World, marat: Browser) -> None:
    programme_id = drafted(world, marat)

    answer = marat.send(
        f"/programmes/{programme_id}/approve", version="1", number="", agreed_by="Одно лицо", agreed_on=TODAY,
        approved_by="Одно лицо", approved_on=TODAY,
    )  # fmt: skip

    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Укажите номер утверждения." in page
    assert "не один и тот же человек" in page
    assert 'value="Одно лицо"' in page
    assert world.rows(Programme, id=programme_id)[0].status is ProgrammeStatus.DRAFT


def test_a_task_is_moved_pinned_and_returned_to_its_rule(world: World, marat: Browser) -> None:
    programme_id = approved(world, marat)
    (task,) = world.rows(ProgrammeTask, programme_id=programme_id, measure_id=_measure(world, programme_id, "14"))
    path = f"/programmes/tasks/{task.id}"

    marat.send(f"{path}/act", action="move", version="1", due_on="2027-02-10", reason="Данные придут в январе.")
    page = marat.text(path)
    assert "Данные придут в январе." in page
    marat.send(f"{path}/act", action="unpin", version="2")

    (task,) = world.rows(ProgrammeTask, id=task.id)
    assert (task.is_pinned, f"{task.due_on}") == (False, "2026-12-30")


def test_a_stale_page_is_told_and_changes_nothing(world: World, marat: Browser) -> None:
    programme_id = approved(world, marat)
    (task,) = world.rows(ProgrammeTask, programme_id=programme_id, measure_id=_measure(world, programme_id, "14"))
    path = f"/programmes/tasks/{task.id}"
    marat.send(f"{path}/act", action="waive", version="1", reason="Кластеры сделал регион.")

    answer = marat.send(
        f"{path}/act", action="move", version="1", due_on="2027-02-10", reason="Данные придут в январе."
    )

    assert answer.status_code == 409
    assert "Страница устарела" in answer.get_data(as_text=True)
    assert world.rows(ProgrammeTask, id=task.id)[0].status is TaskStatus.WAIVED


def test_progress_is_exported_by_section(world: World, marat: Browser) -> None:
    programme_id = approved(world, marat, "amur")

    answer = marat.send(f"/programmes/{programme_id}/export/xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    tasks = world.rows(ProgrammeTask, programme_id=programme_id)
    assert len([row for row in cells[1:] if row[1]]) == len(tasks)
    assert any("всего 2, выполнено 0" in str(row[2]) for row in cells)


def test_a_newer_template_is_shown_as_a_diff_and_applied_by_choice(
    world: World, marat: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme_id = approved(world, marat, "amur")
    amur = load_templates()["amur"]
    measures = (replace(amur.measures[0], what="Сопоставить ВПР с другими оценками школ перечня"), *amur.measures[1:-1])
    monkeypatch.setitem(load_templates(), "amur", replace(amur, version="2", measures=measures))

    page = marat.text(f"/programmes/{programme_id}/update")
    assert "Сопоставить ВПР с другими оценками школ перечня" in page
    (row,) = world.rows(Programme, id=programme_id)
    answer = marat.send(f"/programmes/{programme_id}/update", version=row.version, number="I.1")

    assert answer.status_code == 302
    assert world.rows(ProgrammeMeasure, programme_id=programme_id, number="I.1")[0].what.endswith("школ перечня")
    assert world.rows(ProgrammeMeasure, programme_id=programme_id, number="V.2")[0].left_out_reason is None
    with acting(world.context.sessions, SYSTEM) as session:
        assert programme_updates.template_of(session.get(Programme, programme_id)) is None


def test_the_road_map_goes_from_proposal_to_acceptance(world: World, marat: Browser, sveta: Browser) -> None:
    case_id = world.own.case
    _forget_road_map(world, case_id)
    form = marat.text(f"/road-maps/new/{case_id}")
    assert re.search(r'id="block-marking"[^>]*checked', form)
    assert not re.search(r'id="block-absence"[^>]*checked', form)
    assert marat.send(f"/road-maps/new/{case_id}", block=["marking", "vsoko"]).status_code == 302
    (road_map,) = world.rows(RoadMap, case_id=case_id)
    marat.send("/locale", locale="en", next="/")
    assert "Let a commission mark the works" in marat.text(f"/cases/{case_id}?tab=roadmap")
    marat.send("/locale", locale="ru", next="/")
    step = f"/road-maps/{road_map.id}/step"

    def go(browser: Browser, action: str, **data: Any) -> None:
        version = world.rows(RoadMap, id=road_map.id)[0].version
        browser.send(step, action=action, version=version, **data)

    assert "Согласовать карту" in sveta.text(f"/cases/{case_id}?tab=roadmap")
    assert "согласовать дорожную карту" in sveta.text("/")
    go(sveta, "agree")
    go(sveta, "add", what="Провести день открытых критериев", evidence="Фотоотчёт", due_on="2030-01-15")
    go(sveta, "submit")
    assert "проверить дорожную карту" in marat.text("/")
    go(sveta, "accept")
    assert world.rows(RoadMap, id=road_map.id)[0].status is RoadMapStatus.SUBMITTED
    go(marat, "return", remarks="Приложите положение о системе оценки.")
    assert "Приложите положение о системе оценки." in sveta.text(f"/cases/{case_id}?tab=roadmap")
    go(sveta, "submit")
    go(marat, "accept")

    (road_map,) = world.rows(RoadMap, id=road_map.id)
    assert (road_map.status, road_map.n_returns) == (RoadMapStatus.ACCEPTED, 1)
    page = marat.text(f"/cases/{case_id}?tab=roadmap")
    assert "Провести день открытых критериев" in page
    assert "Дорожная карта школы" in marat.text(f"/cases/{case_id}?tab=documents")
    actions = {e.action for e in world.rows(JournalEntry, subject="case", subject_id=case_id)}
    assert {f"roadmap:{verb}" for verb in ("propose", "agree", "add", "submit", "return", "accept")} <= actions


def test_a_refused_step_of_the_road_map_keeps_what_was_typed_with_the_reason_beside_it(
    world: World, marat: Browser, sveta: Browser
) -> None:
    (road_map,) = world.rows(RoadMap, case_id=world.own.case)
    step, typed = f"/road-maps/{road_map.id}/step", {"what": "Провести день открытых критериев", "evidence": "Отчёт"}

    late = sveta.send(step, action="add", version=road_map.version, **typed, due_on="2020-01-15")
    stale = sveta.send(step, action="add", version=road_map.version + 7, **typed, due_on="2030-01-15")
    early = marat.send(step, action="return", version=road_map.version, remarks="Приложите положение о комиссии.")

    for answer in (late, stale, early):
        assert answer.status_code == 409
    for answer in (late, stale):
        page = answer.get_data(as_text=True)
        assert ">Провести день открытых критериев</textarea>" in page
        assert 'value="Отчёт"' in page
        assert "<details open><summary>Добавить своё мероприятие" in page
    assert 'value="2020-01-15"' in late.get_data(as_text=True)
    assert "Не сохранено. Что исправить:" in late.get_data(as_text=True)
    assert "Страница устарела." in stale.get_data(as_text=True)
    assert "<blockquote>Приложите положение о комиссии.</blockquote>" in early.get_data(as_text=True)
    assert len(world.rows(RoadMapItem, road_map_id=road_map.id)) == 2

    sveta.send(step, action="submit", version=road_map.version)
    (road_map,) = world.rows(RoadMap, id=road_map.id)
    short = marat.send(step, action="return", version=road_map.version, remarks="Плохо")
    page = short.get_data(as_text=True)
    assert short.status_code == 409
    assert ">Плохо</textarea>" in page
    assert "<details open><summary>Вернуть на доработку" in page


def test_a_refused_step_of_a_task_keeps_what_was_typed(world: World, marat: Browser) -> None:
    programme_id = approved(world, marat)
    (task,) = world.rows(ProgrammeTask, programme_id=programme_id, measure_id=_measure(world, programme_id, "14"))

    answers = {
        "move": marat.send(f"/programmes/tasks/{task.id}/act", action="move", version="1", due_on="когда-нибудь",
                           reason="Данные придут в январе."),
        "waive": marat.send(f"/programmes/tasks/{task.id}/act", action="waive", version="9",
                            reason="Кластеры сделал регион."),
        "done": post(marat, f"/programmes/tasks/{task.id}/act", action="done", version="1", done_on="2040-01-01",
                     note="Справка № 5"),
    }  # fmt: skip

    assert [answer.status_code for answer in answers.values()] == [409] * 3
    assert "Данные придут в январе.</textarea>" in answers["move"].get_data(as_text=True)
    assert "Кластеры сделал регион.</textarea>" in answers["waive"].get_data(as_text=True)
    assert "Справка № 5</textarea>" in answers["done"].get_data(as_text=True)


def test_the_school_marks_its_measure_with_a_file_and_cannot_waive_it(
    world: World, marat: Browser, sveta: Browser
) -> None:
    (item,) = [row for row in world.rows(RoadMapItem, case_id=world.own.case) if row.status is TaskStatus.PLANNED]
    path = f"/road-maps/items/{item.id}"
    assert "Снять с причиной" not in sveta.text(path)
    refused = sveta.send(f"{path}/act", action="waive", version="1", reason="Нам это не нужно совсем.")
    assert refused.status_code == 409

    done = post(
        sveta, f"{path}/act", action="done", version="1", done_on=TODAY, note="Лист разбора № 2",
        file=(io.BytesIO(PDF), "лист.pdf"),
    )  # fmt: skip

    assert done.status_code == 302
    assert marat.client.get(f"{path}/file").get_data() == PDF
    assert "выполнено" in marat.text(path)


def test_a_closed_case_lets_nobody_change_its_road_map(world: World, sveta: Browser) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        case = session.get(Case, world.own.case)
        case.state, case.verdict, case.closed_at = CLOSED, Verdict.NOT_CONFIRMED, NOW
    (item,) = [row for row in world.rows(RoadMapItem, case_id=world.own.case) if row.status is TaskStatus.PLANNED]

    answer = sveta.send(f"/road-maps/items/{item.id}/act", action="move", version="1", due_on="2030-01-01",
                        reason="Перенесли на следующий год.")  # fmt: skip

    assert answer.status_code == 409
    assert "Дело закрыто" in answer.get_data(as_text=True)


def test_a_pair_is_made_meets_and_ends(world: World, marat: Browser) -> None:
    form = {
        "kind": "schools", "mentor_school_id": world.cast.objective.id, "school_id": world.cast.school.id,
        "goals": "Проверять работы двух школ одной комиссией.", "starts_on": TODAY, "ends_on": "2030-05-31",
    }  # fmt: skip
    refused = marat.send("/mentoring/add", **{**form, "mentor_school_id": world.cast.neighbour.id})
    assert "открыто дело" in refused.get_data(as_text=True)
    made = marat.send("/mentoring/add", **form)
    assert made.status_code == 302

    marat.send(f"{made.location}/act", action="meet", held_on=TODAY, theme="Критерии", agreed="Разобрать десять работ")
    marat.send(f"{made.location}/act", action="end", version="1", outcome="Комиссия стала постоянной.")

    page = marat.text(made.location)
    assert "Разобрать десять работ" in page
    assert "Комиссия стала постоянной." in page
    assert CANARY not in marat.text("/mentoring/")


def test_tasks_near_their_day_stand_on_ones_day(world: World, marat: Browser) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        task = session.get(ProgrammeTask, world.own.task)
        task.due_on = day_of(NOW)
        session.get(ProgrammeMeasure, world.own.measure).responsible_id = world.cast["marat"].id

    page = marat.text("/")

    assert f"/programmes/tasks/{world.own.task}" in page


def test_every_page_of_plans_speaks_english(world: World, marat: Browser) -> None:
    programme_id = approved(world, marat, "amur")
    marat.send("/locale", locale="en", next="/")

    preview = marat.text("/programmes/templates/amur?year=2026")
    page = marat.text(f"/programmes/{programme_id}?tab=table")

    assert "Interview the heads of listed schools" in preview
    assert "Interview the heads of listed schools" in page
    assert "II. Objective marking and conduct" in page


def test_a_department_reads_the_regions_programme_and_changes_nothing_in_it(world: World, marat: Browser) -> None:
    rita = Browser(world, "rita")
    draft_id = drafted(world, rita)
    assert marat.client.get(f"/programmes/{draft_id}").status_code == 404
    programme_id = approved(world, rita, "amur")
    (task,) = world.rows(ProgrammeTask, programme_id=programme_id, measure_id=_measure(world, programme_id, "II.1"))

    def count_in_menu(browser: Browser) -> int:
        shown = re.search(r'href="/programmes/"[^>]*><span>Программы</span>\s*<span class="nav-count[^"]*">(\d+)',
                          browser.text("/programmes/"))  # fmt: skip
        return int(shown.group(1)) if shown else 0

    own_late, all_late = count_in_menu(marat), count_in_menu(rita)
    with acting(world.context.sessions, SYSTEM) as session:
        late = session.get_one(ProgrammeTask, task.id)
        late.due_on = late.starts_on = day_of(NOW).replace(year=2020)
    (task,) = world.rows(ProgrammeTask, id=task.id)
    before = [(row.version, row.status) for row in world.rows(ProgrammeTask, programme_id=programme_id)]
    assert (count_in_menu(marat), count_in_menu(rita)) == (own_late, all_late + 1)
    listed = marat.text("/programmes/")
    page = marat.text(f"/programmes/{programme_id}?tab=table")
    task_page = marat.text(f"/programmes/tasks/{task.id}")
    answers = [
        marat.client.get(f"/programmes/measures/{task.measure_id}"),
        marat.client.get(f"/programmes/{programme_id}/approve"),
        marat.send(f"/programmes/{programme_id}/follow", version="2"),
        marat.send(f"/programmes/{programme_id}/report"),
        marat.send(f"/programmes/tasks/{task.id}/act", action="waive", version=task.version, reason="Нам не нужно."),
    ]

    assert f"/programmes/{programme_id}" in listed
    assert "Регион</span>" in listed
    assert CANARY not in listed
    assert "Это программа региона" in page
    assert "Изменить мероприятие" not in page
    assert "Отметить выполнение" not in task_page
    assert [answer.status_code for answer in answers] == [409] * 5
    assert all("Это программа региона" in answer.get_data(as_text=True) for answer in answers)
    assert [(row.version, row.status) for row in world.rows(ProgrammeTask, programme_id=programme_id)] == before


def _measure(world: World, programme_id: int, number: str) -> int:
    return world.rows(ProgrammeMeasure, programme_id=programme_id, number=number)[0].id


def _forget_road_map(world: World, case_id: int) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        from sqlalchemy import delete

        session.connection().execute(delete(RoadMapItem.__table__).where(RoadMapItem.__table__.c.case_id == case_id))
        session.connection().execute(delete(RoadMap.__table__).where(RoadMap.__table__.c.case_id == case_id))
