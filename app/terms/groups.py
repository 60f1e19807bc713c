"""Groups of schools: registers, control groups, clusters."""

from __future__ import annotations

from app.terms.term import Term


class ObjectiveGround(Term):
    """Why a school stands in the register of objective schools."""

    CLEAN = "clean", "чистые годы и перепроверка", "clean years and a clean recheck"
    RECHECK = "recheck", "перепроверка не подтвердила", "recheck did not confirm"
    CONTROL = "control", "контрольная группа", "control group"
    OBSERVED = "observed", "наблюдение без нарушений", "observed without violations"
    EXAM = "exam", "внешний экзамен согласен", "outside examination agrees"
    MANUAL = "manual", "решение с основанием", "decision with grounds"


class EntryState(Term):
    """Where an entry of the register stands on a day; never stored."""

    IN_FORCE = "in_force", "действует", "in force"
    AHEAD = "ahead", "ещё не началась", "not begun"
    ENDED = "ended", "срок истёк", "run out"
    WITHDRAWN = "withdrawn", "отозвана", "withdrawn"


class ControlGroupStatus(Term):
    DRAFT = "draft", "предложена", "proposed"
    FIXED = "fixed", "утверждена", "fixed"
    WITHDRAWN = "withdrawn", "отменена", "withdrawn"


class MemberOrigin(Term):
    DRAWN = "drawn", "по жребию", "drawn by lot"
    ADDED = "added", "добавлена вручную", "added by hand"


class ClusterSetStatus(Term):
    PROPOSED = "proposed", "предложено", "proposed"
    APPROVED = "approved", "утверждено", "approved"
    REPLACED = "replaced", "заменено новым", "replaced"
