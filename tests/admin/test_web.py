"""What every page shares: headers, languages, errors, a light process."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy.exc import IntegrityError

from app import auth
from app.errors import Conflict, NotFound, Reason, Refused, WrongFormat
from app.models import User
from tests.admin.world import World


def test_the_web_process_loads_neither_pandas_nor_scipy(world: World) -> None:
    code = (
        "import sys\n"
        "from app.context import AppContext\nfrom app.settings import Settings\nfrom app.web import create_app\n"
        f"settings = Settings.from_env({{'OBEKTIV_HOME': {str(world.context.settings.home)!r}}})\n"
        "create_app(AppContext.from_settings(settings))\n"
        "print([m for m in ('pandas', 'scipy', 'numpy', 'pyarrow', 'reportlab') if m in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() in ("[]", "['reportlab']")


@pytest.mark.parametrize("path", ["/", "/cases/", "/sign-in", "/no-such-page", "/api/v1/cases", "/static/obektiv.css"])
def test_every_answer_carries_the_headers(world: World, path: str) -> None:
    headers = world.client("rita").get(path).headers

    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    if not path.startswith("/static"):
        assert headers["Cache-Control"] == "no-store"


def test_pages_hold_no_inline_script_style_or_handler(shared_world: World) -> None:
    import re

    client = shared_world.client("rita")
    for path in ("/", "/cases/", f"/cases/{shared_world.own.case}", "/statistics/", "/screening/", "/uploads/1"):
        page = client.get(path).get_data(as_text=True)
        assert not re.findall(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)", page), path


def test_a_foreign_host_name_is_refused(world: World) -> None:
    world.app.config["TRUSTED_HOSTS"] = ["obektiv.example"]

    assert world.client(None).get("/sign-in", headers={"Host": "evil.example"}).status_code == 400
    assert world.client(None).get("/sign-in", headers={"Host": "obektiv.example"}).status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused(Reason("a", "Нет протокола.", href="/cases/")), 409),
        (WrongFormat(Reason("a", "Не таблица.")), 422),
        (Conflict("Дело уже изменили.", state="closed", version=3), 409),
        (NotFound("Нет такого."), 404),
        (IntegrityError("INSERT INTO secret VALUES (1)", {}, Exception("constraint failed")), 409),
        (RuntimeError("secret"), 500),
        (OSError(28, "No space left on device"), 507),
    ],
)
def test_errors_speak_russian_and_show_no_inside(world: World, error: Exception, status: int) -> None:
    @auth.door(auth.SIGNED_IN)
    def failing() -> str:
        raise error

    world.app.view_functions["auth.own"] = failing

    answer = world.client("rita").get("/account")

    text = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert "secret" not in text
    assert "Traceback" not in text
    if status in (500, 507) or isinstance(error, IntegrityError):
        assert "Номер происшествия" in text


def test_an_unknown_page_is_told_in_russian(world: World) -> None:
    answer = world.client(None).get("/no-such-page")

    assert answer.status_code == 404
    assert "Не найдено" in answer.get_data(as_text=True)


def test_a_stranger_is_led_to_the_sign_in_page(world: World) -> None:
    answer = world.client(None).get("/cases/")

    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/cases/"


def test_health_says_little_and_readiness_checks_the_database(world: World) -> None:
    client = world.client(None)

    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json["checks"]["database"] is True


def test_the_language_is_kept_for_the_person_and_for_the_browser(world: World) -> None:
    client = world.client("rita")
    assert '<html lang="ru">' in client.get("/cases/").get_data(as_text=True)

    client.post("/locale", data={"locale": "en", "next": "/cases/"}, headers={"X-CSRFToken": world.token(client)})

    assert '<html lang="en">' in client.get("/cases/").get_data(as_text=True)
    assert world.rows(User, login="rita")[0].locale == "en"


def test_a_language_that_does_not_exist_is_refused(world: World) -> None:
    client = world.client("rita")

    answer = client.post("/locale", data={"locale": "xx"}, headers={"X-CSRFToken": world.token(client)})

    assert answer.status_code == 409


@pytest.mark.parametrize("query", ["?page=99999999999999999999", "?page=-1", "?sort=-1", "?sort=10000000000000000000",
                                   "?search=%00", "?page_size=1000000", "?state=nonsense", "?municipality=1,2",
                                   "?flt0_0=1", "?search=" + "x" * 3000, "?year=%00"])  # fmt: skip
def test_malformed_queries_never_break_a_list(shared_world: World, query: str) -> None:
    for path in ("/cases/", "/flags/", "/schools/", "/journal/"):
        assert shared_world.client("rita").get(path + query).status_code in (200, 400), path


def test_no_text_hides_from_translation_inside_an_f_string() -> None:
    import re
    from pathlib import Path

    import app

    root = Path(app.__file__).parent
    files = [*root.glob("admin/*.py"), *root.glob("api/*.py"), root / "web.py", root / "auth.py"]

    assert [file.name for file in files if re.search(r"\{_l?\(", file.read_text(encoding="utf-8"))] == []
