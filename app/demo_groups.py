"""What the demo region has of groups of schools: register, clusters, a control group, a regional work on one scale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.days import day_of
from app.models import ControlGroup, Dataset, ObjectiveEntry, ScaleLink, School
from app.policy import SYSTEM, Actor
from app.terms import FileKind, ObjectiveGround
from app.workflows import cluster_sets, control_groups, objective_register, scaling

SIZE, PER_MUNICIPALITY = 12, 3


def enter_schools(session: Session, schools: Iterable[School], at: datetime) -> None:
    """Enter schools without signs in the register of objective ones."""
    begin = day_of(at)
    for school in schools:
        if session.scalars(select(ObjectiveEntry.id).where(ObjectiveEntry.school_id == school.id)).first() is None:
            objective_register.enter(
                session,
                school.id,
                ObjectiveGround.MANUAL,
                valid_from=begin,
                valid_until=objective_register.usual_term(begin),
                reason="Решение муниципального совета по качеству: работы школы проверяла межшкольная комиссия.",
                actor=SYSTEM,
                at=at,
            )


def make_groups(session: Session, actors: Mapping[str, Actor], year: int, at: datetime) -> None:
    """Divide the schools, draw and fix a control group, ask for the scale of the regional work."""
    analyst, manager = actors["analyst"], actors["region"]
    if cluster_sets.approved_set(session) is None:
        chosen = cluster_sets.propose_clusters(session, year, actor=analyst, at=at)
        cluster_sets.approve_clusters(session, chosen.id, actor=manager, at=at, expected_version=chosen.version)
    if session.scalars(select(ControlGroup.id)).first() is None:
        group = control_groups.draw_group(
            session,
            title="Весенние ВПР",
            year=year + 1,
            size=SIZE,
            per_municipality=PER_MUNICIPALITY,
            seed="Совещание 14 октября",
            actor=analyst,
            at=at,
        )
        control_groups.fix_group(
            session,
            group.id,
            order_number="41-к",
            order_date=day_of(at - timedelta(days=1)),
            markers="Эксперты предметных комиссий соседних муниципалитетов.",
            staff="Методисты отделов образования, по одному в каждой школе.",
            actor=manager,
            at=at,
            expected_version=group.version,
        )
    regional = session.scalars(select(Dataset).where(Dataset.kind == FileKind.REGIONAL)).first()
    if regional is not None and session.scalars(select(ScaleLink.id)).first() is None:
        vpr = session.scalars(
            select(Dataset).where(
                Dataset.kind == FileKind.WORKS,
                Dataset.subject == regional.subject,
                Dataset.grade == regional.grade,
                Dataset.replaced_by_id.is_(None),
            )
        ).one()
        scaling.request_link(session, regional.id, vpr.id, actor=analyst, at=at)
