"""Flag rates of groups, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import Misconfigured
from app.rechecks.agreement import wilson
from app.statistics import fairness as module
from app.statistics.fairness import AssessedSchool, Comparison, fairness, load_rules, publishable
from app.statistics.school_groups import SchoolFacts, groupings
from app.terms import Verdict

RULES = load_rules()


def schools(kind: str, flagged: int, clean: int, *, works: int = 60, verdicts: tuple[Verdict, ...] = ()):
    """So many flagged and so many clean schools of a kind; the first flagged ones have closed cases."""
    facts = SchoolFacts(kind, None, works)
    closed = [*verdicts, *[None] * (flagged - len(verdicts))]
    return [AssessedSchool(facts, True, verdict) for verdict in closed] + [AssessedSchool(facts, False)] * clean


def by_kind(found) -> dict[str, module.GroupRate]:
    (comparison,) = [c for c in found.comparisons if c.grouping.name == "kind"]
    return {row.group.en: row for row in comparison.groups}


def test_rates_and_intervals_of_a_group_and_of_the_rest():
    found = by_kind(fairness(schools("evening", 6, 6) + schools("secondary", 3, 57), RULES))

    evening = found["evening school"]
    assert (evening.flagged.k, evening.flagged.n, evening.flagged.share) == (6, 12, 0.5)
    assert (evening.rest.k, evening.rest.n, evening.rest.share) == (3, 60, 0.05)
    # Wilson at 95 %: (0.5 + z²/24 ± z·√(0.25/12 + z²/576)) / (1 + z²/12) with z = 1.96.
    assert (evening.flagged.low, evening.flagged.high) == pytest.approx((0.2538, 0.7462), abs=5e-4)


def test_a_group_whose_whole_interval_lies_above_the_rest_is_over_flagged():
    found = fairness(schools("evening", 6, 6) + schools("secondary", 3, 57), RULES)

    # Two kinds are compared; size, settlement and cluster part nothing.
    assert found.n_compared == 2
    assert found.confidence == pytest.approx(1 - 0.05 / 2)
    evening = by_kind(found)["evening school"]
    assert evening.bound == pytest.approx(wilson(6, 12, 0.975)[0])
    assert evening.is_over_flagged
    assert not by_kind(found)["secondary school"].is_over_flagged
    assert [(grouping.name, row.group.en) for grouping, row in found.warnings] == [("kind", "evening school")]


def test_the_allowance_for_many_groups_silences_a_border_case():
    border = schools("evening", 4, 11)  # at 95 % the interval begins at 0.109
    one = fairness(border + schools("secondary", 6, 54, works=60), RULES)
    many = fairness(
        border + [school for works in (10, 20, 60, 100, 200) for school in schools("secondary", 2, 18, works=works)],
        RULES,
    )

    assert by_kind(one)["evening school"].flagged.low > by_kind(one)["evening school"].rest.share
    assert many.n_compared > one.n_compared
    assert not by_kind(many)["evening school"].is_over_flagged


def test_a_large_group_does_not_stand_out_against_a_handful_of_others():
    found = by_kind(fairness(schools("secondary", 22, 64) + schools("gymnasium", 3, 20), RULES))

    secondary = found["secondary school"]
    assert secondary.bound > secondary.rest.share
    assert not secondary.is_over_flagged


def test_small_groups_are_shown_and_not_compared():
    found = by_kind(fairness(schools("evening", 4, 0) + schools("secondary", 0, 60), RULES))

    assert found["evening school"].flagged.share == 1
    assert found["evening school"].bound is None
    assert not found["evening school"].is_over_flagged


def test_confirmed_counts_closed_cases_of_flagged_schools_only():
    verdicts = (Verdict.CONFIRMED, Verdict.NOT_CONFIRMED, Verdict.DISMISSED)

    found = fairness(schools("evening", 6, 6, verdicts=verdicts) + schools("secondary", 3, 57), RULES)

    confirmed = by_kind(found)["evening school"].confirmed
    assert (confirmed.k, confirmed.n) == (1, 3)
    assert (found.confirmed.k, found.confirmed.n) == (1, 3)
    assert by_kind(found)["secondary school"].confirmed.share is None


def test_every_school_falls_into_one_group_of_each_grouping():
    listed = schools("evening", 6, 6) + schools("secondary", 3, 57)

    found = fairness(listed, RULES)

    for comparison in found.comparisons:
        assert sum(row.flagged.n for row in comparison.groups) == len(listed)
        assert sum(row.flagged.k for row in comparison.groups) == 9


@pytest.mark.parametrize(
    ("works", "band"),
    [(9, "under 10 works"), (10, "10–19 works"), (19, "10–19 works"), (50, "50–99 works"), (500, "200 works and more")],
)
def test_bands_of_works(works: int, band: str):
    size = groupings(RULES.size_bands)[0]

    assert size.of(SchoolFacts(None, None, works)).en == band


def test_groupings_read_the_register_and_the_context():
    facts = SchoolFacts("lyceum", "Город", 60, {"size": 6, "size_title": "100–450 тыс. человек"}, "кластер 2")

    named = {grouping.name: grouping.of(facts).ru for grouping in groupings(RULES.size_bands)}

    assert named == {
        "size": "50–99 работ",
        "kind": "лицей",
        "settlement": "Город",
        "settlement_size": "100–450 тыс. человек",
        "cluster": "кластер 2",
    }
    empty = {grouping.of(SchoolFacts(None, None, 60)).ru for grouping in groupings(RULES.size_bands)[1:]}
    assert empty == {"не указано"}


def kinds(listed) -> Comparison:
    found = fairness(listed, RULES)
    return next(c for c in found.comparisons if c.grouping.name == "kind")


def test_published_tables_blank_cells_under_five_and_one_more_so_that_nobody_can_subtract():
    table = kinds(schools("evening", 4, 20) + schools("secondary", 30, 57) + schools("lyceum", 6, 57))

    public = {row.group.en: row for row in publishable(table, RULES).groups}

    assert public["evening school"].flagged.n == -1  # four flagged
    assert public["lyceum"].flagged.n == -1  # the smallest of the others
    assert (public["secondary school"].flagged.k, public["secondary school"].flagged.n) == (30, 87)


def test_a_published_table_without_small_cells_stays_whole_but_for_few_closed_cases():
    verdicts = (Verdict.CONFIRMED,) * 3
    table = kinds(schools("evening", 10, 20, verdicts=verdicts) + schools("secondary", 30, 57))

    public = publishable(table, RULES)

    assert [row.flagged for row in public.groups] == [row.flagged for row in table.groups]
    assert all(row.confirmed.n == -1 for row in public.groups)


def test_bands_that_do_not_ascend_are_refused(tmp_path: Path):
    text = (module.datafiles.DATA_DIR / "fairness.toml").read_text(encoding="utf-8")
    path = tmp_path / "fairness.toml"
    path.write_text(text.replace("[10, 20, 50, 100, 200]", "[20, 10]"), encoding="utf-8")

    with pytest.raises(Misconfigured, match="должно возрастать"):
        load_rules(path)
