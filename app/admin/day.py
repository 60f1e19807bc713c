"""«Мой день»: what waits for this person, four counts, where cases stand, what is due this week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from flask import url_for
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import func, select

from app import auth
from app.admin import words
from app.admin.base import HomePage
from app.admin.case_page import STAGE_DAYS
from app.models import Case, Conclusion, Flag, Observation, OutboxJob, Recheck, School, Upload
from app.policy import Permission
from app.terms import CaseState, JobStatus, RecheckStatus, Tier, UploadStatus, VisitStatus

SHOWN = 8
SILENT_DAYS = 14


@dataclass(frozen=True)
class Waiting:
    """One thing to do: where, what, why now, and the button."""

    name: str
    what: str
    facts: tuple[tuple[str, str], ...]
    href: str
    label: str
    rank: tuple[int, float]


class DayPage(HomePage):
    permission = auth.SIGNED_IN

    @expose("/")
    @auth.door(auth.SIGNED_IN)
    def index(self) -> str:
        rows = _open_cases()
        waiting = sorted(_cases_waiting(rows) + _visits_waiting() + _system_waiting(), key=lambda item: item.rank)
        overdue = [row for row in rows if _days_over(row) > 0]
        silent = [row for row in rows if words.days_between(row.entered_at) > SILENT_DAYS]
        return self.render(
            "pages/day.html",
            waiting=waiting[:SHOWN],
            n_waiting=len(waiting),
            n_overdue=len(overdue),
            worst=max(overdue, key=_days_over) if overdue else None,
            silent=silent,
            n_new=_new_flags(),
            states=_where_cases_stand(rows),
            week=_this_week(),
            n_open=len(rows),
            oldest=max((words.days_between(row.entered_at) for row in rows), default=0),
        )


def _open_cases() -> list[Any]:
    if not auth.actor().may(Permission.CASE_READ):
        return []
    statement = (
        select(
            Case.id,
            Case.number,
            Case.state,
            Case.tier,
            Case.evidence,
            Case.entered_at,
            Case.curator_name,
            School.name.label("school"),
        )
        .join(School, School.id == Case.school_id)
        .where(Case.state != CaseState.CLOSED)
        .order_by(Case.evidence.desc(), Case.id)
    )
    return list(auth.db().execute(statement))


def _days_over(row: Any) -> int:
    """Days past the aim of the stage; nought or less while there is time."""
    return words.days_between(row.entered_at) - STAGE_DAYS[row.state]


def _cases_waiting(rows: list[Any]) -> list[Waiting]:
    """Cases whose next step is this person's to make."""
    actor = auth.actor()
    proposed: dict[int, Any] = {}
    for said in auth.db().execute(
        select(Conclusion.case_id, Conclusion.verdict, Conclusion.proposed_by_id, Conclusion.proposed_by_name)
        .join(Case, Case.id == Conclusion.case_id)
        .where(Case.state != CaseState.CLOSED)
        .order_by(Conclusion.id)
    ):
        proposed[said.case_id] = said
    steps = {
        CaseState.FLAGGED: (Permission.CASE_INTERVIEW, "interview", _("провести собеседование"), _("Внести протокол")),
        CaseState.INTERVIEW: (Permission.CASE_ASSIGN, "order", _("назначить куратора"), _("Внести приказ")),
        CaseState.CURATOR_ASSIGNED: (
            Permission.CASE_OBSERVE,
            "observation",
            _("направить наблюдателя"),
            _("Назначить визит"),
        ),
        CaseState.OBSERVED: (Permission.CASE_RECHECK, "recheck", _("перепроверить работы"), _("Назначить")),
        CaseState.RECHECKED: (Permission.CASE_CONCLUDE, "conclusion", _("предложить закрытие"), _("Предложить")),
    }
    found = []
    for row in rows:
        conclusion = proposed.get(row.id)
        over = _days_over(row)
        facts = [(_("Признаки"), f"{words.title(row.tier)}, {_('сила')} {words.number(row.evidence, 1)}")]
        late = _("просрочено на %(days)s", days=words.days(over)) if over > 0 else ""
        since = _("на этапе %(days)s", days=words.days(words.days_between(row.entered_at)))
        facts.append((_("Срок"), f"{since}, {late}" if late else since))
        # The most urgent first: an approval somebody waits for, then what is late, then what is strong.
        if conclusion is not None:
            if actor.may(Permission.CASE_CLOSE) and conclusion.proposed_by_id != actor.user_id:
                who = (_("Предложил(а)"), f"{conclusion.proposed_by_name}: {words.title(conclusion.verdict)}")
                href = url_for("cases.case", case_id=row.id)
                found.append(
                    Waiting(
                        row.school, _("утвердить закрытие"), (who, *facts), href, _("Рассмотреть"), (0, -row.evidence)
                    )
                )
            continue
        permission, form, what, label = steps[row.state]
        if actor.may(permission):
            href = url_for("cases.do", case_id=row.id, form=form)
            found.append(Waiting(row.school, what, tuple(facts), href, label, (1 if over > 0 else 2, -row.evidence)))
    return found


