"""The bench of clocks runs on a small installation and tells the truth about what it did."""

from __future__ import annotations

from app.bench.clock_measure import Measured
from app.bench.clocks import measure


def test_the_bench_moves_cases_and_deadlines_and_reports_all_of_them(context, engine_name) -> None:
    found = measure(context, engine_name, cases=120, tasks=300, led=50, moves=10, seed=1)

    moved, followed, shifted, over, back, longest = found
    assert "10 ходов среди 120 дел" in moved.detail
    assert "moved 291, pinned 3, done 6, orphaned 0" in followed.detail
    assert "120 дел" in shifted.detail
    assert (over.title, back.title) == ("Перевод 50 дел на другую версию", "Возврат этих дел")
    assert 0 < longest.seconds <= longest.bar
    assert all(m.seconds > 0 and m.engine == engine_name for m in found)


def test_a_measurement_beyond_its_bar_is_not_met() -> None:
    assert not Measured("ход", "sqlite", 0.06, 0.05, "").is_met
    assert Measured("ход", "sqlite", 0.04, 0.05, "").is_met
    assert Measured("ход", "sqlite", 900, None, "").is_met
