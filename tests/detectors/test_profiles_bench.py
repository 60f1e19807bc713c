from click.testing import CliRunner

from app.bench import profiles
from app.detectors.mechanisms import load_profiles


def test_what_is_measured_agrees_with_what_is_shipped():
    found = profiles.measured(7000, 1, schools=300)

    shipped = load_profiles().shift
    assert found["bump"]["push"] > 0.6 * shipped["bump"]["push"]
    assert found["copy_class"]["alike"] > 0.6 * shipped["copy_class"]["alike"]
    assert abs(found["inflate"]["push"]) < 0.2
    assert max(found["absent_weak"], key=found["absent_weak"].get) == "absent"


def test_a_region_too_many_is_refused():
    result = CliRunner().invoke(profiles.command, ["--regions", "51"])

    assert result.exit_code == 2
