"""The admin: Flask-Admin views with the project's own pages. Columns, words and buttons; no rules.

`MENU` is the table of views: group, what its count in the side bar is, and the view.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from flask import Flask, current_app, g, request, url_for
from flask_admin import Admin
from flask_admin.theme import BootstrapTheme
from flask_babel import gettext as _
from sqlalchemy import Date, ScalarSelect, bindparam, func, select

from app import auth
from app.admin import case_people, case_signs, explaining, words
from app.admin.account import account, language
from app.admin.bulk import BulkPage
from app.admin.calendar import CalendarPage
from app.admin.cases import CasesView
from app.admin.clusters import ClustersView
from app.admin.control import ControlView
from app.admin.day import DayPage
from app.admin.deadlines import DeadlinesView
from app.admin.declarations import DeclarationsPage
from app.admin.documents import documents
from app.admin.fairness import FairnessPage
from app.admin.flags import FlagsView
from app.admin.flows import FlowsPage
from app.admin.inbox import inbox
from app.admin.jobs import JobsView
from app.admin.journal import JournalView
from app.admin.mentoring import MentoringView
from app.admin.objective import ObjectiveView
from app.admin.own_pairs import own_pairs
from app.admin.people import PeopleView
from app.admin.plans import PlansView
from app.admin.programme_tasks import task_routes
from app.admin.programmes import ProgrammesView
from app.admin.progress import progress
from app.admin.reviews import ReviewsPage
from app.admin.road_maps import road_map_routes
from app.admin.route import RoutePage
from app.admin.scales import ScalesView
from app.admin.schools import SchoolsView
from app.admin.screening import RunsView
from app.admin.search import SearchPage
from app.admin.statistics import StatisticsPage
from app.admin.uploads import UploadsView
from app.admin.users import UsersView
from app.admin.visits import ObservationsView, RechecksView
from app.admin.what_if import WhatIfPage
from app.admin.words import install_words
from app.flows import CLOSED
from app.models import (
    AssignmentPlan,
    Case,
    ClusterSet,
    ControlGroup,
    Deadline,
    Flag,
    JournalEntry,
    MentoringPair,
    Municipality,
    Notice,
    ObjectiveEntry,
    Observation,
    OutboxJob,
    Person,
    Programme,
    ProgrammeTask,
    Recheck,
    ScaleLink,
    School,
    ScreeningRun,
    Upload,
    User,
)
from app.policy import Permission
from app.terms import JobStatus, RecheckStatus, TaskStatus, UploadStatus, VisitStatus


@dataclass(frozen=True)
class Entry:
    """One row of the side bar."""

    group: str
    endpoint: str
    title: str
    count: str | None = None


def menu() -> tuple[Entry, ...]:
    """The side bar, in order; the titles are asked anew because the language may change."""
    return (
        Entry("", "admin", _("Мой день")),
        Entry("", "inbox", _("Оповещения"), "unread"),
        Entry("", "flags", _("Признаки"), "flags"),
        Entry("", "cases", _("Дела"), "cases"),
        Entry("", "observations", _("Наблюдения"), "visits"),
        Entry("", "rechecks", _("Перепроверки"), "rechecks"),
        Entry("", "declarations", _("Декларации"), "declarations"),
        Entry(_("Планы и сроки"), "programmes", _("Программы"), "programmes"),
        Entry(_("Планы и сроки"), "plans", _("План назначений")),
        Entry(_("Планы и сроки"), "route", _("Маршрут дня")),
        Entry(_("Планы и сроки"), "deadlines", _("Сроки")),
        Entry(_("Планы и сроки"), "calendar", _("Календарь")),
        Entry(_("Люди и решения"), "people", _("Люди")),
        Entry(_("Люди и решения"), "mentoring", _("Наставничество")),
        Entry(_("Люди и решения"), "bulk", _("Массовые решения")),
        Entry(_("Люди и решения"), "reviews", _("Сверка динамики")),
        Entry(_("Анализ"), "uploads", _("Данные"), "uploads"),
        Entry(_("Анализ"), "runs", _("Проверки")),
        Entry(_("Анализ"), "what_if", _("Что, если…")),
        Entry(_("Анализ"), "fairness", _("Справедливость признаков")),
        Entry(_("Анализ"), "statistics", _("Статистика")),
        Entry(_("Анализ"), "schools", _("Школы")),
        Entry(_("Анализ"), "objective", _("Реестр объективных")),
        Entry(_("Анализ"), "control", _("Контрольные группы")),
        Entry(_("Анализ"), "clusters", _("Кластеры школ")),
        Entry(_("Анализ"), "scales", _("Шкала КДР и РДР")),
        Entry(_("Система"), "flows", _("Ход дела")),
        Entry(_("Система"), "journal", _("Журнал")),
        Entry(_("Система"), "users", _("Пользователи")),
        Entry(_("Система"), "outbox", _("Задания"), "jobs"),
    )


_LATE_TASKS = select(func.count(ProgrammeTask.id)).where(
    ProgrammeTask.status == TaskStatus.PLANNED,
    ProgrammeTask.due_on < bindparam("today", callable_=words.today, type_=Date),
)
COUNTS: dict[str, ScalarSelect[int]] = {
    "unread": select(func.count(Notice.id)).where(Notice.read_at.is_(None)).scalar_subquery(),
    "flags": select(func.count(Flag.id)).where(Flag.case_id.is_(None)).scalar_subquery(),
    "cases": select(func.count(Case.id)).where(Case.state != CLOSED).scalar_subquery(),
    "visits": select(func.count(Observation.id)).where(Observation.status == VisitStatus.SCHEDULED).scalar_subquery(),
    "rechecks": select(func.count(Recheck.id))
    .where(Recheck.status.in_([RecheckStatus.REQUESTED, RecheckStatus.DRAWN]))
    .scalar_subquery(),
    "programmes": _LATE_TASKS.scalar_subquery(),
    "uploads": select(func.count(Upload.id)).where(Upload.status == UploadStatus.PREVIEWED).scalar_subquery(),
    "jobs": select(func.count(OutboxJob.id)).where(OutboxJob.status == JobStatus.DEAD).scalar_subquery(),
}
"""What the numbers of the side bar count; one statement answers them all, inside the actor's territory."""


