"""The pages of people: who sees which card, what a declaration opens, what a picker says."""

from __future__ import annotations

import html
import io
import re
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy import select

from app.database import acting
from app.days import day_of
from app.models import Absence, Case, Declaration, Person, PersonDuty, PersonRelation, School, Training
from app.policy import SYSTEM
from app.terms import ConflictKind, PostKind
from app.workflows import ties
from tests import factories as make
from tests.admin.world import CANARY, NEIGHBOUR, NOW, World
from tests.people import enter, person_of

TODAY = day_of(NOW)


class Desk:
    """One person at one browser."""

    def __init__(self, world: World, login: str) -> None:
        self.client = world.client(login)
        self.headers = {"X-CSRFToken": world.token(self.client)}

    def text(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)[-600:]
        return answer.get_data(as_text=True)

    def send(self, path: str, **data):
        return self.client.post(path, data=data, headers=self.headers)


def card(world: World, login: str) -> int:
    return world.rows(Person, user_id=world.cast[login].id)[0].id


@pytest.fixture
def undeclared(world: World) -> World:
    with acting(world.context.sessions, SYSTEM) as session:
        session.query(Declaration).delete()
    return world


# ---- the register ----


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("duty=curator", {"Kira"}),
        ("duty=observer&training=valid", {"Ivan", "Сотрудник"}),
        ("training=none", {"Kira"}),
        ("training=expiring", set()),
        ("subject=ma", {"Сотрудник"}),
        ("absence=away", set()),
        ("load=full", set()),
        ("load=free&duty=expert", {"Ivan"}),
        ("search=iva", {"Ivan"}),
    ],
)
def test_filters_find_whom_they_name(shared_world: World, query: str, seen: set[str]) -> None:
    page = shared_world.client("marat").get(f"/people/?{query}").get_data(as_text=True)

    found = set(re.findall(r'<a href="/people/\d+"><b>(\S+?)(?: \S+)?</b>', page))
    assert found == seen


