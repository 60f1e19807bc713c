"""A demo region: simulated, but brought in through the very path that real files take, and worked on by demo people.

The files are made in the layouts of real exports (works 2021, context form 2022), uploaded, read, accepted and
screened; then people of the region lead some of the cases on, so that every page of the product has something true to
show.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import acting
from app.days import day_of
from app.demo_files import MARK, YEAR, context_file, file_name, works_file
from app.demo_groups import enter_schools, make_groups
from app.demo_low_results import help_schools
from app.demo_people import declare_free, enter_people
from app.demo_plans import make_plans
from app.jobs.work import perform
from app.models import Case, Municipality, OutboxJob, Recheck, School, ScreeningRun, Upload, User
from app.policy import SYSTEM, Actor
from app.terms import (
    ExplanationReason,
    JobStatus,
    ObservationStage,
    Procedure,
    RecheckStatus,
    Role,
    RunStatus,
    UploadStatus,
    Verdict,
)
from app.workflows import case as cases
from app.workflows import intake, low_results, outbox, people, preservation, recheck, screening
from app.workflows.assignment import issue_order
from app.workflows.engine import fire
from app.workflows.interview import AgreedAction, InterviewForm, record_interview
from app.workflows.observation import ActForm, record_act, schedule_observation

SEED = 20261123
REGIONAL = ("ma", 5)
"""Subject and grade of the demo's regional work."""

DAYS_BACK = 60
PASSWORD = "открытый урок"  # noqa: S105 - printed at start-up; people of the demo have nothing to hide

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class DemoPerson:
    login: str
    name: str
    role: Role
    post: str


PEOPLE = (
    DemoPerson("region", "Рогова Елена Викторовна", Role.REGION_MANAGER, "начальник отдела оценки качества"),
    DemoPerson("analyst", "Анисимов Павел Юрьевич", Role.ANALYST, "аналитик регионального центра"),
    DemoPerson("department", "Орлова Марина Сергеевна", Role.DEPARTMENT, "начальник отдела образования"),
    DemoPerson("deputy", "Зимин Олег Петрович", Role.DEPARTMENT, "заместитель начальника отдела"),
    DemoPerson("curator", "Климова Ирина Андреевна", Role.CURATOR, "методист ИМЦ"),
    DemoPerson("curator2", "Жукова Тамара Олеговна", Role.CURATOR, "методист ИМЦ"),
    DemoPerson("inspector", "Носов Дмитрий Ильич", Role.INSPECTOR, "наблюдатель, эксперт комиссии"),
    DemoPerson("school", "Соколова Анна Львовна", Role.SCHOOL, "директор школы"),
    DemoPerson("admin", "Администратор", Role.ADMIN, "администратор"),
)
"""Who signs in, all with the same password; the department, curator and inspector belong to the municipality with most
cases."""


def is_new(context: AppContext) -> bool:
    """Whether a demo may be made: nobody is there yet, and no file but those of a demo that was cut short."""
    with acting(context.sessions, SYSTEM) as session:
        somebody = session.scalars(select(User.id).limit(1)).first()
        foreign = session.scalars(select(Upload.id).where(Upload.file_name.not_like(f"{MARK}%")).limit(1)).first()
        return somebody is None and foreign is None


def create_demo(context: AppContext, *, at: datetime, progress: Progress | None = None) -> None:
    """Make the demo region; the story begins `DAYS_BACK` days before `at`. One that was cut short is gone on with.

    Raises
    ------
    Refused
        The installation already holds people or files.
    """
    from app.detectors.simulate import RegionOptions, simulate_region
    from app.errors import Reason, Refused

    if not is_new(context):
        raise Refused(
            Reason(
                "not_empty",
                "В базе уже есть люди или файлы; демонстрационный регион создаётся только в пустой.",
                "The database already holds people or files; a demo region is made only in an empty one.",
            )
        )
    report = progress or (lambda text, share: None)
    start = at - timedelta(days=DAYS_BACK)
    report("моделируется регион", 0.02)
    region = simulate_region(SEED, RegionOptions(schools=110, year=YEAR, share=0.26, strength=0.9, heaping=0.15))
    files = [(f"{MARK}Контекстные данные школ.csv", context_file(region.schools))]
    names = region.schools.set_index("school")["municipality_name"]
    files += [(file_name(paper), works_file(region.works, paper, names)) for paper in region.papers]
    # The regional work: other classes of the same schools, marked by outside experts, so that nothing in it is raised.
    calm = simulate_region(SEED, RegionOptions(schools=110, year=YEAR, share=0.0, papers=(REGIONAL,)))
    regional = (f"{MARK}РДР по математике, 5 класс.csv", works_file(calm.works, calm.papers[0], names))
    _load(context, [*files, regional], start, report)
    report("проверки", 0.55)
    with acting(context.sessions, SYSTEM) as session:
        run = session.scalars(select(ScreeningRun).where(ScreeningRun.status != RunStatus.FAILED)).first()
        run_id = (run or screening.request_screening(session, YEAR, actor=SYSTEM, at=start + timedelta(hours=1))).id
    _run_jobs(context)
    report("люди и дела", 0.8)
    with acting(context.sessions, SYSTEM) as session:
        users = _add_people(session, at)
        to_finish = _work_on_cases(session, users, start)
        actors = {login: people.actor_for(session, user, at) for login, user in users.items()}
        make_groups(session, actors, YEAR, start + timedelta(days=20))
        make_plans(session, context.store, actors, start, to_finish)
        low_results.request_low_results(session, run_id, actor=actors["analyst"], at=start + timedelta(days=1))
    _run_jobs(context)
    with acting(context.sessions, SYSTEM) as session:
        help_schools(session, {user.login: user for user in session.scalars(select(User))}, start + timedelta(days=4))
    _finish_rechecks(context, to_finish, at)
    _run_jobs(context)
    report(f"готово: прогон {run_id}", 1.0)


