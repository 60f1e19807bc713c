"""Text files: decoded right or refused, never mojibake."""

from __future__ import annotations

import random

import pytest

from app.errors import WrongFormat
from app.ingest import read_file
from tests.ingest.files import as_text, federal_list, raw_2020, raw_2021, with_cell

ENCODINGS = ["utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le", "koi8-r", "cp866"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("layout", ["2020", "2021", "federal"])
def test_text_is_decoded_right_whatever_its_encoding_and_separator(tmp_path, layout, encoding, delimiter):
    rows = {"2020": raw_2020, "2021": raw_2021, "federal": federal_list}[layout]()
    if layout == "2020":
        with_cell(rows, 3, "var-1", "отсутствовал")
        with_cell(rows, 2, "klass", "Берёзовка" if encoding != "cp866" else "Березовка")
    path = tmp_path / "a.csv"
    path.write_bytes(as_text(rows, delimiter).encode(encoding, errors="replace"))
    reading = read_file(path)
    if layout == "2020":
        assert (reading.rows_accepted, reading.absent) == (19, 1)
        assert {"А", "БЕРЁЗОВКА", "БЕРЕЗОВКА"} & set(reading.frame["class"])
    elif layout == "2021":
        assert reading.rows_accepted == 20
        assert set(reading.frame["class"]) == {"А"}
        assert set(reading.frame["municipality"]) == {"Район 5", "Район 1"}
    else:
        assert reading.schools["name"].tolist() == ["МБОУ «Лицей №131»", "МБОУ «СОШ №204»"] or encoding in {
            "cp866",
            "koi8-r",
        }


def test_random_tables_are_never_read_as_mojibake(tmp_path):
    dice = random.Random(12)
    path = tmp_path / "a.csv"
    expected = {"А", "Б", "В", "4Г", "ЗАРЕЧЬЕ", None}
    for trial in range(70):
        rows = raw_2021(dice.randint(12, 24))
        for row in rows[1:]:
            row[6] = dice.choice(["а", "Б", "в", "4 г", "Заречье", "нет"])
            row[1] = f"{dice.choice(['Заречный', 'Лесной', 'Южный'])} район"
        encoding = ENCODINGS[trial % len(ENCODINGS)]
        path.write_bytes(as_text(rows, dice.choice(";,\t")).encode(encoding))
        reading = read_file(path)
        assert {None if c != c else c for c in reading.frame["class"]} <= expected, encoding
        assert set(reading.frame["municipality"]) <= {"Заречный район", "Лесной район", "Южный район"}, encoding


@pytest.mark.parametrize("encoding", ["mac-cyrillic", "iso8859-5", "utf-7", "cp855"])
def test_unusual_encodings_are_refused_and_say_how_to_save(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(as_text(raw_2021()).encode(encoding))
    with pytest.raises(WrongFormat) as caught:
        read_file(path)
    assert caught.value.reasons[0].code in {"encoding", "unknown_layout"}


def test_one_broken_byte_is_refused_not_replaced(tmp_path):
    content = bytearray(as_text(raw_2021()).encode("utf-8"))
    content[-40] = 0xFF
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(WrongFormat) as caught:
        read_file(path)
    assert caught.value.reasons[0].code == "encoding"


def test_decimal_commas_and_quoted_cells_are_read(tmp_path):
    rows = with_cell(raw_2021(), 2, "балл за 1", "1,0")
    rows = with_cell(rows, 2, "класс", "а; б")
    path = tmp_path / "a.csv"
    path.write_bytes(as_text(rows, ",").encode("cp1251"))
    frame = read_file(path).frame
    first = frame[frame["participant"] == "40001"].iloc[0]
    assert (first["item_1"], first["class"]) == (1, "А; Б")


def test_rows_of_text_keep_their_line_numbers(tmp_path):
    rows = raw_2021()
    rows[3][0] = "нет такой"
    path = tmp_path / "a.csv"
    path.write_text(as_text(rows), "utf-8")
    assert [(p.sheet, p.row, p.code) for p in read_file(path).problems] == [("csv", 4, "login_malformed")]


def test_short_and_long_lines_are_read_as_they_are(tmp_path):
    lines = as_text(raw_2021()).split("\r\n")
    lines[2] = lines[2].rsplit(";", 6)[0]
    lines[3] += ";лишнее;ещё"
    path = tmp_path / "a.csv"
    path.write_text("\r\n".join(lines), "utf-8", newline="")
    reading = read_file(path)
    assert reading.rows_read == reading.rows_accepted + reading.rows_rejected + reading.absent == 20
    assert {(p.row, p.code) for p in reading.problems} >= {(3, "item_blank"), (None, "textbook_shifted")}


def test_an_overlong_cell_is_refused(tmp_path):
    rows = with_cell(raw_2021(), 2, "класс", "я" * 40_000)
    path = tmp_path / "a.csv"
    path.write_text(as_text(rows), "utf-8")
    with pytest.raises(WrongFormat, match="длиннее 32768 знаков"):
        read_file(path)
