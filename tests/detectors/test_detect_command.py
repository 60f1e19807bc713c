import json

import pandas as pd
import pytest
from click.testing import CliRunner

from app.cli.detect import detect
from app.detectors.simulate import RegionOptions, previous_year, simulate_region
from tests.detectors.reports import reports_of

OPTIONS = RegionOptions(schools=40, share=0.2, papers=(("ma", 4), ("ru", 4)))


@pytest.fixture(scope="module")
def region():
    return simulate_region(3, OPTIONS)


@pytest.fixture
def files(tmp_path, region):
    region.works.to_csv(tmp_path / "works.csv", index=False)
    region.schools.to_csv(tmp_path / "schools.csv", index=False)
    region.exams.to_csv(tmp_path / "exams.csv", index=False)
    papers = [
        {"subject": p.subject, "grade": p.grade, "year": p.year, "item_max": p.item_max, "mark_from": p.mark_from}
        for p in region.papers
    ]
    (tmp_path / "papers.json").write_text(json.dumps(papers))
    return tmp_path


def run(files, *options, works="works.csv", papers="papers.json"):
    arguments = ["--works", files / works, "--papers", files / papers, "--out", files / "out", *options]
    return CliRunner().invoke(detect, [str(a) for a in arguments])


def test_three_files_are_written(files):
    result = run(files, "--schools", files / "schools.csv", "--exams", files / "exams.csv")

    assert result.exit_code == 0, result.output
    findings, papers, schools = (
        pd.read_csv(files / "out" / f"{n}.csv", dtype={"school": str}) for n in ("findings", "papers", "schools")
    )
    assert list(findings.columns)[:7] == ["school", "year", "subject", "grade", "detector", "family", "n"]
    assert list(papers.columns) == ["school", "year", "subject", "grade", "n", "p_value", "q_value"]
    assert list(schools.columns) == ["school", "year", "evidence", "p_combined", "q", "tier", "families"]
    assert len(schools) == 40
    assert {p.name for p in (files / "out").iterdir()} == {"findings.csv", "papers.csv", "schools.csv"}


def test_a_cp1251_file_with_semicolons_commas_and_floats_gives_the_same(files, region):
    works = region.works.copy()
    works["score"] = works["score"].astype(float)
    works["class"] = works["class"].str.replace("4", "4 «") + "»"
    works.to_csv(files / "old.csv", index=False, sep=";", decimal=",", encoding="cp1251")
    run(files)
    plain = (files / "out" / "schools.csv").read_text()

    result = run(files, works="old.csv")

    assert result.exit_code == 0, result.output
    assert (files / "out" / "schools.csv").read_text() == plain


def test_parquet_gives_the_same_as_csv(files, region):
    region.works.to_parquet(files / "works.parquet")
    run(files)
    plain = (files / "out" / "findings.csv").read_text()

    result = run(files, works="works.parquet")

    assert result.exit_code == 0, result.output
    assert (files / "out" / "findings.csv").read_text() == plain


def test_json_says_what_was_done(files):
    previous_year(3, OPTIONS).works.to_csv(files / "previous.csv", index=False)

    result = run(files, "--previous", files / "previous.csv", "--json")

    answer = json.loads(result.stdout)
    assert answer["schools"] == 40
    assert sum(answer["tiers"].values()) == 40
    assert set(answer["versions"]) == {
        "boundary_push",
        "few_lowest",
        "contextual_mean",
        "item_profile",
        "class_similarity",
        "homogeneity",
        "landing_profile",
        "selective_absence",
        "journal_gap",
        "federal",
        "upper_tail",
        "year_swing",
        "external_gap",
        "protocol",
        "recurrence",
    }


def test_a_list_of_schools_serves_as_control_with_and_without_a_header(files, region):
    codes = region.schools["school"].head(25)
    (files / "bare.txt").write_text("\n".join(codes))
    codes.to_csv(files / "headed.csv", index=False)

    answers = []
    for name in ("bare.txt", "headed.csv"):
        result = run(files, "--control", files / name, "--json")
        assert result.exit_code == 0, result.output
        answers.append(json.loads(result.stdout))

    assert answers[0]["reference"] == answers[1]["reference"]
    assert answers[0]["reference"]["control"]