def _visits_waiting() -> list[Waiting]:
    """My own visits and samples."""
    actor = auth.actor()
    if not actor.may(Permission.WORKS_READ) or actor.user_id is None:
        return []
    session = auth.db()
    visits = session.execute(
        select(Observation.id, Observation.subject, Observation.grade, Observation.scheduled_on, School.name)
        .join(School, School.id == Observation.school_id)
        .where(Observation.observer_id == actor.user_id, Observation.status == VisitStatus.SCHEDULED)
        .order_by(Observation.scheduled_on)
    )
    found = [
        Waiting(
            row.name,
            _("наблюдение"),
            ((_("Когда"), words.day(row.scheduled_on)), (_("Работа"), words.paper(row.subject, row.grade))),
            url_for("observations.visit", observation_id=row.id),
            _("Внести акт"),
            (0, float(row.scheduled_on.toordinal())),
        )
        for row in visits
    ]
    samples = session.execute(
        select(
            Recheck.id,
            Recheck.subject,
            Recheck.grade,
            Recheck.year,
            Recheck.scheduled_on,
            Recheck.n_sample,
            School.name,
        )
        .join(School, School.id == Recheck.school_id)
        .where(Recheck.inspector_id == actor.user_id, Recheck.status == RecheckStatus.DRAWN)
        .order_by(Recheck.scheduled_on)
    )
    return found + [
        Waiting(
            row.name,
            _("перепроверка"),
            (
                (_("Когда"), words.day(row.scheduled_on)),
                (_("Работа"), words.paper(row.subject, row.grade, row.year)),
                (_("Выборка"), words.plural(row.n_sample, ("работа", "работы", "работ"), ("work", "works"))),
            ),
            url_for("rechecks.recheck", recheck_id=row.id),
            _("Внести баллы"),
            (0, float(row.scheduled_on.toordinal())),
        )
        for row in samples
    ]


def _system_waiting() -> list[Waiting]:
    """Files to decide on, flags without a case, jobs that stopped."""
    actor, session = auth.actor(), auth.db()
    found = []
    if actor.may(Permission.DATA_IMPORT):
        for row in session.execute(
            select(Upload.id, Upload.file_name, Upload.rows_accepted, Upload.n_problems)
            .where(Upload.status == UploadStatus.PREVIEWED)
            .order_by(Upload.id)
            .limit(SHOWN)
        ):
            facts = (
                (_("Строк"), words.number(row.rows_accepted)),
                (_("Замечаний"), words.number(row.n_problems)),
            )
            href = url_for("uploads.upload", upload_id=row.id)
            found.append(
                Waiting(row.file_name, _("принять или отклонить файл"), facts, href, _("Посмотреть"), (1, 0.0))
            )
    if actor.may(Permission.JOB_RETRY):
        n = session.scalar(select(func.count(OutboxJob.id)).where(OutboxJob.status == JobStatus.DEAD)) or 0
        if n:
            href = url_for("outbox.index_view", status="dead")
            many = ((_("Сколько"), words.number(n)),)
            found.append(
                Waiting(_("Задания остановлены"), _("разобраться и запустить"), many, href, _("Открыть"), (0, 0.0))
            )
    return found


def _new_flags() -> int:
    if not auth.actor().may(Permission.FINDING_READ):
        return 0
    since: datetime = auth.now() - timedelta(days=7)
    return auth.db().scalar(select(func.count(Flag.id)).where(Flag.raised_at >= since, Flag.tier != Tier.NONE)) or 0


def _where_cases_stand(rows: list[Any]) -> list[tuple[str, str, bool]]:
    """State, «number · median days», and whether the median is past the aim."""
    found = []
    for state in CaseState:
        if state is CaseState.CLOSED:
            continue
        days = [words.days_between(row.entered_at) for row in rows if row.state is state]
        middle = round(median(days)) if days else 0
        text = f"{len(days)} · {_('медиана')} {words.days(middle)}" if days else "0"
        found.append((words.title(state), text, bool(days) and middle > STAGE_DAYS[state]))
    return found


def _this_week() -> list[tuple[str, str, str]]:
    """Visits and rechecks of the next seven days: day, what, address."""
    if not auth.actor().may(Permission.CASE_READ):
        return []
    session, today = auth.db(), words.today()
    until = today + timedelta(days=7)
    found: list[tuple[Any, str, str]] = []
    for row in session.execute(
        select(Observation.id, Observation.scheduled_on, School.name)
        .join(School, School.id == Observation.school_id)
        .where(Observation.status == VisitStatus.SCHEDULED, Observation.scheduled_on.between(today, until))
        .limit(20)
    ):
        href = url_for("observations.visit", observation_id=row.id)
        found.append((row.scheduled_on, _("наблюдение, %(school)s", school=row.name), href))
    for row in session.execute(
        select(Recheck.id, Recheck.scheduled_on, School.name)
        .join(School, School.id == Recheck.school_id)
        .where(Recheck.status == RecheckStatus.DRAWN, Recheck.scheduled_on.between(today, until))
        .limit(20)
    ):
        href = url_for("rechecks.recheck", recheck_id=row.id)
        found.append((row.scheduled_on, _("перепроверка, %(school)s", school=row.name), href))
    return [(words.day(day, "short"), what, href) for day, what, href in sorted(found)[:8]]
