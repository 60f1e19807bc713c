"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

REGION = Path(__file__).resolve().parents[2] / "shared" / "data" / "vpr_region"


@pytest.fixture(scope="session")
def region_files() -> Path:
    """Folder of a real region's files; a test that needs them is skipped where they are absent, and says so."""
    if not REGION.is_dir():
        pytest.skip("файлы настоящего региона (../shared/data/vpr_region) отсутствуют")
    return REGION
