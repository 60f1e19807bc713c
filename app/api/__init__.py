"""A small JSON API under ``/api/v1``: the same sign-in, the same policy, the same verbs as the pages.

Unsafe methods carry the CSRF token in the header ``X-CSRFToken``; ``GET /api/v1/session`` gives it. Errors are problem
documents (RFC 9457) with the reasons a page would show.
"""

from __future__ import annotations

from flask import Flask

from app.api import side_moves as _side_moves  # noqa: F401 - adds its routes to those of cases
from app.api.cases import cases
from app.api.health import health
from app.api.people import people
from app.api.uploads import uploads


def install_api(app: Flask) -> None:
    for blueprint in (cases, uploads, people):
        app.register_blueprint(blueprint, url_prefix="/api/v1")
    app.register_blueprint(health)


__all__ = ["install_api"]
