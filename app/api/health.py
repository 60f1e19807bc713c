"""Whether the process lives and whether it can serve; no details for strangers."""

from __future__ import annotations

import shutil
from typing import Any

from flask import Blueprint, jsonify
from sqlalchemy import text

from app import auth

health = Blueprint("health", __name__)

LEAST_FREE = 1_000_000_000
"""Bytes of disk below which the installation does not call itself ready."""


@health.route("/healthz")
@auth.door(auth.PUBLIC)
def healthz() -> Any:
    """The process answers."""
    return jsonify({"status": "ok"})


@health.route("/readyz")
@auth.door(auth.PUBLIC)
def readyz() -> Any:
    """The database takes a write, its schema is there, and the disk has room."""
    checks = {"database": _database_writes(), "disk": _disk_has_room()}
    is_ready = all(checks.values())
    return jsonify({"status": "ready" if is_ready else "not_ready", "checks": checks}), 200 if is_ready else 503


def _database_writes() -> bool:
    """Begin a writing transaction and read the schema's version, then give everything back."""
    try:
        with auth.context().engine.connect() as connection:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            connection.rollback()
    except Exception:  # whatever the driver raises, the answer is the same
        return False
    return version is not None


def _disk_has_room() -> bool:
    return shutil.disk_usage(auth.context().settings.home).free > LEAST_FREE
