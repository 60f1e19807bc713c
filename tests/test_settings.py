from __future__ import annotations

import stat
from pathlib import Path

import pytest

from app.errors import Misconfigured
from app.settings import SETTINGS, Settings, redis_socket, secret


def make(home: Path, **environ: str) -> Settings:
    return Settings.from_env({"OBEKTIV_HOME": str(home), **environ})


def test_without_addresses_everything_lives_in_the_home_folder(tmp_path: Path) -> None:
    settings = make(tmp_path)

    assert settings.database_url == f"sqlite:///{tmp_path}/obektiv.db"
    assert settings.embedded_redis
    assert settings.objects == tmp_path / "objects"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_database_address_gets_the_driver(tmp_path: Path, scheme: str) -> None:
    settings = make(tmp_path, DATABASE_URL=f"{scheme}://u@h/d", REDIS_URL="redis://h")

    assert settings.database_url == "postgresql+psycopg://u@h/d"
    assert not settings.embedded_redis


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OBEKTIV_PORT", "http"),
        ("OBEKTIV_PORT", "70000"),
        ("OBEKTIV_SECURE_COOKIES", "yes"),
        ("OBEKTIV_MAX_UPLOAD_MB", "0"),
        ("OBEKTIV_TIMEZONE", "Москва"),
        ("OBEKTIV_TIMEZONE", "Europe/Mosсow"),
    ],
)
def test_a_bad_value_names_the_variable_and_the_value(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=f"{name}='{value}'"):
        make(tmp_path, **{name: value})


def test_secrets_are_made_once_kept_private_and_checked(tmp_path: Path) -> None:
    first = secret(tmp_path, "journal")
    path = tmp_path / "secrets" / "journal"

    assert secret(tmp_path, "journal") == first
    assert len(first) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        secret(tmp_path, "journal")


def test_keys_never_show_in_a_printout(tmp_path: Path) -> None:
    settings = make(tmp_path)

    assert settings.keys["journal"].hex() not in repr(settings)


def test_a_socket_path_stays_short_enough_for_the_system(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)

    assert len(str(redis_socket(deep)).encode()) <= 100


def test_every_setting_says_what_it_means() -> None:
    assert all(name.isupper() and meaning for name, _, meaning in SETTINGS)
