"""«Что, если»: sliders over a run's kept figures, and raising the flags of a trial run with the limits chosen."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import words
from app.admin.base import Page, say
from app.admin.screening import years_with_works
from app.errors import NotFound, Refused
from app.models import Municipality, School, ScreeningRun
from app.policy import Permission
from app.statistics import judged_runs, what_if
from app.statistics.what_if import Assumptions, Limit, Outlook
from app.terms import RunStatus
from app.workflows.raising import raise_flags


@dataclass(frozen=True)
class Field:
    """One number the page asks for: `stops` are the positions of its slider, none for a plain field.

    `value` is as it stands in the form; `shipped` is the value of the run, told beside it.
    """

    name: str
    title: str
    help: str
    value: str
    shipped: str
    stops: tuple[str, ...] = ()
    unit: str = ""
    error: str = ""


class WhatIfPage(Page):
    permission = Permission.SCREENING_READ

    @expose("/")
    @auth.door(Permission.SCREENING_READ)
    def index(self) -> AnyResponse | str:
        """The newest run with kept figures, or the one asked for."""
        runs = runs_with_figures()
        wanted = request.args.get("run", "")
        for run in runs:
            if not wanted or str(run.id) == wanted:
                return redirect(url_for("what_if.run", run_id=run.id))
        return self.render("pages/what_if.html", run=None, runs=runs, years=years_with_works())

    @expose("/<row:run_id>")
    @auth.door(Permission.SCREENING_READ)
    def run(self, run_id: int) -> str:
        """Sliders, and what they bring; without a script the same by the button."""
        run = one_run(run_id)
        return self.render(
            "pages/what_if.html",
            run=run,
            runs=runs_with_figures(),
            years=years_with_works(),
            request_id=secrets.token_hex(8),
            **_answer(run),
        )

    @expose("/<row:run_id>/figures")
    @auth.door(Permission.SCREENING_READ)
    def figures(self, run_id: int) -> AnyResponse:
        """The part of the page that follows the sliders, and the sentence to be said aloud."""
        run = one_run(run_id)
        answer = _answer(run)
        html = render_template("pages/what_if_figures.html", run=run, **answer)
        return jsonify({"said": answer["said"], "html": html})

    @expose("/<row:run_id>/raise", methods=("POST",))
    @auth.door(Permission.FLAG_RAISE)
    def raise_flags(self, run_id: int) -> AnyResponse:
        """Raise the flags of a trial run with the limits of the form."""
        run = one_run(run_id)
        _limits, moved, errors = _moved(run, request.form)
        if errors:
            raise Refused(*(what_if.out_of_range(name) for name in errors))
        raise_flags(
            auth.db(),
            auth.context().store,
            run.id,
            moved,
            reason=request.form.get("reason", "")[:2000],
            actor=auth.actor(),
            at=auth.now(),
        )
        auth.commit()
        say(_("Признаки подняты: школ %(flags)s, открыто дел %(cases)s.", flags=run.n_flags, cases=run.n_cases))
        return redirect(url_for("runs.run", run_id=run.id))


def runs_with_figures() -> list[ScreeningRun]:
    """Runs that can be asked, newest first."""
    return list(
        auth.db().scalars(
            select(ScreeningRun)
            .where(ScreeningRun.status == RunStatus.DONE, ScreeningRun.judged_sha256.is_not(None))
            .order_by(ScreeningRun.id.desc())
            .limit(50)
        )
    )


def one_run(run_id: int) -> ScreeningRun:
    run = auth.db().get(ScreeningRun, run_id)
    if run is None:
        raise NotFound(_("Такой проверки нет, или она относится к другой территории."))
    return run


def _answer(run: ScreeningRun) -> dict[str, Any]:
    """Everything the figures and the form show, for the numbers in the address."""
    judged = judged_runs.judged_of(auth.context().store, run)
    stands, sizes = judged_runs.limits_of(run)
    limits, moved, errors = _moved(run, request.args)
    settings = what_if.load_settings()
    version = str(run.parameters.get("version", ""))
    is_shipped = not moved and as_shipped(run)
    assumed, fields = _assumed(settings, version if is_shipped else None)
    schools = {
        code: (school_id, name, place)
        for code, school_id, name, place in auth.db().execute(
            select(School.code, School.id, School.name, Municipality.name).join(
                Municipality, Municipality.id == School.municipality_id
            )
        )
    }
    found = what_if.outlook(
        judged, limits, sizes, assumed, {code: place for code, (_id, _name, place) in schools.items()}, before=stands
    )
    shown = [
        _field(limit, getattr(limits, limit.name), getattr(stands, limit.name), limit.name in errors)
        for limit in settings.limits
    ]
    return {
        "limit_fields": shown,
        "assumed_fields": fields,
        "assumed": assumed,
        "outlook": found,
        "said": _said(found, assumed),
        "moved": {name: _text(value) for name, value in moved.items()},
        "errors": errors,
        "cases": [schools[code] for code in found.cases[:200]],
        "power_source": _power_source(assumed),
        "source": settings.source_en if words.locale() == "en" else settings.source,
        "about": _about,
    }


def as_shipped(run: ScreeningRun) -> bool:
    """Whether the run stands at the limits of its parameters: its flags may have been raised with others."""
    return not run.limits or run.limits == run.parameters["tiers"]


def _moved(run: ScreeningRun, given: Mapping[str, str]) -> tuple[Any, dict[str, float], list[str]]:
    """The run's limits with those of a form, which of them differ, and which could not be read."""
    stands, _sizes = judged_runs.limits_of(run)
    moved, errors = {}, []
    for limit in what_if.load_settings().limits:
        value = _number(given.get(limit.name, ""))
        if value is None and not given.get(limit.name, "").strip():
            continue
        if value is None or not 0 < value <= 1:
            errors.append(limit.name)
        elif value != getattr(stands, limit.name):
            moved[limit.name] = value
    return what_if.with_limits(stands, moved), moved, errors


