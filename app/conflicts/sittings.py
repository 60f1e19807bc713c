"""Schools that look at one another: who observes whom in one sitting, and who curates whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.conflicts.rules import Rules
from app.errors import Reason


@dataclass(frozen=True)
class Watch:
    """An observer from a school (None: from no school) at another school."""

    home_school_id: int | None
    school_id: int


def mutual_pairs(watches: Iterable[Watch]) -> set[frozenset[int]]:
    """Pairs of schools each of which looks at the other. Works for curators as for observers.

    Examples
    --------
    >>> mutual_pairs([Watch(1, 2), Watch(2, 1), Watch(3, 1), Watch(None, 3)])
    {frozenset({1, 2})}
    """
    seen = {(w.home_school_id, w.school_id) for w in watches if w.home_school_id is not None}
    return {frozenset((home, school)) for home, school in seen if home != school and (school, home) in seen}


def cross_observation_fault(
    new: Watch, sitting: Iterable[Watch], grade: int, rules: Rules, *, name: str = "Наблюдатель"
) -> Reason | None:
    """Why this observer may not join a sitting of a grade with cross-observation, or None.

    Parameters
    ----------
    new : Watch
        The visit to be added.
    sitting : iterable of Watch
        Visits of the same paper on the same day.
    grade : int
        Grade of the paper; other grades have no such rule.
    rules : Rules
        Grades with cross-observation, and whether an observer must come from a school.
    name : str, optional
        The observer, for the sentence.
    """
    if grade not in rules.cross_grades:
        return None
    if new.home_school_id is None:
        if not rules.cross_school_required:
            return None
        return Reason(
            "observer_from_no_school",
            f"{name}: в {grade} классе наблюдение перекрёстное, наблюдатель приходит из другой школы.",
            f"{name}: observation in grade {grade} is crossed, the observer comes from another school.",
            "#observation",
        )
    if new.home_school_id == new.school_id:
        return Reason(
            "own_school",
            f"{name}: в {grade} классе наблюдает работник другой школы, а не своей.",
            f"{name}: in grade {grade} a worker of another school observes, not of the same.",
            "#observation",
        )
    if frozenset((new.home_school_id, new.school_id)) in mutual_pairs([*sitting, new]):
        return Reason(
            "mutual_observation",
            f"{name}: эти две школы наблюдали бы друг за другом в одной работе. Выберите наблюдателя из третьей.",
            f"{name}: these two schools would observe each other in one sitting. Choose an observer from a third.",
            "#observation",
        )
    return None