def broken_score(folder, region):
    region.works.assign(score=region.works["score"].where(region.works.index != 5, 99)).to_csv(
        folder / "bad.csv", index=False
    )
    return "bad.csv", "papers.json", "строки 7"


def unknown_paper(folder, region):
    region.works.assign(grade=region.works["grade"].where(region.works["subject"] != "ru", 8)).to_csv(
        folder / "bad.csv", index=False
    )
    return "bad.csv", "papers.json", "ru 8 класс"


def empty_file(folder, region):
    (folder / "bad.csv").write_text("")
    return "bad.csv", "papers.json", "пуст"


def header_only(folder, region):
    region.works.head(0).to_csv(folder / "bad.csv", index=False)
    return "bad.csv", "papers.json", "ни одной работы"


def a_workbook(folder, region):
    (folder / "bad.csv").write_bytes(b"PK\x03\x04 not a csv")
    return "bad.csv", "papers.json", "не читается"


def no_school_column(folder, region):
    region.works.drop(columns="school").to_csv(folder / "bad.csv", index=False)
    return "bad.csv", "papers.json", "school"


def broken_json(folder, region):
    (folder / "bad.json").write_text("[{")
    return "works.csv", "bad.json", "описание работ"


def falling_cuts(folder, region):
    (folder / "bad.json").write_text('[{"subject": "ma", "grade": 4, "item_max": [1, 2], "mark_from": [3, 2, 1]}]')
    return "works.csv", "bad.json", "возрастающих"


