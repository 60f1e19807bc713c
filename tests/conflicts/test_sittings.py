"""Schools that look at one another in one sitting are refused, in either order; a ring of three is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.conflicts import Watch, cross_observation_fault, load_rules, mutual_pairs

RULES = load_rules()
watches = st.builds(Watch, st.none() | st.integers(1, 5), st.integers(1, 5))


def code(new: Watch, sitting: list[Watch], grade: int = 4) -> str | None:
    fault = cross_observation_fault(new, sitting, grade, RULES, name="Анна")
    return fault.code if fault else None


@given(watches, st.lists(watches, max_size=8), st.integers(1, 11).filter(lambda grade: grade != 4))
def test_other_grades_have_no_such_rule(new: Watch, sitting: list[Watch], grade: int) -> None:
    assert code(new, sitting, grade) is None


@given(watches, st.lists(watches, max_size=8))
def test_in_grade_four_the_observer_comes_from_a_third_school(new: Watch, sitting: list[Watch]) -> None:
    found = code(new, sitting)

    if new.home_school_id is None:
        assert found == "observer_from_no_school"
    elif new.home_school_id == new.school_id:
        assert found == "own_school"
    elif Watch(new.school_id, new.home_school_id) in sitting:
        assert found == "mutual_observation"
    else:
        assert found is None


@given(st.lists(watches, max_size=10))
def test_mutual_pairs_do_not_depend_on_who_is_named_first(found: list[Watch]) -> None:
    turned = [Watch(w.school_id, w.home_school_id) for w in found if w.home_school_id is not None]

    assert mutual_pairs(found) == mutual_pairs(turned) == mutual_pairs(found[::-1])


def test_a_ring_of_three_schools_is_allowed() -> None:
    assert code(Watch(3, 1), [Watch(1, 2), Watch(2, 3)]) is None


def test_a_sitting_that_grows_visit_by_visit_never_holds_a_mutual_pair() -> None:
    sitting: list[Watch] = []
    for home in range(1, 5):
        for school in range(1, 5):
            if code(Watch(home, school), sitting) is None:
                sitting.append(Watch(home, school))

    assert len(sitting) == 6  # one direction of each of the six pairs
    assert mutual_pairs(sitting) == set()
