"""What the pages of programmes and road maps share: reading a report, a rule of time, a stale page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from flask_babel import gettext as _

from app import auth
from app.admin import calendar, case_fields, words
from app.admin.export import attachment
from app.calendars import parse_rule
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import ProgrammeTask, RoadMapItem
from app.terms import (
    ATTENDED_KINDS,
    DayDirection,
    DayUnit,
    EventKind,
    Party,
    RuleKind,
    TaskKind,
    TaskStatus,
)
from app.workflows import evidence_files, road_map_papers
from app.workflows.execution import Report, is_overdue

TONES = {TaskStatus.DONE: "good", TaskStatus.WAIVED: "muted", TaskStatus.PLANNED: ""}
KEEP = "keep"
"""The choice that leaves a rule as it is."""


@dataclass(frozen=True)
class Told:
    """What a page says after a form was refused."""

    reasons: tuple[Reason, ...] = ()
    conflict: str | None = None

    @property
    def is_bad(self) -> bool:
        return bool(self.reasons or self.conflict)


def attempt(verb: Callable[[], object]) -> Told:
    """Do a verb and commit; what is refused comes back as words for the page."""
    try:
        verb()
        auth.commit()
    except Refused as refused:
        auth.db().rollback()
        return Told(refused.reasons)
    except Conflict as error:
        auth.db().rollback()
        return Told(conflict=str(error))
    return Told()


def version() -> int:
    return case_fields.whole(request.form.get("version", ""))


def typed(name: str, limit: int = 4000) -> str:
    return request.form.get(name, "").replace("\x00", "")[:limit].strip()


def day(name: str, title: str) -> date:
    """A day of the form, in the browser's form or as people write it."""
    found = optional_day(name)
    if found is None:
        raise Refused(Reason("no_day", _("Укажите дату: %(title)s.", title=title)))
    return found


def optional_day(name: str) -> date | None:
    text = request.form.get(name, "").strip()[:20]
    if not text:
        return None
    try:
        parts = text.split(".")
        found = date(int(parts[2]), int(parts[1]), int(parts[0])) if len(parts) == 3 else date.fromisoformat(text)
    except ValueError as error:
        raise Refused(Reason("bad_day", _("«%(text)s» — не дата. Нужна дата вида 30.09.2026.", text=text))) from error
    if not 2010 <= found.year <= 2050:
        raise Refused(Reason("far_day", _("Проверьте год в дате %(text)s.", text=text)))
    return found


def report() -> Report:
    """What the form of a finished thing says, its file within the limit of size."""
    people = request.form.get("n_people", "").strip()
    if people and not (people.isascii() and people.isdigit() and len(people) <= 6):
        raise Refused(Reason("people", _("Число участников — целое число.")))
    kept = None
    file = request.files.get("file")
    if file is not None and file.filename:
        limit = auth.context().settings.max_upload_mb
        content = file.stream.read(limit * 2**20 + 1)
        if len(content) > limit * 2**20:
            raise Refused(
                Reason("too_large", _("Файл больше %(limit)s МБ. Сожмите его или дайте ссылку.", limit=limit))
            )
        kept = (file.filename, content)
    return Report(
        day("done_on", _("когда выполнено")), typed("note"), typed("link", 1001), kept, int(people) if people else None
    )


def rule(now: Mapping[str, Any]) -> dict[str, Any]:
    """The rule of time that the form names, as the table that `parse_rule` reads."""
    kind = request.form.get("rule_kind", KEEP)
    if kind == KEEP:
        return dict(now)
    if kind not in set(RuleKind):
        raise Refused(Reason("rule", _("Выберите срок из списка.")))
    table: dict[str, Any] = {"kind": kind}
    if kind == RuleKind.DATE:
        table["on"] = day("rule_on", _("срок"))
    elif kind == RuleKind.WINDOW:
        table |= {"from": day("rule_from", _("начало")), "to": day("rule_to", _("конец"))}
    elif kind == RuleKind.MONTHS:
        numbers = [text.strip() for text in typed("rule_months", 60).split(",") if text.strip()]
        if not all(text.isascii() and text.isdigit() and len(text) <= 2 for text in numbers):
            raise Refused(Reason("months", _("Месяцы — номера через запятую, например 1, 7.")))
        table["months"] = [int(text) for text in numbers]
    elif kind == RuleKind.MONTHLY:
        table["day"] = case_fields.whole(request.form.get("rule_day", ""))
    elif kind == RuleKind.OFFSET:
        table |= {
            "event": request.form.get("rule_event", ""),
            "days": case_fields.whole(request.form.get("rule_days", "")),
            "unit": request.form.get("rule_unit", ""),
            "direction": request.form.get("rule_direction", ""),
        }
    return parse_rule(table).to_json()


def rule_choices() -> dict[str, Any]:
    """Choices of the form of a rule."""
    return {
        "kinds": [(member.value, words.capital(words.title(member))) for member in RuleKind],
        "events": [(member.value, words.title(member)) for member in EventKind],
        "units": [(member.value, words.title(member)) for member in DayUnit],
        "directions": [(member.value, words.title(member)) for member in DayDirection],
    }


def when(table: Mapping[str, Any] | None, note: str = "") -> str:
    """A rule in words of the page's language."""
    if not table:
        return "—"
    said = road_map_papers.rule_words(table, words.locale())
    return f"{said} ({note})" if note and words.locale() == "ru" else said


def parties(roles: list[str]) -> str:
    return ", ".join(words.title(Party(role)) for role in roles)


def state(row: ProgrammeTask | RoadMapItem) -> tuple[str, str]:
    """What a row's pill says, and its tone."""
    if is_overdue(row, words.today()):
        late = (words.today() - row.due_on).days if row.due_on else 0
        return _("просрочено на %(days)s", days=words.days(late)), "bad"
    if row.status is TaskStatus.PLANNED and row.is_groundless:
        return _("без основания"), "warn"
    return words.title(row.status), TONES[row.status]


def page_of(row: ProgrammeTask | RoadMapItem, kind: TaskKind) -> dict[str, Any]:
    """What the shared part of a task's page needs."""
    return {
        "row": row,
        "state": state(row),
        "is_open": row.status is TaskStatus.PLANNED,
        "is_attended": kind in ATTENDED_KINDS,
        "lost": calendar.lost_event(row, is_open=row.status is TaskStatus.PLANNED),
        "typed": request.form if request.method == "POST" else {},
        "today": words.today(),
    }


def file_of(row: ProgrammeTask | RoadMapItem) -> Any:
    """The file attached to a row, always as a file to save."""
    if row.file_sha256 is None or row.file_name is None:
        raise NotFound(_("Файл не приложен."))
    content = auth.context().store.read(row.file_sha256)
    _ending, mimetype = evidence_files.kind_of(content)
    return attachment(content, row.file_name, mimetype)
