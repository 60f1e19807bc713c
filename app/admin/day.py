"""«Мой день»: what waits for this person, four counts, where cases stand, what is due this week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from flask import url_for
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import func, select

from app import auth
from app.admin import day_items, words
from app.admin.base import HomePage
from app.admin.case_forms import FORMS
from app.admin.day_items import AHEAD, Waiting
from app.calendars import Span
from app.flows import CLOSED, State
from app.models import (
    Case,
    Conclusion,
    Dataset,
    DueMove,
    Flag,
    Observation,
    OutboxJob,
    Recheck,
    School,
    ScreeningRun,
    Upload,
    User,
)
from app.policy import Permission
from app.terms import CaseKind, JobStatus, RecheckStatus, Tier, UploadStatus, VisitStatus
from app.workflows.agenda import agenda
from app.workflows.definitions import known_states, shipped, state_named

SHOWN = 8
SILENT_DAYS = 14


@dataclass(frozen=True)
class OpenCase:
    """An open case and the days it has stood in its stage."""

    row: Any
    state: State
    days: int

    @property
    def over(self) -> int:
        """Days past the day the stage was due; nought or less while there is time or the clock stands."""
        return (words.today() - self.row.due_on).days if self.row.due_on else 0


class DayPage(HomePage):
    permission = auth.SIGNED_IN

    @expose("/")
    @auth.door(auth.SIGNED_IN)
    def index(self) -> str:
        cases = _open_cases()
        found = _cases_waiting(cases) + _visits_waiting() + day_items.planned() + day_items.aside() + _system_waiting()
        waiting = sorted(found, key=lambda item: item.rank)
        overdue = [case for case in cases if case.over > 0]
        silent = [case for case in cases if case.days > SILENT_DAYS]
        return self.render(
            "pages/day.html",
            waiting=waiting[:SHOWN],
            n_waiting=len(waiting),
            n_overdue=len(overdue),
            worst=max(overdue, key=lambda case: case.over).row.school if overdue else None,
            n_silent=len(silent),
            silent=silent[0].row.school if silent else None,
            n_new=_new_flags(),
            states=_where_cases_stand(cases),
            week=_this_week(),
            shifted=_shifted(),
            n_open=len(cases),
            oldest=max((case.days for case in cases), default=0),
            first=None if cases or waiting else _first_step(),
        )


def _open_cases() -> list[OpenCase]:
    if not auth.actor().may(Permission.CASE_READ):
        return []
    statement = (
        select(
            Case.id,
            Case.kind,
            Case.workflow,
            Case.workflow_version,
            Case.state,
            Case.tier,
            Case.evidence,
            Case.entered_at,
            Case.due_on,
            Case.curator_id,
            Case.school_id,
            School.name.label("school"),
        )
        .join(School, School.id == Case.school_id)
        .where(Case.state != CLOSED)
        .order_by(Case.evidence.desc(), Case.id)
    )
    session = auth.db()
    return [
        OpenCase(
            row,
            state_named(session, row.workflow, row.workflow_version, row.state),
            words.days_between(row.entered_at),
        )
        for row in session.execute(statement)
    ]


def _cases_waiting(cases: list[OpenCase]) -> list[Waiting]:
    """Cases whose next step is this person's to make; what another person has in hand is not."""
    actor = auth.actor()
    proposed, in_hand, still = _proposed(), _in_hand(), day_items.standing_still()
    approve, look = _("утвердить закрытие"), _("Рассмотреть")
    found = []
    for case in cases:
        row, conclusion = case.row, proposed.get(case.row.id)
        if row.id in still or actor.barred(row.school_id) is not None:
            continue
        # The most urgent first: an approval somebody waits for, then what is late, then what is strong.
        if conclusion is not None:
            if actor.may(Permission.CASE_CLOSE) and conclusion.proposed_by_id != actor.user_id:
                href = partial(url_for, "cases.case", case_id=row.id)
                facts = partial(_facts, case, conclusion)
                found.append(Waiting((0, -row.evidence), row.school, approve, look, href, facts))
            continue
        step = case.state.next
        if step is None:
            continue
        # An interview is handed to a curator before any order: it is then nobody else's to hold.
        is_handed_over = step.form == "interview" and row.curator_id not in (None, *actor.acting_ids)
        if not actor.may(FORMS[step.form].permission) or is_handed_over or (step.form, row.id) in in_hand:
            continue
        href = partial(url_for, "cases.do", case_id=row.id, form=step.form)
        rank = (1 if case.over > 0 else 2, -row.evidence)
        what, label = step.title(words.locale()), step.button(words.locale())
        found.append(Waiting(rank, row.school, what, label, href, partial(_facts, case, None)))
    return found