@pytest.mark.parametrize(
    "make",
    [
        broken_score, unknown_paper, empty_file, header_only, a_workbook, no_school_column, broken_json, falling_cuts,
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_a_reason_and_leaves_nothing(files, region, make):
    works, papers, reason = make(files, region)

    result = run(files, "--json", works=works, papers=papers)

    assert result.exit_code == 1
    assert reason in result.stderr
    assert json.loads(result.stdout)["refused"]
    assert not (files / "out").exists()


REPORTS = ("marks", "distributions", "items", "journal", "means")


@pytest.fixture
def report_files(files, region):
    """Reports in the spelling of a Russian spreadsheet: semicolons and decimal commas."""
    for kind, frame in reports_of(region.works, region.papers).frames().items():
        frame.to_csv(files / f"{kind}.csv", index=False, sep=";", decimal=",", encoding="cp1251")
    return files


def run_reports(files, *kinds, papers="papers.json", out="out", options=()):
    arguments = ["--papers", files / papers, "--out", files / out, "--json", *options]
    for kind in kinds:
        arguments += [f"--{kind}", files / f"{kind}.csv"]
    return CliRunner().invoke(detect, [str(a) for a in arguments])


@pytest.mark.parametrize("kind", REPORTS)
def test_any_report_serves_in_place_of_works(report_files, kind):
    result = run_reports(report_files, kind)

    assert result.exit_code == 0, result.output
    findings = pd.read_csv(report_files / "out" / "findings.csv", dtype={"school": str})
    assert set(findings["outcome"]) == {"assessed", "not_assessed"}
    assert findings[findings["outcome"] == "not_assessed"]["reason"].notna().all()
    assert json.loads(result.stdout)["schools"] == 40


def test_reports_beside_works_change_nothing_where_every_school_has_works(report_files):
    run(report_files)
    plain = (report_files / "out" / "findings.csv").read_text()

    result = run(report_files, *(word for kind in REPORTS for word in (f"--{kind}", report_files / f"{kind}.csv")))

    assert result.exit_code == 0, result.output
    assert (report_files / "out" / "findings.csv").read_text() == plain


def test_reports_in_parquet_give_the_same_as_csv(report_files, region):
    run_reports(report_files, "distributions", "items")
    plain = (report_files / "out" / "findings.csv").read_text()
    frames = reports_of(region.works, region.papers).frames()
    for kind in ("distributions", "items"):
        frames[kind].to_parquet(report_files / f"{kind}.csv")

    result = run_reports(report_files, "distributions", "items")

    assert result.exit_code == 0, result.output
    assert (report_files / "out" / "findings.csv").read_text() == plain


def test_papers_without_cuts_still_get_what_needs_none(report_files, region):
    papers = [{"subject": p.subject, "grade": p.grade, "item_max": p.item_max, "mark_from": []} for p in region.papers]
    (report_files / "uncut.json").write_text(json.dumps(papers))

    result = run_reports(report_files, *REPORTS, papers="uncut.json")

    assert result.exit_code == 0, result.output
    findings = pd.read_csv(report_files / "out" / "findings.csv", dtype={"school": str})
    assessed = set(findings[findings["outcome"] == "assessed"]["detector"])
    assert assessed >= {"few_lowest", "contextual_mean", "item_profile", "homogeneity", "journal_gap"}
    assert "boundary_push" not in assessed


@pytest.mark.parametrize(
    ("kind", "spoil", "said"),
    [
        ("marks", lambda f: f.assign(**{"2": 90.0}), "строки 2, 3, 4"),
        ("distributions", lambda f: f.assign(grade=9), "не описана"),
        ("items", lambda f: f.iloc[:0], "ни одной строки"),
        ("journal", lambda f: f.drop(columns="confirmed"), "confirmed"),
        ("means", lambda f: f.assign(mean="много"), "не число"),
    ],
)
def test_a_report_that_cannot_be_right_is_refused_and_leaves_nothing(report_files, region, kind, spoil, said):
    spoil(reports_of(region.works, region.papers).frames()[kind]).to_csv(report_files / f"{kind}.csv", index=False)

    result = run_reports(report_files, kind)

    assert result.exit_code == 1
    assert said in result.stderr
    assert not (report_files / "out").exists()


def test_neither_works_nor_reports_is_wrong_usage(files):
    result = run_reports(files)

    assert result.exit_code == 2
    assert "--marks" in result.output


def test_an_option_left_out_is_wrong_usage(files):
    result = CliRunner().invoke(detect, ["--works", str(files / "works.csv")])

    assert result.exit_code == 2


def test_a_large_parquet_file_is_screened_paper_by_paper_with_the_same_findings(files, region, monkeypatch):
    region.works.to_parquet(files / "works.parquet")
    names = ("findings.csv", "papers.csv", "schools.csv")
    run(files, works="works.parquet")
    whole = [(files / "out" / name).read_bytes() for name in names]
    monkeypatch.setattr("app.cli.detect_works.LARGE", 1)

    result = run(files, works="works.parquet")

    assert result.exit_code == 0, result.output
    assert [(files / "out" / name).read_bytes() for name in names] == whole


def test_faulty_rows_of_a_large_parquet_file_are_numbered_as_in_the_file(files, region, monkeypatch):
    works = region.works.copy()
    works.loc[len(works) - 1, "score"] = 500
    works.to_parquet(files / "works.parquet")
    monkeypatch.setattr("app.cli.detect_works.LARGE", 1)

    result = run(files, works="works.parquet")

    assert result.exit_code == 1
    assert f"строки {len(works)}" in result.output


def test_uploads_and_earlier_lists_are_read_from_files(files, region):
    codes = sorted(region.works["school"].unique())
    pd.DataFrame(
        {"school": codes, "year": 2026, "subject": "ma", "grade": 4, "absent": [90, *([1] * (len(codes) - 1))]}
    ).to_csv(files / "uploads.csv", index=False)
    (files / "lists.csv").write_text(
        "school;year;source;markers\n" + "".join(f"{codes[1]};{year};federal_list;2\n" for year in (2024, 2025)),
        encoding="cp1251",
    )

    result = run(files, "--protocol", files / "uploads.csv", "--history", files / "lists.csv", "--json")

    assert result.exit_code == 0, result.output
    findings = pd.read_csv(files / "out" / "findings.csv", dtype={"school": "str"})
    own = findings[findings["detector"] == "protocol"].set_index(["school", "subject", "grade"])
    assert own.loc[(codes[0], "ma", 4), "statistic"] >= 1
    again = findings[findings["detector"] == "recurrence"].set_index("school")
    assert again.loc[codes[1], "statistic"] == 2
    assert (again["grade"] == 0).all()


@pytest.mark.parametrize(("option", "missing"), [("--protocol", "grade, subject, year"), ("--history", "source, year")])
def test_a_file_that_lacks_columns_is_refused_by_their_names(files, option, missing):
    (files / "short.csv").write_text("school,absent\n1,2\n")

    result = run(files, option, files / "short.csv", "--json")

    assert result.exit_code == 1
    assert missing in result.stderr