def _assumed(settings: what_if.Settings, version: str | None) -> tuple[Assumptions, list[Field]]:
    """What is assumed, by the form or the data file, and the fields that ask for it.

    `version` of the parameters, where the limits asked about are theirs: for these the accuracy may have been measured.
    """
    default = settings.assumptions

    def asked(name: str, shipped: float | None, highest: float, scale: float = 1) -> tuple[float | None, str, str]:
        given = request.args.get(name, "").strip()
        value = _number(given)
        if not given:
            return shipped, "" if shipped is None else _text(scale * shipped), ""
        if value is None or not 0 <= value <= highest or (name == "base_rate" and not 0 < value < 100):
            return shipped, given[:20], _("Нужно число от 0 до %(n)s.", n=words.number(highest))
        return value / scale, _text(value), ""

    rate, rate_text, rate_error = asked("base_rate", default.base_rate, 100, 100)
    power, power_text, power_error = asked("power", None, 100, 100)
    observer, observer_text, observer_error = asked("observer_days", default.observer_days, 100)
    recheck, recheck_text, recheck_error = asked("recheck_days", default.recheck_days, 100)
    if power is None and version is not None:
        power = what_if.measured_power(version)
    assert rate is not None
    assert observer is not None
    assert recheck is not None
    fields = [
        Field(
            "base_rate",
            _("У скольких процентов школ необъективность есть на самом деле (π)"),
            _("Этого никто не знает: посмотрите, как меняется вывод при разных π."),
            rate_text,
            _text(100 * default.base_rate),
            tuple(_plain(100 * stop) for stop in settings.base_rate_stops),
            "%",
            rate_error,
        ),
        Field(
            "power",
            _("Сколько процентов из них находит правило (TPR)"),
            _("Пусто — оценить по этой проверке."),
            power_text,
            "",
            (),
            "%",
            power_error,
        ),
        Field(
            "observer_days",
            _("Дней наблюдателя на дело"),
            _("Одна процедура: выезд, подготовка, акт."),
            observer_text,
            _text(default.observer_days),
            (),
            "",
            observer_error,
        ),
        Field(
            "recheck_days",
            _("Дней экспертов на перепроверку"),
            _("Два эксперта, выборка около 30 работ, протокол и справка."),
            recheck_text,
            _text(default.recheck_days),
            (),
            "",
            recheck_error,
        ),
    ]
    return Assumptions(rate, observer, recheck, power), fields


def _field(limit: Limit, value: float, stands: float, is_wrong: bool) -> Field:
    given = request.args.get(limit.name, "")
    return Field(
        limit.name,
        limit.title(words.locale()),
        limit.help(words.locale()),
        given[:20] if is_wrong else _text(value),
        _text(stands),
        tuple(_plain(stop) for stop in limit.stops),
        "",
        _("Нужно число больше 0 и не больше 1.") if is_wrong else "",
    )


def _number(text: str) -> float | None:
    """A finite number as people write it, with a comma or a point."""
    try:
        value = float(text.strip().replace(",", ".").replace("\u00a0", ""))
    except ValueError:
        return None
    return value if abs(value) < 1e9 else None  # also turns away NaN


def _text(value: float) -> str:
    """A number for a form's field: the language's decimal mark, no exponent."""
    text = _plain(value)
    return text.replace(".", ",") if words.locale() == "ru" else text


def _plain(value: float) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".") or "0"


def _about(value: float) -> str:
    """An expected number of schools in words that do not promise too much."""
    if value < 0.05:
        return _("почти наверняка ни одного")
    if value < 0.5:
        return _("скорее всего, ни одного")
    if value < 1.5:
        return _("около одного")
    return _("около %(n)s", n=words.number(round(value)))


def _said(found: Outlook, assumed: Assumptions) -> str:
    total = found.total
    cases = words.plural(total.case, ("дело", "дела", "дел"), ("case", "cases"))
    watched = words.plural(total.watch, ("школа", "школы", "школ"), ("school", "schools"))
    return _(
        "%(cases)s (сейчас %(before)s), наблюдать — %(watched)s. Ошибочных дел ожидается: %(false)s. "
        "Наблюдатели: %(observer)s, эксперты: %(recheck)s.",
        cases=cases,
        before=words.number(total.case_before),
        watched=watched,
        false=_about(found.false_cases),
        observer=_days(total.case * assumed.observer_days),
        recheck=_days(total.case * assumed.recheck_days),
    )


def _days(count: float) -> str:
    return words.days(int(count)) if float(count).is_integer() else words.number(count, 1) + words.NBSP + _("дня")


def _power_source(assumed: Assumptions) -> str:
    if _number(request.args.get("power", "")) is not None:
        return _("TPR задана вами.")
    if assumed.power is not None:
        return _(
            "TPR измерена на моделях регионов с заложенной необъективностью средней силы (obektiv bench accuracy)."
        )
    return _(
        "TPR оценена по этой же проверке: из отмеченных школ вычтены ожидаемые случайные, остальное отнесено к "
        "предполагаемому числу школ с необъективностью."
    )
