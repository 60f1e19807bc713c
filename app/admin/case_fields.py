"""The fields of the case's forms; what they mean and whether they fit is for `app.workflows` to say."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

NEEDED = InputRequired(_l("Заполните это поле."))
DAY_FORMATS = ["%Y-%m-%d", "%d.%m.%Y"]


class Checkboxes(SelectMultipleField):
    """Several choices as boxes; unknown values are refused like in any other choice."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class StepForm(FlaskForm):
    """What every form of a case carries: the version it saw and the id of this very request."""

    version = HiddenField()
    request_id = HiddenField()
    and_move = BooleanField(_l("Сразу перевести дело на следующий этап, если всё готово"), default=True)


class AgreedRow(Form):
    action = StringField(_l("Что сделать"), [Length(max=300)])
    due_on = DateField(_l("Срок"), [Optional()], format=DAY_FORMATS)
    responsible = StringField(_l("Ответственный"), [Length(max=200)])


class InterviewFields(StepForm):
    number = StringField(_l("Номер протокола"), [NEEDED, Length(max=40)])
    held_on = DateField(_l("Дата собеседования"), [NEEDED], format=DAY_FORMATS)
    place = StringField(_l("Место"), [NEEDED, Length(max=200)])
    form = RadioField(
        _l("Форма"),
        choices=[("очная", _l("очная")), ("дистанционная", _l("дистанционная"))],
        default="очная",
    )
    present = TextAreaField(
        _l("Присутствовали"),
        [NEEDED, Length(max=4000)],
        description=_l("По одному в строке: фамилия И. О., должность. Не меньше двух человек."),
    )
    reasons = Checkboxes(_l("Причины, которые назвал руководитель"))
    explanation = TextAreaField(
        _l("Объяснение руководителя школы"),
        [NEEDED, Length(max=20000)],
        description=_l("Своими словами, без имён учеников."),
    )
    documents_shown = Checkboxes(_l("Представленные документы"))
    documents_other = StringField(_l("Другие документы"), [Length(max=400)])
    agreed = FieldList(FormField(AgreedRow), min_entries=3, max_entries=12, label=_l("О чём договорились"))
    needs_curator = BooleanField(_l("назначить куратора"), default=True)
    needs_observers = BooleanField(_l("направить наблюдателей"), default=True)
    needs_recheck = BooleanField(_l("провести перепроверку"), default=True)


class HandoverFields(StepForm):
    curator_id = SelectField(_l("Куратор"), [NEEDED], coerce=int)


class OrderFields(StepForm):
    curator_id = SelectField(_l("Куратор"), [NEEDED], coerce=int)
    number = StringField(_l("Номер приказа"), [NEEDED, Length(max=40)])
    issued_on = DateField(_l("Дата приказа"), [NEEDED], format=DAY_FORMATS)
    until = DateField(_l("Куратор работает до"), [NEEDED], format=DAY_FORMATS)
    no_conflict_declared = BooleanField(
        _l("Куратор подтвердил, что конфликта интересов нет"),
        description=_l("Не нужно, если он уже заявил об этом сам в разделе «Декларации»."),
    )


class ObservationFields(StepForm):
    observer_id = SelectField(_l("Наблюдатель"), [NEEDED], coerce=int)
    paper = SelectField(_l("Работа"), [NEEDED])
    scheduled_on = DateField(_l("День визита"), [NEEDED], format=DAY_FORMATS)


class ActFields(StepForm):
    act_number = StringField(_l("Номер акта"), [NEEDED, Length(max=40)])
    held_on = DateField(_l("День визита"), [NEEDED], format=DAY_FORMATS)
    stages = Checkboxes(_l("Что видел наблюдатель"))
    violations = Checkboxes(_l("Нарушения"), description=_l("Если нарушений не было, не отмечайте ничего."))
    comment = TextAreaField(_l("Комментарий"), [Length(max=10000)])


class RecheckFields(StepForm):
    paper = SelectField(_l("Работа"), [NEEDED])
    share = SelectField(_l("Какую долю работ взять"), [NEEDED])
    inspector_id = SelectField(_l("Эксперт"), [NEEDED], coerce=int)
    order_number = StringField(_l("Номер приказа о комиссии"), [NEEDED, Length(max=40)])
    scheduled_on = DateField(_l("День перепроверки"), [NEEDED], format=DAY_FORMATS)


class ConclusionFields(StepForm):
    verdict = RadioField(_l("Вывод"), [NEEDED])
    grounds = TextAreaField(
        _l("Основания"),
        [NEEDED, Length(max=10000)],
        description=_l("На что опирается вывод: акты, перепроверка, объяснение школы. Утвердит другой человек."),
    )


def people_lines(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Pairs of name and post from lines such as «Иванова А. А., директор»; and the lines that lack a post."""
    pairs, bad = [], []
    for line in text.splitlines():
        line = " ".join(line.split())
        if not line:
            continue
        for mark in (" — ", " – ", " - ", ", ", ","):
            name, found, post = line.partition(mark)
            if found and name.strip() and post.strip():
                pairs.append((name.strip()[:200], post.strip()[:200]))
                break
        else:
            bad.append(line)
    return pairs, bad


def whole(text: str) -> int:
    """A plain whole number that a form sent, or -1."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def field_errors(form: Any) -> list[str]:
    """Every error of a form as «field: what is wrong», for the box above it."""
    found = []
    for field in form:
        for error in field.errors:
            text = error if isinstance(error, str) else "; ".join(str(item) for item in _flat(error))
            if text:
                label = field.label.text if field.label is not None else field.name
                found.append(f"{label}: {text}")
    return found


def _flat(errors: Any) -> list[Any]:
    if isinstance(errors, dict):
        return [item for value in errors.values() for item in _flat(value)]
    if isinstance(errors, list | tuple):
        return [item for value in errors for item in _flat(value)]
    return [errors]
