"""A real region's files: nothing is lost, and every doubtful row is accounted for."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from app.ingest import load_scales, read_file, read_guarded, read_parquet, write_parquet
from app.terms import FileKind

WORKS = {
    # file: year, subject, grade, pupil grade, read, accepted, rejected, absent, schools
    "vpr2020_ma4.xlsx": (2020, "ma", 4, 5, 26626, 23339, 1, 3286, 629),
    "vpr2020_ru4.xlsx": (2020, "ru", 4, 5, 26589, 21952, 1335, 3302, 631),
    "vpr2021_ma4.xlsx": (2021, "ma", 4, 4, 26666, 24876, 58, 1732, 635),
    "vpr2021_ma5.xlsx": (2021, "ma", 5, 5, 26139, 23705, 1, 2433, 637),
    "vpr2022_ma4.xlsx": (2022, "ma", 4, 4, 53, 52, 0, 1, 4),
}


@pytest.fixture(scope="module")
def readings(region_files):
    return {path.name: read_file(path) for path in sorted(region_files.glob("*.xlsx"))}


def test_all_seven_files_are_read(readings):
    assert Counter(r.kind for r in readings.values()) == {
        FileKind.WORKS: 5,
        FileKind.CONTEXT: 1,
        FileKind.FEDERAL_LIST: 1,
    }


@pytest.mark.parametrize("name", WORKS)
def test_paper_and_counts_of_each_export(readings, name):
    r = readings[name]
    counts = (r.rows_read, r.rows_accepted, r.rows_rejected, r.absent, len(r.schools))
    assert (r.year, r.subject, r.grade, r.pupil_grade, *counts) == WORKS[name]
    assert r.rows_read == r.rows_accepted + r.rows_rejected + r.absent
    assert len({(p.sheet, p.row) for p in r.problems if p.severity == "rejected"}) == r.rows_rejected


@pytest.mark.parametrize("name", WORKS)
def test_every_score_is_the_sum_of_its_items_and_every_mark_the_scale_s(readings, name):
    r = readings[name]
    frame, scale = r.frame, load_scales().get(r.year, r.subject, r.grade)
    items = frame[[c for c in frame.columns if c.startswith("item_")]]
    assert items.shape[1] == scale.n_items
    assert (items.sum(axis=1).astype(int) == frame["score"].astype(int)).all()
    assert (items.max().astype(int) == list(scale.item_max)).all() or len(frame) < 100
    assert [scale.mark(s) for s in frame["score"]] == frame["mark"].tolist()
    assert not frame.duplicated(["school", "participant"]).any()


@pytest.mark.parametrize("name", WORKS)
def test_every_total_that_differs_is_a_problem_of_its_row(readings, name):
    r = readings[name]
    differing = sum(p.code == "total_differs" for p in r.problems)
    assert int(r.frame["file_total"].notna().sum()) == differing


def test_the_school_with_works_heaped_at_the_cuts_is_there(readings):
    frame = readings["vpr2021_ma5.xlsx"].frame
    sizes = frame.groupby("school").size()
    heaped = [frame[frame["school"] == s]["score"] for s in sizes[sizes == 131].index]
    assert [((s == 7).sum(), s.between(4, 6).sum(), (s == 11).sum()) for s in heaped] == [(33, 0, 39)]


def test_doubtful_values_found_by_hand_are_named(readings):
    codes = {name: Counter(p.code for p in r.problems) for name, r in readings.items()}
    assert codes["vpr2021_ma5.xlsx"]["item_unreadable"] == 35  # Latin H in one school
    assert codes["vpr2022_ma4.xlsx"]["total_differs"] == 27  # a school whose totals are all 0
    assert codes["vpr2020_ma4.xlsx"]["total_missing"] == codes["vpr2020_ma4.xlsx"]["variant_unknown"] == 6
    assert codes["vpr2020_ru4.xlsx"]["part_missing"] == 1285
    assert (codes["vpr2020_ru4.xlsx"]["item_unreadable"], codes["vpr2020_ru4.xlsx"]["item_above_max"]) == (1, 112)


def test_context_form_gives_every_school_once(readings):
    r = readings["context_2022.xlsx"]
    assert (r.rows_read, r.rows_accepted, len(r.schools), r.schools["school"].nunique()) == (678, 678, 678, 678)
    assert r.schools["pupils"].notna().sum() == 677
    assert set(r.schools["settlement_type"].dropna()) == {1, 2, 3, 4}
    assert r.schools["municipality"].nunique() == 72


def test_schools_of_the_papers_are_in_the_context_form(readings):
    known = set(readings["context_2022.xlsx"].schools["school"])
    for name in WORKS:
        assert len(set(readings[name].schools["school"]) - known) <= 35, name


def test_federal_list_has_36_schools_and_89_markers(readings):
    r = readings["federal_list_2021.xlsx"]
    assert (r.year, r.rows_accepted, int(r.frame["markers"].sum()), r.problems) == (2021, 36, 89, [])
    assert r.frame[["ru4", "ma4", "ru5", "ma5"]].sum().tolist() == [28, 25, 18, 18]


def test_works_survive_parquet_and_take_little_room(readings, tmp_path):
    reading = readings["vpr2021_ma5.xlsx"]
    write_parquet(reading, tmp_path / "works.parquet")
    back = read_parquet(tmp_path / "works.parquet")
    assert back.equals(reading.frame)
    assert back.dtypes.equals(reading.frame.dtypes)
    assert (tmp_path / "works.parquet").stat().st_size < 600_000
    assert list(tmp_path.iterdir()) == [tmp_path / "works.parquet"]
    assert read_parquet(tmp_path / "works.parquet", ["school", "score"]).shape == (23705, 2)


def test_frame_is_in_the_order_of_screening(readings):
    frame = readings["vpr2021_ma4.xlsx"].frame
    assert frame["municipality"].is_monotonic_increasing
    keys = list(zip(frame["municipality"], frame["school"], strict=True))
    assert keys == sorted(keys)


def test_a_real_export_is_read_in_a_guarded_child_within_seconds(region_files):
    start = time.monotonic()
    reading = read_guarded(region_files / "vpr2020_ru4.xlsx")
    assert reading.rows_read == 26589
    assert time.monotonic() - start < 15