def install_admin(app: Flask) -> None:
    """Mount every view."""
    admin = Admin(
        app,
        name="Объектив",
        index_view=DayPage(name="Мой день", endpoint="admin", url="/"),
        url="/",
        static_url_path="/static",
        theme=BootstrapTheme(folder="bootstrap4", base_template="theme/base.html"),
    )
    admin.add_views(
        FlagsView(Flag, name="Признаки", endpoint="flags", url="/flags"),
        CasesView(Case, name="Дела", endpoint="cases", url="/cases"),
        BulkPage(name="Массовые решения", endpoint="bulk", url="/bulk"),
        ReviewsPage(name="Сверка динамики", endpoint="reviews", url="/reviews"),
        ObservationsView(Observation, name="Наблюдения", endpoint="observations", url="/observations"),
        RechecksView(Recheck, name="Перепроверки", endpoint="rechecks", url="/rechecks"),
        RoutePage(name="Маршрут дня", endpoint="route", url="/route"),
        PlansView(AssignmentPlan, name="План назначений", endpoint="plans", url="/plans"),
        ProgrammesView(Programme, name="Программы", endpoint="programmes", url="/programmes"),
        MentoringView(MentoringPair, name="Наставничество", endpoint="mentoring", url="/mentoring"),
        DeadlinesView(Deadline, name="Сроки", endpoint="deadlines", url="/deadlines"),
        CalendarPage(name="Календарь", endpoint="calendar", url="/calendar"),
        UploadsView(Upload, name="Данные", endpoint="uploads", url="/uploads"),
        RunsView(ScreeningRun, name="Проверки", endpoint="runs", url="/screening"),
        WhatIfPage(name="Что, если", endpoint="what_if", url="/what-if"),
        FairnessPage(name="Справедливость признаков", endpoint="fairness", url="/fairness"),
        StatisticsPage(name="Статистика", endpoint="statistics", url="/statistics"),
        SchoolsView(School, name="Школы", endpoint="schools", url="/schools"),
        ObjectiveView(ObjectiveEntry, name="Реестр объективных школ", endpoint="objective", url="/objective"),
        ControlView(ControlGroup, name="Контрольные группы", endpoint="control", url="/control"),
        ClustersView(ClusterSet, name="Кластеры школ", endpoint="clusters", url="/clusters"),
        ScalesView(ScaleLink, name="Шкала КДР и РДР", endpoint="scales", url="/scales"),
        FlowsPage(name="Ход дела", endpoint="flows", url="/flows"),
        DeclarationsPage(name="Декларации", endpoint="declarations", url="/declarations"),
        PeopleView(Person, name="Люди", endpoint="people", url="/people"),
        JournalView(JournalEntry, name="Журнал", endpoint="journal", url="/journal"),
        UsersView(User, name="Пользователи", endpoint="users", url="/users"),
        JobsView(OutboxJob, name="Задания", endpoint="outbox", url="/outbox"),
        SearchPage(name="Поиск", endpoint="search", url="/search"),
    )
    for blueprint in (account, language, documents, inbox, own_pairs, progress, road_map_routes, task_routes):
        app.register_blueprint(blueprint)
    install_words(app)
    app.extensions["obektiv_assets"] = _asset_version(Path(app.static_folder or ""))
    app.context_processor(_shared)


