"""The parts pages are made of, and Flask-Admin's own pages in the theme."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask_admin import Admin
from flask_admin.actions import action
from flask_admin.contrib.sqla import ModelView
from flask_admin.theme import BootstrapTheme
from flask_babel import Babel
from flask_wtf import CSRFProtect, FlaskForm
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool
from wtforms import StringField
from wtforms.validators import InputRequired

ADMIN = Path(__file__).resolve().parents[2] / "app" / "admin"
NASTY = """x' onload='alert(1)' "><script>alert(1)</script>"""


class InlineCode(HTMLParser):
    """What a policy without unsafe-inline would block in a page, as a browser reads it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.found.append(tag)
        self.found += [name for name in given if name.startswith("on") or name == "style"]
        self.found += [value for value in given.values() if value and value.lower().startswith("javascript:")]


class Base(DeclarativeBase):
    pass


class School(Base):
    __tablename__ = "schools"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    pupils: Mapped[int]


class SchoolView(ModelView):
    can_view_details = can_export = can_set_page_size = True
    column_numeric = ("pupils",)
    column_searchable_list = ("name",)
    column_filters = ("name", "pupils")
    page_size = 20

    @action("merge", "Объединить", "Объединить отмеченные школы?")
    def merge(self, ids: list[str]) -> None:
        pass


@pytest.fixture
def app() -> Iterator[Flask]:
    app = Flask("theme", template_folder=str(ADMIN / "templates"), static_folder=str(ADMIN / "static"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.config.update(SECRET_KEY="only-for-tests", BABEL_DEFAULT_LOCALE="ru", SERVER_NAME="localhost")
    Babel(app)
    CSRFProtect(app)
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    session: scoped_session[Session] = scoped_session(sessionmaker(engine))
    session.add_all(School(name=f"СОШ № {number}", pupils=number) for number in range(1, 46))
    session.add(School(name=NASTY, pupils=7))
    session.commit()
    with pytest.warns(DeprecationWarning, match="session|db"):
        view = SchoolView(School, session, name="Школы", endpoint="schools")
    admin = Admin(app, theme=BootstrapTheme(folder="bootstrap4", base_template="theme/base.html"))
    admin.add_view(view)
    yield app
    session.remove()
    engine.dispose()


def draw(app: Flask, source: str, **values: object) -> str:
    with app.test_request_context("/"):
        return render_template_string('{% import "theme/macros.html" as ui %}' + source, **values)


@pytest.mark.parametrize(
    "path", ["/admin/schools/", "/admin/schools/new/", "/admin/schools/edit/?id=46", "/admin/schools/details/?id=46"]
)
def test_framework_pages_have_no_inline_code_and_show_values_as_text(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)

    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    assert "<script>alert" not in text
    assert InlineCode(text).found == []


def test_list_tells_its_questions_to_the_script_by_attributes(app: Flask) -> None:
    text = app.test_client().get("/admin/schools/").get_data(as_text=True)

    assert 'data-bulk-action="merge" data-bulk-confirm="Объединить отмеченные школы?"' in text
    assert 'data-confirm="Удалить запись? Вернуть её будет нельзя."' in text
    assert 'data-filter-add="Name"' in text
    filters = re.search(r'<script type="application/json" id="filter-data">(.*?)</script>', text, flags=re.DOTALL)
    assert filters is not None
    assert set(json.loads(filters.group(1))["groups"]) == {"Name", "Pupils"}
    assert "1–20 из 46" in text


def test_every_form_that_posts_carries_the_token(app: Flask) -> None:
    text = app.test_client().get("/admin/schools/").get_data(as_text=True)

    forms = re.findall(r'<form[^>]*method="post".*?</form>', text, flags=re.DOTALL)
    assert forms
    assert all('name="csrf_token"' in form for form in forms)


def test_empty_list_says_so_and_offers_the_way_back(app: Flask) -> None:
    text = app.test_client().get("/admin/schools/?search=нет-такой").get_data(as_text=True)

    assert "Ничего не найдено" in text
    assert "Показать всё" in text


def test_spec_of_a_chart_survives_any_text_inside_it(app: Flask) -> None:
    spec = {"kind": "bars", "categories": [NASTY], "series": [{"title": NASTY, "values": [3]}]}

    text = draw(app, '{{ ui.chart("c", spec) }}', spec=spec)

    found = re.search(r"data-spec='([^']*)'", text)
    assert found is not None
    assert json.loads(html.unescape(found.group(1))) == spec
    assert "<script>" not in text


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"kind": "distribution", "scores": [0, 1, 2], "observed": [4, 9, 1], "expected": [3.5, 5, 2], "cuts": [1]},
            ["с 1 — «3»", "3,5", "Ожидалось"],
        ),
        ({"kind": "journal_table", "matrix": [[1, 2, 0, 0], [0, 33, 0, 0], [0, 0, 4, 0], [0, 0, 0, 5]]}, ["«2»", "33"]),
        (
            {"kind": "funnel", "n": [10, 40], "residual": [0.5, -2.25], "index": 1, "limits": {"n": [5], "95": [1]}},
            ["−2,25", "эта школа", "для сравнения школ: 2"],
        ),
        ({"kind": "bars", "unit": "share", "categories": ["а"], "series": [{"values": [0.25]}]}, ["25 %"]),
        ({"kind": "survival", "series": [{"title": "2026", "points": [[0, 1], [30, 0.5]]}]}, ["2026", "50 %"]),
        (
            {
                "kind": "item_profile",
                "items": [
                    {"item": 7, "max": 1, "own": 0.774, "expected": 0.31, "low": 0.2, "high": 0.43, "shown": True},
                ],
            },
            ["<td>7</td>", "77 %", "31 %", "20–43 %", "входит\u00a0в\u00a0признак"],
        ),
        (
            {
                "kind": "class_similarity",
                "class": "4А",
                "alike": [[None, None, 4.4], [None, None, 0.6], [4.4, 0.6, None]],
                "pairs": 2,
                "close": 0.5,
                "expected": 0.012,
            },
            ["Класс 4А, работ: 3", "50 %", "1,2 %", "работы 1 и 3", "4,4"],
        ),
        (
            {
                "kind": "distribution",
                "scores": [0, 1, 2, 3],
                "observed": [1, 5, 4, 6],
                "cuts": [],
                "tail": {"middle": 2, "high": 3},
            },
            ["сильные работы", "наивысшие баллы"],
        ),
        (
            {
                "kind": "distribution",
                "scores": [0, 1, 2],
                "observed": [4, 9, 1],
                "cuts": [1],
                "frandsen_k": 0.02,
                "frandsen": [{"cut": 1, "counts": [4, 9, 1], "p_value": 0.0412}],
                "parts": [{"part": "items", "own": 0.412, "expected": 0.5, "z": 2.31}],
            },
            ["Франдсена", "k = 0,02", "4 / 9 / 1", "0,041", "разнообразие ответов", "0,41", "2,3"],
        ),
        (
            {
                "kind": "item_profile",
                "items": [
                    {"item": 7, "max": 1, "own": 0.774, "expected": 0.31, "low": 0.2, "high": 0.43, "shown": False}
                    | {"view": {"low": 0.61, "high": 0.88, "usual": 0.333, "q": 0.0002, "above": True}},
                ],
            },
            ["61–88 %", "33 %", "&lt; 0,001", "выше\u00a0эталона"],
        ),
        (
            {
                "kind": "cohort_line",
                "points": [
                    {"year": 2025, "grade": 4, "own": 0.51, "n": 22, "low": 0.45, "middle": 0.52, "high": 0.58},
                    {"year": 2026, "grade": 5, "own": 0.83, "n": 24, "low": 0.46, "middle": 0.53, "high": 0.59},
                ],
                "expected": 0.55,
                "expected_low": 0.47,
                "expected_high": 0.64,
                "index": 1.734,
            },
            ["2025, 4 класс", "51 %", "83 %", "45 % – 58 %", "55 % (47 % – 64 %)", "1,73"],
        ),
        (
            {
                "kind": "external_scatter",
                "x": [3.5, 4.1],
                "y": [0.5, 0.8],
                "own": [4.12, 0.8],
                "leavers": 30,
                "expected": 0.62,
                "expected_low": 0.5,
                "expected_high": 0.71,
                "clears": True,
            },
            ["4,12", "80 %", "62 % (50 % – 71 %)", "уровень подтверждён", "для сравнения школ: 2"],
        ),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_every_chart_has_a_table_that_says_the_same(app: Flask, spec: dict[str, object], words: list[str]) -> None:
    text = draw(app, '{{ ui.chart("c", spec) }}', spec=spec)

    table = text[text.index("<details") :]
    assert all(word in table for word in words)


def test_table_of_a_class_names_close_pairs_only_and_says_how_many_more_there_are(app: Flask) -> None:
    alike = [[3.0 if v != w else None for w in range(9)] for v in range(9)]
    alike[8][0] = alike[0][8] = 0.3
    spec = {"kind": "class_similarity", "class": "4А", "alike": alike, "pairs": 36, "close": 35 / 36, "expected": 0.01}

    text = draw(app, '{{ ui.chart("c", spec) }}', spec=spec)

    table = text[text.index("<details") :]
    assert table.count("работы ") == 30
    assert "работы 1 и 9" not in table
    assert "и ещё пар: 5" in table


def test_facts_of_an_upload_and_earlier_lists_are_tables_without_a_chart(app: Flask) -> None:
    upload = {
        "kind": "protocol",
        "facts": [
            {"fact": "absent", "count": 12.0, "of": 60.0, "usual": 0.061, "odd": True},
            {"fact": "one_variant", "count": 0.0, "of": 48.0, "usual": None, "odd": False},
        ],
    }
    past = {
        "kind": "recurrence",
        "periods": [{"year": 2025, "source": "federal_list", "marked": True, "rate": 0.08}],
    }

    first, second = (draw(app, "{{ ui.chart_as_table(spec) }}", spec=spec) for spec in (upload, past))

    assert all(
        word in first for word in ("не писали работу", "12", "60", "6 %", "<b>необычно</b>", "у всех один вариант")
    )
    assert all(word in second for word in ("2025", "федеральный список", "<b>да</b>", "8 %"))
    assert "data-chart" not in first + second


@pytest.mark.parametrize("kind", ["item_profile", "class_similarity", "cohort_line", "external_scatter"])
def test_chart_of_every_detector_is_drawn_by_the_script_and_asked_for_by_the_case(kind: str) -> None:
    script = (ADMIN / "static" / "obektiv.js").read_text(encoding="utf-8")
    card = (ADMIN / "templates" / "pages" / "parts.html").read_text(encoding="utf-8")

    assert re.search(rf"\b{kind}: \w+", script)
    assert f'"{kind}"' in card


def test_number_never_parts_from_its_sign(app: Flask) -> None:
    text = draw(app, '{{ ui.checklist([{"title": "Приказ № 118", "done": false, "href": "/f"}]) }}')

    assert "Приказ №\u00a0118" in text
    assert "не хватает:" in text
    assert 'href="/f"' in text


def test_stages_say_in_words_what_colour_says(app: Flask) -> None:
    steps = [
        {"title": "Признаки", "kind": "done", "caption": "9 дней"},
        {"title": "Собеседование", "kind": "current"},
        {"title": "Закрыто", "kind": "ahead"},
    ]

    text = draw(app, "{{ ui.stages(steps) }}", steps=steps)

    assert "пройден" in text
    assert text.count('aria-current="step"') == 1
    assert "9 дней" in text


def test_field_shows_label_help_errors_and_that_it_is_required(app: Flask) -> None:
    class Protocol(FlaskForm):
        place = StringField("Место", [InputRequired("Укажите место.")], description="Адрес.")

    with app.test_request_context("/", method="POST"):
        form = Protocol(meta={"csrf": False})
        form.validate()
        source = '{% import "theme/macros.html" as ui %}{{ ui.form_field(form.place) }}'
        text = render_template_string(source, form=form)

    assert "Укажите место." in text
    assert 'aria-invalid="true"' in text
    assert 'aria-describedby="place-help"' in text
    assert 'title="обязательно"' in text
