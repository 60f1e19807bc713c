"""«Сроки»: deadlines that a region or a department set for itself, and the form that says one by its rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, ClassVar

from flask import Response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import ColumnElement, and_, select
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional

from app import auth
from app.admin import calendar, case_fields, choices, words
from app.admin.base import Column, Filter, ScopedView, like, say
from app.admin.cases import lateness
from app.calendars import Due, parse_rule
from app.errors import Conflict, NotFound, Refused
from app.models import Case, Deadline
from app.policy import Permission
from app.terms import DayDirection, DayOffPolicy, DayUnit, EventKind, Lateness, RuleKind, YearKind
from app.workflows import deadlines as verbs
from app.workflows import engine, pinning

NEEDED, DAYS = case_fields.NEEDED, case_fields.DAY_FORMATS


class CommonFields(FlaskForm):
    """What every deadline says besides its rule."""

    title = StringField(_l("Что сделать"), [NEEDED, Length(max=300)])
    responsible = StringField(_l("Ответственный"), [Length(max=200)])
    source = StringField(_l("Основание"), [Length(max=400)])
    place = SelectField(_l("Чей срок"))
    day_off = SelectField(_l("Если день выходной"))
    avoid_vacations = BooleanField(_l("Не назначать на каникулы"))


class DateRule(CommonFields):
    on = DateField(_l("К какому дню"), [NEEDED], format=DAYS)


class WindowRule(CommonFields):
    start = DateField(_l("С какого дня"), [NEEDED], format=DAYS)
    end = DateField(_l("По какой день"), [NEEDED], format=DAYS)


class OffsetRule(CommonFields):
    days = IntegerField(_l("Сколько дней"), [NEEDED, NumberRange(0, 1000)], default=10)
    unit = SelectField(_l("Каких"))
    direction = SelectField(_l("До или после"))
    event = SelectField(_l("Какого события"))
    detail = SelectField(_l("Какого хода"), description=_l("Если событие — ход дела."))


class MonthlyRule(CommonFields):
    day = IntegerField(_l("До какого числа"), [NEEDED, NumberRange(1, 31)], default=25)


class QuarterlyRule(CommonFields):
    pass


class MonthsRule(CommonFields):
    months = case_fields.Checkboxes(_l("Месяцы"), [NEEDED], coerce=int)
    day = IntegerField(_l("До какого числа"), [Optional(), NumberRange(1, 31)], description=_l("Пусто — весь месяц."))


class YearEndRule(CommonFields):
    year = SelectField(_l("Какого года"))


FORMS: dict[RuleKind, type[CommonFields]] = {
    RuleKind.DATE: DateRule,
    RuleKind.WINDOW: WindowRule,
    RuleKind.OFFSET: OffsetRule,
    RuleKind.MONTHLY: MonthlyRule,
    RuleKind.QUARTERLY: QuarterlyRule,
    RuleKind.MONTHS: MonthsRule,
    RuleKind.YEAR_END: YearEndRule,
}
"""The form of each kind of rule; what is done constantly has no deadline to set."""

FIRST_MONTHS = (1, 7)


class DeadlinesView(ScopedView):
    permission = Permission.CALENDAR_KEEP
    heading: ClassVar[Any] = _l("Сроки")
    lead: ClassVar[Any] = _l("Свои сроки отдела. Каждый помнит правило и идёт за своим событием.")
    empty: ClassVar[Any] = _l("Своих сроков пока нет. Добавьте срок: к дате, от события, каждый месяц или квартал.")
    list_template = "pages/deadlines.html"
    export_endpoint = "deadlines.export_deadlines"
    search_hint: ClassVar[Any] = _l("Что сделать или кто отвечает")
    order = (("due_on", False), ("id", False))
    columns = (
        Column("title", _l("Что сделать"), lambda d: d.title, kind="strong", below=lambda d: rule_words(d)),
        Column("due_on", _l("Срок"), lambda d: d.due_on, kind="day", sort="due_on"),
        Column("state", _l("Состояние"), lambda d: state(d)[0], kind="pill", tone=lambda d: state(d)[1]),
        Column("responsible", _l("Ответственный"), lambda d: d.responsible or "—", is_wide_only=True),
        Column("rule", _l("Правило"), lambda d: rule_words(d), is_export_only=True),
        Column("source", _l("Основание"), lambda d: d.source, is_export_only=True),
        Column("pinned_reason", _l("Почему закреплён"), lambda d: d.pinned_reason, is_export_only=True),
    )
    filters = (
        Filter("state", _l("Состояние"), lambda: states(), lambda v: state_is(v)),
        Filter(
            "municipality", _l("Муниципалитет"), choices.municipalities, lambda v: Deadline.municipality_id == int(v)
        ),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        pattern = like(text)
        return Deadline.title.ilike(pattern, escape="\\") | Deadline.responsible.ilike(pattern, escape="\\")

    def href(self, row: Deadline) -> str | None:
        return self.get_url(".deadline", deadline_id=row.id)

    @expose("/export/<kind>", methods=("POST",))
    @auth.door(Permission.CALENDAR_KEEP)
    def export_deadlines(self, kind: str) -> Response:
        return self.export_rows(kind)

    @expose("/add", methods=("GET", "POST"))
    @auth.door(Permission.CALENDAR_KEEP)
    def add(self) -> Any:
        """The form of one kind of rule; the kind stands in the address."""
        asked = request.args.get("kind", RuleKind.OFFSET.value)
        if asked not in set(RuleKind) or RuleKind(asked) not in FORMS:
            raise NotFound(_("Такого правила нет."))
        kind = RuleKind(asked)
        form = FORMS[kind]()
        case = _case_asked()
        _offer(form, case)
        told: tuple[Any, ...] = ()
        if request.method == "POST" and form.validate():
            try:
                made = verbs.set_deadline(
                    auth.db(),
                    title=form.title.data or "",
                    rule=rule_of(kind, form),
                    year=words.today(),
                    responsible=form.responsible.data or "",
                    source=form.source.data or "",
                    municipality_id=int(form.place.data) if form.place and form.place.data else None,
                    case_id=case.id if case is not None else None,
                    actor=auth.actor(),
                    at=auth.now(),
                )
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                told = refused.reasons
            else:
                say(_("Внесено сроков: %(n)s, ближайший — %(day)s.", n=len(made), day=words.day(made[0].due_on)))
                back = url_for("cases.case", case_id=case.id) if case is not None else url_for("deadlines.index_view")
                return redirect(back)
        page = self.render(
            "pages/deadline_add.html",
            form=form,
            kinds=[(k.value, words.capital(words.title(k)), k is kind) for k in FORMS],
            case=case,
            told=told,
            problems=case_fields.field_errors(form),
        )
        return (page, 409) if told else (page, 422) if form.errors else page

    @expose("/<row:deadline_id>")
    @auth.door(Permission.CALENDAR_KEEP)
    def deadline(self, deadline_id: int) -> str:
        return self._page(self.get_one(deadline_id))

    @expose("/<row:deadline_id>/pin", methods=("POST",))
    @auth.door(Permission.CALENDAR_KEEP)
    def pin(self, deadline_id: int) -> Any:
        """Keep the deadline on a day, with the reason."""
        reason, on = request.form.get("reason", "")[:2000], _day(request.form.get("on", ""))
        act = partial(verbs.pin, reason=reason, on=on)
        return self._change(deadline_id, act, _("Срок закреплён."), reason)

    @expose("/<row:deadline_id>/unpin", methods=("POST",))
    @auth.door(Permission.CALENDAR_KEEP)
    def unpin(self, deadline_id: int) -> Any:
        return self._change(deadline_id, verbs.unpin, _("Срок снова идёт по правилу."))

    @expose("/<row:deadline_id>/finish", methods=("POST",))
    @auth.door(Permission.CALENDAR_KEEP)
    def finish(self, deadline_id: int) -> Any:
        return self._change(deadline_id, verbs.finish, _("Отмечено выполненным."))

    @expose("/<row:deadline_id>/event", methods=("POST",))
    @auth.door(Permission.CALENDAR_KEEP)
    def take_event(self, deadline_id: int) -> Any:
        """Let a deadline that has lost its event follow another one."""
        act = partial(verbs.take_event, key=request.form.get("event", "")[:80])
        return self._change(deadline_id, act, _("Срок идёт за другим событием."))

    def _change(self, deadline_id: int, act: Callable[..., Deadline], done: str, reason: str = "") -> Any:
        """Call one verb; a refusal or a stale page comes back with what was typed."""
        version = case_fields.whole(request.form.get("version", ""))
        try:
            act(auth.db(), deadline_id, actor=auth.actor(), at=auth.now(), expected_version=version)
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._page(self.get_one(deadline_id), refused.reasons, reason), 409
        except Conflict as conflict:
            auth.db().rollback()
            return self._page(self.get_one(deadline_id), reason=reason, conflict=str(conflict)), 409
        say(done)
        return redirect(url_for("deadlines.deadline", deadline_id=deadline_id))

    def _page(self, row: Deadline, told: Any = (), reason: str = "", conflict: str | None = None) -> str:
        return self.render(
            "pages/deadline.html",
            row=row,
            rule=rule_words(row),
            state=state(row),
            lost=calendar.lost_event(row, is_open=row.done_at is None),
            events=[(due.key, _event_of(due)) for due in pinning.other_events(auth.db(), row)],
            told=told,
            reason=reason,
            conflict=conflict,
        )


def rule_of(kind: RuleKind, form: Any) -> dict[str, Any]:
    """The table of a rule as the form says it; `parse_rule` has the last word."""
    table: dict[str, Any] = {"kind": kind.value}
    match kind:
        case RuleKind.DATE:
            table["on"] = form.on.data
        case RuleKind.WINDOW:
            table |= {"from": form.start.data, "to": form.end.data}
        case RuleKind.OFFSET:
            table |= {"event": form.event.data, "days": form.days.data}
            if form.detail and form.event.data == EventKind.CASE_MOVE and form.detail.data:
                table["detail"] = form.detail.data
            table |= {"unit": form.unit.data, "direction": form.direction.data}
        case RuleKind.MONTHLY:
            table["day"] = form.day.data
        case RuleKind.MONTHS:
            table["months"] = form.months.data
            table |= {"day": form.day.data} if form.day.data else {}
        case RuleKind.YEAR_END:
            table["year"] = form.year.data
    if form.day_off.data:
        table["day_off"] = form.day_off.data
    return table | ({"avoid_vacations": True} if form.avoid_vacations.data else {})


def _case_asked() -> Case | None:
    """The case that the address names: the deadline will belong to it."""
    asked = case_fields.whole(request.args.get("case", ""))
    return auth.db().scalars(select(Case).where(Case.id == asked)).first() if asked > 0 else None


def _offer(form: Any, case: Case | None) -> None:
    """Fill the choices of a form's lists; a case has its place and its moves."""
    region = [("", _("Весь регион"))] if auth.actor().is_regional else []
    form.place.choices = [*region, *choices.municipalities()]
    if case is not None:
        del form.place
    form.day_off.choices = [("", _("как принято для правила")), *choices.terms(DayOffPolicy)]
    lists = {"unit": DayUnit, "direction": DayDirection, "year": YearKind}
    for name, kind in lists.items():
        if name in form:
            form[name].choices = choices.terms(kind)
    if "event" in form:
        form.event.choices = choices.terms(EventKind, skip=() if case is not None else (EventKind.CASE_MOVE,))
        if case is None:
            del form.detail
        else:
            rows = engine.workflow_of(case).transitions
            form.detail.choices = list({row.trigger: row.title(words.locale()) for row in rows}.items())
    if "months" in form:
        form.months.choices = [(n, words.capital(words.month(n))) for n in range(1, 13)]
        if request.method == "GET":
            form.months.data = list(FIRST_MONTHS)


