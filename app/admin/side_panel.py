"""What the page of a case shows of side moves: what it waits for, its episodes, its reviews and measures."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy import select

from app import auth
from app.admin import words
from app.models import Case, CaseEpisode, CasePause
from app.policy import Permission
from app.workflows import brakes, closures, hand_overs, measures, questions
from app.workflows.definitions import state_of


def of(case: Case) -> dict[str, Any]:
    """Everything the templates of side moves ask for, by name."""
    from app.admin.side_forms import SIDE_FORMS, offered_beside

    session = auth.db()
    chain = closures.chain(session, case)
    reviews, taken = measures.of_case(session, case.id)

    is_barred = auth.actor().barred(case.school_id) is not None
    beside = set() if is_barred else {name for name, _title in offered_beside(case)}
    if not is_barred and auth.actor().may(Permission.CASE_ASSIGN) and "order" in state_of(case).forms:
        beside.add("order")

    def link(name: str) -> str | None:
        return url_for("cases.do", case_id=case.id, form=name) if name in beside else None

    return {
        "side_names": frozenset(SIDE_FORMS),
        "side_listed": ("hold", "transfer", "ask", "review", "measure", "reopen", "recuse"),
        "bar": auth.actor().barred(case.school_id),
        "side_link": link,
        "pause": brakes.open_pause(session, case.id),
        "question": brakes.open_question(session, case.id),
        "hand_over": hand_overs.open_hand_over(session, case.id),
        "hand_overs": hand_overs.of_case(session, case.id),
        "questions": questions.of_case(session, case.id),
        "pauses": session.scalars(
            select(CasePause).where(CasePause.case_id == case.id).order_by(CasePause.id.desc())
        ).all(),
        "chain": chain if len(chain) > 1 else [],
        "episode": session.scalars(select(CaseEpisode).where(CaseEpisode.case_id == case.id)).first(),
        "closure_checks": closures.checks_of(session, case.id),
        "reviews": reviews,
        "measures": taken,
        "may_bulk": auth.actor().may(Permission.CASE_BULK),
        "today": words.today(),
    }
