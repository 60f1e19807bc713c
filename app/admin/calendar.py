"""«Календарь»: the year with its days off, vacations and events; a change is previewed, then asked for."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from flask import redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import or_, select
from wtforms import DateField, IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional

from app import auth
from app.admin import calendar_sheet, case_fields, choices, lost_dates, words
from app.admin.base import Page, say
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import CalendarChange, CalendarEntry, CalendarEvent, DueMove, Municipality
from app.policy import Permission
from app.terms import ChangeKind, ChangeStatus, EntryKind, EventKind, Following, Subject
from app.workflows import calendar_changes as verbs
from app.workflows import recalculation
from app.workflows.calendar_world import Change, calendar_of

SHOWN = 200
"""Deadlines a preview lists at most; the counts count all."""

# Uploads and moves of cases are events by themselves: the program knows their days.
ENTERED = (EventKind.SITTING, EventKind.PUBLICATION, EventKind.ACADEMIC_YEAR_END, EventKind.WORKS_KEPT)


class EventFields(FlaskForm):
    kind = SelectField(_l("Событие"), [case_fields.NEEDED])
    on = DateField(_l("День"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS)
    title = StringField(_l("Пояснение"), [Length(max=300)])
    subject = SelectField(_l("Предмет"), description=_l("Пусто — событие касается всех предметов."))
    grade = IntegerField(_l("Класс"), [Optional(), NumberRange(1, 11)])
    year = IntegerField(
        _l("Работы какого года"),
        [Optional(), NumberRange(2014, 2050)],
        description=_l("Нужно для срока хранения работ: 2026 — работы 2025/26 учебного года."),
    )
    place = SelectField(_l("Где"))
    source = StringField(_l("Основание"), [case_fields.NEEDED, Length(max=400)])


class DaysFields(FlaskForm):
    kind = SelectField(_l("Что это"), [case_fields.NEEDED])
    title = StringField(_l("Название"), [case_fields.NEEDED, Length(max=200)])
    starts_on = DateField(_l("Первый день"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS)
    ends_on = DateField(_l("Последний день"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS)
    place = SelectField(_l("Где"))
    source = StringField(_l("Основание"), [case_fields.NEEDED, Length(max=400)])


class CalendarPage(Page):
    permission = auth.SIGNED_IN

    @expose("/")
    @auth.door(auth.SIGNED_IN)
    def index(self) -> str:
        """One year of one territory."""
        place = _place()
        year = _year()
        calendar = calendar_of(auth.db(), place)
        events = _events(place, year)
        return self.render(
            "pages/calendar.html",
            year=year,
            chosen=place,
            places=_places(),
            months=calendar_sheet.months(calendar, year, events, words.today()),
            totals=calendar_sheet.totals(calendar, year),
            is_decreed=calendar.year(year).is_decreed,
            source=calendar.year(year).source,
            holidays=calendar_sheet.named_days(calendar, year),
            events=events,
            entries=_entries(place, year),
            changes=_changes(place),
            years=[y for y in (year - 1, year + 1) if 2015 <= y <= 2040],
            is_keeper=_is_keeper(),
            may_change=_may_change,
        )

    @expose("/event", methods=("GET", "POST"))
    @auth.door(Permission.CALENDAR_KEEP)
    def add_event(self) -> Any:
        form = EventFields()
        form.kind.choices = [(kind.value, words.capital(words.title(kind))) for kind in ENTERED]
        form.subject.choices = [("", "—"), *choices.terms(Subject)]
        form.place.choices = _own_places()
        return self._form(form, _("Новое событие"), lambda: Change(ChangeKind.EVENT_ADD, None, _event_values(form)))

    @expose("/days", methods=("GET", "POST"))
    @auth.door(Permission.CALENDAR_KEEP)
    def add_days(self) -> Any:
        form = DaysFields()
        form.kind.choices = choices.terms(EntryKind)
        form.place.choices = _own_places()
        return self._form(
            form, _("Каникулы, выходные, рабочие дни"), lambda: Change(ChangeKind.ENTRY_ADD, None, _days_values(form))
        )

    @expose("/event/<row:event_id>", methods=("POST",))
    @auth.door(Permission.CALENDAR_KEEP)
    def change_event(self, event_id: int) -> Any:
        """Preview of moving an event to the day of the form, or of taking it out."""
        if request.form.get("what") == "remove":
            return self._preview(Change(ChangeKind.EVENT_REMOVE, event_id, {}))
        return self._preview(Change(ChangeKind.EVENT_MOVE, event_id, {"on": request.form.get("on", "")[:10]}))

    @expose("/days/<row:days_id>", methods=("POST",))
    @auth.door(Permission.CALENDAR_KEEP)
    def remove_days(self, days_id: int) -> Any:
        return self._preview(Change(ChangeKind.ENTRY_REMOVE, days_id, {}))

    @expose("/apply", methods=("POST",))
    @auth.door(Permission.CALENDAR_KEEP)
    def apply(self) -> Any:
        """Ask for the change that was previewed."""
        change = _change_of(request.form.get("change", ""))
        reason = request.form.get("reason", "")[:2000]
        try:
            row = verbs.ask(
                auth.db(),
                change,
                reason=reason,
                is_told=request.form.get("is_told") == "y",
                actor=auth.actor(),
                at=auth.now(),
            )
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._preview(change, told=refused.reasons, reason=reason), 409
        say(_("Изменение принято, сроки пересчитываются."))
        return redirect(url_for("calendar.change", change_id=row.id))

    @expose("/changes/<row:change_id>")
    @auth.door(auth.SIGNED_IN)
    def change(self, change_id: int) -> str:
        """What a change did to every deadline in sight."""
        return self._change(change_id)

    @expose("/changes/<row:change_id>/mend", methods=("POST",))
    @auth.door(Permission.CALENDAR_KEEP)
    def mend(self, change_id: int) -> Any:
        """Give all dates that the change left without a ground one: their present days, or another event."""
        if told := lost_dates.mend(change_id):
            return self._change(change_id, told=told), 409
        return redirect(url_for("calendar.change", change_id=change_id))

    def _change(self, change_id: int, *, told: tuple[Reason, ...] = ()) -> str:
        row = auth.db().get(CalendarChange, change_id)
        if row is None:
            raise NotFound(_("Такой записи нет."))
        moves = (
            auth.db()
            .scalars(
                select(DueMove)
                .where(DueMove.change_id == change_id)
                .order_by(DueMove.following != Following.ORPHANED, DueMove.new_on, DueMove.id)
                .limit(SHOWN)
            )
            .all()
        )
        return self.render(
            "pages/calendar_change.html",
            row=row,
            told=told,
            typed=request.form,
            **lost_dates.offer(row),
            moves=moves,
            shown=SHOWN,
            tones=TONES,
            hrefs={(move.subject, move.subject_id): _href_of(move) for move in moves},
            Following=Following,
            is_waiting=row.status is ChangeStatus.QUEUED,
            what=_told_of(row.kind, row.row_id, row.values),
        )

    def _form(self, form: Any, title: str, change: Any) -> Any:
        told: tuple[Reason, ...] = ()
        if request.method == "POST" and form.validate():
            try:
                return self._preview(change())
            except Refused as refused:
                told = refused.reasons
        problems = case_fields.field_errors(form)
        page = self.render("pages/calendar_form.html", form=form, title=title, told=told, problems=problems)
        return (page, 409) if told else (page, 422) if form.errors else page

    def _preview(self, change: Change, *, told: tuple[Reason, ...] = (), reason: str = "") -> str:
        what = _told_of(change.kind, change.row_id, change.values)
        followed = verbs.look(auth.db(), change, actor=auth.actor())
        packed = {"kind": change.kind.value, "row_id": change.row_id, "values": dict(change.values)}
        return self.render(
            "pages/calendar_preview.html",
            what=what,
            change=json.dumps(packed, ensure_ascii=False),
            followed=followed[:SHOWN],
            n_followed=len(followed),
            counts=recalculation.counts(followed),
            owners=recalculation.owners(followed, _names_of_places()),
            tones=TONES,
            Following=Following,
            told=told,
            reason=reason,
        )


TONES = {
    Following.MOVED: "accent",
    Following.PINNED: "warn",
    Following.DONE: "good",
    Following.ORPHANED: "bad",
}


PAGES = {
    "deadlines": (Permission.CALENDAR_KEEP, "deadlines.deadline", "deadline_id"),
    "programme_tasks": (Permission.PROGRAMME_READ, "programme_tasks.task", "task_id"),
    "road_map_items": (Permission.CASE_READ, "road_maps.item", "item_id"),
    recalculation.RECHECKS: (Permission.CASE_READ, "rechecks.recheck", "recheck_id"),
    recalculation.CASES: (Permission.CASE_READ, "cases.case", "case_id"),
}
"""Where a deadline of a report is looked after, and who may open it."""


def _href_of(move: DueMove) -> str | None:
    permission, endpoint, name = PAGES[move.subject]
    address: dict[str, Any] = {name: move.subject_id}
    return url_for(endpoint, **address) if auth.actor().may(permission) else None


def lost_event(row: Any, *, is_open: bool) -> dict[str, Any] | None:
    """What took the event of a `Dated` row out of the calendar; None while it has its event or a pin, or is settled."""
    change = auth.db().get(CalendarChange, row.lost_change_id) if is_open and row.is_groundless else None
    if change is None:
        return None
    was = change.values["was"]
    name = _event_name(EventKind(was["kind"]), was["title"], was["subject"], was["grade"])
    href = url_for("calendar.change", change_id=change.id)
    return {"what": f"{name}, {words.day(was['on'])}", "href": href, "change": change}


def _names_of_places() -> dict[int, str]:
    return {row.id: row.name for row in auth.db().scalars(select(Municipality))}


def _event_values(form: EventFields) -> dict[str, Any]:
    return {
        "kind": form.kind.data,
        "on": form.on.data.isoformat(),
        "title": (form.title.data or "").strip(),
        "subject": form.subject.data or "",
        "grade": form.grade.data,
        "year": form.year.data,
        "source": (form.source.data or "").strip(),
        "municipality_id": int(form.place.data) if form.place.data else None,
    }


def _days_values(form: DaysFields) -> dict[str, Any]:
    return {
        "kind": form.kind.data,
        "title": (form.title.data or "").strip(),
        "starts_on": form.starts_on.data.isoformat(),
        "ends_on": form.ends_on.data.isoformat(),
        "source": (form.source.data or "").strip(),
        "municipality_id": int(form.place.data) if form.place.data else None,
    }


def _change_of(text: str) -> Change:
    """The change that the preview's form carries; whatever it says is checked anew by the verb."""
    try:
        packed = json.loads(text[:4000])
        kind, row_id, values = ChangeKind(packed["kind"]), packed["row_id"], packed["values"]
        if not isinstance(values, dict) or not (row_id is None or isinstance(row_id, int)):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise Conflict(_("Страница устарела: начните изменение заново.")) from None
    return Change(kind, row_id, values)


