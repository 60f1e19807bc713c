from __future__ import annotations

from app.bench.fault_files import kill_puts
from app.bench.fault_kills import WRITES, kill_moves
from app.context import AppContext


def test_process_killed_anywhere_in_a_move_leaves_it_whole_or_undone(context: AppContext, hold):
    report = hold(kill_moves(context, kills=100, seed=2311))

    # The net itself: deaths came before and after the commit, and in between at most of the statements of a move.
    assert report.counts["kills"] == 100
    assert report.counts["unknown_had_happened"] >= 3
    assert report.counts["unknown_had_not_happened"] >= 30
    assert report.counts["points"] >= 20
    points = set(report.counts["at_points"])
    writes = {f"{side} {what}" for side in ("before", "after") for what in WRITES}
    assert writes | {"before COMMIT", "after COMMIT"} <= points


def test_process_killed_while_it_stores_files_leaves_no_torn_one(sqlite_context: AppContext, hold):
    report = hold(kill_puts(sqlite_context, kills=100, seed=2311))

    assert report.counts["torn"] == 0
    assert report.counts["leftovers"] > 0  # some deaths did come in the middle of a write
    assert report.counts["left_after_sweep"] == 0
