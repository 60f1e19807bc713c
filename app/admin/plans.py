"""«План назначений»: propose, look at the board, give a seat to another, accept; the route of a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

from flask import jsonify, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import case_fields, choices, words
from app.admin.base import Column, Filter, ScopedView, say
from app.admin.cases import tiers
from app.errors import Conflict, Reason, Refused
from app.models import AssignmentPlan, Case, PlanRow, School
from app.policy import Permission
from app.terms import Duty, PlanRowStatus, PlanStatus, Tier
from app.workflows import planning, planning_facts
from app.workflows.planning_rows import Option, options_of

TONES = {
    PlanStatus.DRAFT: "warn",
    PlanStatus.APPLIED: "good",
    PlanStatus.FAILED: "bad",
    PlanStatus.WITHDRAWN: "muted",
}
ROW_TONES = {PlanRowStatus.APPLIED: "good", PlanRowStatus.REFUSED: "bad", PlanRowStatus.UNSERVED: "bad"}
GROUPS = ((Duty.CURATOR,), (Duty.OBSERVER, Duty.EXPERT))
"""Duties that the same people have stand on one board."""


@dataclass
class Lane:
    """One person of the board with the seats the plan gives them."""

    id: int
    name: str
    municipality: str
    before: float
    after: float
    limit: float
    rows: list[PlanRow] = field(default_factory=list)


class PlansView(ScopedView):
    permission = Permission.CASE_ASSIGN
    heading: ClassVar[Any] = _l("План назначений")
    lead: ClassVar[Any] = _l(
        "Кураторы, наблюдатели и эксперты сразу для многих дел: без конфликта интересов, с ровной нагрузкой и близким "
        "путём."
    )
    empty: ClassVar[Any] = _l("Планов пока нет. Нажмите «Предложить план»: до принятия он ничего не меняет.")
    list_template = "pages/plans.html"
    order = (("id", True),)
    columns = (
        Column("id", _l("План"), lambda p: _("№ %(n)s", n=p.id), kind="strong"),
        Column("duties", _l("Кого назначает"), lambda p: duty_names(p), is_wide_only=True),
        Column("status", _l("Состояние"), lambda p: p.status, kind="pill", tone=lambda p: TONES.get(p.status, "")),
        Column("cases", _l("Дел"), lambda p: len(p.case_ids), kind="number", is_wide_only=True),
        Column("unserved", _l("Не обеспечено"), lambda p: p.result.get("unserved", 0), kind="number"),
        Column("proposed_by_name", _l("Кто составил"), lambda p: p.proposed_by_name, is_wide_only=True),
        Column(
            "proposed_at", _l("Когда"), lambda p: p.proposed_at, kind="moment", sort="proposed_at", is_wide_only=True
        ),
    )
    filters = (
        Filter("status", _l("Состояние"), lambda: choices.terms(PlanStatus), lambda v: AssignmentPlan.status == v),
    )

    def href(self, row: AssignmentPlan) -> str | None:
        return self.get_url(".plan", plan_id=row.id)

    def render(self, template: str, **kwargs: Any) -> str:
        if template == self.list_template:
            duties = planning.duties_of(auth.actor())
            wants = planning_facts.wanted(auth.db(), duties=duties, case_ids=None, today=words.today())
            counts = {duty: sum(want.need.seats for want in wants if want.need.duty is duty) for duty in duties}
            kwargs |= {
                "lacking": [(duty, _lack_title(duty), n) for duty, n in counts.items()],
                "n_lacking": sum(counts.values()),
                "places": choices.municipalities() if auth.actor().municipality_id is None else [],
                "tiers": tiers(),
            }
        return super().render(template, **kwargs)

    @expose("/propose", methods=("POST",))
    @auth.door(Permission.CASE_ASSIGN)
    def propose(self) -> AnyResponse:
        """Propose a plan for what the chosen cases lack."""
        duties = [duty for duty in Duty if duty.value in request.form.getlist("duty")]
        plan = planning.propose_plan(
            auth.db(), duties=duties, case_ids=_chosen_cases(), actor=auth.actor(), at=auth.now()
        )
        auth.commit()
        return redirect(url_for("plans.plan", plan_id=plan.id))

    @expose("/<row:plan_id>")
    @auth.door(Permission.CASE_ASSIGN)
    def plan(self, plan_id: int) -> str:
        return self._page(self.get_one(plan_id))

    @expose("/<row:plan_id>/seats/<row:seat_id>")
    @auth.door(Permission.CASE_ASSIGN)
    def seat(self, plan_id: int, seat_id: int) -> Any:
        """Who could take a seat and who not, with the reason."""
        plan: AssignmentPlan = self.get_one(plan_id)
        row = _row(plan, seat_id)
        options = options_of(auth.db(), plan, row, today=words.today())
        return self._seat_page(plan, row, options)

    @expose("/<row:plan_id>/seats/<row:seat_id>/against")
    @auth.door(Permission.CASE_ASSIGN)
    def against(self, plan_id: int, seat_id: int) -> AnyResponse:
        """For the board: whom the rules forbid to take a seat, and why."""
        plan: AssignmentPlan = self.get_one(plan_id)
        options = options_of(auth.db(), plan, _row(plan, seat_id), today=words.today())
        return jsonify({"against": {o.id: o.reason.text(words.locale()) for o in options if o.reason}})

    @expose("/<row:plan_id>/seats/<row:seat_id>/move", methods=("POST",))
    @auth.door(Permission.CASE_ASSIGN)
    def move(self, plan_id: int, seat_id: int) -> Any:
        """Give a seat to a person and solve the rest again."""
        day = _day(request.form.get("day", ""))
        return self._do(
            plan_id,
            _("Человек закреплён, остальное пересчитано."),
            lambda version: planning.move_row(
                auth.db(),
                plan_id,
                seat_id,
                case_fields.whole(request.form.get("person_id", "")),
                day=day,
                actor=auth.actor(),
                at=auth.now(),
                expected_version=version,
            ),
        )

    @expose("/<row:plan_id>/seats/<row:seat_id>/free", methods=("POST",))
    @auth.door(Permission.CASE_ASSIGN)
    def free(self, plan_id: int, seat_id: int) -> Any:
        return self._do(
            plan_id,
            _("Закрепление снято, план пересчитан."),
            lambda version: planning.free_row(
                auth.db(), plan_id, seat_id, actor=auth.actor(), at=auth.now(), expected_version=version
            ),
        )

    @expose("/<row:plan_id>/again", methods=("POST",))
    @auth.door(Permission.CASE_ASSIGN)
    def again(self, plan_id: int) -> Any:
        return self._do(
            plan_id,
            _("План пересчитан."),
            lambda version: planning.solve_again(
                auth.db(), plan_id, actor=auth.actor(), at=auth.now(), expected_version=version
            ),
        )

    @expose("/<row:plan_id>/accept", methods=("POST",))
    @auth.door(Permission.CASE_ASSIGN)
    def accept(self, plan_id: int) -> Any:
        form = request.form
        orders = planning.Orders(
            curator_number=form.get("curator_number", "")[:40],
            curator_until=_day(form.get("curator_until", "")),
            no_conflict_declared=form.get("no_conflict_declared") == "1",
            commission_number=form.get("commission_number", "")[:40],
        )
        return self._do(
            plan_id,
            _("План принят."),
            lambda version: planning.accept_plan(
                auth.db(), plan_id, orders, actor=auth.actor(), at=auth.now(), expected_version=version
            ),
        )

    @expose("/<row:plan_id>/withdraw", methods=("POST",))
    @auth.door(Permission.CASE_ASSIGN)
    def withdraw(self, plan_id: int) -> Any:
        reason = request.form.get("reason", "")[:2000]
        return self._do(
            plan_id,
            _("План отменён."),
            lambda version: planning.withdraw_plan(
                auth.db(), plan_id, reason=reason, actor=auth.actor(), at=auth.now(), expected_version=version
            ),
        )

    def _do(self, plan_id: int, done: str, verb: Callable[[int], Any]) -> Any:
        try:
            verb(case_fields.whole(request.form.get("version", "")))
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._page(self.get_one(plan_id), refused.reasons), 409
        except Conflict as conflict:
            auth.db().rollback()
            return self._page(self.get_one(plan_id), conflict=str(conflict)), 409
        say(done)
        return redirect(url_for("plans.plan", plan_id=plan_id))

    def _page(self, plan: AssignmentPlan, reasons: tuple[Reason, ...] = (), conflict: str | None = None) -> str:
        rows = auth.db().scalars(
            select(PlanRow)
            .where(PlanRow.plan_id == plan.id)
            .options(selectinload(PlanRow.case).selectinload(Case.school).selectinload(School.municipality))
            .order_by(PlanRow.day, PlanRow.id)
        )
        found = list(rows)
        planned = [row for row in found if row.person_id is not None]
        return self.render(
            "pages/plan.html",
            plan=plan,
            tone=TONES.get(plan.status, ""),
            row_tones=ROW_TONES,
            rows=found,
            boards=_boards(plan, found),
            unserved=[row for row in found if row.status is PlanRowStatus.UNSERVED],
            n_planned=len(planned),
            n_pinned=sum(row.is_pinned for row in planned),
            has_curators=any(row.duty is Duty.CURATOR for row in planned),
            has_experts=any(row.duty is Duty.EXPERT for row in planned),
            is_draft=plan.status is PlanStatus.DRAFT,
            duty_names=duty_names(plan),
            row_line=row_line,
            told=reasons,
            conflict=conflict,
            form=request.form,
        )

    def _seat_page(self, plan: AssignmentPlan, row: PlanRow, options: list[Option]) -> str:
        return self.render(
            "pages/plan_seat.html",
            plan=plan,
            row=row,
            able=[option for option in options if option.reason is None],
            unable=[option for option in options if option.reason is not None],
            days=[date.fromisoformat(day) for day in row.days],
            row_line=row_line,
        )


def duty_names(plan: AssignmentPlan) -> str:
    return ", ".join(words.title(Duty(value)) for value in plan.duties)


def row_line(row: PlanRow) -> str:
    """What a seat is for: duty, paper, day."""
    parts = [words.title(row.duty)]
    if row.subject and row.grade and row.duty is not Duty.CURATOR:
        parts.append(words.paper(row.subject, row.grade))
    if row.day:
        parts.append(words.day(row.day, "short"))
    return ", ".join(parts)


def _boards(plan: AssignmentPlan, rows: list[PlanRow]) -> list[tuple[str, list[Lane], list[Lane]]]:
    """A board for each kind of people: its title, those with seats, those without."""
    found = []
    for duties in GROUPS:
        names = {duty.value for duty in duties}
        lanes = {
            person["id"]: Lane(*(person[key] for key in ("id", "name", "municipality", "before", "after", "limit")))
            for person in plan.result.get("people", [])
            if names & set(person["duties"])
        }
        for row in rows:
            if row.duty in duties and row.person_id in lanes:
                lanes[row.person_id].rows.append(row)
        if lanes and names & set(plan.duties):
            ordered = sorted(lanes.values(), key=lambda lane: (lane.name, lane.id))
            title = _("Кураторы") if Duty.CURATOR in duties else _("Наблюдатели и эксперты")
            found.append((title, [lane for lane in ordered if lane.rows], [lane for lane in ordered if not lane.rows]))
    return found


def _row(plan: AssignmentPlan, row_id: int) -> PlanRow:
    row = next((row for row in plan.rows if row.id == row_id), None)
    if row is None:
        raise Refused(
            Reason(
                "no_row",
                _("Такого места в плане нет: план мог быть пересчитан."),
                href=url_for("plans.plan", plan_id=plan.id),
            )
        )
    return row


def _chosen_cases() -> list[int] | None:
    """Cases that the form's filters leave; None when it filters nothing."""
    conditions = []
    place, tier = request.form.get("municipality", ""), request.form.get("tier", "")
    if place:
        conditions.append(Case.municipality_id == case_fields.whole(place))
    if tier in {member.value for member in Tier}:
        conditions.append(Case.tier == Tier(tier))
    if not conditions:
        return None
    return list(auth.db().scalars(select(Case.id).where(*conditions)))


def _lack_title(duty: Duty) -> str:
    return {
        Duty.CURATOR: _("Кураторы для дел без куратора"),
        Duty.OBSERVER: _("Наблюдатели для визитов в школы"),
        Duty.EXPERT: _("Эксперты для перепроверок"),
    }[duty]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Refused(Reason("day", _("День указывается так: 2027-06-30."))) from error
