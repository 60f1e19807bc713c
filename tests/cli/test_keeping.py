"""A backup brings back everything that was acknowledged before it, or refuses; nothing half-restored stays."""

from __future__ import annotations

import gzip
import json
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app import backup
from app.context import AppContext
from app.database import acting
from app.errors import Refused, WrongFormat
from app.models import AuthSession, Base, Dataset, Upload, User
from app.policy import SYSTEM
from app.settings import Settings
from app.terms import FileKind, Role, UploadStatus
from app.workflows import journal
from tests import conftest


@pytest.fixture
def filled(context: AppContext, at) -> AppContext:
    with acting(context.sessions, SYSTEM) as session:
        user = User(login="анна", name="Анна", role=Role.ADMIN, password_hash="x")
        session.add(user)
        session.flush()
        session.add(AuthSession(key_hash=b"\x00\xff" * 16, user_id=user.id, created_at=at, seen_at=at, expires_at=at))
        for number in (1, 2):
            sha256 = context.store.put(f"файл {number}".encode())
            session.add(
                Upload(
                    id=number,
                    sha256=sha256,
                    file_name="ВПР.xlsx",
                    size=6,
                    status=UploadStatus.ACCEPTED,
                    decided_at=at,
                    uploaded_at=at,
                    problem_counts={"a": 1, "$bytes": "не байты", "список": [1, None, 0.1]},
                )
            )
            session.flush()
        # The first points at the second: rows that point at later rows of their own table.
        session.add(
            Dataset(id=1, upload_id=1, kind=FileKind.WORKS, sha256="0" * 64, n_rows=1, n_schools=1, accepted_at=at)
        )
        session.add(
            Dataset(id=2, upload_id=2, kind=FileKind.WORKS, sha256="0" * 64, n_rows=1, n_schools=1, accepted_at=at)
        )
        session.flush()
        session.get_one(Dataset, 1).replaced_by_id = 2
        for number in range(3):
            journal.append(
                session, actor=SYSTEM, at=at, action="upload:accept", subject="upload", facts={"n": number, "ё": 0.1}
            )
        journal.write_anchor(session, backup.anchors_folder(context.settings), at=at)
    return context


@pytest.fixture
def target(filled: AppContext, empty_target: Settings) -> Settings:
    return empty_target


