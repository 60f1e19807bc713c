"""Draw the pictures of the guide anew: a demo region of its own, the system's Chromium, pages cut to what is told.

    make setup-dev && .venv/bin/python -m docs.ru.screenshots

Nothing of the installation in ``instance/`` is touched. Pictures are reduced to a palette, so that they stay small.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from app.demo import PASSWORD
from tests.journey.program import Program
from tests.journey.region import XLSX, small_region
from tests.journey.visitor import NARROW, SWITCHES, Visitor

IMAGES = Path(__file__).resolve().parent / "images"
COLOURS = 96
LARGEST = 120 * 1024


def main() -> None:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        sys.exit("Нужен Chromium: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    program = Program(demo=True)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
            draw(browser, program.url)
            browser.close()
    finally:
        program.stop()


def draw(browser: Browser, url: str) -> None:
    def come(login: str) -> Visitor:
        return Visitor(browser, url, IMAGES).sign_in(login, PASSWORD)

    draw_sign_in(Visitor(browser, url, IMAGES))
    draw_analyst(come("analyst"))
    draw_department(come("department"))
    draw_curator(come("curator"))
    draw_visit(come)
    draw_recheck(come)
    draw_end(come)
    draw_groups(come)


def draw_sign_in(person: Visitor) -> None:
    person.open("/sign-in")
    keep(person, "01-sign-in", height=620)


def draw_analyst(analyst: Visitor) -> None:
    name, content = next((n, c) for n, c in small_region().files.items() if "5 класс" in n)
    analyst.open("/uploads/")
    analyst.page.get_by_label("Файлы").set_input_files([{"name": name, "mimeType": XLSX, "buffer": content}])
    keep(analyst, "02-uploads", height=760)
    analyst.open("/uploads/")
    analyst.page.get_by_label("Файлы").set_input_files([{"name": name, "mimeType": XLSX, "buffer": content}])
    analyst.press("Загрузить")
    analyst.waits_for("прочитан, ждёт решения")
    keep(analyst, "03-preview", height=820)
    analyst.page.get_by_text("Отклонить файл").click()
    analyst.fill("Почему", "Показано для руководства")
    analyst.press("Отклонить")
    analyst.open("/screening/")
    keep(analyst, "04-screening", height=460)
    analyst.open("/screening/1")
    keep(analyst, "05-screened", height=860)


def draw_groups(come: Callable[[str], Visitor]) -> None:
    analyst = come("analyst")
    for path, name, height in (
        ("/objective/", "22-objective", 460),
        ("/control/1", "23-control", 860),
        ("/clusters/1", "24-clusters", 820),
        ("/scales/1", "25-scale", 700),
    ):
        analyst.open(path)
        keep(analyst, name, height=height)


def draw_department(department: Visitor) -> None:
    department.open("/")
    keep(department, "06-day", height=760)
    department.open("/cases/")
    keep(department, "07-cases", height=700)
    open_case(department, "Признаки")
    keep(department, "08-case", height=860)
    chart = department.page.locator("article.card").first
    keep(department, "09-chart", clip=chart.bounding_box())
    button = department.page.get_by_role("button", name="Отметить собеседование")
    button.evaluate("button => { button.disabled = false }")
    button.click()
    department.sees("Не сохранено. Что исправить:")
    keep(department, "10-refused", height=520)
    open_case(department, "Признаки")
    department.follow("Передать собеседование куратору")
    department.choose("Куратор", "Климова")
    department.press("Сохранить")
    open_case(department, "Собеседование")
    department.follow("Приказ о назначении куратора", inside="aside")
    department.fill("Номер приказа", "118-о")
    department.tick("Куратор подтвердил, что конфликта интересов нет")
    keep(department, "12-order", height=820)


def declare_free(person: Visitor) -> None:
    """Where the person is asked about a school, it says that it has no tie to it."""
    person.open("/declarations/")
    if person.page.get_by_role("link", name="Заявить").count():
        person.follow("Заявить")
        person.tick("нет, я не связан(а) с этой школой")
        person.press("Заявить")
    person.open("/")


def draw_curator(curator: Visitor) -> None:
    declare_free(curator)
    curator.follow("Внести протокол")
    curator.fill(
        "Присутствовали",
        "Орлова Марина Сергеевна, начальник отдела образования\nКлимова Ирина Андреевна, методист ИМЦ\n"
        "Соколова Анна Львовна, директор школы",
    )
    curator.tick("ошибки проверки")
    curator.fill("Объяснение руководителя школы", "Работы проверяли учителя своих классов, критерии не обсуждали.")
    keep(curator, "11-protocol", height=1480)


def draw_visit(come: Callable[[str], Visitor]) -> None:
    department = come("department")
    open_case(department, "Куратор назначен")
    department.follow("Назначить наблюдение", inside="aside")
    department.press("Сохранить")
    inspector = come("inspector")
    declare_free(inspector)
    inspector.follow("Внести акт")
    keep(inspector, "13-act", height=1300)


def draw_recheck(come: Callable[[str], Visitor]) -> None:
    inspector = come("inspector")
    inspector.open("/rechecks/?status=drawn")
    inspector.page.locator("table tbody tr a").first.click()
    inspector.sees("Работы выборки")
    keep(inspector, "14-sample", height=860)
    inspector.open("/rechecks/?status=marked")
    inspector.page.locator("table tbody tr a").first.click()
    keep(inspector, "15-recheck", height=860)


def draw_end(come: Callable[[str], Visitor]) -> None:
    deputy = come("deputy")
    open_case(deputy, "Закрыто")
    deputy.follow("Документы", inside=".tabs")
    keep(deputy, "16-documents", height=700)
    deputy.follow("Ход дела", inside=".tabs")
    keep(deputy, "17-course", height=860)
    manager = come("region")
    manager.open("/statistics/")
    keep(manager, "18-statistics", height=900)
    manager.page.locator(".user-menu > summary").click()
    keep(manager, "19-preferences", clip={"x": 760, "y": 8, "width": 512, "height": 300})
    draw_limits(manager)
    department = come("department")
    department.page.set_viewport_size(NARROW)
    open_case(department, "Признаки")
    keep(department, "20-telephone", height=844, width=390)
    admin = come("admin")
    admin.open("/users/add")
    keep(admin, "21-user", height=1150)


def draw_limits(manager: Visitor) -> None:
    manager.open("/what-if/")
    keep(manager, "26-what-if", height=900)
    manager.open("/fairness/")
    keep(manager, "27-fairness", height=1000)


def open_case(person: Visitor, state: str) -> None:
    """The strongest case that stands in a state."""
    person.open("/cases/")
    person.page.locator("table tbody tr").filter(
        has=person.page.locator("td", has_text=re.compile(rf"^\s*{state}\s*$"))
    ).first.locator("a").first.click()
    person.page.wait_for_load_state()


_IN_RUSSIAN = """() => {
  for (const field of document.querySelectorAll("input[type=date]")) {
    const day = field.value.split("-").reverse().join(".") || "дд.мм.гггг";
    field.type = "text";
    field.value = day;
    field.style.maxWidth = "9.5em";
  }
  for (const field of document.querySelectorAll("input[type=file]")) {
    const box = document.createElement("div");
    const button = document.createElement("span");
    button.className = "btn";
    button.textContent = "Выбрать файлы";
    const name = field.files.length ? field.files[0].name : "Файл не выбран";
    box.append(button, document.createTextNode(`\\u00a0 ${name}`));
    box.className = "field grow";
    field.replaceWith(box);
  }
}"""
"""Chromium of a server has no Russian words of its own: days and the choice of files are drawn as a Russian browser
draws them."""


def keep(
    person: Visitor, name: str, *, width: int = 1280, height: int = 800, clip: dict[str, float] | None = None
) -> None:
    """The top of the page, or one part of it, as a small picture."""
    page = person.page
    page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every(e => e.querySelector('svg'))")
    page.evaluate(_IN_RUSSIAN)
    if clip is None:
        page.set_viewport_size({"width": width, "height": height})
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0) }")
    whole = Image.open(io.BytesIO(page.screenshot(full_page=clip is not None, animations="disabled"))).convert("RGB")
    if clip is not None:
        left, top = max(0, clip["x"] - 8), max(0, clip["y"] - 8)
        right, bottom = clip["x"] + clip["width"] + 8, clip["y"] + clip["height"] + 8
        whole = whole.crop((int(left), int(top), int(min(right, whole.width)), int(min(bottom, whole.height))))
    path = IMAGES / f"{name}.png"
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    sys.stdout.write(f"{path.name}: {size // 1024} КБ\n")
    if size > LARGEST:
        sys.exit(f"{path.name} больше {LARGEST // 1024} КБ")


if __name__ == "__main__":
    main()
