"""Clusters of schools: computed from the context, proposed as a set, approved, and then used by screening."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import datafiles, policy
from app.errors import Conflict, InsufficientData, NotFound, Reason, Refused
from app.models import ClusterMembership, ClusterSet, School
from app.policy import Actor, Permission
from app.terms import ClusterSetStatus
from app.workflows import journal

if TYPE_CHECKING:
    from app.comparison.clusters import Cluster, Clustering, ClusterRules
    from app.comparison.features import FeatureTable


@cache
def load_rules() -> tuple[str, ClusterRules, tuple[str, ...]]:
    """Version, rules and kinds of school left out, from ``app/data/clusters.toml``."""
    from app.comparison.clusters import ClusterRules

    path = datafiles.DATA_DIR / "clusters.toml"
    file = datafiles.load(path, keys={"method", "excluded", "words"})
    method, excluded, words = (file.body[name] for name in ("method", "excluded", "words"))
    datafiles.require_keys(method, {"smallest", "most", "known", "clip"}, where=f"{path.name} [method]")
    datafiles.require_keys(excluded, {"kinds"}, where=f"{path.name} [excluded]")
    datafiles.require_keys(words, {"notable", "most"}, where=f"{path.name} [words]")
    rules = ClusterRules(**method, notable=words["notable"], words=words["most"])
    return file.version, rules, tuple(excluded["kinds"])


def school_facts(school: School) -> dict[str, Any]:
    """What the features look at: the answers of the context form and the kind of school."""
    return {**(school.context or {}), "code": school.code, "kind": school.kind}


def propose_clusters(session: Session, year: int, *, actor: Actor, at: datetime) -> ClusterSet:
    """Divide the region's schools by what is known of their context now; nothing uses the set until it is approved."""
    from app.comparison.clusters import METHOD, VERSION, cluster_schools
    from app.comparison.features import feature_table, load_features

    policy.require(actor, Permission.GROUP_PROPOSE)
    _require_region(actor)
    if not 2000 <= year <= 2100:
        raise Refused(Reason("year", "Назовите год контекста.", "Name the year of the context."))
    version, rules, kinds = load_rules()
    spec = load_features()
    schools = [s for s in session.scalars(select(School).order_by(School.code)) if s.kind not in kinds]
    table = feature_table([school_facts(school) for school in schools], spec)
    try:
        found = cluster_schools(table, rules)
    except InsufficientData as error:
        text = str(error)
        raise Refused(
            Reason(
                "too_little_context",
                f"{text[:1].upper()}{text[1:]}. Загрузите контекстную форму школ.",
                "Too little is known of the schools' context. Upload the context form.",
                "/uploads",
            )
        ) from error
    method = {
        "name": METHOD,
        "version": VERSION,
        "rules_version": version,
        "rules": {**vars(rules), "kinds": list(kinds)},
        "features_version": spec.version,
        "tried": [{"k": d.k, "silhouette": d.silhouette, "sizes": list(d.sizes)} for d in found.tried],
    }
    memberships = dict(zip(found.codes, found.numbers.tolist(), strict=True))
    chosen = ClusterSet(
        year=year,
        method=method,
        features=_features(table),
        clusters=[_cluster(cluster) for cluster in found.clusters],
        n_schools=int((found.numbers > 0).sum()),
        n_clusters=len(found.clusters),
        n_left_out=int((found.numbers == 0).sum()),
        sha256=_digest({"method": method, "memberships": memberships}),
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.name,
        proposed_at=at,
    )
    session.add(chosen)
    session.flush()
    _add_members(session, chosen, found, {school.code: school for school in schools})
    _journal(session, chosen, "clusters:propose", actor, at)
    return chosen


def approve_clusters(session: Session, set_id: int, *, actor: Actor, at: datetime, expected_version: int) -> ClusterSet:
    """Approve a proposed set; the one approved before is replaced. Runs from now on take this one."""
    policy.require(actor, Permission.GROUP_APPROVE)
    _require_region(actor)
    chosen = session.scalars(select(ClusterSet).where(ClusterSet.id == set_id).with_for_update(of=ClusterSet)).first()
    if chosen is None:
        raise NotFound("Такого деления на кластеры нет.")
    if chosen.version != expected_version:
        raise Conflict("Деление изменили, пока страница была открыта. Посмотрите, что с ним теперь.")
    if chosen.status is not ClusterSetStatus.PROPOSED:
        raise Refused(
            Reason(
                "decided",
                f"Это деление уже {chosen.status.ru}. Предложите новое.",
                f"This set is {chosen.status.en} already. Propose a new one.",
                f"/clusters/{chosen.id}",
            )
        )
    before = approved_set(session)
    if before is not None:
        before.status = ClusterSetStatus.REPLACED
        session.flush()
    chosen.status = ClusterSetStatus.APPROVED
    chosen.approved_by_id, chosen.approved_by_name, chosen.approved_at = actor.user_id, actor.name, at
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("Другое деление утвердили в это же мгновение. Посмотрите, какое теперь действует.") from error
    _journal(session, chosen, "clusters:approve", actor, at, {"replaces": before.id if before else None})
    return chosen


