"""One story, told in a real browser to the real program: from a region's files to a closed case that is counted."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.database import acting
from app.days import day_of
from app.models import Municipality, Person, School
from app.policy import SYSTEM
from app.terms import PostKind, Role
from app.workflows import people, people_register
from tests.journey.program import Program
from tests.journey.region import XLSX, YEAR, SmallRegion
from tests.journey.visitor import Visitor

PASSWORD = "тихий северный ветер"
TODAY = day_of(datetime.now(UTC))
OWN_MEASURE = "Разобрать критерии проверки на методическом совете"
CURATOR, INSPECTOR = "Климова Ирина Андреевна", "Носов Дмитрий Ильич"

TABS = {"work": "Работа по делу", "course": "Ход дела", "documents": "Документы"}

Visit = Callable[[str, str], Visitor]


@pytest.mark.timeout(600)
def test_a_regions_files_become_a_closed_case_that_is_counted(
    program: Program, region: SmallRegion, visit: Visit
) -> None:
    try:
        admin_adds_the_analyst(program, visit)
        analyst = visit("analyst", PASSWORD)
        analyst_uploads_and_accepts(analyst, region)
        analyst_screens(analyst, region)
        the_municipality_gets_its_people(program, region, visit)
        department = visit("department", PASSWORD)
        department_is_refused_and_hands_the_interview_over(department, region)
        curator_holds_the_interview(visit("curator", PASSWORD), region)
        school_agrees_to_its_road_map(visit("head", PASSWORD), region)
        department_issues_the_order_and_sends_an_observer(department, region)
        inspector = visit("inspector", PASSWORD)
        inspector_records_the_visit(inspector)
        department_accepts_the_road_map(department, region)
        department_orders_the_recheck(department, region)
        inspector_enters_the_points_blind(inspector, region)
        department_sees_what_the_closure_waits_for_and_settles_it(department, region)
        department_proposes_and_another_person_approves(department, visit("deputy", PASSWORD), region)
        manager_sees_it_counted(visit("manager", PASSWORD), region)
        for person in (department, inspector):
            person.sign_out()
        journal = json.loads(program.run("journal", "verify", "--json"))
    except AssertionError as error:
        error.add_note(program.tell())
        raise

    assert journal["intact"]
    assert journal["entries"] > 20


def admin_adds_the_analyst(program: Program, visit: Visit) -> None:
    program.run("user", "create", "root", "--name", "Администратор", "--password", PASSWORD)
    admin = visit("root", PASSWORD)
    admin.look("first-page-of-an-empty-installation", narrow=True)
    admin.open("/users/")
    admin.follow("Добавить")
    admin.fill("Логин", "analyst")
    admin.fill("Фамилия, имя, отчество", "Анисимов Павел Юрьевич")
    admin.choose("Роль", "аналитик")
    admin.fill("Пароль", "короткий")
    admin.press("Сохранить")
    admin.sees("Пароль короче 12 знаков")
    admin.look("password-refused")
    admin.fill("Пароль", PASSWORD)
    admin.press("Сохранить")
    admin.sees("Анисимов Павел Юрьевич")
    admin.look("people", narrow=True)


def analyst_uploads_and_accepts(analyst: Visitor, region: SmallRegion) -> None:
    analyst.open("/uploads/")
    analyst.page.get_by_label("Файлы").set_input_files(
        [{"name": name, "mimeType": XLSX, "buffer": content} for name, content in region.files.items()]
    )
    analyst.press("Загрузить")
    analyst.sees("Файлов принято: 3")
    analyst.look("files-received", narrow=True)
    for name in region.files:
        analyst.open("/uploads/")
        analyst.follow(name)
        analyst.waits_for("прочитан, ждёт решения")
        if "5 класс" in name:
            works = region.works[region.works["grade"] == 5]
            tiles = analyst.page.locator(".tiles").inner_text().replace("\xa0", "")
            assert re.search(rf"Строк прочитано\s+{len(works) + 1}\b", tiles), tiles
            assert re.search(rf"Принято\s+{len(works) - 3}\b", tiles), tiles
            assert re.search(r"Не принято\s+4\b", tiles), tiles
            analyst.sees("Балл больше наибольшего за задание")
            analyst.sees("Строка повторяет строку 60")
            analyst.look("preview-with-problems", narrow=True)
            listed = Path(analyst.download("CSV").path()).read_text("utf-8-sig")
            assert re.search(r";5;балл за 3;9;", listed), listed[:1000]
        analyst.press("Принять")
        analyst.sees("Файл принят, данные доступны проверкам.")
    analyst.look("file-accepted")


def analyst_screens(analyst: Visitor, region: SmallRegion) -> None:
    analyst.open("/screening/")
    analyst.choose("Год", str(YEAR))
    analyst.press("Проверить")
    analyst.look("screening-runs", narrow=True)
    analyst.waits_for("Школы с признаками", seconds=60)
    flagged = analyst.page.locator("table").first.locator("tbody tr")
    expect(flagged).to_have_count(1)
    expect(flagged).to_contain_text(region.guilty_school)
    analyst.look("screening-done", narrow=True)


def the_municipality_gets_its_people(program: Program, region: SmallRegion, visit: Visit) -> None:
    now = datetime.now(UTC)
    with acting(program.context.sessions, SYSTEM) as session:
        place = session.scalars(select(Municipality).where(Municipality.name == region.guilty_municipality)).one()
        other = session.scalars(
            select(School).where(School.municipality_id == place.id, School.code != region.guilty).order_by(School.code)
        ).first()
        assert other is not None
        guilty = session.scalars(select(School).where(School.code == region.guilty)).one()
        trained = TODAY + timedelta(days=300)
        for login, name, post, role, more in (
            ("department", "Орлова Марина Сергеевна", "начальник отдела", Role.DEPARTMENT, {}),
            ("deputy", "Зимин Олег Петрович", "заместитель начальника", Role.DEPARTMENT, {}),
            ("inspector", INSPECTOR, "эксперт", Role.INSPECTOR, {}),
            ("manager", "Рогова Елена Викторовна", "руководитель", Role.REGION_MANAGER, {}),
            ("head", "Лебедев Павел Олегович", "директор", Role.SCHOOL, {"school_id": guilty.id}),
        ):
            is_local = role is not Role.REGION_MANAGER
            form = people.UserForm(name, post, role, place.id if is_local else None, **more)
            user = people.create_user(session, login, PASSWORD, form, actor=SYSTEM, at=now)
            if role is Role.INSPECTOR:
                card = session.scalars(select(Person).where(Person.user_id == user.id)).one()
                how = {"actor": SYSTEM, "at": now}
                people_register.add_post(session, card.id, PostKind.TEACHER, workplace_id=other.id, **how)
                people_register.add_training(
                    session, card.id, "Независимое наблюдение", issued_on=TODAY, valid_until=trained, **how
                )
    admin = visit("root", PASSWORD)
    admin.open("/users/add")
    admin.fill("Логин", "curator")
    admin.fill("Фамилия, имя, отчество", CURATOR)
    admin.fill("Должность", "методист ИМЦ")
    admin.choose("Роль", "куратор")
    admin.choose("Муниципалитет", region.guilty_municipality)
    admin.fill("Пароль", PASSWORD)
    admin.press("Сохранить")
    admin.sees(CURATOR)
    admin.open("/people/")
    admin.follow(CURATOR)
    admin.sees("Чтобы назначать")
    admin.follow("Внести", inside="section:has(h2:text-is('Места работы'))")
    admin.choose("Кем работает", "Сотрудник методической службы")
    admin.fill("Организация, если это не школа", "методический центр")
    admin.look("post-form", narrow=True)
    admin.press("Сохранить")
    admin.sees("Место работы внесено.")
    admin.look("person", narrow=True)
    admin.sign_out()


def declares_to_be_free(person: Visitor, look: str) -> None:
    """Nothing of the case is shown before the declaration."""
    person.open("/")
    person.follow("Заполнить")
    person.look(f"declarations-{look}", narrow=True)
    person.follow("Заявить")
    person.sees("Что нашла программа")
    person.look(f"declaration-{look}", narrow=True)
    person.tick("нет, я не связан(а) с этой школой")
    person.press("Заявить")
    person.sees("Декларация внесена, дело открыто")
    person.open("/")


def open_case(visitor: Visitor, region: SmallRegion, tab: str = "") -> None:
    visitor.open("/cases/")
    visitor.follow(region.guilty_school)
    if tab:
        visitor.follow(tab, inside=".tabs")


def department_is_refused_and_hands_the_interview_over(department: Visitor, region: SmallRegion) -> None:
    department.open("/")
    department.sees("провести собеседование")
    department.look("day-of-the-department", narrow=True)
    department.open("/cases/")
    department.look("cases", narrow=True)
    open_case(department, region)
    department.sees("Скопление у границ отметок")
    department.look("case-signs", narrow=True)
    # The button sleeps while the protocol is missing; who wakes it all the same is told why not, and where to go.
    button = department.page.get_by_role("button", name="Отметить собеседование")
    expect(button).to_be_disabled()
    button.evaluate("button => { button.disabled = false }")
    button.click()
    department.sees("Нет протокола собеседования. Проведите собеседование с руководителем школы")
    refusal = department.page.get_by_role("alert")
    expect(refusal.get_by_role("link")).to_have_attribute("href", re.compile(r"/cases/\d+/do/interview"))
    department.look("move-refused", narrow=True)
    open_case(department, region)
    department.follow("Передать собеседование куратору")
    department.choose("Куратор", CURATOR)
    department.look("handing-over", narrow=True)
    department.press("Сохранить")
    department.sees("Собеседование передано куратору.")


def curator_holds_the_interview(curator: Visitor, region: SmallRegion) -> None:
    declares_to_be_free(curator, "curator")
    curator.look("day-of-the-curator", narrow=True)
    curator.follow("Внести протокол")
    curator.fill(
        "Присутствовали",
        f"Орлова Марина Сергеевна, начальник отдела\n{CURATOR}, методист\nЛебедев Павел Олегович — директор школы",
    )
    curator.tick("ошибки проверки")
    curator.tick("положение о ВСОКО")
    curator.look("protocol-form", narrow=True)
    curator.press("Сохранить")  # without what the head said
    assert curator.page.url.endswith("/do/interview")
    curator.fill("Объяснение руководителя школы", "Работы проверяли учителя своих классов, критерии не обсуждали.")
    curator.fill("Что сделать", "Создать межшкольную комиссию по проверке")
    curator.fill("Срок", (TODAY + timedelta(days=30)).isoformat())
    curator.fill("Ответственный", "Лебедев П. О.")
    curator.press("Сохранить")
    curator.sees("Протокол внесён, PDF готовится. Дело переведено: Собеседование.")
    open_case(curator, region, "Документы")
    curator.sees("Протокол собеседования №")
    expect(curator.page.get_by_role("link", name="PDF")).to_have_count(2, timeout=30_000)
    curator.look("documents", narrow=True)
    protocol = Path(curator.download("PDF").path()).read_bytes()
    assert protocol.startswith(b"%PDF")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(protocol)).pages)
    assert "критерии не обсуждали" in " ".join(text.split())
    curator_proposes_a_road_map(curator, region)
    curator.sign_out()


def curator_proposes_a_road_map(curator: Visitor, region: SmallRegion) -> None:
    """The signs and what the head said choose the blocks; a person may choose otherwise."""
    open_case(curator, region, "Дорожная карта")
    curator.follow("Предложить карту")
    fitting = curator.page.locator(".block-choice input:checked")
    assert fitting.count() >= 2
    curator.sees(re.compile("Почему:"))
    curator.look("road-map-blocks", narrow=True)
    curator.press("Предложить школе")
    curator.sees("Карта предложена школе; рекомендации готовятся в PDF.")
    curator.look("road-map-proposed", narrow=True)


def school_agrees_to_its_road_map(head: Visitor, region: SmallRegion) -> None:
    open_case(head, region, "Дорожная карта")
    head.press("Согласовать карту")
    head.sees("Сохранено.")
    head.page.locator("summary", has_text="Добавить своё мероприятие").click()
    head.fill("Мероприятие", OWN_MEASURE)
    head.fill("Срок", (TODAY + timedelta(days=20)).isoformat())
    head.fill("Чем подтвердится", "протокол заседания")
    head.look("road-map-own-measure", narrow=True)
    head.press("Добавить")
    head.follow(OWN_MEASURE)
    head.press("Выполнено")  # without a proof
    head.sees("Нужно подтверждение")
    head.look("measure-refused", narrow=True)
    head.fill("Запись", "Протокол методического совета № 3")
    head.press("Выполнено")
    head.sees("Сохранено.")
    head.press("Представить на проверку")
    head.sees("на проверке")
    head.look("road-map-submitted", narrow=True)
    head.sign_out()


def department_issues_the_order_and_sends_an_observer(department: Visitor, region: SmallRegion) -> None:
    open_case(department, region)
    department.follow("Приказ о назначении куратора", inside="aside")
    department.fill("Номер приказа", "118-о")
    department.look("order-form", narrow=True)
    later = str(department.field("Куратор работает до").input_value())
    department.fill("Куратор работает до", (TODAY - timedelta(days=1)).isoformat())
    department.press("Сохранить")
    department.sees("Срок кураторства должен заканчиваться позже даты приказа.")
    department.look("order-refused")
    expect(department.field("Номер приказа")).to_have_value("118-о")  # a refusal loses nothing of what was typed
    department.fill("Куратор работает до", later)  # the curator has declared by himself: no tick is needed
    department.press("Сохранить")
    department.sees("Приказ внесён. Дело переведено: Куратор назначен.")
    department.follow("Назначить наблюдение", inside="aside")
    department.choose("Наблюдатель", INSPECTOR)
    department.choose("Работа", "5\xa0класс")
    department.look("observation-form", narrow=True)
    department.press("Сохранить")
    department.sees("Визит назначен.")


def inspector_records_the_visit(inspector: Visitor) -> None:
    declares_to_be_free(inspector, "inspector")
    inspector.look("day-of-the-inspector", narrow=True)
    inspector.follow("Внести акт")
    inspector.fill("Номер акта", "7")
    inspector.tick("проверка работ")
    inspector.tick("проверяет учитель своего класса")
    inspector.look("act-form", narrow=True)
    inspector.press("Внести акт")
    inspector.sees("Акт внесён. Дело переведено: Наблюдение.")


def department_accepts_the_road_map(department: Visitor, region: SmallRegion) -> None:
    open_case(department, region, "Дорожная карта")
    department.press("Принять карту")
    department.sees("Сохранено.")
    department.sees("принята")
    department.look("road-map-accepted", narrow=True)


def department_orders_the_recheck(department: Visitor, region: SmallRegion) -> None:
    open_case(department, region)
    department.follow("попросить сохранить", inside="aside")
    department.tick("Школа подтвердила, что работы целы")
    department.look("preservation-form", narrow=True)
    department.press("Сохранить")
    department.sees("Просьба внесена, письмо готовится.")
    open_case(department, region)
    department.follow("Назначить перепроверку", inside="aside")
    department.choose("Работа", "5\xa0класс")
    department.choose("Эксперт", INSPECTOR)
    department.fill("Номер приказа о комиссии", "120-о")
    department.look("recheck-form", narrow=True)
    department.press("Сохранить")
    department.sees("Перепроверка назначена, выборка составляется.")


def inspector_enters_the_points_blind(inspector: Visitor, region: SmallRegion) -> None:
    inspector.open("/rechecks/")
    inspector.look("rechecks", narrow=True)
    inspector.follow(region.guilty_school)
    inspector.waits_for("Работы выборки")
    inspector.sees("Баллы школы скрыты, пока не внесены все: эксперт проверяет вслепую.")
    inspector.look("sample", narrow=True)
    fields = inspector.page.locator("input.score")
    assert fields.count() >= 10
    cuts = next(paper.mark_from for paper in region.papers if paper.grade == 5)
    assert cuts is not None
    for index in range(fields.count()):
        field = fields.nth(index)
        score = region.score(5, str(field.get_attribute("name")).removeprefix("w-"))
        field.fill(str(score - 2 if any(cut <= score <= cut + 1 for cut in cuts) else score))
    inspector.press("Сохранить баллы")
    inspector.sees("Дело переведено: Перепроверка.")
    inspector.sees("90 % интервал Уилсона")
    inspector.sees("расхождение")
    inspector.look("recheck-judged", narrow=True)


def department_sees_what_the_closure_waits_for_and_settles_it(department: Visitor, region: SmallRegion) -> None:
    """A confirmed case closes once the obligatory measures of its road map are done; each wants its proof."""
    open_case(department, region, "Дорожная карта")
    measures = department.page.locator(".rows li", has_text="обязательно").locator("a[href*='/items/']")
    addresses = [str(link.get_attribute("href")) for link in measures.all()]
    assert addresses
    for address in addresses:
        department.open(address)
        if department.page.get_by_role("button", name="Выполнено", exact=True).count():
            department.fill("Запись", "Протокол рабочей группы № 9")
            if department.page.get_by_label("Сколько человек участвовало").count():
                department.fill("Сколько человек участвовало", "14")
            department.press("Выполнено")
            department.sees("Сохранено.")
    department.look("measure-done", narrow=True)


def department_proposes_and_another_person_approves(department: Visitor, deputy: Visitor, region: SmallRegion) -> None:
    open_case(department, region)
    department.follow("Предложить закрытие", inside="aside")
    department.tick("признаки подтверждены")
    department.fill("Основания", "Перепроверка показала завышение у границ отметок; школа создаёт комиссию.")
    department.look("conclusion-form", narrow=True)
    department.press("Сохранить")
    department.sees("Предложение внесено; его утвердит другой человек.")
    department.sees("Закрытие утверждает другой человек: предложение внесли вы сами.")
    expect(department.page.get_by_role("button", name="Утвердить закрытие")).to_be_disabled()
    department.look("own-proposal", narrow=True)
    deputy.open("/")
    deputy.sees("утвердить закрытие")
    deputy.look("day-of-the-deputy")
    deputy.follow("Рассмотреть")
    deputy.press("Утвердить закрытие")
    deputy.sees("Дело закрыто")
    deputy.look("case-closed", narrow=True)
    for tab in ("work", "course", "documents"):
        deputy.follow(TABS[tab], inside=".tabs")
        deputy.look(f"case-{tab}", narrow=True)
    deputy.sign_out()


def manager_sees_it_counted(manager: Visitor, region: SmallRegion) -> None:
    manager.open("/statistics/")
    tiles = re.sub(r"\s+", " ", manager.page.locator(".tiles").inner_text())
    assert "Открыто дел 0" in tiles
    assert "Закрыто 1" in tiles
    expect(manager.page.get_by_role("row", name=re.compile("признаки подтверждены"))).to_contain_text("1")
    expect(manager.page.get_by_role("row", name=region.guilty_municipality)).to_be_visible()
    manager.look("statistics", narrow=True)
    manager.page.locator(".user-menu > summary").click()
    manager.press("English")
    manager.sees("Statistics")
    assert manager.page.locator("html").get_attribute("lang") == "en"
    manager.open("/statistics/")
    seen = manager.page.locator("#sidebar, .page-head, .tiles").all_inner_texts()
    assert not re.search("[а-яё]", " ".join(seen), re.IGNORECASE), seen
    manager.look("statistics-in-english", narrow=True)
    open_case(manager, region)
    manager.sees("Case closed")
    manager.look("case-in-english", narrow=True)
    manager.sign_out()
    manager.look("signed-out", narrow=True)
