"""Screening: start a run over a year's accepted works, watch it, read what it found."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from flask import redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import defer, selectinload
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import case_fields, words
from app.admin.base import Column, ScopedView, say
from app.admin.cases import short_tier
from app.admin.flags import TIER_NOTE
from app.admin.low_results import of_run as low_results_of
from app.admin.run_beside import agreement, indices
from app.errors import NotFound, Reason, Refused
from app.models import Dataset, Finding, Flag, School, ScreeningRun
from app.policy import Permission
from app.terms import SCREENED_REPORTS, FileKind, FindingOutcome, RunStatus, Tier
from app.workflows import control_groups
from app.workflows.low_results import request_low_results
from app.workflows.screening import request_screening

RUN_TONES = {RunStatus.DONE: "good", RunStatus.FAILED: "bad", RunStatus.RUNNING: "warn", RunStatus.QUEUED: "muted"}


class RunsView(ScopedView):
    permission = Permission.SCREENING_READ
    heading: ClassVar[Any] = _l("Проверки")
    lead: ClassVar[Any] = _l(
        "Проверка ищет признаки в принятых работах и отчётах одного года и сравнивает школы по всему региону."
    )
    empty: ClassVar[Any] = _l("Проверок ещё не было. Примите загруженные работы и запустите проверку за год.")
    list_template = "pages/runs.html"
    columns = (
        Column("year", _l("Год"), lambda r: str(r.year), kind="strong", sort="year"),
        Column(
            "is_trial",
            _l("Вид"),
            lambda r: (
                _("обычная")
                if not r.is_trial
                else _("пробная")
                if r.raised_at is None
                else _("пробная, признаки подняты")
            ),
        ),
        Column("status", _l("Состояние"), lambda r: r.status, kind="pill", tone=lambda r: RUN_TONES.get(r.status, "")),
        Column("requested_at", _l("Запущена"), lambda r: r.requested_at, kind="moment", sort="requested_at"),
        Column("started_by_name", _l("Кто"), lambda r: r.started_by_name or "—"),
        Column("n_findings", _l("Находок"), lambda r: r.n_findings, kind="number"),
        Column("n_flags", _l("Школ с признаками"), lambda r: r.n_flags, kind="number"),
        Column("n_cases", _l("Открыто дел"), lambda r: r.n_cases, kind="number"),
    )

    def href(self, row: ScreeningRun) -> str | None:
        return self.get_url(".run", run_id=row.id)

    def render(self, template: str, **kwargs: Any) -> str:
        if template == self.list_template:
            kwargs["years"] = years_with_works()
            kwargs["control_groups"] = control_groups.fixed_groups(auth.db())
        return super().render(template, **kwargs)

    @expose("/start", methods=("POST",))
    @auth.door(Permission.SCREENING_RUN)
    def start(self) -> AnyResponse:
        """Ask for a run; only a year with accepted works can be asked for."""
        year = request.form.get("year", "")
        if year not in {str(found) for found, _n in years_with_works()}:
            raise Refused(
                Reason(
                    "no_works",
                    "За этот год нет принятых работ. Сначала загрузите файлы и примите их.",
                    "There are no accepted works of this year.",
                    url_for("uploads.index_view"),
                )
            )
        is_trial = request.form.get("is_trial") == "1"
        group = request.form.get("control_group", "")
        run = request_screening(
            auth.db(),
            int(year),
            control_group_id=case_fields.whole(group) if group else None,
            actor=auth.actor(),
            at=auth.now(),
            is_trial=is_trial,
        )
        auth.commit()
        say(_("Пробная проверка запущена.") if is_trial else _("Проверка запущена."))
        return redirect(url_for("runs.run", run_id=run.id))

    @expose("/<row:run_id>")
    @auth.door(Permission.SCREENING_READ)
    def run(self, run_id: int) -> str:
        """Progress while it runs; then tiers, agreement with the federal list, the region's findings, the schools."""
        run = self.get_one(run_id)
        context: dict[str, Any] = {"run": run, "tone": RUN_TONES.get(run.status, "")}
        if run.status is RunStatus.DONE:
            context |= _results(run) | {"tier_note": TIER_NOTE, "short_tier": short_tier, "watch": Tier.WATCH}
        return self.render("pages/run.html", **context)

    @expose("/<row:run_id>/low-results", methods=("POST",))
    @auth.door(Permission.SCREENING_RUN)
    def low_results(self, run_id: int) -> AnyResponse:
        """Ask for the year's schools with low results; nothing is looked for until somebody asks."""
        run = self.get_one(run_id)
        request_low_results(auth.db(), run.id, actor=auth.actor(), at=auth.now())
        auth.commit()
        say(_("Показатели считаются. Школы появятся на этой странице, их дела — в «Делах»."))
        return redirect(url_for("runs.run", run_id=run.id))

    @expose("/<row:run_id>/schools/<row:school_id>")
    @auth.door(Permission.SCREENING_READ)
    def school(self, run_id: int, school_id: int) -> str:
        """Every finding of one school in a run."""
        run = self.get_one(run_id)
        session = auth.db()
        school = session.scalars(select(School).where(School.id == school_id)).first()
        if school is None:
            raise NotFound(_("Такой школы нет, или она относится к другой территории."))
        findings = session.scalars(
            select(Finding)
            .where(Finding.run_id == run.id, Finding.school_id == school.id)
            .order_by(Finding.p_value.is_(None), Finding.p_value, Finding.id)
        ).all()
        flag = session.scalars(select(Flag).where(Flag.run_id == run.id, Flag.school_id == school.id)).first()
        return self.render("pages/run_school.html", run=run, school=school, findings=findings, flag=flag)


def years_with_works() -> list[tuple[int, int]]:
    """Years that have accepted works or reports in force, newest first, with the number of papers."""
    rows = auth.db().execute(
        select(Dataset.year, Dataset.subject, Dataset.grade)
        .where(
            Dataset.kind.in_([FileKind.WORKS, *SCREENED_REPORTS]),
            Dataset.replaced_by_id.is_(None),
            Dataset.year.is_not(None),
        )
        .distinct()
    )
    papers = Counter(year for year, _subject, _grade in rows)
    return sorted(((year, n) for year, n in papers.items() if year is not None), reverse=True)


def _results(run: ScreeningRun) -> dict[str, Any]:
    session = auth.db()
    flags = session.scalars(
        select(Flag)
        .where(Flag.run_id == run.id)
        .options(selectinload(Flag.school), defer(Flag.frozen))
        .order_by(Flag.evidence.desc(), Flag.id)
        .limit(500)
    ).all()
    regional = session.scalars(
        select(Finding)
        .where(Finding.run_id == run.id, Finding.school_id.is_(None))
        .order_by(Finding.subject, Finding.grade, Finding.detector)
        .limit(100)
    ).all()
    silent = session.execute(
        select(Finding.detector, func.count())
        .where(Finding.run_id == run.id, Finding.outcome == FindingOutcome.NOT_ASSESSED)
        .group_by(Finding.detector)
        .order_by(Finding.detector)
    ).all()
    return {
        "flags": flags,
        "low": low_results_of(run.id),
        "regional": regional,
        "silent": silent,
        "tiers": [(tier, int(run.tiers.get(tier.value, 0))) for tier in Tier],
        "federal": agreement(run),
        "indices": indices(run),
    }


def paper_of(finding: Finding) -> str:
    return words.paper(finding.subject, finding.grade, finding.year)