@pytest.fixture
def empty_target(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Another, empty installation of the same kind."""
    environ = {"OBEKTIV_HOME": str(tmp_path / "target")}
    if engine_name == "sqlite":
        yield Settings.from_env(environ)
        return
    pg_url = request.getfixturevalue("pg_url")
    name = "obektiv_test_target"
    yield Settings.from_env({**environ, "DATABASE_URL": conftest._create_database(pg_url, name)})
    conftest._drop_database(pg_url, name)


def test_everything_comes_back_and_nobody_stays_signed_in(filled: AppContext, target: Settings, tmp_path: Path, at):
    archive = tmp_path / "copy.tar.gz"

    manifest = backup.create(filled, archive, at=at)
    restored = backup.restore(target, archive)

    again = AppContext.from_settings(Settings.from_env(_environ(target)))
    assert _rows(again) == {**_rows(filled), "auth_sessions": []}
    assert sorted(again.store) == sorted(filled.store)
    assert again.settings.keys == filled.settings.keys
    assert restored.objects == 2
    assert manifest["journal"]["seq"] == 3
    assert restored.rows["uploads"] == 2
    again.engine.dispose()


def test_restored_installation_goes_on_working(filled: AppContext, target: Settings, tmp_path: Path, at):
    backup.create(filled, tmp_path / "copy.tar.gz", at=at)
    backup.restore(target, tmp_path / "copy.tar.gz")

    again = AppContext.from_settings(Settings.from_env(_environ(target)))
    with acting(again.sessions, SYSTEM) as session:
        session.add(User(login="новая", name="Новая", role=Role.ADMIN, password_hash="x"))
        journal.append(session, actor=SYSTEM, at=at, action="user:create", subject="user")
    with acting(again.sessions, SYSTEM) as session:
        faults = journal.verify(session, again.settings.keys["journal"])

    assert faults == []
    again.engine.dispose()


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_installation_moves_from_sqlite_to_postgresql(
    sqlite_context: AppContext, empty_target: Settings, tmp_path: Path, at
):
    with acting(sqlite_context.sessions, SYSTEM) as session:
        journal.append(session, actor=SYSTEM, at=at, action="a:b", subject="c", facts={"x": [1.5, None, "ё"]})
    backup.create(sqlite_context, tmp_path / "copy.tar.gz", at=at)

    restored = backup.restore(empty_target, tmp_path / "copy.tar.gz")

    assert restored.rows["journal"] == 1


def test_archive_is_for_its_owner_alone(filled: AppContext, tmp_path: Path, at):
    archive = tmp_path / "deep" / "copy.tar.gz"

    backup.create(filled, archive, at=at)

    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert [path.name for path in archive.parent.iterdir()] == ["copy.tar.gz"]


def test_restore_into_a_filled_installation_is_refused(filled: AppContext, tmp_path: Path, at):
    backup.create(filled, tmp_path / "copy.tar.gz", at=at)

    with pytest.raises(Refused, match="только в пустую"):
        backup.restore(filled.settings, tmp_path / "copy.tar.gz")


@pytest.mark.parametrize("harm", ["cut", "text", "altered", "extra"])
def test_damaged_archive_is_refused_before_anything_is_written(
    sqlite_context: AppContext, tmp_path: Path, at, harm: str
):
    archive = tmp_path / "copy.tar.gz"
    backup.create(sqlite_context, archive, at=at)
    _harm(archive, harm)
    target = Settings.from_env({"OBEKTIV_HOME": str(tmp_path / "target")})

    with pytest.raises(WrongFormat, match="не восстановить"):
        backup.restore(target, archive)

    assert not (target.home / "obektiv.db").exists()


def test_failed_backup_leaves_nothing(sqlite_context: AppContext, tmp_path: Path, at):
    sha256 = sqlite_context.store.put(b"one")
    sqlite_context.store.path(sha256).write_bytes(b"two")

    with pytest.raises(Exception, match="повреждён"):
        backup.create(sqlite_context, tmp_path / "out" / "copy.tar.gz", at=at)

    assert list((tmp_path / "out").iterdir()) == []


def test_backup_of_a_tampered_journal_does_not_restore_in_silence(sqlite_context: AppContext, tmp_path: Path, at):
    with acting(sqlite_context.sessions, SYSTEM) as session:
        journal.append(session, actor=SYSTEM, at=at, action="a:b", subject="c")
    with sqlite_context.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER journal_no_update")
        connection.exec_driver_sql("UPDATE journal SET actor_name = 'другой'")
    backup.create(sqlite_context, tmp_path / "copy.tar.gz", at=at)
    target = Settings.from_env({"OBEKTIV_HOME": str(tmp_path / "target")})

    with pytest.raises(Refused, match="содержимое записи изменено"):
        backup.restore(target, tmp_path / "copy.tar.gz")


def test_commands_tell_what_they_did(obektiv, filled: AppContext, tmp_path: Path, monkeypatch):
    made = obektiv("backup", "--out", str(tmp_path), "--json")
    (archive,) = tmp_path.glob("obektiv-*.tar.gz")
    refused = obektiv("restore", str(archive), "--json")

    assert made.exit_code == 0
    assert json.loads(made.stdout)["rows"]["uploads"] == 2
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["refused"][0]["code"] == "not_empty"
    assert "пустую" in refused.stderr


def _harm(archive: Path, harm: str) -> None:
    content = archive.read_bytes()
    if harm == "cut":
        archive.write_bytes(content[: len(content) // 2])
        return
    if harm == "text":
        archive.write_text("это не архив")
        return
    unpacked = archive.with_suffix("")
    unpacked.write_bytes(gzip.decompress(content))
    if harm == "extra":
        with tarfile.open(unpacked, "a") as changed:
            changed.add(__file__, arcname="../escape")
    else:
        with tarfile.open(unpacked) as whole:
            offset = whole.getmember("secrets/journal").offset_data
        altered = bytearray(unpacked.read_bytes())
        altered[offset] ^= 1
        unpacked.write_bytes(altered)
    archive.write_bytes(gzip.compress(unpacked.read_bytes()))


def _rows(context: AppContext) -> dict[str, list]:
    with context.engine.connect() as connection:
        return {
            table.name: connection.execute(select(table).order_by(*table.primary_key)).all()
            for table in Base.metadata.sorted_tables
        }


def _environ(settings: Settings) -> dict[str, str]:
    return {"OBEKTIV_HOME": str(settings.home), "DATABASE_URL": settings.database_url}
