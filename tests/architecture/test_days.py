"""A moment becomes a day in one place: by the clock of the region, never of the machine or of UTC."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[2] / "app"
RULE = "days.py"
TEXT_OF_A_DAY = {"ingest/people_line.py"}
"""Modules where ``.date()`` takes a day out of a text that names no zone."""
OTHER_CLOCKS = {"date.today", "func.current_date", "func.now", "func.current_timestamp"}
DAY_MARKS = ("%d", "%m", "%Y", "%H")


def own_days(code: str) -> list[int]:
    """Lines that take a day themselves: ``x.date()``, ``f"{x_at:%d.%m.%Y}"``, or the clock of a machine."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if ast.unparse(node.func) in OTHER_CLOCKS or (node.func.attr == "date" and not node.args):
                found.append(node.lineno)
        elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            name = getattr(node.value, "attr", getattr(node.value, "id", ""))
            if (name == "at" or name.endswith("_at")) and any(mark in ast.unparse(node) for mark in DAY_MARKS):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "code",
    [
        "at.date()",
        "func.current_date()",
        "row.ended_at.date()",
        "date.today()",
        "f'{case.opened_at:%d.%m.%Y}'",
        "f'с {at:%Y-%m-%d}'",
    ],
)
def test_a_day_of_ones_own_is_seen(code: str) -> None:
    assert own_days(code) == [1]


@pytest.mark.parametrize("code", ["day_of(at)", "f'{held_on:%d.%m.%Y}'", "f'{local(case.opened_at):%d.%m.%Y}'"])
def test_a_day_of_the_region_is_not(code: str) -> None:
    assert own_days(code) == []


def test_no_module_takes_a_day_of_its_own() -> None:
    """Stages of `bench` live in UTC noon and are no part of an installation."""
    modules = {str(path.relative_to(APP)): own_days(path.read_text("utf-8")) for path in APP.rglob("*.py")}
    ours = {name: lines for name, lines in modules.items() if lines and not name.startswith("bench/")}

    assert set(ours) - {RULE} == TEXT_OF_A_DAY
