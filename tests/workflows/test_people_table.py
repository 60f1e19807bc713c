"""A table of people against the register: new, changed, the same and wrong; entered once, in one transaction."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from app.errors import Refused
from app.models import Person, PersonDuty, PersonPost, Training
from app.terms import Duty, ImportOutcome, PostKind
from app.workflows import people_register, people_table
from tests.people import Cast

HEAD = "ФИО\tНомер школы\tДолжность\tРоль\tПредметы\tКлассы\tПрограмма\tЧасов\tВыдано\tДействует до\tПочта"
NEW, CHANGED, SAME, WRONG = ImportOutcome
NINA = (
    "Петрова  Нина\tsch990001\tдиректор\tНаблюдатель; эксперт\tматематика, русский язык\t4, 5\tНаблюдение\t36"
    "\t01.09.2026\t01.09.2029"
)


class Desk:
    """One who keeps the register."""

    def __init__(self, session: Any, cast: Cast, at: Any) -> None:
        self.session, self.how = session, {"actor": cast.actor("marat"), "at": at}

    def look(self, *rows: str) -> people_table.Comparison:
        table = people_table.from_text("\n".join([HEAD, *rows]))
        return people_table.compare(self.session, table, **self.how)

    def enter(self, *rows: str, seen: str | None = None) -> tuple[int, int]:
        table = people_table.from_text("\n".join([HEAD, *rows]))
        return people_table.enter(self.session, table, seen or self.look(*rows).digest, **self.how)


@pytest.fixture
def desk(session, cast: Cast, at) -> Desk:
    return Desk(session, cast, at)


def test_a_good_row_becomes_a_card_with_post_duties_and_training(desk: Desk, session, cast: Cast) -> None:
    assert desk.enter(NINA) == (1, 0)

    person = session.scalars(select(Person).where(Person.name == "Петрова Нина")).one()
    post = session.scalars(select(PersonPost).where(PersonPost.person_id == person.id)).one()
    duties = session.scalars(select(PersonDuty.duty).where(PersonDuty.person_id == person.id)).all()
    training = session.scalars(select(Training).where(Training.person_id == person.id)).one()
    assert (person.school_id, person.subjects, person.grades) == (cast.school.id, ["ma", "ru"], [4, 5])
    assert (post.kind, post.title) == (PostKind.HEAD, "директор")
    assert sorted(duties) == [Duty.EXPERT, Duty.OBSERVER]
    assert (training.hours, training.valid_until) == (36, date(2029, 9, 1))


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("\t990001", "name"),
        ("Нина\t123456", "school"),
        ("Нина\t990001\t\tкороль", "duties"),
        ("Нина\t990001\t\t\tалхимия", "subjects"),
        ("Нина\t990001\t\t\t\t12", "grades"),
        ("Нина\t990001\t\t\t\t\tВПР\tмного\t01.09.2026", "hours"),
        ("Нина\t990001\t\t\t\t\tВПР\t36\t31.02.2026", "issued_on"),
        ("Нина\t990001\t\t\t\t\tВПР\t36", "issued_on"),
        ("Нина\t990001\t\t\t\t\tВПР\t36\t01.09.2030", "issued_on"),
        ("Нина\t990001\t\t\t\t\tВПР\t36\t01.09.2026\t01.09.2025", "valid_until"),
        ("Нина\t990001\t\t\t\t\t\t36", "programme"),
        ("Нина\t990001\t\t\t\t\t\t\t\t\tне почта", "email"),
    ],
)
def test_a_bad_row_says_which_column_is_wrong_and_stays_out(row: str, column: str, desk: Desk) -> None:
    first, second = desk.look(row, "Добрая Анна\t990002").rows

    assert [remark.column for remark in first.remarks] == [column]
    assert (first.outcome, second.outcome) == (WRONG, NEW)
    assert desk.enter(row, "Добрая Анна\t990002") == (1, 0)


def test_the_same_table_twice_changes_nothing(desk: Desk, session) -> None:
    rows = (NINA, "Петрова Нина\t990002", "Методист Олег\t\tметодист")
    assert desk.enter(*rows) == (3, 0)
    before = [session.scalar(select(func.count()).select_from(m)) for m in (Person, PersonPost, PersonDuty, Training)]

    assert [row.outcome for row in desk.look(*rows).rows] == [SAME, SAME, SAME]
    with pytest.raises(Refused, match="Внести нечего"):
        desk.enter(*rows)

    after = [session.scalar(select(func.count()).select_from(m)) for m in (Person, PersonPost, PersonDuty, Training)]
    assert before == after


def test_a_changed_cell_is_shown_and_entered_and_a_blank_one_changes_nothing(desk: Desk, session) -> None:
    desk.enter(NINA)
    row = "петрова нина\t990001\tзаместитель директора\tкуратор\t\t6\t\t\t\t\tnina@example.ru"

    (found,) = desk.look(row).rows
    assert found.outcome is CHANGED
    assert (found.changed, found.post["kind"], found.duties) == (("email", "grades"), PostKind.DEPUTY, (Duty.CURATOR,))
    assert desk.enter(row) == (0, 1)

    person = session.scalars(select(Person).where(Person.name == "Петрова Нина")).one()
    assert (person.email, person.grades, person.subjects) == ("nina@example.ru", [6], ["ma", "ru"])
    assert desk.look(row).rows[0].outcome is SAME


def test_one_person_twice_in_a_table_is_told_with_the_first_row(desk: Desk) -> None:
    first, second = desk.look("Нина\t990001", "нина\t990001").rows

    assert first.outcome is NEW
    assert [(remark.reason.code, "строке 2" in remark.reason.ru) for remark in second.remarks] == [("twice", True)]


def test_two_cards_of_one_name_and_place_are_left_to_a_person(desk: Desk, session) -> None:
    for _ in range(2):
        people_register.add_person(session, people_register.Card("Двойник"), **desk.how)

    (row,) = desk.look("Двойник").rows

    assert [remark.reason.code for remark in row.remarks] == ["several"]


def test_nothing_is_entered_that_was_not_looked_at(desk: Desk, session) -> None:
    seen = desk.look(NINA).digest
    desk.enter(NINA)

    with pytest.raises(Refused, match="реестр изменился"):
        desk.enter(NINA, seen=seen)


def test_who_is_not_in_the_table_is_told_of_and_stays(desk: Desk, session) -> None:
    desk.enter(NINA)

    found = desk.look("Нина\t990001")

    assert "Петрова Нина" in {person.name for person in found.left}


def test_semicolons_and_unknown_columns_do_as_well(desk: Desk, session) -> None:
    table = people_table.from_text("№;Человек;Должность;Организация\n7;Нина;методист;методический центр")

    (row,) = people_table.compare(session, table, **desk.how).rows

    assert row.outcome is NEW
    assert (row.said.kind_of_post, row.said.organisation) == (PostKind.METHODIST, "методический центр")
    assert table.unused == ("№",)