def _facts(case: OpenCase, conclusion: Any) -> list[tuple[str, str]]:
    row = case.row
    since = _("на этапе %(days)s", days=words.days(case.days))
    late = ", " + _("просрочено на %(days)s", days=words.days(case.over)) if case.over > 0 else ""
    facts = [
        (_("Признаки"), _("%(tier)s, сила %(n)s", tier=words.title(row.tier), n=words.number(row.evidence, 1))),
        (_("Срок"), since + late),
    ]
    if conclusion is not None:
        said = f"{conclusion.proposed_by_name}: {words.title(conclusion.verdict)}"
        facts.insert(0, (_("Предложил(а)"), said))
    return facts


def _proposed() -> dict[int, Any]:
    """The newest proposal to close of each open case."""
    rows = auth.db().execute(
        select(Conclusion.case_id, Conclusion.verdict, Conclusion.proposed_by_id, Conclusion.proposed_by_name)
        .join(Case, Case.id == Conclusion.case_id)
        .where(Case.state != CLOSED)
        .order_by(Conclusion.id)
    )
    return {row.case_id: row for row in rows}


def _in_hand() -> set[tuple[str, int]]:
    """Forms and cases for which a visit is scheduled already or a sample is being re-marked."""
    session = auth.db()
    visits = session.scalars(select(Observation.case_id).where(Observation.status == VisitStatus.SCHEDULED))
    samples = session.scalars(
        select(Recheck.case_id).where(Recheck.status.in_([RecheckStatus.REQUESTED, RecheckStatus.DRAWN]))
    )
    return {("observation", case_id) for case_id in visits} | {("recheck", case_id) for case_id in samples}


