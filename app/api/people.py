"""Who could be invited to a school, as JSON: the same answer as pickers and moves give; asking invites nobody."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, jsonify, request
from sqlalchemy import select

from app import auth
from app.api.reading import wrong
from app.errors import NotFound
from app.models import School
from app.policy import Permission
from app.terms import Duty
from app.workflows import candidates

people = Blueprint("api_people", __name__)


@people.route("/people/objections")
@auth.door(Permission.PEOPLE_KEEP)
def objections() -> Any:
    """Candidates for ``duty`` at the school with the number ``school`` on the day ``on``, each with its objections."""
    duty, on = request.args.get("duty", ""), request.args.get("on", "")
    if duty not in set(Duty):
        known = ", ".join(Duty)
        raise wrong(f"Параметр «duty»: одно из {known}.", f"Parameter “duty”: one of {known}.")
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise wrong("Параметр «on»: день вида 2026-11-25.", "Parameter “on”: a day such as 2026-11-25.") from None
    code = request.args.get("school", "")[:12]
    school = auth.db().scalars(select(School).where(School.code == code)).first()
    if school is None:
        raise NotFound("Школа не найдена или относится к другой территории.")
    return jsonify(
        {
            "school": school.code,
            "duty": duty,
            "on": day.isoformat(),
            "people": [
                {
                    "id": found.person.person_id,
                    "name": found.person.name,
                    "load": found.person.load,
                    "load_limit": found.person.load_limit,
                    "mentoring_pairs": found.person.helps,
                    "subjects": found.person.subjects,
                    "training": found.training,
                    "objections": [{"code": r.code, "ru": r.ru, "en": r.en} for r in found.reasons],
                }
                for found in candidates.check(auth.db(), school.id, Duty(duty), day)
            ],
        }
    )
