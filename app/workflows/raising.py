"""Raising the flags of a run: signs frozen, cases opened; of a trial run once, with limits somebody has chosen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from app import datafiles, policy
from app.errors import NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, Finding, Flag, School, ScreeningRun
from app.policy import Actor, Permission
from app.statistics import judged_runs, what_if
from app.storage import ObjectStore
from app.terms import NOTED_FAMILIES, SHOWN_FAMILIES, DocumentKind, RunStatus, Tier
from app.workflows import closures, issuing, journal
from app.workflows.case import open_case
from app.workflows.freezing import digest, number, plain

_EXPLANATIONS = datafiles.DATA_DIR / "explanations.toml"
FLAGGED_TIERS = (Tier.WATCH, Tier.CASE, Tier.SEVERE)
CASE_TIERS = (Tier.CASE, Tier.SEVERE)


def raise_flags(
    session: Session,
    store: ObjectStore,
    run_id: int,
    moved: Mapping[str, float],
    *,
    reason: str,
    actor: Actor,
    at: datetime,
) -> ScreeningRun:
    """Raise the flags of a trial run with some limits moved, once; the tiers are decided anew on its kept figures.

    Parameters
    ----------
    moved : mapping
        Limits by the names of ``[tiers]`` in ``app/data/detectors.toml``; those not named stay as the run had them.
    reason : str
        Why these limits; kept in the journal.

    Raises
    ------
    NotPermitted, NotFound, Refused
        Refused: the run is not a trial one, is not done, has raised its flags, or the reason is missing.
    """
    policy.require(actor, Permission.FLAG_RAISE)
    run = session.get(ScreeningRun, run_id)
    if run is None:
        raise NotFound("Проверка не найдена или относится к другой территории.")
    if len(reason.strip()) < 10:
        raise Refused(
            Reason(
                "no_reason",
                "Напишите хотя бы одним предложением, почему признаки поднимаются с такими порогами.",
                "Say in a sentence why the flags are raised with these limits.",
                f"/what-if/{run_id}",
            )
        )
    if not run.is_trial or run.status is not RunStatus.DONE:
        raise Refused(
            Reason(
                "not_a_trial",
                "Поднять признаки можно только у законченной пробной проверки: обычная поднимает их сама.",
                "Flags can be raised of a finished trial run only: an ordinary run raises them itself.",
                f"/screening/{run_id}",
            )
        )
    judged = judged_runs.judged_of(store, run)
    kept, sizes = what_if.tier_params(run.parameters)
    limits = what_if.with_limits(kept, moved)
    claimed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(ScreeningRun)
        .where(ScreeningRun.id == run.id, ScreeningRun.raised_at.is_(None))
        .values(raised_at=at, raised_by_name=actor.name, limits=what_if.as_plain(limits))
        .execution_options(synchronize_session=False)
    )
    if claimed.rowcount != 1:
        raise Refused(
            Reason(
                "already_raised",
                "Признаки этой проверки уже подняты. Для других порогов запустите новую пробную проверку.",
                "The flags of this run have been raised. For other limits start a new trial run.",
                f"/screening/{run_id}",
            )
        )
    session.refresh(run)
    tier, signs = judged.tiers(limits, sizes)
    run.tiers = dict(Counter(map(str, tier)))
    summaries = [row for row in judged.summary(tier, signs) if Tier(row["tier"]) in FLAGGED_TIERS]
    schools = {
        school.code: school
        for school in session.scalars(select(School).where(School.code.in_([row["school"] for row in summaries])))
    }
    raise_all(session, run, summaries, _rows_of(session, run, schools.values()), schools, actor=actor, at=at)
    journal.append(
        session,
        actor=actor,
        at=at,
        action="screening:raise",
        subject="run",
        subject_id=run.id,
        reason=reason.strip(),
        facts={"flags": run.n_flags, "cases": run.n_cases, "moved": dict(moved), "judged_sha256": run.judged_sha256},
    )
    return run


def _rows_of(session: Session, run: ScreeningRun, schools: Iterable[School]) -> dict[int, list[dict[str, Any]]]:
    """Findings of `schools` in the run, school by school, as `raise_all` reads them."""
    found = session.scalars(
        select(Finding)
        .where(Finding.run_id == run.id, Finding.school_id.in_([school.id for school in schools]))
        .order_by(Finding.id)
    )
    names = (*_FROZEN, "family", "level", "outcome", "school_id")
    by_school: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        assert row.school_id is not None
        by_school[row.school_id].append({name: getattr(row, name) for name in names})
    return by_school


def raise_all(
    session: Session,
    run: ScreeningRun,
    summaries: Iterable[Mapping[str, Any]],
    by_school: Mapping[int, list[dict[str, Any]]],
    schools: Mapping[str, School],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Raise the flags of a run and open their cases, in the caller's transaction.

    Parameters
    ----------
    summaries : iterable of mapping
        Schools with `app.frames.SCHOOL_SUMMARY`.
    by_school : mapping
        School's id → its findings by the names of `app.models.Finding`.
    schools : mapping
        By code.
    """
    flags = []
    for summary in summaries:
        tier, school = Tier(summary["tier"]), schools.get(str(summary["school"]))
        if tier in FLAGGED_TIERS and school is not None:
            flags.append(_flag(run, school, tier, summary, by_school.get(school.id, []), at))
    session.add_all(flags)
    session.flush()
    # The cases that flags will join are locked before the journal is: a person's move takes them in the same order.
    session.scalars(
        select(Case)
        .where(Case.school_id.in_([flag.school_id for flag in flags]), Case.state != CLOSED)
        .order_by(Case.id)
        .with_for_update(of=Case)
    ).all()
    opened = 0
    for flag in sorted(flags, key=lambda flag: -flag.evidence):
        if flag.tier in CASE_TIERS:
            opened += _open(session, flag, actor, at)
    closures.settle(session, run, flags, actor=actor, at=at)
    run.n_flags, run.n_cases = len(flags), opened
    session.flush()