def _visits_waiting() -> list[Waiting]:
    """My own visits and samples."""
    actor = auth.actor()
    if not actor.may(Permission.WORKS_READ) or actor.user_id is None:
        return []
    session = auth.db()
    visits = session.execute(
        select(Observation.id, Observation.subject, Observation.grade, Observation.scheduled_on, School.name)
        .join(School, School.id == Observation.school_id)
        .where(Observation.observer_id.in_(actor.acting_ids), Observation.status == VisitStatus.SCHEDULED)
        .order_by(Observation.scheduled_on)
    )
    found = [
        Waiting(
            (0, float(row.scheduled_on.toordinal())),
            row.name,
            _("наблюдение"),
            _("Внести акт"),
            partial(url_for, "observations.visit", observation_id=row.id),
            partial(_visit_facts, row.scheduled_on, words.paper(row.subject, row.grade)),
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
        .where(Recheck.inspector_id.in_(actor.acting_ids), Recheck.status == RecheckStatus.DRAWN)
        .order_by(Recheck.scheduled_on)
    )
    return found + [
        Waiting(
            (0, float(row.scheduled_on.toordinal())),
            row.name,
            _("перепроверка"),
            _("Внести баллы"),
            partial(url_for, "rechecks.recheck", recheck_id=row.id),
            partial(_visit_facts, row.scheduled_on, words.paper(row.subject, row.grade, row.year), row.n_sample),
        )
        for row in samples
    ]


def _visit_facts(day: date, paper: str, n_sample: int | None = None) -> list[tuple[str, str]]:
    facts = [(_("Когда"), words.day(day)), (_("Работа"), paper)]
    if n_sample is not None:
        facts.append((_("Выборка"), words.plural(n_sample, ("работа", "работы", "работ"), ("work", "works"))))
    return facts


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
            facts = [(_("Строк"), words.number(row.rows_accepted)), (_("Замечаний"), words.number(row.n_problems))]
            href = partial(url_for, "uploads.upload", upload_id=row.id)
            what, label = _("принять или отклонить файл"), _("Посмотреть")
            found.append(Waiting((1, 0.0), row.file_name, what, label, href, partial(list, facts)))
    if actor.may(Permission.JOB_RETRY):
        n = session.scalar(select(func.count(OutboxJob.id)).where(OutboxJob.status == JobStatus.DEAD)) or 0
        if n:
            href = partial(url_for, "outbox.index_view", status="dead")
            many = [(_("Сколько"), words.number(n))]
            name, what = _("Задания остановлены"), _("разобраться и запустить")
            found.append(Waiting((0, 0.0), name, what, _("Открыть"), href, partial(list, many)))
    return found


def _first_step() -> tuple[str, str, str, str] | None:
    """What a new installation needs from this person first: title, why, address and the button."""
    actor, session = auth.actor(), auth.db()

    def is_empty(model: Any, *conditions: Any) -> bool:
        return session.scalar(select(model.id).where(*conditions).limit(1)) is None

    if actor.may(Permission.USER_MANAGE) and is_empty(User, User.id != actor.user_id):
        return (
            _("Начните с людей"),
            _(
                "Кроме вас в системе никого нет. Заведите аналитика: он загрузит данные и запустит проверку. Затем "
                "отдел образования, кураторов и инспекторов: они ведут дела."
            ),
            url_for("users.add"),
            _("Добавить человека"),
        )
    if actor.may(Permission.DATA_IMPORT) and is_empty(Dataset):
        return (
            _("Начните с данных"),
            _("Загрузите выгрузку работ региона, примите её и запустите проверку: сильные признаки сами откроют дела."),
            url_for("uploads.index_view"),
            _("Загрузить файлы"),
        )
    if actor.may(Permission.SCREENING_RUN) and is_empty(ScreeningRun):
        return (
            _("Данные приняты — запустите проверку"),
            _("Проверка сравнит школы по всему региону; по сильным признакам дела откроются сами."),
            url_for("runs.index_view"),
            _("Перейти к проверкам"),
        )
    return None


def _new_flags() -> int:
    if not auth.actor().may(Permission.FINDING_READ):
        return 0
    since: datetime = auth.now() - timedelta(days=7)
    return auth.db().scalar(select(func.count(Flag.id)).where(Flag.raised_at >= since, Flag.tier != Tier.NONE)) or 0


def _where_cases_stand(cases: list[OpenCase]) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """For each kind of case its stages: title, «number · median days», and whether the median is past the aim.

    The kind is named only where cases of both kinds are open.
    """
    kinds = [kind for kind in CaseKind if any(case.row.kind is kind for case in cases)] or [CaseKind.OBJECTIVITY]
    return [(words.capital(words.title(kind)) if len(kinds) > 1 else "", _stages(kind, cases)) for kind in kinds]


def _stages(kind: CaseKind, cases: list[OpenCase]) -> list[tuple[str, str, bool]]:
    found = []
    for state in known_states(auth.db(), kind):
        here = [case for case in cases if case.row.kind is kind and case.row.state == state.code]
        # A stage that only another department's workflow has is no news here while nothing stands in it.
        if state.code == CLOSED or (not here and state not in shipped(kind.value).states):
            continue
        middle = round(median(case.days for case in here)) if here else 0
        text = f"{len(here)} · {words.days(middle)}" if here else "0"
        found.append((words.title(state), text, bool(here) and median(case.over for case in here) > 0))
    return found


def _this_week() -> list[tuple[str, str, str]]:
    """What the calendar of this person holds for the next seven days: day, what, address."""
    today = words.today()
    items = agenda(auth.db(), Span(today, today + AHEAD))[:SHOWN]
    return [(words.day(item.on, "short"), item.text(words.locale()), item.href) for item in items]


def _shifted() -> list[tuple[str, str]]:
    """Deadlines in sight that a change of the calendar moved in the last seven days, when it asked to tell of it."""
    since = auth.now() - timedelta(days=7)
    rows = auth.db().scalars(
        select(DueMove).where(DueMove.is_told, DueMove.at >= since).order_by(DueMove.id.desc()).limit(SHOWN)
    )
    return [
        (
            row.label,
            _("было %(old)s, стало %(new)s", old=words.day(row.old_on, "short"), new=words.day(row.new_on, "short")),
        )
        for row in rows
    ]
