from __future__ import annotations

import doctest
from datetime import date

import pytest

from app.documents import chart, typography
from app.documents.typography import NBSP, plural, quotes, russian_date, typeset


def test_examples_of_the_docstrings_hold() -> None:
    assert doctest.testmod(typography).failed == 0


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("№118", "№~118"),
        ("дело № 2026-0143", "дело №~2026-0143"),
        ("95 % работ", "95~% работ"),
        ("95% работ", "95~% работ"),
        ("12 345 678 работ", "12~345~678~работ"),
        ("М. П. Соколова", "М.~П.~Соколова"),
        ("Соколова М. П.", "Соколова~М.~П."),
        ("p < 0,0001", "p~<~0,0001"),
        ("сдвиг (-0,2)", "сдвиг (\u22120,2)"),
        ("2020-2021, sch-12, 3-5", "2020-2021, sch-12, 3-5"),
        ("слово - слово", "слово~— слово"),
    ],
)
def test_spaces_and_dashes_are_set_as_russian_typography_wants(plain: str, expected: str) -> None:
    assert typeset(plain).replace(NBSP, "~") == expected


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ('МБОУ "СОШ № 4"', "МБОУ «СОШ № 4»"),
        ('"Школа "Радуга" и сад"', "«Школа „Радуга“ и сад»"),
        ('"Лицей имени "Героя""', "«Лицей имени „Героя“»"),
        ('без "пары', 'без "пары'),
        ("«уже стоят»", "«уже стоят»"),
    ],
)
def test_straight_quotes_become_guillemets(plain: str, expected: str) -> None:
    assert quotes(plain) == expected


def test_date_is_written_in_words() -> None:
    assert russian_date(date(2027, 1, 5)).replace(NBSP, " ") == "5 января 2027 г."


@pytest.mark.parametrize(("n", "form"), [(1, "a"), (2, "b"), (5, "c"), (11, "c"), (21, "a"), (112, "c"), (104, "b")])
def test_noun_agrees_with_its_number(n: int, form: str) -> None:
    assert plural(n, "a", "b", "c") == form


@pytest.mark.parametrize(("highest", "step"), [(1, 1), (5, 1), (6, 2), (10, 2), (39, 10), (180, 50), (2600, 1000)])
def test_grid_of_a_chart_has_at_most_five_round_steps(highest: float, step: int) -> None:
    assert chart._ticks(highest)[0] == step
