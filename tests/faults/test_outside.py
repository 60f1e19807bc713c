"""Faults from outside the program: processes of the queue, Redis, the disk, tampering, checkpoints."""

from __future__ import annotations

from app.bench.fault_disk import fill_disk
from app.bench.fault_journal import mutate_journal
from app.bench.fault_outbox import chaos
from app.bench.fault_redis import work_without_redis
from app.bench.fault_wal import checkpoint_beside_reader, write_beside_checkpoints
from app.context import AppContext


def test_no_job_is_lost_or_done_twice_while_workers_and_redis_are_killed(context: AppContext, hold):
    kills = 8 if context.engine.dialect.name == "sqlite" else 4

    report = hold(chaos(context, kills=kills, seed=2311, pause=(0.4, 0.9), lease=3.0))

    assert (report.counts["lost"], report.counts["duplicated"], report.counts["dead"]) == (0, 0, 0)


def test_work_goes_on_without_redis(sqlite_context: AppContext, hold):
    hold(work_without_redis(sqlite_context, changes=20, seed=2311))


def test_every_tampering_with_the_journal_is_found(context: AppContext, hold):
    report = hold(mutate_journal(context, mutations=300, seed=2311))

    assert report.counts["found"] == report.counts["mutations"] == 300
    assert report.counts["attacks_refused"] == report.counts["attacks"]
    assert report.counts["truncations_found_without_anchor"] == 0  # which is why anchors are kept outside


def test_full_disk_refuses_writes_and_damages_nothing(hold):
    report = hold(fill_disk(refusals=30, seed=2311))

    assert report.counts["done_with_space_again"] == 50
    assert report.counts["files_refused"] == 20


def test_writers_beside_the_one_checkpointing_process_damage_nothing(sqlite_context: AppContext, hold):
    report = hold(write_beside_checkpoints(sqlite_context, seconds=3, seed=2311))

    assert report.counts["checkpoints"] >= 1
    assert report.counts["moves"] > 20


def test_long_reading_does_not_stop_writers_while_a_checkpoint_waits_for_it(sqlite_context: AppContext, hold):
    hold(checkpoint_beside_reader(sqlite_context, seconds=2, seed=2311))