def test_absence_and_load_are_told_and_found(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        person = session.get(Person, card(world, "ivan"))
        person.load_limit = 2  # one visit and one recheck are at hand
        session.add(
            Absence(
                person_id=person.id, from_on=TODAY, until_on=TODAY + timedelta(days=2), reason="sick",
                municipality_id=person.municipality_id, school_id=person.school_id,
            )
        )  # fmt: skip
    desk = Desk(world, "marat")

    for query in ("load=full", "absence=away"):
        page = desk.text(f"/people/?{query}")
        assert "Ivan" in page
        assert "Kira" not in page
    assert "2 из 2" in page
    assert "нет до" in page


def test_a_school_sees_its_own_staff_without_their_ties(shared_world: World) -> None:
    client = shared_world.client("sveta")

    page = client.get(f"/people/{shared_world.own.person}").get_data(as_text=True)

    assert "Сотрудник" in page
    assert "Личные связи" not in page
    assert "Декларации" not in page
    assert client.get(f"/people/{shared_world.neighbour.person}").status_code == 404
    assert client.get(f"/people/{shared_world.own.person}/do/post").status_code == 403


@pytest.mark.parametrize("login", ["kira", "ivan"])
def test_curators_and_inspectors_have_no_register(shared_world: World, login: str) -> None:
    assert shared_world.client(login).get("/people/").status_code == 403


def test_an_analyst_sees_people_and_no_ties(shared_world: World) -> None:
    page = shared_world.client("anna").get(f"/people/{shared_world.neighbour.person}").get_data(as_text=True)

    assert "Сотрудник" in page
    assert "Личные связи" not in page


def test_a_department_enters_a_person_with_everything(world: World) -> None:
    desk = Desk(world, "marat")
    place = str(world.cast.municipality.id)
    said = {"version": "0", "name": "Нина Петрова", "municipality_id": place, "subjects": ["ma", "ru"],
            "grades": "4, 5", "languages": "русский, Якутский", "load_limit": "3", "is_active": "y"}  # fmt: skip
    assert desk.send("/people/add", **{**said, "grades": "4, пятый"}).status_code == 409
    answer = desk.send("/people/add", **said)
    assert answer.status_code == 302
    url = answer.location

    school, day = str(world.own.school), (TODAY - timedelta(days=400)).isoformat()
    assert desk.send(f"{url}/do/post", kind="teacher", workplace_id="").status_code == 409
    for form, data in (
        ("post", {"kind": "teacher", "title": "учитель", "workplace_id": school, "since": day}),
        ("duty", {"duty": "observer", "since": day}),
        (
            "training",
            {"programme": "Наблюдение", "duty": "observer", "hours": "36", "issued_on": day, "valid_until": ""},
        ),
        ("absence", {"reason": "sick", "from_on": TODAY.isoformat(), "until_on": TODAY.isoformat()}),
        ("tie", {"kind": "relative", "school_id": school, "note": "брат"}),
    ):
        assert desk.send(f"{url}/do/{form}", **data).status_code == 302, form

    page = desk.text(url)
    for text in ("учитель", "Наблюдение", "без срока", "болезнь", "брат", "якутский", "Чтобы назначать"):
        assert text in page, text
    (person,) = world.rows(Person, name="Нина Петрова")
    assert (sorted(person.subjects), person.grades, person.school_id) == (["ma", "ru"], [4, 5], world.own.school)
    # What was entered is ended from the card.
    duty, tie = world.rows(PersonDuty, person_id=person.id)[0], world.rows(PersonRelation, person_id=person.id)[0]
    absence = world.rows(Absence, person_id=person.id)[0]
    assert desk.send(f"{url}/end", what="tie", row=str(tie.id), reason="нет").status_code == 409
    assert desk.send(f"{url}/end", what="tie", row=str(tie.id), reason="Брат уволился из школы.").status_code == 302
    assert desk.send(f"{url}/end", what="duty", row=str(duty.id)).status_code == 302
    assert desk.send(f"{url}/end", what="absence", row=str(absence.id)).status_code == 302
    assert desk.send(f"{url}/end", what="absence", row=str(absence.id)).status_code == 409
    assert desk.send(f"{url}/end", what="nothing", row="1").status_code == 404
    assert world.rows(PersonDuty, id=duty.id)[0].until == TODAY


def test_two_people_do_not_overwrite_one_card(world: World) -> None:
    desk, person_id = Desk(world, "marat"), card(world, "ivan")
    said = {"version": "1", "municipality_id": str(world.cast.municipality.id), "is_active": "y"}

    assert desk.send(f"/people/{person_id}/edit", **said, name="Первый").status_code == 302
    second = desk.send(f"/people/{person_id}/edit", **said, name="Второй")

    assert second.status_code == 409
    assert "уже изменил другой человек" in second.get_data(as_text=True)


def test_nobody_is_invited_by_asking(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        ties.state_tie(
            session, card(world, "ivan"), ConflictKind.OWN_CHILD, world.own.school, actor=SYSTEM,
            at=datetime.now(UTC),
        )  # fmt: skip
    before = world.fingerprint(world.own)
    desk = Desk(world, "marat")

    page = desk.text(f"/people/check?school={world.own.school}&duty=observer")
    free = desk.text(f"/people/check?school={world.neighbour.school}&duty=observer")

    assert "в школе учится ребёнок (Ivan)" in page
    assert "Можно назначить · 0" in page
    assert "Можно назначить · 1" in free
    assert world.fingerprint(world.own) == before


def test_the_api_gives_the_same_objections(world: World) -> None:
    desk = Desk(world, "marat")
    code = world.cast.objective.code  # Ivan works there
    address = f"/api/v1/people/objections?school={code}&duty=observer&on={TODAY.isoformat()}"

    people = desk.client.get(address).json["people"]

    assert {p["name"].split()[0]: [o["code"] for o in p["objections"]] for p in people} == {
        "Ivan": ["own_school"], "Сотрудник": ["not_an_observer"],
    }  # fmt: skip
    assert desk.client.get(address.replace("observer", "king")).status_code == 422
    assert desk.client.get(address.replace(TODAY.isoformat(), "today")).status_code == 422
    assert desk.client.get(address.replace(code, "990900")).status_code == 404
    assert world.client("sveta").get(address).status_code == 403


def test_training_needs_are_a_page_of_ones_own_people(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        for training in session.scalars(select(Training)):
            training.issued_on, training.valid_until = TODAY - timedelta(days=9), TODAY - timedelta(days=1)

    page = Desk(world, "marat").text("/people/training")

    assert "Гимназия № 3" in page or "Гимназия №\u00a03" in page
    assert "истекло" in page
    assert CANARY not in page


# ---- pickers ----


def test_a_picker_shuts_whom_the_rules_exclude_and_says_why(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        lena = make.User(
            login="lena", name="Лена", role="inspector", password_hash="!", municipality_id=world.cast.municipality.id
        )
        session.add(lena)
        session.flush()
        person = enter(session, lena, works_at=world.cast.neighbour, trained_until=TODAY + timedelta(days=300))
        ties.state_tie(session, person.id, ConflictKind.OWN_CHILD, world.own.school, actor=SYSTEM, at=datetime.now(UTC))
        session.get(Case, world.own.case).state = "curator_assigned"
        lena_id = str(lena.id)
    path = f"/cases/{world.own.case}/do/observation"

    shown = Desk(world, "marat").text(path)
    discreet = Desk(world, "anna").text(f"/cases/{world.own.case}/do/recheck")

    assert re.search(r"<option disabled[^>]*>Лена — ребёнок учится в школе</option>", shown)
    assert re.search(r"<option[^>]*>Ivan — сейчас в работе: 2</option>", shown)
    assert re.search(r"<option disabled[^>]*>Лена — заявлена личная связь со школой.</option>", discreet)
    assert "ребёнок" not in discreet
    answer = Desk(world, "marat").send(
        path, observer_id=lena_id, paper="2026:ma:5", scheduled_on=TODAY.isoformat(),
        version="0", request_id="request-request",
    )  # fmt: skip
    assert answer.status_code == 409
    assert "в школе учится ребёнок" in answer.get_data(as_text=True)


# ---- declarations ----


def test_a_case_says_that_the_declaration_is_missing_and_opens_with_it(undeclared: World) -> None:
    world, desk = undeclared, Desk(undeclared, "kira")
    shut = desk.text(f"/cases/{world.own.case}", 409)
    assert "заявите, нет ли у вас конфликта" in shut
    assert f'href="/declarations/{world.own.school}"' in shut
    assert "Вас ждут" in desk.text("/")
    assert "СОШ" not in desk.text("/cases/")
    assert desk.client.get(f"/api/v1/cases/{world.own.case}").status_code == 404
    assert desk.client.get(f"/cases/{world.neighbour.case}").status_code == 404
    assert desk.client.get(f"/declarations/{world.neighbour.school}").status_code == 404

    form = f"/declarations/{world.own.school}"
    assert "конфликта нет" in desk.text(form)
    assert desk.send(form).status_code == 422
    assert desk.send(form, answer="yes").status_code == 409
    assert desk.send(form, answer="no").status_code == 302

    desk.text(f"/cases/{world.own.case}")
    assert "Деклараций от вас не ждут" in desk.text("/declarations/")
    assert desk.client.get(form).status_code == 404


def test_a_declared_conflict_reaches_the_department_and_shuts_the_case(undeclared: World) -> None:
    world, desk = undeclared, Desk(undeclared, "kira")

    desk.send(f"/declarations/{world.own.school}", answer="yes", kinds=["relative"], statement="сестра — завуч")

    assert desk.client.get(f"/cases/{world.own.case}").status_code == 404
    page = Desk(world, "marat").text(f"/people/{card(world, 'kira')}")
    assert "Родственник работает в школе" in page
    assert "сестра — завуч" in page
    assert NEIGHBOUR not in page


def test_the_case_tells_the_department_what_is_amiss_with_its_people(undeclared: World) -> None:
    world, marat = undeclared, Desk(undeclared, "marat")
    path = f"/cases/{world.own.case}"
    assert "ещё не заявил(а), нет ли конфликта" in marat.text(path)

    Desk(world, "kira").send(f"/declarations/{world.own.school}", answer="no")
    Desk(world, "ivan").send(f"/declarations/{world.own.school}", answer="no")
    assert "Люди дела" not in marat.text(path)

    with acting(world.context.sessions, SYSTEM) as session:
        ties.state_tie(
            session, card(world, "kira"), ConflictKind.RELATIVE, world.own.school, actor=SYSTEM,
            at=datetime.now(UTC),
        )  # fmt: skip
    assert "в школе работает родственник. Назначьте другого." in marat.text(path)
    assert "Люди дела" not in Desk(world, "sveta").text(path)


def test_the_substitutes_day_shows_the_absent_persons_work(world: World) -> None:
    cast = world.cast
    with acting(world.context.sessions, SYSTEM) as session:
        lena = make.User(
            login="lena", name="Лена", role="curator", password_hash="!", municipality_id=cast.municipality.id
        )
        session.add(lena)
        session.flush()
        enter(session, lena, kind=PostKind.METHODIST)
        make.make_case(session, cast.objective, number="2026-9001", curator_id=cast["kira"].id, curator_name="Kira")
        make.make_declaration(session, lena, cast.objective)
        absent, substitute = person_of(session, cast["kira"]), person_of(session, lena)
        cast.users["lena"] = lena
        absence = Absence(
            person_id=absent.id, from_on=TODAY, until_on=TODAY, reason="sick", substitute_id=substitute.id,
            municipality_id=absent.municipality_id,
        )  # fmt: skip
        session.add(absence)

    day = Desk(world, "lena").text("/")

    assert "провести собеседование" in day
    assert "Вас ждут: 1" in day  # the school of Kira's other case waits for Lena's declaration
    assert "вы замещаете: Kira" in Desk(world, "lena").text("/declarations/")


def test_a_workbook_from_the_template_is_looked_at_and_entered_once(world: World) -> None:
    marat = Desk(world, "marat")
    template = marat.client.get("/people/import/template")
    book = openpyxl.load_workbook(io.BytesIO(template.data))
    page = book.worksheets[0]
    school = world.rows(School, id=world.own.school)[0].code
    page.append(["Новикова Вера", school, "", "учитель"])
    page.append(["Орлов Пётр", "123", "", "учитель"])
    out = io.BytesIO()
    book.save(out)

    shown = marat.send("/people/import", file=(io.BytesIO(out.getvalue()), "люди.xlsx")).get_data(as_text=True)
    assert "лист «Люди», строка 3, столбец B" in shown
    assert not world.rows(Person, name="Новикова Вера")
    kept, seen = (html.unescape(re.search(rf'name="{name}" value="([^"]*)"', shown)[1]) for name in ("kept", "seen"))
    assert marat.send("/people/import", step="enter", kept=kept, seen=seen).status_code == 302
    again = marat.send("/people/import", step="enter", kept=kept, seen=seen)

    assert (again.status_code, "реестр изменился" in again.get_data(as_text=True)) == (409, True)
    assert len(world.rows(Person, name="Новикова Вера")) == 1
    assert not world.rows(Person, name="Орлов Пётр")


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"lines": [["", 2, {"password": "x"}]]}', "[" * 100_000])
def test_a_table_that_came_broken_is_refused_in_words(kept: str, shared_world: World) -> None:
    answer = Desk(shared_world, "marat").send("/people/import", step="enter", kept=kept, seen="")

    assert (answer.status_code, "не дошла целиком" in answer.get_data(as_text=True)) == (409, True)


def test_a_file_that_is_no_table_is_refused_in_words(shared_world: World) -> None:
    answer = Desk(shared_world, "marat").send("/people/import", file=(io.BytesIO(b"%PDF-1.4"), "люди.xlsx"))

    assert (answer.status_code, "Это не таблица" in answer.get_data(as_text=True)) == (409, True)
