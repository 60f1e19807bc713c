"""What a form of a case is; the forms themselves stand in `case_forms` and `side_forms`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.admin import case_fields as fields
from app.models import Case
from app.policy import Permission


@dataclass(frozen=True)
class CaseForm:
    """One form: who may fill it in, how it is prepared and which verb keeps it. Where a case must stand for it says the
    case's workflow.
    """

    title: Any
    lead: Any
    permission: Permission
    prepare: Callable[[Case], fields.StepForm]
    save: Callable[[Case, Any], None]
    done: Any
    trigger: str | None = None
    is_for_every_stage: bool = False
    template: str = "pages/case_form.html"
    context: Callable[[Case], dict[str, Any]] = field(default=lambda case: {})


@dataclass(frozen=True)
class SideForm(CaseForm):
    """A form that no workflow needs to offer: of every open case, or of every closed one, as long as `when` holds."""

    when: Callable[[Case], bool] = field(default=lambda case: True)
    is_for_closed: bool = False
