"""Simulated regions that several tests share; drawn once."""

from __future__ import annotations

import pytest

from app.detectors import Screening, screen
from app.detectors.contamination import MANIPULATIONS
from app.detectors.simulate import Region, RegionOptions, simulate_region


@pytest.fixture(scope="session")
def honest_regions() -> list[Region]:
    return [simulate_region(500 + i, RegionOptions(schools=400)) for i in range(5)]


@pytest.fixture(scope="session")
def honest_screenings(honest_regions: list[Region]) -> list[Screening]:
    return [screen(region.works, region.papers, schools=region.schools) for region in honest_regions]


@pytest.fixture(scope="session")
def manipulated() -> Region:
    return simulate_region(77, RegionOptions(schools=240, share=0.2, strength=0.6, manipulations=MANIPULATIONS))


@pytest.fixture(scope="session")
def manipulated_screening(manipulated: Region) -> Screening:
    return screen(manipulated.works, manipulated.papers, schools=manipulated.schools, exams=manipulated.exams)