def rule_words(row: Deadline) -> str:
    return parse_rule(row.rule).words(words.locale()) if row.rule else _("день назначен вручную")


def state(row: Deadline) -> tuple[str, str]:
    """Where a deadline stands, and the tone of it."""
    if row.done_at is not None:
        return _("выполнено"), "good"
    if row.due_on is not None and row.due_on < words.today():
        return _("просрочено"), "bad"
    if row.is_groundless:
        return _("без основания"), "warn"
    return (_("закреплён"), "warn") if row.is_pinned else (_("ждёт"), "")


def _event_of(due: Due) -> str:
    assert due.anchor is not None  # only occurrences of events are offered
    return _("%(due)s: %(event)s %(on)s", event=words.title(due.anchor.event),
             on=words.day(due.anchor.on, "short"), due=words.day(due.due_on, "short"))  # fmt: skip


def states() -> choices.Choices:
    return [
        ("open", _("Не выполненные")),
        *choices.terms(Lateness),
        ("pinned", _("Закреплённые")),
        ("groundless", _("Без основания: событие снято")),
        ("done", _("Выполненные")),
    ]


def state_is(value: str) -> ColumnElement[bool]:
    is_open = Deadline.done_at.is_(None)
    if value == "open":
        return is_open
    if value == "done":
        return Deadline.done_at.is_not(None)
    if value == "pinned":
        return and_(is_open, Deadline.is_pinned)
    if value == "groundless":
        return and_(is_open, Deadline.lost_change_id.is_not(None), Deadline.is_pinned.is_(False))
    return and_(is_open, lateness(Deadline.due_on, Lateness(value)))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