def _asset_version(folder: Path) -> str:
    """A short hash of the style and the script, so that a browser fetches them anew after an upgrade."""
    digest = hashlib.sha256()
    for name in ("obektiv.css", "obektiv.js", "theme.js"):
        path = folder / name
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()[:12]


def _shared() -> dict[str, Any]:
    """What every template may use."""
    user = g.get("user")
    groups = _side_menu() if user is not None else []
    return {
        "me": user,
        "place": g.get("place") or _("весь регион"),
        "side_menu": lambda: groups,
        "may": _may,
        "fact_list": case_signs.facts_of,
        "detector_title": case_signs.detector_title,
        "workplace": case_signs.workplace,
        "people_amiss": case_people.people_amiss,
        "away_in_words": case_people.away_in_words,
        "is_said_free": case_people.is_said_free,
        "sentence": case_signs.sentence,
        "explanation": explaining.explanation,
        "context_facts": explaining.context_facts,
        "kind_title": explaining.kind_title,
        "n_undeclared": len(auth.actor().undeclared) if auth.is_signed_in() else 0,
        "P": Permission,
        "locale": words.locale(),
        "admin_base_template": "theme/base.html",
        "asset_version": current_app.extensions["obektiv_assets"],
    }


def _may(permission: Permission | str) -> bool:
    return auth.is_signed_in() and auth.actor().may(Permission(permission))


def _side_menu() -> list[tuple[str, list[dict[str, Any]]]]:
    """Groups of the side bar with what this person may open; counts come in one statement, asked once a request."""
    if "menu" in g:
        return cast(list[tuple[str, list[dict[str, Any]]]], g.menu)
    entries = [e for e in menu() if _is_open(auth.door_of(current_app, f"{e.endpoint}.{_index_of(e.endpoint)}"))]
    wanted = sorted({e.count for e in entries if e.count in COUNTS})
    row = auth.db().execute(select(_place(), *(_count_of(name) for name in wanted))).one()
    # What waits for a declaration lies outside the territory, so it comes with the actor.
    counts = {**dict(zip(wanted, row[1:], strict=True)), "declarations": len(auth.actor().undeclared)}
    g.place = row[0]
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        groups.setdefault(entry.group, []).append(
            {
                "title": entry.title,
                "href": url_for(f"{entry.endpoint}.{_index_of(entry.endpoint)}"),
                "count": counts.get(entry.count or "") or None,
                "is_current": request.blueprint == entry.endpoint,
                "tone": {"jobs": "bad", "declarations": "warn"}.get(entry.count or "", ""),
            }
        )
    g.menu = list(groups.items())
    return g.menu


def _count_of(name: str) -> ScalarSelect[int]:
    """What the side bar counts; the region's programme is a municipality's to read, not to carry out."""
    place = auth.actor().municipality_id
    if name == "programmes" and place is not None:
        return _LATE_TASKS.where(ProgrammeTask.municipality_id == place).scalar_subquery()
    return COUNTS[name]


def _place() -> ScalarSelect[str]:
    """Name of the place this person answers for: its school, its municipality, or nothing for the whole region."""
    if g.user.school_id is not None:
        return select(School.name).where(School.id == g.user.school_id).scalar_subquery()
    return select(Municipality.name).where(Municipality.id == auth.actor().municipality_id).scalar_subquery()


def _index_of(endpoint: str) -> str:
    return "index" if f"{endpoint}.index" in current_app.view_functions else "index_view"


def _is_open(needs: Permission | str | None) -> bool:
    if needs is None:
        return False
    return needs in (auth.SIGNED_IN, auth.PUBLIC) or auth.actor().may(Permission(needs))
