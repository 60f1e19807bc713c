"""What the browser is given: complete, licensed, ours alone, and obedient to a policy without inline code."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "app" / "admin" / "static"
TEMPLATES = ROOT / "app" / "admin" / "templates"
FRONTEND = ROOT / "frontend"


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def violations(html: str) -> list[str]:
    """What a policy without unsafe-inline would block in `html`."""
    scripts = re.findall(r"<script\b([^>]*)>", html, flags=re.IGNORECASE)
    inline = [s for s in scripts if "src=" not in s and "application/json" not in s]
    handlers = re.findall(r"<[a-z][^>]*?\s(on[a-z]+)\s*=", html, flags=re.IGNORECASE)
    styles = re.findall(r"<[a-z][^>]*?\sstyle\s*=|<style\b", html, flags=re.IGNORECASE)
    return inline + handlers + styles + re.findall(r"javascript:", html, flags=re.IGNORECASE)


def test_manifest_names_every_file_with_its_hash() -> None:
    manifest = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))["files"]

    found = {
        path.relative_to(STATIC).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in STATIC.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }

    assert found == manifest


def test_every_vendored_package_comes_with_its_licence() -> None:
    packages = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))["packages"]
    licences = {path.name: path.read_text(encoding="utf-8") for path in (STATIC / "licences").iterdir()}

    assert {row["license"] for row in packages.values()} <= {"OFL-1.1", "Apache-2.0", "BSD-3-Clause", "0BSD"}
    for name, row in packages.items():
        stem = name.rsplit("/", 1)[-1]
        assert f"{stem}-{row['license']}.txt" in licences
    assert all(len(text) > 100 for text in licences.values())


@pytest.mark.parametrize("name", ["obektiv.css", "obektiv.js", "theme.js"])
def test_own_assets_load_nothing_from_elsewhere(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")

    assert not re.findall(r"https?://|//[a-z0-9-]+\.[a-z]{2,}/|@import", text)
    assert "eval(" not in text
    assert "innerHTML" not in text


def test_lock_of_the_frontend_names_no_registry() -> None:
    lock = (FRONTEND / "package-lock.json").read_text(encoding="utf-8")

    assert '"resolved"' not in lock
    assert '"integrity"' in lock
    assert "omit-lockfile-registry-resolved=true" in (FRONTEND / ".npmrc").read_text(encoding="utf-8")


def test_every_file_that_styles_name_is_there() -> None:
    css = (STATIC / "obektiv.css").read_text(encoding="utf-8")

    named = set(re.findall(r'url\("?\./([^")]+)"?\)', css))

    assert named
    assert all((STATIC / name).is_file() for name in named)


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_template_has_no_inline_code(path: Path) -> None:
    assert violations(path.read_text(encoding="utf-8")) == []


def test_framework_templates_with_inline_code_are_all_replaced() -> None:
    import flask_admin

    theirs = Path(flask_admin.__file__).parent / "templates" / "bootstrap4"
    # Not used by the product: file browser, Redis console, modal windows, and the frame the theme replaces.
    unused = {"admin/base.html", "admin/static.html"}
    names = {path.relative_to(theirs).as_posix() for path in theirs.rglob("*.html")} - unused
    names = {name for name in names if "/modals/" not in name and not name.startswith(("admin/file", "admin/rediscli"))}

    assert {name for name in names if not (TEMPLATES / name).is_file()} == set()


@pytest.mark.parametrize(
    "html",
    [
        "<a onclick='x()'>",
        '<p style="color:red">',
        "<script>1</script>",
        "<style>a{}</style>",
        '<a href="javascript:void(0)">',
        '<form\n class="x"\n onsubmit="return 1">',
    ],
)
def test_the_search_for_inline_code_finds_it(html: str) -> None:
    assert violations(html)


def test_static_files_are_what_the_sources_build(tmp_path: Path) -> None:
    if not (FRONTEND / "node_modules" / "esbuild").is_dir() or shutil.which("node") is None:
        pytest.skip("нет Node или frontend/node_modules: выполните npm ci --ignore-scripts в папке frontend")

    environment = os.environ | {"OUT_DIR": str(tmp_path)}
    subprocess.run(["node", "build.mjs"], cwd=FRONTEND, check=True, timeout=60, env=environment)

    built = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert built == json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
