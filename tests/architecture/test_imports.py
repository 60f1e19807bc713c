"""Who may know whom; and that the fast paths stay fast because they load little."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_import_contracts_hold():
    program = Path(sys.executable).with_name("lint-imports")

    result = subprocess.run([program, "--no-logo"], cwd=ROOT, capture_output=True, text=True)

    assert result.returncode == 0, result.stdout[-4000:]


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("app", "app.settings sqlalchemy flask numpy"),
        ("app.detectors", "flask sqlalchemy rq redis app.models app.policy app.settings"),
        ("app.comparison.control_sample", "flask sqlalchemy rq redis app.models app.policy app.settings"),
        ("app.ingest", "flask sqlalchemy rq redis app.models app.policy app.settings"),
        ("app.documents", "flask sqlalchemy rq redis app.models app.policy app.settings"),
        ("app.planning.plan", "flask sqlalchemy rq redis app.models app.policy app.settings"),
        ("app.rechecks", "flask sqlalchemy rq redis app.models app.policy app.settings"),
        ("app.workflows.engine", "flask rq redis pandas scipy"),
        ("app.cli", "sqlalchemy pandas numpy flask rq"),
        ("app.cli.up", "pandas scipy flask rq"),
        ("app.web", "pandas scipy reportlab openpyxl"),
    ],
)
def test_module_loads_without(module: str, unwanted: str):
    program = f"import {module}, sys; print(*[name for name in {unwanted.split()!r} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert loaded.stdout.split() == []