def approved_set(session: Session) -> ClusterSet | None:
    """The set in use, or None while kinds of school stand in for clusters."""
    return session.scalars(select(ClusterSet).where(ClusterSet.status == ClusterSetStatus.APPROVED)).first()


def cluster_names(session: Session, chosen: ClusterSet, locale: str = "ru") -> dict[int, str]:
    """School's id → name of its cluster in the set; schools without one are left out."""
    names = {cluster["number"]: cluster[f"name_{locale}"] for cluster in chosen.clusters}
    rows = session.execute(
        select(ClusterMembership.school_id, ClusterMembership.number).where(ClusterMembership.set_id == chosen.id)
    )
    return {school_id: names[number] for school_id, number in rows if school_id is not None and number in names}


def cluster_of(session: Session, school_id: int) -> tuple[ClusterSet, dict[str, Any]] | None:
    """The approved set and the school's cluster in it."""
    chosen = approved_set(session)
    if chosen is None:
        return None
    number = session.scalar(
        select(ClusterMembership.number).where(
            ClusterMembership.set_id == chosen.id, ClusterMembership.school_id == school_id
        )
    )
    return next(((chosen, cluster) for cluster in chosen.clusters if cluster["number"] == number), None)


def moved(session: Session, chosen: ClusterSet) -> tuple[int, int] | None:
    """How many schools would change their cluster against the approved set, and how many are in both.

    Numbers carry no meaning from set to set: each new cluster is taken for the old one most of its schools come from.
    """
    before = approved_set(session)
    if before is None or before.id == chosen.id:
        return None
    old, new = (
        dict(
            session.execute(
                select(ClusterMembership.school_id, ClusterMembership.number).where(
                    ClusterMembership.set_id == one.id, ClusterMembership.number.is_not(None)
                )
            ).all()
        )
        for one in (before, chosen)
    )
    both = sorted(old.keys() & new.keys(), key=lambda school_id: school_id or 0)
    stays = 0
    for number in set(new.values()):
        origins = Counter(old[school_id] for school_id in both if new[school_id] == number)
        stays += max(origins.values(), default=0)
    return len(both) - stays, len(both)


def _add_members(session: Session, chosen: ClusterSet, found: Clustering, schools: dict[str, School]) -> None:
    for code, number, missing in zip(found.codes, found.numbers.tolist(), found.missing.tolist(), strict=True):
        school = schools[code]
        session.add(
            ClusterMembership(
                set_id=chosen.id,
                number=number or None,
                n_missing=missing,
                school_id=school.id,
                municipality_id=school.municipality_id,
            )
        )
    session.flush()


def _features(table: FeatureTable) -> list[dict[str, Any]]:
    import numpy as np

    unknown = (~np.isfinite(table.values)).sum(axis=0).tolist()
    used = [
        {"name": f.name, "ru": f.title["ru"], "en": f.title["en"], "weight": f.weight, "missing": missing}
        for f, missing in zip(table.features, unknown, strict=True)
    ]
    return used + [{"name": f.name, "ru": f.title["ru"], "en": f.title["en"], "weight": 0.0} for f in table.absent]


def _cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "number": cluster.number,
        "size": cluster.size,
        "name_ru": cluster.name_ru,
        "name_en": cluster.name_en,
        "traits": [
            {
                "ru": trait.feature.title["ru"],
                "en": trait.feature.title["en"],
                "form": trait.feature.form,
                "difference": trait.difference,
                "mean": trait.mean,
                "overall": trait.overall,
            }
            for trait in cluster.traits
        ],
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    ).hexdigest()


def _require_region(actor: Actor) -> None:
    if not actor.is_regional:
        raise Refused(
            Reason(
                "regional_only",
                "Кластеры делит и утверждает регион: сравнение идёт по всем его школам.",
                "The region divides and approves clusters: schools are compared across all of it.",
            )
        )


def _journal(
    session: Session,
    chosen: ClusterSet,
    action: str,
    actor: Actor,
    at: datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="cluster_set",
        subject_id=chosen.id,
        facts={"sha256": chosen.sha256, "clusters": chosen.n_clusters, **(facts or {})},
    )
