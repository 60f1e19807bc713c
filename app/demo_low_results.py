"""Low results in the demo: one school is being helped, another has its causes found; the rest wait."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.days import day_of
from app.models import Case, User
from app.policy import Actor
from app.terms import CaseKind, LowCause, MentoringKind
from app.workflows import people, support
from app.workflows.engine import fire
from app.workflows.mentoring import PairForm


def help_schools(session: Session, users: Mapping[str, User], start: datetime) -> None:
    """Lead the municipality's cases of low results on, with the product's own verbs; they stand open at `start`."""
    home = users["department"].municipality_id
    found = session.scalars(
        select(Case)
        .where(Case.kind == CaseKind.LOW_RESULTS, Case.municipality_id == home)
        .order_by(Case.evidence.desc(), Case.id)
    ).all()
    for case, goal in zip(found, (3, 1), strict=False):
        _Help(session, users["department"], case, start).go(goal)


class _Help:
    """The way of one case as far as the department has led it."""

    def __init__(self, session: Session, person: User, case: Case, at: datetime) -> None:
        self.session, self.person, self.case, self.at = session, person, case, at

    @property
    def actor(self) -> Actor:
        return people.actor_for(self.session, self.person, self.at)

    def go(self, goal: int) -> None:
        for step in (self.diagnose, self.agree, self.support)[:goal]:
            self.at += timedelta(days=7)
            trigger = step()
            fire(
                self.session, self.case.id, trigger, actor=self.actor, at=self.at, expected_version=self.case.version,
                request_id=f"demo-{self.case.id}-{trigger}",
            )  # fmt: skip

    def diagnose(self) -> str:
        support.record_diagnosis(
            self.session, self.case.id, held_on=day_of(self.at), causes=[LowCause.STAFF],
            text="Не хватает учителя математики, в пятых и шестых классах с сентября замены.",
            actor=self.actor, at=self.at,
        )  # fmt: skip
        return "diagnose"

    def agree(self) -> str:
        support.record_programme(
            self.session, self.case.id, title="Математика: от замен к постоянному учителю", agreed_on=day_of(self.at),
            until=day_of(self.at) + timedelta(days=300), agreed_with="Руководитель школы, директор",
            text="Учитель соседней школы ведёт старшие классы, методист посещает уроки раз в две недели.",
            actor=self.actor, at=self.at,
        )  # fmt: skip
        return "agree"

    def support(self) -> str:
        mentors = support.possible_mentors(self.session, self.case)
        mentor = next(school for school in mentors if school.municipality_id == self.case.municipality_id)
        form = PairForm(
            MentoringKind.SCHOOLS, mentor.id, int(self.case.school_id or 0),
            "Общие уроки математики и разбор работ двух школ раз в месяц.",
            day_of(self.at), day_of(self.at) + timedelta(days=240),
        )  # fmt: skip
        support.record_mentoring(self.session, self.case.id, form, actor=self.actor, at=self.at)
        return "support"
