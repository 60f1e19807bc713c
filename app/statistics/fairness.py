"""Whether signs fall on some kinds of schools more than on others: flagged against the rest, and against confirmed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from app import datafiles
from app.errors import Misconfigured
from app.rechecks.agreement import wilson
from app.statistics.school_groups import Group, Grouping, SchoolFacts, groupings
from app.terms import Verdict


@dataclass(frozen=True)
class Rules:
    """``app/data/fairness.toml``: family-wise level of the warning, smallest groups, bands of works."""

    alpha: float
    smallest_group: int
    size_bands: tuple[int, ...]
    smallest_cell: int


@cache
def load_rules(path: Path = datafiles.DATA_DIR / "fairness.toml") -> Rules:
    """Read the rules; a missing or unknown key names itself."""
    file = datafiles.load(path, keys={"warning", "size", "publication"})
    datafiles.require_keys(file.body["warning"], {"alpha", "smallest_group"}, where=f"{path.name} [warning]")
    datafiles.require_keys(file.body["size"], {"from"}, where=f"{path.name} [size]")
    datafiles.require_keys(file.body["publication"], {"smallest_cell"}, where=f"{path.name} [publication]")
    bands = tuple(map(int, file.body["size"]["from"]))
    if list(bands) != sorted(set(bands)) or not bands:
        raise Misconfigured(f"{path.name} [size]: from должно возрастать")
    return Rules(
        float(file.body["warning"]["alpha"]),
        int(file.body["warning"]["smallest_group"]),
        bands,
        int(file.body["publication"]["smallest_cell"]),
    )


@dataclass(frozen=True)
class AssessedSchool:
    """A school that a run could judge, and what became of it; `verdict` of its closed case, None while open or none."""

    facts: SchoolFacts
    is_flagged: bool
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Rate:
    """`k` of `n` with Wilson's interval; without any, share and interval are None."""

    k: int
    n: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class GroupRate:
    """One group: its flagged among its assessed, the rest's, its confirmed among its closed cases.

    `bound` is the lower end of the group's interval after the allowance for the number of groups; None where the group
    is not compared. `is_over_flagged` as `fairness` says.
    """

    group: Group
    flagged: Rate
    rest: Rate
    confirmed: Rate
    bound: float | None
    is_over_flagged: bool


@dataclass(frozen=True)
class Comparison:
    """One grouping with its groups; a grouping that parts nothing has one group and no comparison."""

    grouping: Grouping
    groups: tuple[GroupRate, ...]


@dataclass(frozen=True)
class Fairness:
    """The whole page: all schools, every grouping, and the confidence that the warning uses."""

    flagged: Rate
    confirmed: Rate
    comparisons: tuple[Comparison, ...]
    n_compared: int
    confidence: float

    @property
    def warnings(self) -> list[tuple[Grouping, GroupRate]]:
        return [(c.grouping, group) for c in self.comparisons for group in c.groups if group.is_over_flagged]


def rate(k: int, n: int, confidence: float = 0.95) -> Rate:
    """Share of `k` in `n` with its interval."""
    if n == 0:
        return Rate(k, n, None, None, None)
    low, high = wilson(k, n, confidence)
    return Rate(k, n, k / n, low, high)


def fairness(schools: Sequence[AssessedSchool], rules: Rules) -> Fairness:
    r"""Compare the groups of every grouping with the rest of the schools.

    Parameters
    ----------
    schools : sequence of AssessedSchool
    rules : Rules

    Returns
    -------
    Fairness

    Notes
    -----
    A group is over-flagged when the whole Wilson interval of its share lies above the share among the other schools,
    and the whole interval of theirs below its share, both at confidence :math:`1 - \alpha / k` for the k groups
    compared on the page (Bonferroni). The second half keeps a large group from standing out against a handful of
    others. Groups, and rests, with fewer schools than `rules.smallest_group` are shown and not compared. Intervals
    shown are at 95 %.
    """
    parted = [(grouping, _parts(grouping, schools)) for grouping in groupings(rules.size_bands)]
    compared = sum(
        _is_compared(len(group), len(schools), rules) for _grouping, parts in parted for group in parts.values()
    )
    confidence = 1 - rules.alpha / max(compared, 1)
    comparisons = []
    for grouping, parts in parted:
        groups = tuple(
            _against_the_rest(group, parts[group], schools, confidence, rules)
            for group in sorted(parts, key=lambda group: (group.order, group.ru))
        )
        comparisons.append(Comparison(grouping, groups))
    return Fairness(_flagged(schools), _confirmed(schools), tuple(comparisons), compared, confidence)


def _parts(grouping: Grouping, schools: Iterable[AssessedSchool]) -> dict[Group, list[AssessedSchool]]:
    parts: dict[Group, list[AssessedSchool]] = defaultdict(list)
    for school in schools:
        parts[grouping.of(school.facts)].append(school)
    return parts


def _is_compared(n: int, total: int, rules: Rules) -> bool:
    return n >= rules.smallest_group and total - n >= rules.smallest_group


def _against_the_rest(
    group: Group, own: list[AssessedSchool], schools: Sequence[AssessedSchool], confidence: float, rules: Rules
) -> GroupRate:
    flagged, everyone = _flagged(own), _flagged(schools)
    rest = rate(everyone.k - flagged.k, everyone.n - flagged.n)
    bound, is_over = None, False
    if _is_compared(flagged.n, everyone.n, rules):
        bound = wilson(flagged.k, flagged.n, confidence)[0]
        is_over = bound > rest.k / rest.n and wilson(rest.k, rest.n, confidence)[1] < flagged.k / flagged.n
    return GroupRate(group, flagged, rest, _confirmed(own), bound, is_over)


def _flagged(schools: Iterable[AssessedSchool]) -> Rate:
    listed = list(schools)
    return rate(sum(school.is_flagged for school in listed), len(listed))


def _confirmed(schools: Iterable[AssessedSchool]) -> Rate:
    """Confirmed among the flagged whose case has been closed."""
    closed = [school for school in schools if school.is_flagged and school.verdict is not None]
    return rate(sum(school.verdict is Verdict.CONFIRMED for school in closed), len(closed))


def publishable(comparison: Comparison, rules: Rules) -> Comparison:
    """The same table for publication: cells under `rules.smallest_cell` are blank (k and n of −1, no shares).

    Where one group alone had to be blanked, the smallest of the others goes with it, so that nobody can subtract. A
    blank confirmed share hides nothing of the flagged one.
    """
    small = [g for g in comparison.groups if min(g.flagged.k, g.flagged.n - g.flagged.k) < rules.smallest_cell]
    hidden = {id(group) for group in small}
    others = [group for group in comparison.groups if id(group) not in hidden]
    if len(small) == 1 and others:
        hidden.add(id(min(others, key=lambda group: group.flagged.k)))
    blank = Rate(-1, -1, None, None, None)
    groups = []
    for group in comparison.groups:
        if id(group) in hidden:
            groups.append(replace(group, flagged=blank, rest=blank, confirmed=blank, bound=None))
            continue
        is_small = min(group.confirmed.k, group.confirmed.n - group.confirmed.k) < rules.smallest_cell
        groups.append(replace(group, confirmed=blank) if is_small else group)
    return Comparison(comparison.grouping, tuple(groups))
