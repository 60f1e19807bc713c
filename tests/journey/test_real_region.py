"""A real region's files through the same doors: the school whose works heap at the cuts must come to a case."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.database import acting
from app.policy import SYSTEM
from app.terms import Role
from app.workflows import people
from tests.journey.program import Program
from tests.journey.region import XLSX, YEAR
from tests.journey.visitor import Visitor

PASSWORD = "тихий северный ветер"


@pytest.mark.timeout(180)
def test_the_real_region_brings_the_school_with_a_heap_at_the_cut_to_a_case(
    program: Program, region_files: Path, visit: Callable[[str, str], Visitor]
) -> None:
    with acting(program.context.sessions, SYSTEM) as session:
        form = people.UserForm("Анисимов Павел Юрьевич", "аналитик", Role.ANALYST)
        people.create_user(session, "analyst", PASSWORD, form, actor=SYSTEM, at=datetime.now(UTC))
    visitor = visit("analyst", PASSWORD)
    names = ("vpr2021_ma4.xlsx", "vpr2021_ma5.xlsx")
    visitor.open("/uploads/")
    visitor.page.get_by_label("Файлы").set_input_files(
        [{"name": name, "mimeType": XLSX, "buffer": (region_files / name).read_bytes()} for name in names]
    )
    visitor.press("Загрузить")
    for name in names:
        visitor.open("/uploads/")
        visitor.follow(name)
        visitor.waits_for("прочитан, ждёт решения", seconds=60)
        visitor.look("real-region-preview", narrow=True)
        visitor.press("Принять")
        visitor.sees("Файл принят, данные доступны проверкам.")
    visitor.open("/screening/")
    visitor.choose("Год", str(YEAR))
    visitor.press("Проверить")
    visitor.waits_for("Школы с признаками", seconds=90)
    visitor.look("real-region-screened", narrow=True)

    visitor.open("/cases/?search=990322")
    expect(visitor.page.locator("table tbody tr")).to_have_count(1)
    visitor.page.locator("table tbody tr a").first.click()

    visitor.sees(re.compile(r"У границ отметок —\s\d+\sработ"))
    visitor.sees("с 7 — «3»")
    visitor.look("real-region-case", narrow=True)
