"""«Ход дела»: versions, drafts, comparison, publication, and what new cases get."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from app.database import acting
from app.days import day_of
from app.flows import shipped
from app.jobs import run_pending
from app.models import Case, JournalEntry, LowResultsFlag, WorkflowChoice, WorkflowVersion
from app.policy import SYSTEM
from app.terms import CaseKind, WorkflowStatus
from app.workflows.case import new_case
from tests import factories as make
from tests.admin.test_data_pages import Browser
from tests.admin.world import World


def kept(world: World, name: str = "objectivity", version: str = "1") -> WorkflowVersion:
    return world.rows(WorkflowVersion, name=name, version=version)[0]


def draft(world: World, root: Browser) -> WorkflowVersion:
    sent = root.send(f"/flows/{kept(world).id}/draft")
    assert sent.location == f"/flows/{kept(world, version='2').id}/edit"
    return kept(world, version="2")


def with_text(text: str) -> dict[str, str]:
    return {"mode": "text", "text": text}


def test_every_shipped_workflow_is_listed_with_its_picture(world: World) -> None:
    rita = Browser(world, "rita")
    listed = rita.text("/flows/")

    for definition, _text in shipped().values():
        assert definition.ru in listed
        page = rita.text(f"/flows/{kept(world, definition.id).id}")
        assert page.count('class="flow-box') == len(definition.states)
        assert all(step.ru in page for step in definition.steps)


@pytest.mark.parametrize("person", ["kira", "ivan", "sveta"])
def test_who_leads_no_department_does_not_see_the_workflows(world: World, person: str) -> None:
    assert Browser(world, person).client.get("/flows/").status_code == 403


@pytest.mark.parametrize("person", ["rita", "marat", "anna"])
def test_only_an_administrator_starts_a_draft(world: World, person: str) -> None:
    assert Browser(world, person).send(f"/flows/{kept(world).id}/draft").status_code == 403
    assert not world.rows(WorkflowVersion, status=WorkflowStatus.DRAFT)


def test_a_draft_with_mistakes_is_kept_and_each_is_told_with_its_line(world: World) -> None:
    root = Browser(world, "root")
    row = draft(world, root)
    text = row.toml.replace('"protocol"]', '"protokol"]')
    line = text.splitlines().index('guards = ["protokol"]') + 1

    sent = root.send(f"/flows/{row.id}/edit", seen=row.sha256, **with_text(text))

    page = sent.get_data(as_text=True)
    assert sent.status_code == 422
    assert f"строка {line}" in page
    assert "protokol" in page
    assert kept(world, version="2").toml == text


def test_a_draft_with_mistakes_cannot_be_published(world: World) -> None:
    root = Browser(world, "root")
    row = draft(world, root)
    root.send(f"/flows/{row.id}/edit", seen=row.sha256, **with_text(row.toml.replace("days = 20\n", "", 1)))
    row = kept(world, version="2")

    sent = root.send(f"/flows/{row.id}/publish", seen=row.sha256, sure="yes", note="Сроки исправлены по приказу.")

    assert sent.status_code == 409
    assert "нет срока этапа" in sent.get_data(as_text=True)
    assert kept(world, version="2").status is WorkflowStatus.DRAFT


def test_fields_change_titles_and_budgets_and_the_comparison_says_so(world: World) -> None:
    root = Browser(world, "root")
    row = draft(world, root)

    root.send(f"/flows/{row.id}/edit", seen=row.sha256, mode="fields", **{"1-ru": "Беседа", "3-days": "25"})

    page = root.text(f"/flows/{row.id}/compare")
    assert "название: было «Собеседование», стало «Беседа»" in page
    assert "срок, рабочих дней: было «20», стало «25»" in page
    assert "новый ход" not in page


def test_a_budget_that_is_no_number_is_told_and_nothing_is_published(world: World) -> None:
    root = Browser(world, "root")
    row = draft(world, root)

    sent = root.send(f"/flows/{row.id}/edit", seen=row.sha256, mode="fields", **{"3-days": "много"})

    assert sent.status_code == 422
    assert "целое число рабочих дней" in sent.get_data(as_text=True)


def test_two_people_do_not_overwrite_each_other(world: World) -> None:
    root = Browser(world, "root")
    row = draft(world, root)
    seen = row.sha256
    root.send(f"/flows/{row.id}/edit", seen=seen, mode="fields", **{"1-ru": "Беседа"})

    sent = root.send(f"/flows/{row.id}/edit", seen=seen, mode="fields", **{"1-ru": "Разговор"})

    assert sent.status_code == 409
    assert 'ru = "Беседа"' in kept(world, version="2").toml


def test_publishing_is_asked_twice_and_new_cases_get_the_version_while_running_ones_keep_theirs(world: World) -> None:
    root = Browser(world, "root")
    row = draft(world, root)
    root.send(f"/flows/{row.id}/edit", seen=row.sha256, mode="fields", **{"3-days": "25"})
    row = kept(world, version="2")
    note = "Наблюдение длиннее: школ стало больше."

    unsure = root.send(f"/flows/{row.id}/publish", seen=row.sha256, note=note)
    sure = root.send(f"/flows/{row.id}/publish", seen=row.sha256, note=note, sure="yes")

    assert (unsure.status_code, sure.status_code) == (409, 302)
    assert kept(world, version="2").status is WorkflowStatus.PUBLISHED
    assert [e.reason for e in world.rows(JournalEntry, action="workflow:publish")] == [note]
    assert {case.workflow_version for case in world.rows(Case)} == {"1"}
    with acting(world.context.sessions, SYSTEM) as session:
        school = world.cast.objective
        case = new_case(session, school.id, school.municipality_id, CaseKind.LOW_RESULTS, 2026, at=row.made_at)
        other = new_case(session, school.id, school.municipality_id, CaseKind.OBJECTIVITY, 2026, at=row.made_at)
        assert (case.workflow, case.workflow_version) == ("low_results", "1")
        assert (other.workflow, other.workflow_version) == ("objectivity", "2")


def test_a_published_version_cannot_be_edited(world: World) -> None:
    root = Browser(world, "root")
    row = kept(world)

    sent = root.send(f"/flows/{row.id}/edit", seen=row.sha256, **with_text("id = 1"))

    assert sent.status_code == 302
    assert kept(world).toml == row.toml


def test_a_department_chooses_for_its_own_municipality_with_a_reason(world: World) -> None:
    marat = Browser(world, "marat")

    silent = marat.send("/flows/choose", kind="objectivity", name="objectivity_amur", reason="")
    said = marat.send("/flows/choose", kind="objectivity", name="objectivity_amur", reason="Приказ отдела № 14.")

    assert (silent.status_code, said.status_code) == (409, 302)
    (row,) = world.rows(WorkflowChoice)
    assert (row.municipality_id, row.name) == (world.cast.municipality.id, "objectivity_amur")
    with acting(world.context.sessions, SYSTEM) as session:
        here, there = world.cast.objective, world.cast.foreign
        own = new_case(session, here.id, here.municipality_id, CaseKind.OBJECTIVITY, 2026, at=row.chosen_at)
        session.flush()
        assert own.workflow == "objectivity_amur"
        from app.workflows.definitions import for_new_case

        assert for_new_case(session, CaseKind.OBJECTIVITY, there.municipality_id).name == "objectivity"


def test_a_workflow_of_another_kind_is_refused(world: World) -> None:
    sent = Browser(world, "rita").send(
        "/flows/choose", kind="objectivity", name="low_results", reason="Приказ № 1 от мая."
    )

    assert sent.status_code == 409
    assert not world.rows(WorkflowChoice)


def test_the_last_version_that_new_cases_get_cannot_be_retired(world: World) -> None:
    root = Browser(world, "root")

    sent = root.send(f"/flows/{kept(world).id}/retire", reason="Больше не нужен нам.")

    assert sent.status_code == 409
    assert kept(world).status is WorkflowStatus.PUBLISHED


def test_a_copy_becomes_a_workflow_of_its_own(world: World) -> None:
    root = Browser(world, "root")

    wrong = root.send(f"/flows/{kept(world).id}/draft", name="Наш порядок")
    right = root.send(f"/flows/{kept(world).id}/draft", name="our_order")

    assert (wrong.status_code, right.status_code) == (409, 302)
    assert re.search(r'(?m)^id = "our_order"$', kept(world, "our_order").toml)
    assert root.send(f"/flows/{kept(world, 'our_order').id}/discard").status_code == 302
    assert not world.rows(WorkflowVersion, name="our_order")


def test_cases_are_listed_by_their_kind(world: World) -> None:
    marat = Browser(world, "marat")
    with acting(world.context.sessions, SYSTEM) as session:
        school = world.cast.objective
        new_case(session, school.id, school.municipality_id, CaseKind.LOW_RESULTS, 2026, at=kept(world).made_at)

    name = school.name.replace("№ ", "№\u00a0")
    assert name in marat.text("/cases/?about=low_results")
    assert name not in marat.text("/cases/?about=objectivity")


def test_running_cases_are_led_over_on_the_page_and_back(world: World) -> None:
    root = Browser(world, "root")
    source, target = kept(world), kept(world, "objectivity_amur")
    path = f"/flows/{source.id}/migrate"
    page = root.text(f"{path}?target={target.id}")
    assert "Что получится" in page
    n_open = len([case for case in world.rows(Case, workflow="objectivity") if case.state == "observed"])
    assert n_open

    silent = root.send(path, target=target.id, reason="", **{"to-observed": "observed"})
    said = root.send(path, target=target.id, reason="Область работает по своему плану.", **{"to-observed": "observed"})
    run_pending(world.context)

    assert (silent.status_code, said.status_code) == (409, 302)
    assert "переведено" in root.text(said.location)
    assert len(world.rows(Case, workflow="objectivity_amur", state="observed")) == n_open
    assert root.send(said.location, reason="Поторопились с переводом.").status_code == 302
    run_pending(world.context)
    assert "возвращено" in root.text(said.location)
    assert not world.rows(Case, workflow="objectivity_amur")


def test_a_stage_without_a_place_is_named_before_anything_is_done(world: World) -> None:
    root = Browser(world, "root")

    page = root.text(f"/flows/{kept(world).id}/migrate?target={kept(world, 'objectivity_amur').id}&to-observed=")

    assert "этапу не выбрано место" in page


def test_a_case_of_low_results_shows_its_signs_and_its_forms(world: World) -> None:
    from app.workflows.low_results import flags_of

    marat, kira = Browser(world, "marat"), Browser(world, "kira")
    with acting(world.context.sessions, SYSTEM) as session:
        school = world.cast.school
        case = make.make_case(
            session,
            school,
            number="2026-7000",
            kind="low_results",
            workflow="low_results",
            curator_id=world.cast["kira"].id,
        )
        sign = {"indicator": "many_twos", "year": 2026, "subject": "ma", "grade": 5, "n": 40, "value": 0.5}
        signs = [{**sign, "low": 0.35, "high": 0.65, "limit": 0.3}]
        session.add(
            LowResultsFlag(
                run_id=world.run, year=2026, n_signs=1, strength=1.0, frozen_sha256="0" * 64, raised_at=make.OPENED,
                raised_by_name="Anna", case_id=case.id, **make.place(school),
                frozen={"signs": signs, "again": [], "rules": {"version": "1"}},
            )
        )  # fmt: skip
        session.flush()
        assert len(flags_of(session, world.run)) == 1
        path = f"/cases/{case.id}"

    assert "отметку «2» получили 50" in marat.text(path)
    sent = kira.send(
        f"{path}/do/diagnosis", version=0, held_on=day_of(datetime.now(UTC)).isoformat(), causes="staff", and_move="y",
        text="Не хватает учителя математики, замены с сентября.", request_id="diagnosis-1",
    )  # fmt: skip

    assert sent.status_code == 302, sent.get_data(as_text=True)
    assert world.rows(Case, number="2026-7000")[0].state == "diagnosed"
    assert "не хватает учителей" in marat.text(f"{path}?tab=work")
    for form in ("programme", "mentoring", "low_review", "interview"):
        expected = 200 if form == "programme" else 409
        assert marat.client.get(f"{path}/do/{form}").status_code == expected, form
