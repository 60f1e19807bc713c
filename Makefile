# One environment, .venv; its tool, .tools. A lock file's hash in .venv/.synced says what the environment holds.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .tools/bin/uv
PY := .venv/bin/python
COMPILE := $(UV) pip compile -q --universal --generate-hashes --no-header --python-version 3.11

.PHONY: help setup setup-dev run test check format docs translations assets lock clean chromium

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: .venv/bin/obektiv ## build .venv with what the program needs
	@$(call sync,requirements.lock,requirements-dev.lock)

setup-dev: .venv/bin/obektiv ## build .venv with what the tests need as well
	@$(call sync,requirements-dev.lock)

run: setup ## start everything: site, workers, scheduler, embedded Valkey
	@exec .venv/bin/obektiv up

test: setup-dev chromium ## run all tests, on SQLite and PostgreSQL, with a real Valkey and a real browser, two files at a time
	rm -rf artefacts
	$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: setup-dev ## formatting, lint, types, import contracts, generated pages
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/obektiv docs --check

format: setup-dev ## rewrite the code as the formatter wants it
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

docs: setup ## print the reference pages from the code
	.venv/bin/obektiv docs

translations: setup ## gather the texts of the pages and compile the English catalogue
	@mkdir -p build
	.venv/bin/pybabel -q extract -F app/admin/babel.cfg -k _l --no-location --sort-output --omit-header -o build/messages.pot app
	.venv/bin/pybabel -q update -l en -i build/messages.pot -d app/admin/translations --omit-header -N --ignore-obsolete --no-wrap
	.venv/bin/pybabel -q compile -f -d app/admin/translations -l en

assets: ## build styles, scripts and fonts into app/admin/static (needs Node)
	cd frontend && npm ci --ignore-scripts && npm run build

lock: | $(UV) ## solve the dependencies anew; the locks name hashes and no registry
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## remove what is built (not instance/, which holds data)
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build artefacts *.egg-info

# A browser for the tests: the system's Chromium.
chromium:
	@if command -v chromium chromium-browser google-chrome >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium for the browser tests"; \
	  export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -q -y --no-install-recommends chromium </dev/null; \
	else \
	  echo "Для тестов в браузере нужен Chromium: поставьте пакет chromium (Debian: apt-get install chromium) и повторите." >&2; exit 1; \
	fi

$(UV):
	@command -v $(PYTHON) >/dev/null || { echo "Нужен Python 3.11 или новее (команда $(PYTHON))." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Нужен Python 3.11 или новее; укажите другой: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .tools || { echo "Нужен модуль venv (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@.tools/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION)

.venv/bin/python: | $(UV)
	@$(PYTHON) -m venv .venv

# The program is the checkout itself: a path file instead of an installation, so nothing is built and nothing fetched.
.venv/bin/obektiv: | .venv/bin/python
	@pwd > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/obektiv.pth"
	@printf '%s\n' '#!/bin/sh' 'exec "$$(dirname "$$(readlink -f "$$0")")/python" -P -m app.cli "$$@"' > $@
	@chmod +x $@

# $(1): the lock to have; $(2): a larger lock that will do as well. uv is quick but does not read pip's configuration, so
# where only pip has been told about a registry, pip installs the same lock.
define sync
have="$$(cat .venv/.synced 2>/dev/null || true)"; \
for lock in $(1) $(2); do if [ "$$have" = "$$(sha256sum < "$$lock")" ]; then exit 0; fi; done; \
echo "Building .venv from $(1)"; \
rm -f .venv/.synced; \
$(UV) pip sync -q --python $(PY) --require-hashes $(1) </dev/null || \
  .tools/bin/pip --python $(PY) install -q --require-hashes -r $(1) </dev/null; \
sha256sum < $(1) > .venv/.synced
endef
