import pytest

from app.datafiles import DATA_DIR
from app.detectors import load_params
from app.errors import Misconfigured

FILE = DATA_DIR / "detectors.toml"


def test_parameters_carry_their_version():
    assert load_params().version
    assert load_params().as_dict()["boundary_push"]["below"] == 3


def test_an_unknown_key_is_named(tmp_path):
    path = tmp_path / "detectors.toml"
    path.write_text(FILE.read_text(encoding="utf-8").replace("below = 3", "below = 3\nbelov = 3"), encoding="utf-8")

    with pytest.raises(Misconfigured, match="belov"):
        load_params(path)


def test_a_word_in_place_of_a_number_is_refused(tmp_path):
    path = tmp_path / "detectors.toml"
    path.write_text(FILE.read_text(encoding="utf-8").replace("watch_q = 0.10", 'watch_q = "мало"'), encoding="utf-8")

    with pytest.raises(Misconfigured, match="watch_q"):
        load_params(path)
