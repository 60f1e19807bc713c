"""Observations and rechecks: the lists of those who go to schools, the act, the sample and its points."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from flask import g, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select

from app import auth
from app.admin import case_fields as fields
from app.admin import case_forms, case_page, choices, words
from app.admin.base import Column, Filter, ScopedView, say
from app.admin.cases import school_matches
from app.errors import Conflict, NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, Observation, Recheck, School
from app.policy import Permission
from app.rechecks import load_rules, works_needed
from app.terms import (
    ObservationStage,
    RecheckOutcome,
    RecheckStatus,
    Violation,
    VisitStatus,
)
from app.workflows import engine, late_rechecks, preservation
from app.workflows.observation import ActForm, record_act
from app.workflows.recheck import enter_points

VISIT_TONES = {VisitStatus.DONE: "good", VisitStatus.SCHEDULED: "warn", VisitStatus.CANCELLED: "muted"}
RECHECK_TONES = {RecheckStatus.MARKED: "good", RecheckStatus.DRAWN: "warn", RecheckStatus.FAILED: "bad"}
OUTCOME_TONES = {
    RecheckOutcome.CONFIRMED: "bad",
    RecheckOutcome.NOT_CONFIRMED: "good",
    RecheckOutcome.INSUFFICIENT: "warn",
}


def _school_names() -> dict[int, tuple[str, str]]:
    kept: dict[int, tuple[str, str]] = g.setdefault("school_names", {})
    return kept


def _school_of(row: Any) -> str:
    return _school_names().get(row.school_id, ("—", "—"))[0]


def _place_of(row: Any) -> str:
    return _school_names().get(row.school_id, ("—", "—"))[1]


class _VisitView(ScopedView):
    """A list whose rows name their school by id only: names come in one further statement for the page."""

    def get_list(self, *args: Any, **kwargs: Any) -> Any:
        count, rows = super().get_list(*args, **kwargs)
        wanted = {row.school_id for row in rows}
        if wanted:
            found = auth.db().scalars(select(School).where(School.id.in_(wanted)))
            _school_names().update({school.id: (school.name, school.municipality.name) for school in found})
        return count, rows


class ObservationsView(_VisitView):
    permission = Permission.CASE_READ
    heading: ClassVar[Any] = _l("Наблюдения")
    lead: ClassVar[Any] = _l("Визиты независимых наблюдателей: назначенные впереди, за ними проведённые.")
    empty: ClassVar[Any] = _l("Визитов пока нет. Наблюдение назначают на странице дела.")
    search_hint: ClassVar[Any] = _l("Школа или её номер")
    order = (("status", True), ("scheduled_on", False), ("id", False))
    filters = (
        Filter("status", _l("Состояние"), lambda: choices.terms(VisitStatus), lambda v: Observation.status == v),
        Filter("mine", _l("Только мои"), choices.yes_no, lambda v: _mine(Observation.observer_id, v)),
    )

    columns = (
        Column("school_id", _l("Школа"), _school_of, kind="strong"),
        Column("municipality_id", _l("Муниципалитет"), _place_of, is_wide_only=True),
        Column("subject", _l("Работа"), lambda o: words.paper(o.subject, o.grade)),
        Column("scheduled_on", _l("Назначено на"), lambda o: o.scheduled_on, kind="day", sort="scheduled_on"),
        Column("observer_name", _l("Наблюдатель"), lambda o: words.short_name(o.observer_name)),
        Column(
            "status", _l("Состояние"), lambda o: o.status, kind="pill", tone=lambda o: VISIT_TONES.get(o.status, "")
        ),
        Column("violations", _l("Нарушений"), lambda o: len(o.violations) if o.act_number else None, kind="number"),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        return Observation.school_id.in_(school_matches(text))

    def href(self, row: Observation) -> str | None:
        return self.get_url(".visit", observation_id=row.id)

    @expose("/<row:observation_id>")
    @auth.door(Permission.CASE_READ)
    def visit(self, observation_id: int) -> Any:
        """The visit and its act."""
        return self._show(self.get_one(observation_id), None)

    @expose("/<row:observation_id>/act", methods=("POST",))
    @auth.door(Permission.CASE_OBSERVE)
    def act(self, observation_id: int) -> Any:
        """Keep the act; then move the case when that is wished and possible."""
        observation = self.get_one(observation_id)
        case = _case_of(observation)
        form = _act_form(observation)
        if case_forms.is_done(case, form.request_id.data):
            return redirect(url_for("cases.case", case_id=case.id))
        told: tuple[Reason, ...] = ()
        conflict = None
        if form.validate():
            try:
                record_act(
                    auth.db(),
                    observation.id,
                    ActForm(
                        act_number=form.act_number.data or "",
                        held_on=form.held_on.data,
                        stages=tuple(ObservationStage(code) for code in form.stages.data or []),
                        violations=tuple(Violation(code) for code in form.violations.data or []),
                        comment=form.comment.data or "",
                    ),
                    actor=auth.actor(),
                    at=auth.now(),
                    expected_version=_whole(form.version.data),
                )
                moved = _move_on(case, "observe", form)
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                told = refused.reasons
            except Conflict as error:
                auth.db().rollback()
                conflict = str(error)
            else:
                say(_("Акт внесён.") + (" " + _("Дело переведено: %(state)s.", state=moved) if moved else ""))
                return redirect(url_for("cases.case", case_id=case.id))
        page = self._show(self.get_one(observation_id), form, told=told, conflict=conflict)
        return page, 409 if told or conflict else 422

    def _show(self, observation: Observation, form: Any, **told: Any) -> str:
        case = _case_of(observation)
        if form is None and observation.status is VisitStatus.SCHEDULED and auth.actor().may(Permission.CASE_OBSERVE):
            form = _act_form(observation)
            form.held_on.data, form.stages.data = observation.scheduled_on, [ObservationStage.SITTING.value]
        if form is not None:
            form.version.data, form.request_id.data = str(observation.version), secrets.token_hex(16)
        here = self.get_url(".visit", observation_id=observation.id)
        return self.render(
            "pages/observation.html",
            observation=observation,
            case=case,
            form=form if observation.status is VisitStatus.SCHEDULED else None,
            problems=fields.field_errors(form) if form is not None else [],
            href_of=lambda href: case_page.href_of(case, href, here=here),
            tone=VISIT_TONES.get(observation.status, ""),
            stages=[words.title(ObservationStage(code)) for code in observation.stages],
            violations=[words.title(Violation(code)) for code in observation.violations],
            **{"told": (), "conflict": None, **told},
        )


class RechecksView(_VisitView):
    permission = Permission.CASE_READ
    heading: ClassVar[Any] = _l("Перепроверки")
    lead: ClassVar[Any] = _l("Выборочные перепроверки работ: сначала те, что ждут баллов экспертов.")
    empty: ClassVar[Any] = _l("Перепроверок пока нет. Их назначают на странице дела после наблюдения.")
    search_hint: ClassVar[Any] = _l("Школа или её номер")
    order = (("status", False), ("scheduled_on", False), ("id", False))
    filters = (
        Filter("status", _l("Состояние"), lambda: choices.terms(RecheckStatus), lambda v: Recheck.status == v),
        Filter("mine", _l("Только мои"), choices.yes_no, lambda v: _mine(Recheck.inspector_id, v)),
    )

    columns = (
        Column("school_id", _l("Школа"), _school_of, kind="strong"),
        Column("municipality_id", _l("Муниципалитет"), _place_of, is_wide_only=True),
        Column("subject", _l("Работа"), lambda r: words.paper(r.subject, r.grade, r.year)),
        Column("scheduled_on", _l("Назначено на"), lambda r: r.scheduled_on, kind="day", sort="scheduled_on"),
        Column("inspector_name", _l("Эксперт"), lambda r: words.short_name(r.inspector_name), is_wide_only=True),
        Column("n_sample", _l("Выборка"), lambda r: r.n_sample, kind="number"),
        Column(
            "status",
            _l("Состояние"),
            lambda r: r.status,
            kind="pill",
            tone=lambda r: RECHECK_TONES.get(r.status, ""),
        ),
        Column("outcome", _l("Вывод"), lambda r: words.title(r.outcome)),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        return Recheck.school_id.in_(school_matches(text))

    def href(self, row: Recheck) -> str | None:
        return self.get_url(".recheck", recheck_id=row.id)

    @expose("/<row:recheck_id>")
    @auth.door(Permission.CASE_READ)
    def recheck(self, recheck_id: int) -> Any:
        """The rule, the seed, the sample, the points, the outcome."""
        return self._show(self.get_one(recheck_id))

    @expose("/<row:recheck_id>/points", methods=("POST",))
    @auth.door(Permission.WORKS_READ)
    def points(self, recheck_id: int) -> Any:
        """Keep the experts' points; empty cells wait for later."""
        recheck = self.get_one(recheck_id)
        case = _case_of(recheck)
        request_id = request.form.get("request_id", "")
        if case_forms.is_done(case, request_id):
            return redirect(url_for("rechecks.recheck", recheck_id=recheck.id))
        typed = {key[2:]: value.strip() for key, value in request.form.items() if key.startswith("w-")}
        told: tuple[Reason, ...] = ()
        conflict = None
        try:
            points, bad = _points(recheck, typed)
            if bad:
                raise Refused(*bad)
            if not points:
                raise Refused(Reason("no_points", _("Не введено ни одного нового балла.")))
            enter_points(
                auth.db(),
                recheck.id,
                points,
                actor=auth.actor(),
                at=auth.now(),
                expected_version=_whole(request.form.get("version")),
            )
            moved = _move_on(case, "recheck", None) if recheck.status is RecheckStatus.MARKED else None
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            told = refused.reasons
        except Conflict as error:
            auth.db().rollback()
            conflict = str(error)
        else:
            say(
                _("Баллы внесены: %(n)s.", n=len(points))
                + (" " + _("Дело переведено: %(state)s.", state=moved) if moved else "")
            )
            return redirect(url_for("rechecks.recheck", recheck_id=recheck.id))
        return self._show(self.get_one(recheck_id), typed=typed, told=told, conflict=conflict), 409

    def _show(self, recheck: Recheck, typed: dict[str, str] | None = None, **told: Any) -> str:
        may_see = auth.actor().may(Permission.WORKS_READ)
        works = list(recheck.works) if may_see else []
        rules = load_rules()
        more = None
        if recheck.outcome is RecheckOutcome.INSUFFICIENT:
            more = works_needed(recheck.n_sample, recheck.n_objective or 0, rules)
        case = _case_of(recheck)
        if works:
            auth.note("works:read", "recheck", recheck.id, n=len(works))
        is_open = case.state != CLOSED and recheck.status is RecheckStatus.DRAWN
        here = self.get_url(".recheck", recheck_id=recheck.id)
        return self.render(
            "pages/recheck.html",
            recheck=recheck,
            case=case,
            works=works,
            typed=typed or {},
            rules=rules,
            more=more,
            late=_late(case, recheck),
            n_left=sum(work.expert_score is None for work in works),
            may_enter=is_open and may_see and auth.actor().may(Permission.CASE_RECHECK),
            may_see=may_see,
            tone=RECHECK_TONES.get(recheck.status, ""),
            href_of=lambda href: case_page.href_of(case, href, here=here),
            outcome_tone=OUTCOME_TONES.get(recheck.outcome, "") if recheck.outcome else "",
            request_id=secrets.token_hex(16),
            **{"told": (), "conflict": None, **told},
        )


