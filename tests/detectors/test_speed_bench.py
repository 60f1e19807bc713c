import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from click.testing import CliRunner

from app.bench.big_region import PAPERS, write_region
from app.bench.speed import Bar, child, command
from app.bench.speed_compare import compare, never_nan
from app.bench.speed_workbook import tokenise, write_workbook
from app.ingest import read_file


def test_a_big_region_is_drawn_again_from_its_seed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    first, second = (write_region(tmp_path / name, 6000, seed=3) for name in ("a", "b"))

    assert first.works == second.works
    for one, other in zip(first.files, second.files, strict=True):
        assert pq.read_table(one).equals(pq.read_table(other))


def test_works_of_a_big_region_keep_to_their_papers_and_stand_in_order(tmp_path):
    region = write_region(tmp_path, 6000, seed=4)

    for path, spec in zip(region.files, PAPERS, strict=True):
        works = pd.read_parquet(path)
        items = works[[f"item_{k + 1}" for k in range(len(spec.item_max))]]
        assert (items.max() <= np.array(spec.item_max)).all()
        assert (items.sum(axis=1) == works["score"]).all()
        assert works["school"].astype(str).is_monotonic_increasing
        assert not works.duplicated(["school", "participant"]).any()


def test_fast_p_values_equal_those_of_the_plain_calculation_and_none_is_missing(tmp_path):
    region = write_region(tmp_path, 12_000, seed=5)

    found = compare(region, every=6, seed=5)

    assert set(found.differences) >= {"boundary_push", "journal_gap", "item_profile", "class_similarity"}
    assert max(found.differences.values()) <= 1e-6
    assert found.peer_seconds > 0
    assert never_nan(region)["not_a_probability"] == 0


def test_the_workbook_of_the_bench_is_imported_whole(tmp_path):
    path = write_workbook(tmp_path / "works.xlsx", 150, seed=6)

    reading = read_file(path)
    tokenise(path)

    assert (reading.rows_read, reading.rows_accepted, reading.subject, reading.grade) == (150, 150, "ma", 4)


def test_memory_is_measured_in_a_process_of_its_own(tmp_path):
    drawn = child("draw", folder=str(tmp_path), works=6000, seed=7)

    got = child("memory", folder=str(tmp_path), works=6000, seed=7)

    assert 3000 < drawn["works"] < 9000
    assert got["mb"] > got["imports_mb"] > 20


def test_a_missed_bar_is_said_and_ends_with_one(monkeypatch):
    bars = {
        "battery": lambda folder, sizes, seed: [Bar("battery", "Проверки", 12.0, 20.0, "раз", False, "подробно")],
        "import": lambda folder, sizes, seed: [Bar("import", "Приём", 3.0, 2.0, "раз", True)],
    }
    monkeypatch.setattr("app.bench.speed.PARTS", bars)

    spoken = CliRunner().invoke(command, ["--quick"])
    as_json = CliRunner().invoke(command, ["--quick", "--json"])
    one = CliRunner().invoke(command, ["--quick", "--only", "import"])

    assert spoken.exit_code == as_json.exit_code == 1
    assert "НЕТ" in spoken.output
    assert "выполнено 1 из 2" in spoken.output
    assert json.loads(as_json.stdout)["bars"][0]["measured"] == 20.0
    assert one.exit_code == 0
