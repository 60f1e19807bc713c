"""Selective recheck: ordered, drawn by a job from the stored works, re-marked, judged."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from app import policy
from app.context import AppContext
from app.database import acting
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import Dataset, OutboxJob, Recheck, RecheckedWork, School
from app.policy import SYSTEM, Actor, Permission
from app.rechecks import MarkedWork, Work, assess, draw_sample, is_objective, load_rules
from app.terms import Duty, FileKind, RecheckOutcome, RecheckStatus
from app.workflows import independence, outbox, preservation
from app.workflows.case import open_case_of, record


@dataclass(frozen=True)
class DatasetRef:
    """Id and hash of a data set."""

    id: int
    sha256: str


def request_recheck(
    session: Session,
    case_id: int,
    *,
    year: int,
    subject: str,
    grade: int,
    inspector_id: int,
    scheduled_on: date,
    order_number: str,
    share: float | None = None,
    actor: Actor,
    at: datetime,
) -> Recheck:
    """Order a recheck of one paper; a job draws the sample. A larger `share` follows an undecided recheck."""
    policy.require(actor, Permission.CASE_RECHECK)
    case = open_case_of(session, case_id)
    rules = load_rules()
    share = rules.share if share is None else share
    if share not in rules.steps:
        steps = ", ".join(f"{step:.0%}" for step in rules.steps)
        raise Refused(
            Reason(
                "share",
                f"Доля выборки выбирается из ступеней: {steps}.",
                f"The share of the sample is one of the steps: {steps}.",
            )
        )
    if not order_number.strip():
        raise Refused(Reason("no_number", "Укажите номер приказа о комиссии.", "Give the commission order's number."))
    assert case.school_id is not None  # a case is always a school's
    person = independence.facts_of_user(session, inspector_id, scheduled_on)
    objections = independence.objections_to(
        person, case.school_id, Duty.EXPERT, scheduled_on, paper=(year, subject, grade)
    )
    if objections:
        raise Refused(*objections)
    assert person is not None  # no objection was raised
    too_late = preservation.objection(session, case, scheduled_on, year=year, subject=subject, grade=grade)
    if too_late is not None:
        raise Refused(too_late)
    dataset = current_works(session, year, subject, grade)
    if dataset is None:
        raise Refused(
            Reason(
                "no_works",
                "Работы по этому предмету, классу и году не загружены.",
                "The works of this subject, grade and year have not been loaded.",
            )
        )
    running = session.scalars(
        select(Recheck).where(
            Recheck.case_id == case.id,
            Recheck.subject == subject,
            Recheck.grade == grade,
            Recheck.year == year,
            Recheck.status.in_([RecheckStatus.REQUESTED, RecheckStatus.DRAWN]),
        )
    ).first()
    if running is not None:
        raise Refused(
            Reason(
                "already_running",
                "Перепроверка этой работы уже идёт: сначала внесите её баллы.",
                "A recheck of this paper is under way: enter its points first.",
            )
        )
    recheck = Recheck(
        case_id=case.id,
        dataset_id=dataset.id,
        dataset_sha256=dataset.sha256,
        year=year,
        subject=subject,
        grade=grade,
        inspector_id=inspector_id,
        inspector_name=person.name,
        scheduled_on=scheduled_on,
        order_number=order_number.strip(),
        rule={"version": rules.version, **{k: v for k, v in asdict(rules).items() if k != "version"}, "share": share},
        seed=secrets.token_hex(8),
        requested_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(recheck)
    session.flush()
    outbox.add(session, "draw_recheck", recheck.id, at=at)
    record(session, case, "recheck:order", actor=actor, at=at, facts={"recheck_id": recheck.id, "seed": recheck.seed})
    return recheck


def current_works(session: Session, year: int, subject: str, grade: int) -> DatasetRef | None:
    """The works in force for a paper, read as columns: the data set is the region's, the case one school's."""
    table = Dataset.__table__
    row = (
        session.connection()
        .execute(
            select(table.c.id, table.c.sha256)
            .where(
                table.c.kind == FileKind.WORKS,
                table.c.year == year,
                table.c.subject == subject,
                table.c.grade == grade,
                table.c.replaced_by_id.is_(None),
            )
            .order_by(table.c.id.desc())
            .limit(1)
        )
        .first()
    )
    return DatasetRef(row.id, row.sha256) if row else None


def draw(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: draw the sample of a requested recheck from the stored works."""
    # Imported here: the web process orders rechecks too and must not load the data libraries.
    import pandas as pd

    from app.ingest.scales import load_scales

    with acting(context.sessions, SYSTEM) as session:
        recheck = session.get(Recheck, job.subject_id)
        if recheck is None or recheck.status is not RecheckStatus.REQUESTED:
            return lambda session: None
        school = session.get(School, recheck.school_id)
        assert school is not None
        dataset_sha256, seed, share = recheck.dataset_sha256, recheck.seed, recheck.rule["share"]
        paper, code, municipality_id = (
            (recheck.year, recheck.subject, recheck.grade),
            school.code,
            school.municipality_id,
        )
    scale = load_scales().get(*paper)
    if scale is None or scale.mark_from is None:
        raise Refused(
            Reason(
                "no_scale",
                "Для этой работы нет официальной шкалы; добавьте её в app/data/scales.",
                "This paper has no official scale; add it to app/data/scales.",
            )
        )
    frame = pd.read_parquet(
        context.store.path(dataset_sha256),
        columns=["school", "class", "participant", "score"],
        filters=[("school", "==", code)],
    )
    works = [
        Work(
            str(row.participant),
            None if pd.isna(row.class_group) else str(row.class_group),
            int(row.score),
            scale.mark(int(row.score)),
        )
        for row in frame.rename(columns={"class": "class_group"}).itertuples()
    ]
    if not works:
        raise Refused(
            Reason("no_works", "В загруженных данных нет работ этой школы.", "The school has no works there.")
        )
    sample = draw_sample(works, cuts=scale.mark_from, share=share, seed=seed, rules=load_rules())

    def keep(session: Session) -> None:
        recheck = session.get(Recheck, job.subject_id)
        assert recheck is not None
        recheck.status, recheck.n_works, recheck.n_sample = RecheckStatus.DRAWN, len(works), len(sample)
        recheck.rule = {**recheck.rule, "max_score": scale.max_score, "mark_from": list(scale.mark_from)}
        session.add_all(
            RecheckedWork(
                recheck_id=recheck.id,
                position=position,
                participant=drawn.work.participant,
                class_group=drawn.work.class_group,
                stratum=drawn.stratum,
                school_score=drawn.work.score,
                school_mark=drawn.work.mark,
                municipality_id=municipality_id,
                school_id=recheck.school_id,
            )
            for position, drawn in enumerate(sample, start=1)
        )
        session.flush()

    return keep