def _load(context: AppContext, files: list[tuple[str, bytes]], at: datetime, report: Progress) -> None:
    for name, content in files:
        with acting(context.sessions, SYSTEM) as session:
            if session.scalars(select(Upload.id).where(Upload.file_name == name)).first() is not None:
                continue  # a demo cut short had brought it
            paper = intake.paper_named(YEAR, *REGIONAL, Procedure.RDR) if "РДР" in name else None
            intake.receive_upload(
                session, context.store, content=content, file_name=name, actor=SYSTEM, at=at, paper=paper
            )
    report("чтение файлов", 0.1)
    _run_jobs(context)
    with acting(context.sessions, SYSTEM) as session:
        previewed = select(Upload.id).where(Upload.status == UploadStatus.PREVIEWED).order_by(Upload.id)
        for upload_id in session.scalars(previewed).all():
            intake.accept_upload(session, context.store, upload_id, actor=SYSTEM, at=at + timedelta(minutes=5))


def _run_jobs(context: AppContext) -> None:
    """Do all due jobs, two at a time: reading a file waits for its child process."""
    while True:
        with acting(context.sessions, SYSTEM) as session:
            due = outbox.due(session, at=datetime.now(UTC))
            held = session.scalars(select(OutboxJob.id).where(OutboxJob.status == JobStatus.RUNNING).limit(1)).first()
        if not due and held is None:
            return
        if not due:
            time.sleep(0.5)  # a demo cut short holds its last job until the lease runs out
            continue
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda job_id: perform(context, job_id, is_waking=False), due))


def _add_people(session: Session, at: datetime) -> dict[str, User]:
    """The people of `PEOPLE`, those of a municipality placed where most cases are."""
    open_cases = session.scalars(select(Case).order_by(Case.evidence.desc())).all()
    counts: dict[int | None, int] = {}
    for case in open_cases:
        counts[case.municipality_id] = counts.get(case.municipality_id, 0) + 1
    home = max(counts, key=lambda place: counts[place]) if counts else session.scalars(select(Municipality.id)).first()
    flagged = {case.school_id for case in open_cases}
    calm = [
        school
        for school in session.scalars(select(School).where(School.municipality_id == home).order_by(School.code))
        if school.id not in flagged
    ]
    enter_schools(session, calm[:3], at - timedelta(days=DAYS_BACK))
    own = [case for case in open_cases if case.municipality_id == home]
    password = people.hash_password(PASSWORD)
    users = {}
    for person in PEOPLE:
        is_local = person.role in (Role.DEPARTMENT, Role.CURATOR, Role.INSPECTOR, Role.SCHOOL)
        users[person.login] = User(
            login=person.login,
            name=person.name,
            post=person.post,
            role=person.role,
            password_hash=password,
            municipality_id=home if is_local else None,
            school_id=own[0].school_id if person.role is Role.SCHOOL and own else None,
        )
    session.add_all(users.values())
    session.flush()
    enter_people(session, users, calm, at)
    return users


def _work_on_cases(session: Session, users: dict[str, User], start: datetime) -> list[int]:
    """Lead the demo municipality's cases to different states, each with its documents; return those to be closed."""
    to_finish: list[int] = []
    home = users["department"].municipality_id
    own = session.scalars(select(Case).where(Case.municipality_id == home).order_by(Case.evidence.desc())).all()
    for index, case in enumerate(own):
        # The strongest case stays where the story of the guide begins; the others stand along the way.
        goal = (0, 5, 4, 1, 3, 2, 0)[index % 7]
        _Story(session, users, case, start + timedelta(days=2 + index)).go(goal)
        if goal == 5:
            to_finish.append(case.id)
    return to_finish