def _open(session: Session, flag: Flag, actor: Actor, at: datetime) -> int:
    """Open the flag's case (1) or add the flag to the school's open one (0); either way the school gets a notice."""
    case: Case = open_case(session, flag, actor=actor, at=at)
    is_new = case.version == 0 and case.opened_at == at
    issuing.request_document(
        session,
        case,
        DocumentKind.SIGNS_NOTICE,
        f"flag:{flag.id}",
        f"{case.number}/{flag.id}",
        issuing.notice_context(session, case, flag, at=at),
        at=at,
    )
    return int(is_new)


def _flag(
    run: ScreeningRun,
    school: School,
    tier: Tier,
    summary: Mapping[str, Any],
    rows: list[dict[str, Any]],
    at: datetime,
) -> Flag:
    from app.detectors import DETECTORS

    detectors = {detector.name: detector for detector in DETECTORS}
    explanations = datafiles.load(_EXPLANATIONS, keys=frozenset(detectors)).body
    parameters = {**run.parameters, "tiers": run.limits}
    findings = [
        {
            **{key: row[key] for key in _FROZEN},
            "family": row["family"].value,
            "level": row["level"].value,
            "outcome": row["outcome"].value,
            "title": detectors[row["detector"]].title_ru,
            "version": run.detector_versions.get(row["detector"]),
            "reference": _reference_text(run.reference),
            "explains_away": explanations.get(row["detector"], {}).get("ru", ""),
            "explains_away_en": explanations.get(row["detector"], {}).get("en", ""),
            "sign": row["q_value"] is not None
            and row["q_value"] <= run.limits["watch_q"]
            and row["family"] not in SHOWN_FAMILIES,
            # Shown on a card of its own beside the signs; no sign itself.
            "note": row["family"] in NOTED_FAMILIES and bool(row["statistic"]),
        }
        for row in sorted(rows, key=lambda row: (row["p_value"] is None, row["p_value"] or 0.0))
    ]
    frozen = {
        "findings": findings,
        "inputs_sha256": run.inputs_sha256,
        "detector_versions": run.detector_versions,
        "detector_versions_text": ", ".join(
            f"{name} {version}" for name, version in sorted(run.detector_versions.items())
        ),
        "parameters": parameters,
        "parameters_version": _version_of(run),
        "reference": run.reference,
        "school": school_facts(school),
        "summary": plain(dict(summary)),
    }
    return Flag(
        run_id=run.id,
        year=run.year,
        tier=tier,
        evidence=float(summary["evidence"]),
        p_combined=number(summary["p_combined"]),
        q=number(summary["q"]),
        families=str(summary["families"] or ""),
        frozen=frozen,
        frozen_sha256=digest(frozen),
        raised_at=at,
        municipality_id=school.municipality_id,
        school_id=school.id,
    )


def _version_of(run: ScreeningRun) -> str:
    """Version of the parameters, and which limits somebody has moved before raising the flags: «1.1 (case_q 0.02)»."""
    shipped = run.parameters.get("tiers", {})
    moved = [f"{name} {value:g}" for name, value in sorted(run.limits.items()) if value != shipped.get(name)]
    version = str(run.parameters.get("version", ""))
    return f"{version} ({', '.join(moved)})" if moved else version


def school_facts(school: School) -> dict[str, Any]:
    """What is known of a school and may explain a sign away; frozen with its flag."""
    return {"kind": school.kind, "settlement": school.settlement, "context": dict(school.context or {})}


_FROZEN = (
    "year", "subject", "grade", "detector", "n", "statistic", "effect", "effect_unit", "effect_low", "effect_high",
    "p_value", "q_value", "reason", "sentence", "evidence",
)  # fmt: skip


def _reference_text(reference: Mapping[str, Any]) -> str:
    return str(reference.get("text_ru") or reference.get("pool") or "регион")
