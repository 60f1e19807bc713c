"""«Справедливость признаков»: how often groups of schools are flagged, what was confirmed, where to look closer."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import export, words
from app.admin.base import Page
from app.admin.what_if import one_run, runs_with_figures
from app.errors import Reason, Refused
from app.models import Case, Flag, School, ScreeningRun
from app.policy import Permission
from app.statistics import fairness as figures
from app.statistics import judged_runs
from app.statistics.fairness import AssessedSchool, Rate
from app.statistics.school_groups import SchoolFacts
from app.terms import Tier
from app.workflows import cluster_sets

LEVELS = {"case": frozenset({Tier.CASE, Tier.SEVERE}), "any": frozenset({Tier.WATCH, Tier.CASE, Tier.SEVERE})}
"""What counts as flagged: by the name in the address."""


class FairnessPage(Page):
    permission = Permission.SCREENING_READ

    @expose("/")
    @auth.door(Permission.SCREENING_READ)
    def index(self) -> AnyResponse | str:
        """The newest run with kept figures, or the one asked for."""
        runs = runs_with_figures()
        wanted = request.args.get("run", "")
        for run in runs:
            if not wanted or str(run.id) == wanted:
                return redirect(url_for("fairness.run", run_id=run.id))
        return self.render("pages/fairness.html", run=None, runs=runs)

    @expose("/<row:run_id>")
    @auth.door(Permission.SCREENING_READ)
    def run(self, run_id: int) -> str:
        run = one_run(run_id)
        level = _level()
        rules = figures.load_rules()
        return self.render(
            "pages/fairness.html",
            run=run,
            runs=runs_with_figures(),
            level=level,
            rules=rules,
            found=figures.fairness(_schools(run, level), rules),
            rate_text=rate_text,
            interval_text=interval_text,
        )

    @expose("/<row:run_id>/export/<kind>", methods=("POST",))
    @auth.door(Permission.SCREENING_READ)
    def export_groups(self, run_id: int, kind: str) -> Response:
        """The tables as a file for publication: small cells are blank."""
        if kind not in export.MIMETYPES:
            raise Refused(Reason("export_kind", _("Список выгружается в xlsx или csv.")))
        run, level, rules = one_run(run_id), _level(), figures.load_rules()
        found = figures.fairness(_schools(run, level), rules)
        titles = [
            _("Как сгруппированы"), _("Группа"), _("Оценено"), _("Отмечено"), _("Доля отмеченных"), _("Интервал: от"),
            _("Интервал: до"), _("Доля у остальных"), _("Дел закрыто"), _("Подтверждено"),
        ]  # fmt: skip
        table = []
        for comparison in found.comparisons:
            public = figures.publishable(comparison, rules)
            for row in public.groups:
                table.append(
                    [
                        public.grouping.title(words.locale()),
                        row.group.title(words.locale()),
                        *_cells(row.flagged, rules.smallest_cell),
                        row.rest.share,
                        *_cells(row.confirmed, rules.smallest_cell)[:2],
                    ]
                )
        name = _("Справедливость признаков %(year)s", year=run.year)
        note = _("Ячейки меньше %(n)s не публикуются. Признаки — не вывод о нарушении.", n=rules.smallest_cell)
        content = export.as_csv(titles, table) if kind == "csv" else export.as_xlsx(titles, table, name, note)
        auth.note("fairness:export", "run", rows=len(table), kind=kind, run=run.id)
        return export.attachment(content, f"{name}.{kind}", export.MIMETYPES[kind])


def _level() -> str:
    level = request.args.get("level", "case")
    return level if level in LEVELS else "case"


def _schools(run: ScreeningRun, level: str) -> list[AssessedSchool]:
    """Schools that the run could judge, with the verdict of the case their flag joined."""
    session = auth.db()
    tiers = judged_runs.tiers_of(auth.context().store, run)
    verdicts = dict(
        session.execute(
            select(Flag.school_id, Case.verdict).join(Case, Case.id == Flag.case_id).where(Flag.run_id == run.id)
        ).all()
    )
    chosen = cluster_sets.approved_set(session)
    clusters = cluster_sets.cluster_names(session, chosen, words.locale()) if chosen is not None else {}
    found = []
    for school in session.scalars(select(School)):
        tier, works = tiers.get(school.code, (Tier.TOO_SMALL, 0))
        if tier is not Tier.TOO_SMALL:
            facts = SchoolFacts(school.kind, school.settlement, works, school.context or {}, clusters.get(school.id))
            found.append(AssessedSchool(facts, tier in LEVELS[level], verdicts.get(school.id)))
    return found


def rate_text(rate: Rate) -> str:
    """«12 из 80»."""
    return _("%(k)s из %(n)s", k=words.number(rate.k), n=words.number(rate.n))


def interval_text(rate: Rate) -> str:
    """«8–25 %», or a dash."""
    if rate.low is None or rate.high is None:
        return "—"
    digits = 1 if rate.high < 0.1 else 0
    return f"{words.number(100 * rate.low, digits)}–{words.percent(rate.high, digits)}"


def _cells(rate: Rate, smallest: int) -> list[Any]:
    """Number, part, share and interval; a blank rate says so."""
    if rate.n < 0:
        return [_("менее %(n)s", n=smallest), _("менее %(n)s", n=smallest), None, None, None]
    return [rate.n, rate.k, rate.share, rate.low, rate.high]
