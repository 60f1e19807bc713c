"""The guards of cases of low results: what must be on record before such a case moves on."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from app.days import day_of
from app.errors import Reason
from app.models import Conclusion, SupportRecord
from app.terms import ReviewOutcome, SupportKind, Verdict
from app.workflows import mentoring
from app.workflows.guards import latest
from app.workflows.machine import Question


def _newest(q: Question, kind: SupportKind) -> SupportRecord | None:
    return q.session.scalars(
        select(SupportRecord)
        .where(SupportRecord.case_id == q.case.id, SupportRecord.kind == kind)
        .order_by(SupportRecord.id.desc())
        .limit(1)
    ).first()


def _indicators_are_recorded(q: Question) -> Reason | None:
    if _newest(q, SupportKind.DIAGNOSIS) is None:
        return Reason(
            "no_diagnosis",
            "Причины низких результатов не разобраны. Внесите разбор.",
            "The causes of the low results have not been found. Enter the diagnosis.",
            "#diagnosis",
        )
    return None


def _programme_is_agreed(q: Question) -> Reason | None:
    programme = _newest(q, SupportKind.PROGRAMME)
    if programme is None:
        return Reason(
            "no_programme",
            "Нет согласованной программы помощи. Внесите её.",
            "There is no agreed help programme. Enter it.",
            "#programme",
        )
    if programme.until is not None and programme.until < day_of(q.at):
        return Reason(
            "programme_over",
            f"Программа закончилась {programme.until:%d.%m.%Y}. Внесите новую.",
            f"The programme ended on {programme.until:%Y-%m-%d}. Enter a new one.",
            "#programme",
        )
    return None


def _mentor_is_appointed(q: Question, who: str = "any") -> Reason | None:
    pair = mentoring.active_pair(q.session, q.case, day_of(q.at))
    has_curator = q.case.curator_id is not None
    if (who != "curator" and pair is not None) or (who != "pair" and has_curator):
        return None
    return Reason(
        "no_mentor",
        "Нет ни школы-наставника, ни куратора. Внесите пару или приказ о кураторе.",
        "There is neither a mentoring school nor a curator. Enter a pair or a curator's order.",
        "#assignment" if who == "curator" else "#mentoring",
    )


def _dynamics_are_reviewed(q: Question, since: str = "ever") -> Reason | None:
    review = _newest(q, SupportKind.REVIEW)
    # A review from before the support was prolonged says nothing of the time since.
    if review is None or (since == "stage" and review.recorded_at < q.case.entered_at):
        return Reason(
            "no_review",
            "Динамика не оценена. Сравните результаты с прежними и внесите оценку.",
            "The dynamics have not been reviewed. Compare the results with the earlier ones and enter the review.",
            "#low_review",
        )
    return None


def _verdict_follows_review(q: Question) -> Reason | None:
    conclusion, review = latest(q.session, Conclusion, q.case.id), _newest(q, SupportKind.REVIEW)
    if conclusion is None or review is None:
        return None  # other guards say what is missing
    found = Verdict.IMPROVED if review.outcome is ReviewOutcome.IMPROVED else Verdict.NOT_IMPROVED
    if conclusion.verdict is not found:
        return Reason(
            "verdict_contradicts",
            f"Вывод «{conclusion.verdict.ru}» расходится с оценкой динамики: по ней {found.ru}.",
            f"The verdict “{conclusion.verdict.en}” contradicts the review: {found.en}.",
            "#conclusion",
        )
    return None


CHECKS: dict[str, Callable[..., Reason | None]] = {
    "indicators": _indicators_are_recorded,
    "programme": _programme_is_agreed,
    "mentor": _mentor_is_appointed,
    "reviewed": _dynamics_are_reviewed,
    "follows_review": _verdict_follows_review,
}
