"""How a case tells what stands beside the signs: cohorts, outside results, the upload, earlier years."""

from __future__ import annotations

from typing import Any

import pytest

from app.database import acting
from app.models import ScreeningRun
from app.policy import SYSTEM
from tests import factories as make
from tests.admin.world import World

COHORT = {
    "kind": "cohort_line",
    "points": [
        {"year": 2025, "grade": 4, "own": 0.51, "n": 22, "low": 0.45, "middle": 0.52, "high": 0.58},
        {"year": 2026, "grade": 5, "own": 0.83, "n": 24, "low": 0.46, "middle": 0.53, "high": 0.59},
    ],
    "expected": 0.55, "expected_low": 0.47, "expected_high": 0.64, "index": None,
}  # fmt: skip
OUTSIDE = {
    "kind": "external_scatter", "x": [3.5, 4.1], "y": [0.5, 0.8], "line": [], "exams": ["oge"], "index": 1,
    "own": [4.12, 0.8], "leavers": 30, "n": 24, "expected": 0.74, "expected_low": 0.6, "expected_high": 0.85,
    "clears": True,
}  # fmt: skip
UPLOAD = {
    "kind": "protocol",
    "facts": [{"fact": "absent", "count": 12.0, "of": 36.0, "usual": 0.06, "odd": True}],
}
HISTORY = {
    "kind": "recurrence",
    "periods": [
        {"year": 2024, "source": "federal_list", "marked": True, "rate": 0.08},
        {"year": 2025, "source": "screening", "marked": True, "rate": 0.05},
    ],
    "count": 2, "expected": 0.13, "high": 1, "federal_years": 1, "again": True,
}  # fmt: skip


def finding(detector: str, family: str, evidence: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    return {
        "year": 2026, "subject": "ma", "grade": 5, "detector": detector, "family": family, "n": 24, "statistic": 2.0,
        "effect": 0.3, "effect_unit": "share", "effect_low": 0.2, "effect_high": 0.4, "p_value": 0.001,
        "q_value": 0.02, "reason": "", "sentence": f"Предложение {detector}.", "evidence": evidence,
        "level": "approximate", "outcome": "assessed", "title": f"Название {detector}", "version": "1.0",
        "reference": "регион", "explains_away": "иное", "explains_away_en": "else", "sign": False, "note": False,
        **more,
    }  # fmt: skip


@pytest.fixture
def page(world: World) -> str:
    with acting(world.context.sessions, SYSTEM) as session:
        case = make.make_case(session, world.cast.objective, number="2026-9100", curator_id=world.cast["kira"].id)
        run = session.get(ScreeningRun, world.run)
        assert run is not None
        everywhere = {"subject": "", "grade": 0, "effect_unit": "times", "effect": 1.9, "effect_low": 1.0}
        findings = [
            finding("year_swing", "level", COHORT, sign=True),
            finding("external_gap", "level", OUTSIDE, sign=True),
            finding("protocol", "hygiene", UPLOAD, note=True, p_value=None, q_value=None),
            finding("recurrence", "history", HISTORY, note=True, **everywhere, effect_high=2.0),
        ]
        frozen = {
            "findings": findings, "inputs_sha256": "0" * 64, "detector_versions": {}, "parameters_version": "1",
            "detector_versions_text": "", "parameters": {}, "reference": {}, "summary": {},
        }  # fmt: skip
        make.make_flag(session, world.cast.objective, run, case_id=case.id, frozen=frozen)
        return f"/cases/{case.id}"


def test_oddities_and_earlier_years_stand_under_a_heading_of_their_own(world: World, page: str) -> None:
    text = world.client("kira").get(page).get_data(as_text=True)

    signs, notes = text.split("Для сведения, признаками не считается")
    assert "Предложение year_swing." in signs
    assert 'data-chart="cohort_line"' in signs
    assert 'data-chart="external_scatter"' in signs
    assert "Предложение protocol." in notes
    assert "не писали работу" in notes
    assert "все работы, 2026" in notes
    assert "федеральный список" in notes
    assert "+1,9\u00a0раза" in notes.replace("&nbsp;", "\u00a0")


def test_the_numbers_are_worded_anew_in_english(world: World, page: str) -> None:
    client = world.client("kira")
    client.post("/locale", data={"locale": "en", "next": "/"}, headers={"X-CSRFToken": world.token(client)})

    text = client.get(page).get_data(as_text=True).replace("&nbsp;", "\u00a0")

    assert "The same pupils earned 51\u00a0% of the points in 2025 and now 83\u00a0%" in text
    assert "would predict 55\u00a0% (95 % CI 47–64\u00a0%)" in text
    assert "bears out the school" in text
    assert "12 of 36, usually 6\u00a0% – pupils did not sit the paper" in text
    assert "Marked 2 times in 2 lists and runs of earlier years" in text
    assert "On the federal list in 1 years" not in text
    assert "Предложение" not in text
    assert "For information, not counted as signs" in text
