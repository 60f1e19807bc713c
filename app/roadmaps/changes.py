"""What a newer version of a template changes in a programme made from an older one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.roadmaps.template import Measure, Template
from app.terms import MeasureChange

COMPARED = ("section", "kind", "what", "rule", "when_note", "year_shift", "roles", "result", "evidence", "is_outside")


@dataclass(frozen=True)
class Change:
    """One measure that differs: what it was in the template the programme was made from, what it is now."""

    change: MeasureChange
    number: str
    before: Mapping[str, Any] | None
    after: Measure | None
    fields: tuple[str, ...] = ()


def changes(before: Mapping[str, Mapping[str, Any]], template: Template) -> list[Change]:
    """Compare measures as a programme keeps them from its template with the template as it is now.

    Parameters
    ----------
    before : mapping
        Number → the measure as `Measure.to_json` gave it when the programme was made or last brought up to date.
    template : Template
        The version to compare with.

    Returns
    -------
    list of Change
        Changed and added measures in the order of the template, then the removed ones; equal measures are left out.
    """
    found = []
    for measure in template.measures:
        old, new = before.get(measure.number), measure.to_json()
        if old is None:
            found.append(Change(MeasureChange.ADDED, measure.number, None, measure))
            continue
        fields = tuple(key for key in COMPARED if old.get(key) != new[key])
        if fields:
            found.append(Change(MeasureChange.CHANGED, measure.number, old, measure, fields))
    now = {measure.number for measure in template.measures}
    found += [Change(MeasureChange.REMOVED, number, old, None) for number, old in before.items() if number not in now]
    return found


def newer(template: Template | None, version: str) -> bool:
    """Whether the template has moved on from `version`; versions count 1, 2, 3 or 1.1, 1.2."""
    return template is not None and _parts(template.version) > _parts(version)


def _parts(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in version.split("."))