def _late(case: Case, recheck: Recheck) -> Reason | None:
    """That the works may be gone by the day of a recheck still to be made: the order on keeping them has changed."""
    if case.state == CLOSED or recheck.status not in late_rechecks.AHEAD:
        return None
    return preservation.objection(
        auth.db(), case, recheck.scheduled_on, year=recheck.year, subject=recheck.subject, grade=recheck.grade
    )


def _mine(column: Any, value: str) -> ColumnElement[bool]:
    return column == auth.actor().user_id if value == "1" else column != auth.actor().user_id


def _case_of(row: Any) -> Case:
    case = auth.db().scalars(select(Case).where(Case.id == row.case_id)).first()
    if case is None:
        raise NotFound(_("Дело не найдено или относится к другой территории."))
    return case


def _act_form(observation: Observation) -> fields.ActFields:
    form = fields.ActFields()
    form.stages.choices = [(member.value, words.title(member)) for member in ObservationStage]
    form.violations.choices = [(member.value, words.title(member)) for member in Violation]
    return form


def _move_on(case: Case, trigger: str, form: Any) -> str | None:
    """Make the move that has become possible, when it is wished and permitted."""
    if form is not None and not form.and_move.data:
        return None
    session = auth.db()
    for move in engine.available(session, case, actor=auth.actor(), at=auth.now()):
        if move.transition.trigger == trigger and move.is_possible:
            event = engine.fire(
                session,
                case.id,
                trigger,
                actor=auth.actor(),
                at=auth.now(),
                expected_version=case.version,
                request_id=session.info.get("request_id") or secrets.token_hex(16),
            )
            return words.stage(case, event.to_state)
    return None


def _points(recheck: Recheck, typed: dict[str, str]) -> tuple[dict[str, int], list[Reason]]:
    """New points by participant code, and what cannot be read."""
    known = {work.participant: work.expert_score for work in recheck.works}
    points, bad = {}, []
    for code, text in typed.items():
        if not text:
            continue
        if not (text.isascii() and text.isdigit() and len(text) <= 3):
            bad.append(
                Reason("not_a_score", _("Работа %(code)s: «%(text)s» — не целый балл.", code=code[:20], text=text[:20]))
            )
        elif known.get(code, -1) != int(text):
            points[code] = int(text)
    return points, bad


def _whole(text: Any) -> int:
    text = str(text or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else -1
