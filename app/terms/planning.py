"""Plans of assignments: where a plan and its rows stand."""

from __future__ import annotations

from app.terms.term import Term


class PlanStatus(Term):
    SOLVING = "solving", "составляется", "being drawn up"
    DRAFT = "draft", "предложен", "proposed"
    ACCEPTED = "accepted", "принят, применяется", "accepted, being applied"
    APPLIED = "applied", "применён", "applied"
    WITHDRAWN = "withdrawn", "отменён", "withdrawn"
    FAILED = "failed", "не составлен", "failed"


class PlanRowStatus(Term):
    PROPOSED = "proposed", "предложено", "proposed"
    UNSERVED = "unserved", "некого назначить", "nobody to appoint"
    APPLIED = "applied", "назначено", "appointed"
    REFUSED = "refused", "отказано", "refused"
