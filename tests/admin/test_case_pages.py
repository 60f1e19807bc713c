"""The case's page, its forms and its moves, as people use them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.database import acting
from app.days import day_of
from app.models import (
    Case,
    CaseEvent,
    Conclusion,
    CuratorOrder,
    Dataset,
    Declaration,
    Document,
    Interview,
    JournalEntry,
    Observation,
    OutboxJob,
    Recheck,
    RecheckedWork,
)
from app.policy import SYSTEM
from app.terms import JobStatus, RecheckStatus, VisitStatus
from tests import factories as make
from tests.admin.world import NOW, World

TODAY = day_of(NOW)


@pytest.fixture
def fresh(world: World) -> int:
    """A case of Район 1 at its very beginning."""
    with acting(world.context.sessions, SYSTEM) as session:
        return make.make_case(session, world.cast.objective, number="2026-9001", curator_id=world.cast["kira"].id).id


class Desk:
    """One person at one browser."""

    def __init__(self, world: World, login: str) -> None:
        self.client = world.client(login)
        self.headers = {"X-CSRFToken": world.token(self.client)}

    def open(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.get_data(as_text=True)[-600:]
        return answer.get_data(as_text=True)

    def hidden(self, path: str, name: str) -> str:
        found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', self.open(path))
        assert found
        return found.group(1)

    def send(self, path: str, page: str | None = None, **data):
        page = page or path
        data.setdefault("version", self.hidden(page, "version"))
        data.setdefault("request_id", self.hidden(page, "request_id"))
        return self.client.post(path, data=data, headers=self.headers)


PROTOCOL = {
    "number": "12", "held_on": TODAY.isoformat(), "place": "отдел", "form": "очная",
    "present": "Иванова А. А., директор\nПетрова Б. Б. — методист",
    "explanation": "Проверяли учителя своих же классов.",
    "reasons": ["checking", "coaching"], "documents_shown": ["классные журналы"], "documents_other": "справка",
    "agreed-0-action": "перепроверка внутри школы", "agreed-0-due_on": TODAY.isoformat(),
    "agreed-0-responsible": "завуч",
    "needs_curator": "y", "needs_observers": "y", "needs_recheck": "y", "and_move": "y",
}  # fmt: skip


def test_the_page_tells_what_is_missing_and_links_to_the_form(world: World, fresh: int) -> None:
    page = Desk(world, "kira").open(f"/cases/{fresh}")

    assert "Следующий шаг: Отметить собеседование" in page
    assert "Нет протокола собеседования" in page
    assert f'href="/cases/{fresh}/do/interview"' in page
    assert re.search(r'<button class="btn btn-primary btn-wide" type="submit" disabled>', page)


def test_a_curator_records_the_interview_and_the_case_moves_on(world: World, fresh: int) -> None:
    answer = Desk(world, "kira").send(f"/cases/{fresh}/do/interview", **PROTOCOL)

    assert answer.status_code == 302
    (interview,) = world.rows(Interview, case_id=fresh)
    assert [person["post"] for person in interview.present] == ["директор", "методист"]
    assert interview.documents_shown == ["классные журналы", "справка"]
    assert interview.agreed[0]["responsible"] == "завуч"
    assert world.rows(Case, id=fresh)[0].state == "interview"
    assert world.rows(Document, case_id=fresh)[0].kind.value == "interview_protocol"
    assert [e.request_id for e in world.rows(JournalEntry, subject_id=fresh, action="interview:record")] != [None]


def test_without_the_tick_the_case_stays_where_it_is(world: World, fresh: int) -> None:
    Desk(world, "kira").send(f"/cases/{fresh}/do/interview", **{k: v for k, v in PROTOCOL.items() if k != "and_move"})

    assert world.rows(Case, id=fresh)[0].state == "flagged"


def test_the_same_form_sent_twice_is_kept_once(world: World, fresh: int) -> None:
    desk = Desk(world, "kira")
    path = f"/cases/{fresh}/do/interview"
    seen = {name: desk.hidden(path, name) for name in ("version", "request_id")}

    first = desk.client.post(path, data={**PROTOCOL, **seen}, headers=desk.headers)
    again = desk.client.post(path, data={**PROTOCOL, **seen}, headers=desk.headers)

    assert (first.status_code, again.status_code) == (302, 302)
    assert len(world.rows(Interview, case_id=fresh)) == 1
    assert len(world.rows(CaseEvent, case_id=fresh)) == 1


def test_a_refused_form_comes_back_with_reasons_and_the_text(world: World, fresh: int) -> None:
    answer = Desk(world, "kira").send(
        f"/cases/{fresh}/do/interview", **{**PROTOCOL, "present": "Иванова А. А., директор"}
    )

    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "не меньше двух человек" in text
    assert "Проверяли учителя своих же классов." in text
    assert not world.rows(Interview, case_id=fresh)


def test_a_missing_field_is_named(world: World, fresh: int) -> None:
    answer = Desk(world, "kira").send(f"/cases/{fresh}/do/interview", **{**PROTOCOL, "number": ""})

    assert answer.status_code == 422
    assert "Номер протокола: Заполните это поле." in answer.get_data(as_text=True)


def test_a_stale_form_tells_the_fresh_state_and_loses_nothing(world: World, fresh: int) -> None:
    desk = Desk(world, "kira")
    path = f"/cases/{fresh}/do/interview"
    desk.send(path, **PROTOCOL)

    answer = desk.send(path, **{**PROTOCOL, "version": "0", "explanation": "Второй разговор, долгий текст."})

    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Страница устарела" in text
    assert "«Собеседование»" in text
    assert "Второй разговор, долгий текст." in text
    assert re.search(r'name="version"[^>]*value="1"', text)


def test_a_form_out_of_its_stage_is_refused(world: World, fresh: int) -> None:
    answer = Desk(world, "marat").client.get(f"/cases/{fresh}/do/recheck")

    assert answer.status_code == 409


def test_a_department_appoints_a_curator_by_order(world: World, fresh: int) -> None:
    Desk(world, "kira").send(f"/cases/{fresh}/do/interview", **PROTOCOL)

    answer = Desk(world, "marat").send(
        f"/cases/{fresh}/do/order",
        curator_id=str(world.cast["kira"].id),
        number="118",
        issued_on=TODAY.isoformat(),
        until=(TODAY + timedelta(days=200)).isoformat(),
        no_conflict_declared="y",
        and_move="y",
    )

    assert answer.status_code == 302
    assert world.rows(CuratorOrder, case_id=fresh)[0].number == "118"
    assert world.rows(Case, id=fresh)[0].state == "curator_assigned"


def forget_declarations(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.query(Declaration).delete()


def test_an_order_without_the_declaration_is_refused(world: World, fresh: int) -> None:
    forget_declarations(world)
    answer = Desk(world, "marat").send(
        f"/cases/{fresh}/do/order",
        curator_id=str(world.cast["kira"].id),
        number="118",
        issued_on=TODAY.isoformat(),
        until=(TODAY + timedelta(days=200)).isoformat(),
    )

    assert answer.status_code == 409
    assert "не подтвердил отсутствие конфликта интересов" in answer.get_data(as_text=True)


def test_nobody_outside_the_picker_can_be_appointed(world: World, fresh: int) -> None:
    answer = Desk(world, "marat").send(
        f"/cases/{fresh}/do/order",
        curator_id=str(world.cast["dina"].id),
        number="1",
        issued_on=TODAY.isoformat(),
        until=(TODAY + timedelta(days=9)).isoformat(),
        no_conflict_declared="y",
    )

    assert answer.status_code == 422
    assert not world.rows(CuratorOrder, case_id=fresh)


def test_a_curator_may_not_open_the_order_form(world: World, fresh: int) -> None:
    assert Desk(world, "kira").client.get(f"/cases/{fresh}/do/order").status_code == 403


def test_an_inspector_records_the_act_of_a_visit(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        case = session.get(Case, world.own.case)
        case.state = "curator_assigned"
        session.get(Observation, world.own.observation).scheduled_on = TODAY
    desk = Desk(world, "ivan")
    path = f"/observations/{world.own.observation}"

    answer = desk.send(
        f"{path}/act",
        path,
        act_number="7",
        held_on=TODAY.isoformat(),
        stages=["sitting"],
        violations=["phones"],
        and_move="y",
    )

    assert answer.status_code == 302
    (visit,) = world.rows(Observation, id=world.own.observation)
    assert (visit.status, visit.violations) == (VisitStatus.DONE, ["phones"])
    assert world.rows(Case, id=world.own.case)[0].state == "observed"


def test_a_stale_act_is_refused_and_its_text_stays(world: World) -> None:
    desk = Desk(world, "ivan")
    path = f"/observations/{world.own.observation}"

    answer = desk.send(
        f"{path}/act",
        path,
        version="77",
        act_number="7",
        held_on=TODAY.isoformat(),
        stages=["sitting"],
        comment="Долгий рассказ.",
    )

    assert answer.status_code == 409
    assert "Долгий рассказ." in answer.get_data(as_text=True)


def test_experts_do_not_see_the_schools_points_until_all_are_entered(world: World) -> None:
    desk = Desk(world, "ivan")
    path = f"/rechecks/{world.own.recheck}"
    page = desk.open(path)
    codes = re.findall(r'name="w-(\d+)"', page)
    assert len(codes) == 2
    assert "10 · «3»" not in page

    desk.send(f"{path}/points", path, **{f"w-{codes[0]}": "10"})
    assert world.rows(Recheck, id=world.own.recheck)[0].status is RecheckStatus.DRAWN
    desk.send(f"{path}/points", path, **{f"w-{codes[0]}": "10", f"w-{codes[1]}": "10"})

    assert world.rows(Recheck, id=world.own.recheck)[0].status is RecheckStatus.MARKED
    page = desk.open(path)
    assert "10 · «3»" in page
    assert "недостаточно данных" in page
    assert "Увеличить выборку" in page


def test_points_that_are_not_points_come_back_as_typed(world: World) -> None:
    desk = Desk(world, "ivan")
    path = f"/rechecks/{world.own.recheck}"
    code = re.findall(r'name="w-(\d+)"', desk.open(path))[0]

    for typed, words in (("десять", "не целый балл"), ("99", "вне 0–20")):
        answer = desk.send(f"{path}/points", path, **{f"w-{code}": typed})
        assert answer.status_code == 409
        assert words in answer.get_data(as_text=True)
        assert f'value="{typed}"' in answer.get_data(as_text=True)
    assert all(work.expert_score is None for work in world.rows(RecheckedWork, recheck_id=world.own.recheck))


def test_a_department_sees_the_recheck_but_not_the_works(world: World) -> None:
    page = Desk(world, "marat").open(f"/rechecks/{world.own.recheck}")

    assert 'name="w-' not in page
    assert "Список работ видят эксперты" in page


def test_reading_the_works_of_a_sample_is_journalled(world: World) -> None:
    Desk(world, "ivan").open(f"/rechecks/{world.own.recheck}")

    assert world.rows(JournalEntry, action="works:read")[0].actor_id == world.cast["ivan"].id


def test_a_recheck_is_ordered_and_a_job_is_left_for_the_worker(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(Recheck, world.own.recheck).status = RecheckStatus.FAILED
        make.make_keeping(session, session.get(Case, world.own.case))
        assert session.query(Dataset).count()
    desk = Desk(world, "marat")

    answer = desk.send(
        f"/cases/{world.own.case}/do/recheck",
        paper="2026:ma:5",
        share="0.3",
        inspector_id=str(world.cast["ivan"].id),
        order_number="55",
        scheduled_on=TODAY.isoformat(),
    )

    assert answer.status_code == 302, answer.get_data(as_text=True)[-1500:]
    (job,) = world.rows(OutboxJob, kind="draw_recheck")
    assert job.status is JobStatus.PENDING


def test_closing_needs_two_people(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        case = session.get(Case, world.own.case)
        case.state = "rechecked"
        row = session.get(Recheck, world.own.recheck)
        row.status, row.outcome, row.n_sample, row.n_objective = RecheckStatus.MARKED, "not_confirmed", 30, 30
        row.share_low, row.share_high, row.marked_at = 0.92, 1.0, make.OPENED
    path = f"/cases/{world.own.case}"
    author = Desk(world, "marat")
    grounds = "Перепроверка не нашла расхождений, грубых нарушений нет."
    assert author.send(f"{path}/do/conclusion", verdict="not_confirmed", grounds=grounds).status_code == 302

    refused = author.send(f"{path}/move", path, trigger="close")
    assert refused.status_code == 409
    assert "предложение внесли вы сами" in refused.get_data(as_text=True)
    approved = Desk(world, "mira").send(f"{path}/move", path, trigger="close")

    assert approved.status_code == 302
    assert world.rows(Case, id=world.own.case)[0].state == "closed"
    assert len(world.rows(Conclusion, case_id=world.own.case)) == 2
    assert "Дело закрыто" in author.open(path)


def test_a_move_from_a_stale_page_tells_the_fresh_state(world: World, fresh: int) -> None:
    answer = Desk(world, "marat").send(f"/cases/{fresh}/move", f"/cases/{fresh}", trigger="interview", version="9")

    assert answer.status_code == 409
    assert "уже изменил другой человек" in answer.get_data(as_text=True)


@pytest.mark.parametrize("data", [{"version": "x"}, {"request_id": "short"}, {"version": "1" * 30}])
def test_a_move_that_names_no_version_or_request_is_refused(world: World, fresh: int, data: dict[str, str]) -> None:
    answer = Desk(world, "marat").send(f"/cases/{fresh}/move", f"/cases/{fresh}", trigger="interview", **data)

    assert answer.status_code == 400


@pytest.mark.parametrize("tab", ["signs", "work", "course", "documents", "nonsense"])
@pytest.mark.parametrize("person", ["marat", "kira", "ivan", "sveta", "anna", "rita", "root"])
def test_every_tab_opens_for_everybody_who_may_see_the_case(shared_world: World, person: str, tab: str) -> None:
    assert shared_world.client(person).get(f"/cases/{shared_world.own.case}?tab={tab}").status_code == 200


def test_a_document_is_saved_not_shown(world: World) -> None:
    answer = world.client("sveta").get(f"/documents/{world.own.document}")

    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert world.rows(JournalEntry, action="document:read")[0].actor_id == world.cast["sveta"].id


def test_markup_in_any_text_stays_text(world: World) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'{{7*7}}"
    with acting(world.context.sessions, SYSTEM) as session:
        case = session.get(Case, world.own.case)
        case.curator_name = evil
        session.get(type(case.school), case.school_id).name = evil
        for row in session.query(Interview).filter_by(case_id=case.id):
            row.explanation = row.place = evil
    client = world.client("rita")

    for path in (
        "/",
        "/cases/",
        "/schools/",
        f"/cases/{world.own.case}",
        f"/cases/{world.own.case}?tab=work",
        "/search/?q=script",
    ):
        page = client.get(path).get_data(as_text=True)
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert "49" not in re.findall(r"onerror=alert\(1\)>\S*", page), path


def test_a_case_is_opened_by_hand_with_a_reason(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        flag = make.make_flag(session, world.cast.objective, make.make_run(session), tier="watch")
        flag_id = flag.id
    desk = Desk(world, "marat")

    assert desk.client.post(f"/flags/{flag_id}/open", data={"reason": "нет"}, headers=desk.headers).status_code == 409
    answer = desk.client.post(
        f"/flags/{flag_id}/open", data={"reason": "Жалоба родителей на подсказки."}, headers=desk.headers
    )

    assert answer.status_code == 302
    assert world.rows(Case, school_id=world.cast.objective.id)[0].state == "flagged"


def test_a_reason_told_on_the_form_that_mends_it_has_no_link(world: World, fresh: int) -> None:
    forget_declarations(world)
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(Case, fresh).state = "interview"
    answer = Desk(world, "marat").send(
        f"/cases/{fresh}/do/order",
        curator_id=str(world.cast["kira"].id),
        number="1",
        issued_on=TODAY.isoformat(),
        until=(TODAY + timedelta(days=9)).isoformat(),
    )

    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "не подтвердил отсутствие конфликта интересов" in page
    assert 'href="#' not in page.replace('href="#content"', "")
    assert "Перейти" not in page


@pytest.mark.parametrize(
    ("anchor", "state", "form"),
    [
        ("#interview", "flagged", "interview"),
        ("#assignment", "interview", "order"),
        ("#observation", "curator_assigned", "observation"),
        ("#recheck", "observed", "recheck"),
        ("#conclusion", "rechecked", "conclusion"),
    ],
)
def test_what_is_missing_links_to_its_form_from_every_other_page(
    world: World, fresh: int, anchor: str, state: str, form: str
) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(Case, fresh).state = state

    page = Desk(world, "marat").open(f"/cases/{fresh}")

    assert f'href="/cases/{fresh}/do/{form}"' in page
    assert f'href="{anchor}"' not in page


def test_the_course_tells_what_happened_not_what_to_press(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        case = session.get(Case, world.own.case)
        for seq, trigger in enumerate(("assign", "close"), start=1):
            session.add(
                CaseEvent(
                    case_id=case.id, seq=seq, request_id=f"past-{seq}", trigger=trigger, actor_name="Марат",
                    from_state="interview", to_state="curator_assigned", at=make.OPENED,
                    **make.place(case.school),
                )
            )  # fmt: skip

    page = Desk(world, "marat").open(f"/cases/{world.own.case}?tab=course")
    titles = re.findall(r'<div class="title">([^<]*)</div>', page)

    assert {"Куратор назначен", "Закрытие утверждено"} <= set(titles)
    assert not {"Назначить куратора", "Утвердить закрытие"} & set(titles)


def test_in_english_the_comparison_the_workplace_and_days_are_english(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        case = session.get(Case, world.own.case)
        make.make_order(session, case, world.cast["kira"], workplace="методическая служба", until=TODAY)
    desk = Desk(world, "marat")
    desk.client.post("/locale", data={"locale": "en", "next": "/"}, headers=desk.headers)

    page = desk.open(f"/cases/{world.own.case}")

    assert '<html lang="en">' in page
    assert "methodical service" in page
    assert "методическая служба" not in page
    assert "the region" in page
    assert f"{TODAY.day}\u00a0{TODAY:%b}\u00a0{TODAY.year}" in page
    assert not re.search(r"\d\d\.\d\d\.20\d\d", page)
