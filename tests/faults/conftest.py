from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from app.bench.fault_stage import FaultReport


@pytest.fixture
def hold(capsys: pytest.CaptureFixture[str]) -> Callable[[FaultReport], FaultReport]:
    """Print what a trial counted, then demand that no promise was broken."""

    def check(report: FaultReport) -> FaultReport:
        if report.skipped:
            pytest.skip(report.skipped)
        counts = ", ".join(f"{key} {value}" for key, value in report.counts.items() if not isinstance(value, dict))
        with capsys.disabled():
            sys.stdout.write(f"\n  {report.name} ({report.engine}, seed {report.seed}): {counts}\n")
        assert report.violations == []
        return report

    return check