def _told_of(kind: ChangeKind, row_id: int | None, values: Any) -> str:
    """A change in words."""
    session = auth.db()
    if kind is ChangeKind.EVENT_ADD:
        name = _event_name(EventKind(values["kind"]), values.get("title"), values.get("subject"), values.get("grade"))
        return _("Новое событие: %(name)s, %(day)s", name=name, day=words.day(values["on"]))
    if kind is ChangeKind.ENTRY_ADD:
        return _(
            "%(kind)s: %(title)s, %(first)s — %(last)s",
            kind=words.capital(words.title(EntryKind(values["kind"]))),
            title=values["title"],
            first=words.day(values["starts_on"], "short"),
            last=words.day(values["ends_on"], "short"),
        )
    was = values.get("was")
    if kind is ChangeKind.ENTRY_REMOVE:
        entry = session.get(CalendarEntry, row_id) if row_id is not None and was is None else None
        return _("Убрать из календаря: %(title)s", title=was["title"] if was else entry.title if entry else "—")
    event = session.get(CalendarEvent, row_id) if row_id is not None and was is None else None
    name = "—"
    if was:
        name = _event_name(EventKind(was["kind"]), was["title"], was["subject"], was["grade"])
    elif event is not None:
        name = _event_name(event.kind, event.title, event.subject, event.grade)
    if kind is ChangeKind.EVENT_REMOVE:
        return _("Отменить событие: %(name)s", name=name)
    try:
        day = words.day(values.get("on"))
    except ValueError:
        day = "—"
    return _("Перенести на %(day)s: %(name)s", day=day, name=name)