def enter_points(
    session: Session,
    recheck_id: int,
    points: Mapping[str, int],
    *,
    actor: Actor,
    at: datetime,
    expected_version: int,
) -> Recheck:
    """Enter the experts' primary scores by participant code; when every work has one, the recheck is judged."""
    policy.require(actor, Permission.CASE_RECHECK)
    recheck = session.get(Recheck, recheck_id)
    if recheck is None:
        raise NotFound("Перепроверка не найдена или относится к другой территории.")
    case = open_case_of(session, recheck.case_id)
    if recheck.version != expected_version or recheck.status is not RecheckStatus.DRAWN:
        raise Conflict("Перепроверка уже изменена: обновите страницу.", version=recheck.version)
    works = {work.participant: work for work in recheck.works}
    max_score, mark_from = recheck.rule["max_score"], recheck.rule["mark_from"]
    reasons = [
        Reason("not_sampled", f"Работы {code} нет в выборке.", f"Work {code} is not in the sample.")
        for code in points
        if code not in works
    ]
    reasons += [
        Reason("out_of_range", f"Работа {code}: балл {score} вне 0–{max_score}.", f"{code}: {score} is out of range.")
        for code, score in points.items()
        if not 0 <= score <= max_score
    ]
    if reasons:
        raise Refused(*reasons)
    rules = load_rules()
    for code, score in points.items():
        work = works[code]
        work.expert_score = score
        work.expert_mark = 2 + sum(score >= cut for cut in mark_from)
        work.is_objective = is_objective(_marked(work), max_score, rules)
    flag_modified(recheck, "rule")  # the points belong to the recheck: its version moves with them
    facts: dict[str, object] = {"recheck_id": recheck.id, "entered": len(points)}
    if all(work.expert_score is not None for work in works.values()):
        result = assess(
            [_marked(work) for work in works.values()], n_population=recheck.n_works, max_score=max_score, rules=rules
        )
        recheck.status, recheck.marked_at, recheck.outcome = RecheckStatus.MARKED, at, result.outcome
        recheck.n_objective, recheck.mean_shift = result.n_objective, result.mean_shift
        recheck.share_low, recheck.share_high = result.low, result.high
        facts |= {"outcome": result.outcome.value, "objective": result.n_objective, "of": result.n}
    session.flush()
    record(session, case, "recheck:points", actor=actor, at=at, facts=facts)
    return recheck


def on_dead(session: Session, recheck_id: int, error: str) -> None:
    """The draw failed for good: say so on the recheck, so that another can be ordered."""
    recheck = session.get(Recheck, recheck_id)
    if recheck is not None and recheck.status is RecheckStatus.REQUESTED:
        recheck.status, recheck.failure = RecheckStatus.FAILED, error


def is_undecided(recheck: Recheck) -> bool:
    return recheck.outcome is RecheckOutcome.INSUFFICIENT


def _marked(work: RecheckedWork) -> MarkedWork:
    assert work.expert_score is not None
    assert work.expert_mark is not None
    return MarkedWork(work.school_score, work.school_mark, work.expert_score, work.expert_mark)