class _Story:
    """One case's way, told with the product's own verbs."""

    def __init__(self, session: Session, users: dict[str, User], case: Case, at: datetime) -> None:
        self.session, self.users, self.case, self.at = session, users, case, at

    def actor(self, login: str) -> Actor:
        return people.actor_for(self.session, self.users[login], self.at)

    def go(self, goal: int) -> None:
        steps = (self.interview, self.assign, self.observe, self.order_recheck)
        for step in steps[: min(goal, 4)]:
            self.at += timedelta(days=7)
            step()
            self.session.flush()

    def move(self, trigger: str, login: str) -> None:
        fire(
            self.session,
            self.case.id,
            trigger,
            actor=self.actor(login),
            at=self.at,
            expected_version=self.case.version,
            request_id=f"demo-{self.case.id}-{trigger}",
        )

    def interview(self) -> None:
        cases.hand_interview(
            self.session, self.case.id, self.users["curator"].id, actor=self.actor("department"), at=self.at
        )
        declare_free(self.session, self.users["curator"], self.case, self.at)
        form = InterviewForm(
            number=f"{self.case.id}",
            held_on=day_of(self.at),
            place="отдел образования",
            form="очно",
            present=(
                (self.users["department"].name, self.users["department"].post),
                (self.users["curator"].name, self.users["curator"].post),
                ("Руководитель школы", "директор"),
            ),
            explanation="Работы проверяли учителя своих классов, критерии заранее не обсуждали.",
            reasons=(ExplanationReason.CHECKING,),
            documents_shown=("положение о внутренней системе оценки качества", "приказ о проведении ВПР"),
            agreed=(
                AgreedAction(
                    "Создать межшкольную комиссию по проверке работ", day_of(self.at) + timedelta(days=30), "директор"
                ),
            ),
        )
        record_interview(self.session, self.case.id, form, actor=self.actor("curator"), at=self.at)
        self.move("interview", "curator")

    def assign(self) -> None:
        issue_order(
            self.session,
            self.case.id,
            self.users["curator"].id,
            number=f"{100 + self.case.id}-о",
            issued_on=day_of(self.at),
            until=_school_year_end(day_of(self.at)),
            no_conflict_declared=True,
            actor=self.actor("department"),
            at=self.at,
        )
        self.move("assign", "department")

    def observe(self) -> None:
        visit = schedule_observation(
            self.session,
            self.case.id,
            self.users["inspector"].id,
            subject="ma",
            grade=5,
            scheduled_on=day_of(self.at),
            actor=self.actor("department"),
            at=self.at,
        )
        declare_free(self.session, self.users["inspector"], self.case, self.at)
        record_act(
            self.session,
            visit.id,
            ActForm(f"{self.case.id}/н", day_of(self.at), (ObservationStage.SITTING, ObservationStage.CHECKING), ()),
            actor=self.actor("inspector"),
            at=self.at,
            expected_version=visit.version,
        )
        self.move("observe", "inspector")

    def order_recheck(self) -> None:
        preservation.request_keeping(
            self.session,
            self.case.id,
            number=f"{300 + self.case.id}-п",
            keep_until=day_of(self.at) + timedelta(days=180),
            is_confirmed=True,
            signatory="Соколова М. П.",
            signatory_post="Начальник управления образования",
            actor=self.actor("department"),
            at=self.at,
        )
        recheck.request_recheck(
            self.session,
            self.case.id,
            year=YEAR,
            subject="ma",
            grade=5,
            inspector_id=self.users["inspector"].id,
            scheduled_on=day_of(self.at) + timedelta(days=5),
            order_number=f"{200 + self.case.id}-о",
            share=0.3,
            actor=self.actor("department"),
            at=self.at,
        )


def _finish_rechecks(context: AppContext, to_finish: list[int], at: datetime) -> None:
    """Enter the experts' points of the cases to be finished, propose the verdict and let a second person approve it."""
    with acting(context.sessions, SYSTEM) as session:
        users = {user.login: user for user in session.scalars(select(User))}
        drawn = session.scalars(
            select(Recheck).where(Recheck.status == RecheckStatus.DRAWN, Recheck.case_id.in_(to_finish))
        )
        for recheck_row in drawn:
            case = session.get(Case, recheck_row.case_id)
            assert case is not None
            moment = at - timedelta(days=6)
            # The experts take away the points that lie just above a cut: what the planted signs amount to.
            cuts = recheck_row.rule["mark_from"]
            points = {
                work.participant: work.school_score - (2 if any(c <= work.school_score <= c + 1 for c in cuts) else 0)
                for work in recheck_row.works
            }
            story = _Story(session, users, case, moment)
            recheck.enter_points(
                session,
                recheck_row.id,
                points,
                actor=story.actor("inspector"),
                at=moment,
                expected_version=recheck_row.version,
            )
            story.move("recheck", "inspector")
            cases.propose(
                session,
                case.id,
                Verdict(recheck_row.outcome.value) if recheck_row.outcome is not None else Verdict.CONFIRMED,
                "Выборочная перепроверка показала завышение у границ отметок; школа приняла план исправления.",
                actor=story.actor("department"),
                at=moment + timedelta(hours=2),
            )
            story.at = moment + timedelta(days=1)
            if case.state == "rechecked":
                story.move("close", "deputy")


def _school_year_end(day: date) -> date:
    return date(day.year + (day.month >= 7), 6, 30)