def _event_name(kind: EventKind, title: str | None, subject: str | None, grade: int | None) -> str:
    paper = f" ({words.paper(subject, grade)})" if subject or grade else ""
    return words.title(kind) + paper + (f" — {title}" if title else "")


def _year() -> int:
    asked = case_fields.whole(request.args.get("year", ""))
    return asked if 2015 <= asked <= 2040 else words.today().year


def _place() -> int | None:
    """The municipality whose calendar is shown: one's own, or the one asked for by whoever sees all."""
    own = auth.actor().municipality_id
    asked = case_fields.whole(request.args.get("place", ""))
    if own is not None:
        return None if request.args.get("place") == "region" else own
    return asked if asked > 0 and auth.db().get(Municipality, asked) is not None else None


def _places() -> choices.Choices:
    own = auth.actor().municipality_id
    region = ("region", _("Весь регион"))
    return [*choices.municipalities(), region] if own is not None else [region, *choices.municipalities()]


def _own_places() -> list[tuple[str, str]]:
    """Whose calendar this person may change."""
    own = [(key, name) for key, name in choices.municipalities()]
    return [("", _("Весь регион")), *own] if auth.actor().is_regional else own


def _is_keeper() -> bool:
    return auth.actor().may(Permission.CALENDAR_KEEP)


