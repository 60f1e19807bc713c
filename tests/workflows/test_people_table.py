"""A table of people is understood row by row; what cannot be entered says why, the rest is entered at once."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.errors import Refused
from app.models import Person, PersonDuty, PersonPost, Training
from app.terms import Duty, PostKind
from app.workflows import people_table
from tests.people import Cast

HEAD = "ФИО\tНомер школы\tДолжность\tРоль\tПредметы\tКлассы\tПрограмма\tЧасов\tВыдано\tДействует до"


def table(*rows: str, head: str = HEAD) -> str:
    return "\n".join([head, *rows])


def test_a_good_row_becomes_a_card_with_post_duties_and_training(session, cast: Cast, at) -> None:
    text = table(
        "Петрова  Нина\tsch990001\tдиректор\tНаблюдатель; эксперт\tматематика, русский язык\t4, 5\tНаблюдение\t36"
        "\t01.09.2026\t01.09.2029"
    )

    entered = people_table.enter_table(session, text, actor=cast.actor("marat"), at=at)

    person = session.scalars(select(Person).where(Person.name == "Петрова Нина")).one()
    post = session.scalars(select(PersonPost).where(PersonPost.person_id == person.id)).one()
    duties = session.scalars(select(PersonDuty.duty).where(PersonDuty.person_id == person.id)).all()
    training = session.scalars(select(Training).where(Training.person_id == person.id)).one()
    assert entered == 1
    assert (person.school_id, person.subjects, person.grades) == (cast.school.id, ["ma", "ru"], [4, 5])
    assert (post.kind, post.title) == (PostKind.HEAD, "директор")
    assert sorted(duties) == [Duty.EXPERT, Duty.OBSERVER]
    assert (training.hours, training.valid_until) == (36, date(2029, 9, 1))


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("\t990001", "name_empty"),
        ("Нина\t123456", "school"),
        ("Нина\t990001\t\tкороль", "duties"),
        ("Нина\t990001\t\t\tалхимия", "subjects"),
        ("Нина\t990001\t\t\t\t12", "grades"),
        ("Нина\t990001\t\t\t\t\tВПР\tмного\t01.09.2026", "hours"),
        ("Нина\t990001\t\t\t\t\tВПР\t36\t31.02.2026", "issued_on"),
        ("Нина\t990001\t\t\t\t\tВПР\t36", "issued_on"),
        ("Нина\t990001\t\t\t\t\tВПР\t36\t01.09.2030", "future"),
        ("Нина\t990001\t\t\t\t\tВПР\t36\t01.09.2026\t01.09.2025", "period"),
    ],
)
def test_a_bad_row_says_what_is_wrong_and_stays_out(row: str, code: str, session, cast: Cast, at) -> None:
    text = table(row, "Добрая Анна\t990002")

    first, second = people_table.preview(session, text, actor=cast.actor("marat"), at=at)

    assert [problem.code for problem in first.problems] == [code]
    assert second.is_fine
    assert people_table.enter_table(session, text, actor=cast.actor("marat"), at=at) == 1


def test_the_same_table_twice_enters_nobody_again(session, cast: Cast, at) -> None:
    text = table("Петрова Нина\t990001", "Петрова Нина\t990002", "петрова нина\t990001")
    assert people_table.enter_table(session, text, actor=cast.actor("marat"), at=at) == 2

    with pytest.raises(Refused, match="Внести нечего"):
        people_table.enter_table(session, text, actor=cast.actor("marat"), at=at)


def test_semicolons_and_unknown_columns_do_as_well(session, cast: Cast, at) -> None:
    text = table("7;Нина;методист;методический центр", head="№;Человек;Должность;Организация")

    (row,) = people_table.preview(session, text, actor=cast.actor("marat"), at=at)

    assert row.is_fine
    assert (row.post["kind"], row.post["organisation"]) == (PostKind.METHODIST, "методический центр")


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "Вставьте таблицу"), ("ФИО", "Вставьте таблицу"), ("Имя\nНина", "Назовите его «ФИО»")],
)
def test_what_is_no_table_is_refused_with_what_to_do(text: str, told: str, session, cast: Cast, at) -> None:
    with pytest.raises(Refused, match=told):
        people_table.preview(session, text, actor=cast.actor("marat"), at=at)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(rows=st.lists(st.lists(st.text(max_size=20), max_size=11).map("\t".join), max_size=5))
def test_no_text_breaks_the_reading(rows: list[str], session, cast: Cast, at) -> None:
    before = session.scalar(select(func.count()).select_from(Person))

    try:
        found = people_table.preview(session, table(*rows), actor=cast.actor("marat"), at=at)
    except Refused:
        found = []

    assert all(row.is_fine or row.problems[0].ru for row in found)
    assert session.scalar(select(func.count()).select_from(Person)) == before
