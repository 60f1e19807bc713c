"""People brought in by a table: the template, what the table would do, entering it."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

from flask import Response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import auth
from app.admin import export, words
from app.admin.base import say
from app.errors import Reason, Refused, WrongFormat
from app.policy import Permission
from app.terms import Duty, ImportOutcome, PostKind, Subject
from app.workflows import people_table
from app.workflows.people_table import Column, Comparison, Table, from_plain, from_text, load_columns

TONES = {
    ImportOutcome.NEW: "good",
    ImportOutcome.CHANGED: "accent",
    ImportOutcome.SAME: "muted",
    ImportOutcome.WRONG: "bad",
}
LARGEST_MB = 5
MOST_LEFT = 50
_MORE = {"post": _l("новая должность"), "duties": _l("роль"), "training": _l("обучение")}


class ImportPages:
    """The doors of the import; a part of `PeopleView`."""

    render: Any

    @expose("/import", methods=("GET", "POST"))
    @auth.door(Permission.PEOPLE_KEEP)
    def table(self) -> Any:
        """A workbook or a table copied from one: shown as it would be entered, then entered."""
        text = request.form.get("table", "")
        found: Comparison | None = None
        table: Table | None = None
        told: tuple[Reason, ...] = ()
        how: dict[str, Any] = {"actor": auth.actor(), "at": auth.now()}
        if request.method == "POST":
            try:
                if request.form.get("step") == "enter":
                    table = _kept()
                    new, changed = people_table.enter(auth.db(), table, request.form.get("seen", ""), **how)
                    auth.commit()
                    say(_("Внесено людей: %(new)s, изменено карточек: %(changed)s.", new=new, changed=changed))
                    return redirect(url_for("people.index_view"))
                table = _brought(text)
            except Refused as refused:
                auth.db().rollback()
                told = refused.reasons
            if table is not None:
                found = people_table.compare(auth.db(), table, **how)
        page = self.render(
            "pages/people_import.html",
            table=text,
            read=table,
            kept=json.dumps(table.as_plain(), ensure_ascii=False) if table else "",
            found=found,
            told=told,
            columns=load_columns(),
            tones=TONES,
            outcomes=list(ImportOutcome),
            where=_where,
            differs=_differs,
            most_left=MOST_LEFT,
        )
        return (page, 409) if told else page

    @expose("/import/template")
    @auth.door(Permission.PEOPLE_KEEP)
    def template(self) -> Response:
        """An empty table with the headings, an example and what may stand in each column."""
        name = _("Люди: шаблон таблицы") + ".xlsx"
        return export.attachment(template_workbook(words.locale()), name, export.MIMETYPES["xlsx"])


def template_workbook(locale: str) -> bytes:
    """The template: a sheet to fill and a sheet that explains; the example stands on the second one only."""
    import openpyxl
    from openpyxl.styles import Font
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    page, notes = book.active, book.create_sheet(_("Пояснения"))
    page.title = _("Люди")
    page.freeze_panes = "B2"
    columns = load_columns()
    # No heading of names here: a sheet without one is skipped by the reading.
    notes.append([_("Столбец"), _("Что писать"), _("Пример"), _("Что бывает")])
    choices = {"kind": PostKind, "duties": Duty, "subjects": Subject}
    for place, column in enumerate(columns, start=1):
        cell = page.cell(1, place, column.heading)
        cell.font = Font(bold=True)
        page.column_dimensions[cell.column_letter].width = max(14, len(column.heading) + 4)
        known = ", ".join(member.title(locale) for member in choices.get(column.name, ()))
        notes.append([f"{column.heading}:", _help(column, locale), column.example, known])
        # Text, so that Excel keeps the number of a school and the list of grades as they are typed.
        page.column_dimensions[cell.column_letter].number_format = "@"
        if column.name == "kind":
            rule = DataValidation(type="list", formula1='"' + known + '"', allow_blank=True)
            if len(known) <= 255:  # a longer list is refused by Excel
                page.add_data_validation(rule)
                rule.add(f"{cell.column_letter}2:{cell.column_letter}2001")
    for cell in notes[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCD", (26, 60, 34, 90), strict=True):
        notes.column_dimensions[letter].width = width
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _help(column: Column, locale: str) -> str:
    return column.help_en if locale == "en" else column.help_ru


def _brought(text: str) -> Table:
    file = request.files.get("file")
    if file is None or not file.filename:
        return from_text(text)
    content = file.stream.read(LARGEST_MB * 2**20 + 1)
    if len(content) > LARGEST_MB * 2**20:
        ru = f"Файл больше {LARGEST_MB} МБ. Оставьте в нём только таблицу людей."
        raise WrongFormat(Reason("too_large", ru, f"The file is larger than {LARGEST_MB} MB."))
    return people_table.read_file(content)


def _kept() -> Table:
    try:
        return from_plain(json.loads(request.form.get("kept", "")))
    except (ValueError, RecursionError):
        raise WrongFormat(
            Reason("no_table", "Таблица не дошла целиком. Загрузите её ещё раз.", "Load the table again.")
        ) from None


def _where(read: Table, row: people_table.Row, column: str | None) -> str:
    """Place of a remark as Excel shows it: sheet, row, column."""
    sheet = _("лист «%(name)s», ", name=row.line.sheet) if row.line.sheet else ""
    letter = read.letters.get(row.line.sheet, {}).get(column or "", "")
    if letter:
        return sheet + _("строка %(row)s, столбец %(letter)s", row=row.line.row, letter=letter)
    heading = next((known.heading for known in load_columns() if known.name == column), "")
    if heading:
        return sheet + _("строка %(row)s, нужен столбец «%(heading)s»", row=row.line.row, heading=heading)
    return sheet + _("строка %(row)s", row=row.line.row)


def _differs(row: people_table.Row) -> list[str]:
    """What of a card would change: the field, what stands there and what comes."""
    titles = {column.name: column.heading for column in load_columns()}
    person = row.person
    told = [
        f"{titles[name]}: {_shown(getattr(person, name))} → {_shown(getattr(row.said, name))}" for name in row.changed
    ]
    if row.post:
        told.append(
            f"{_MORE['post']}: {row.post['title'] or row.post['organisation'] or words.title(row.post['kind'])}"
        )
    if row.duties:
        told.append(f"{_MORE['duties']}: " + ", ".join(words.title(duty) for duty in row.duties))
    if row.training:
        issued: date = row.training["issued_on"]
        told.append(f"{_MORE['training']}: {row.training['programme']}, {words.day(issued)}")
    return told


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        subjects = {subject.value for subject in Subject}
        return ", ".join(words.title(Subject(v)) if v in subjects else str(v) for v in value) or "—"
    return "—" if value in (None, "") else str(value)