def _may_change(row: CalendarEvent | CalendarEntry) -> bool:
    actor = auth.actor()
    return _is_keeper() and (actor.is_regional or row.municipality_id == actor.municipality_id)


def _events(place: int | None, year: int) -> list[CalendarEvent]:
    own = CalendarEvent.municipality_id
    rows = auth.db().scalars(
        select(CalendarEvent)
        .where(
            CalendarEvent.on.between(date(year, 1, 1), date(year, 12, 31)),
            or_(own.is_(None), own == place),
        )
        .order_by(CalendarEvent.on, CalendarEvent.id)
    )
    return list(rows)


def _entries(place: int | None, year: int) -> list[CalendarEntry]:
    own = CalendarEntry.municipality_id
    rows = auth.db().scalars(
        select(CalendarEntry)
        .where(
            CalendarEntry.starts_on <= date(year, 12, 31),
            CalendarEntry.ends_on >= date(year, 1, 1),
            or_(own.is_(None), own == place),
        )
        .order_by(CalendarEntry.starts_on, CalendarEntry.id)
    )
    return list(rows)


def _changes(place: int | None) -> list[tuple[CalendarChange, str]]:
    own = CalendarChange.municipality_id
    rows = auth.db().scalars(
        select(CalendarChange).where(or_(own.is_(None), own == place)).order_by(CalendarChange.id.desc()).limit(5)
    )
    return [(row, _told_of(row.kind, row.row_id, row.values)) for row in rows]
