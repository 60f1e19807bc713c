"""The fields of the forms of side moves; what they mean is for `app.workflows` to say."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from app.admin.case_fields import DAY_FORMATS, NEEDED, Checkboxes, StepForm

LONG = Length(max=4000)


class HoldFields(StepForm):
    until_on = DateField(
        _l("До какого дня"), [NEEDED], format=DAY_FORMATS, description=_l("В этот день дело проснётся само.")
    )
    reason = TextAreaField(_l("Почему"), [NEEDED, LONG], description=_l("Причину увидят все, кто видит дело."))


class ResumeFields(StepForm):
    note = TextAreaField(_l("Что изменилось"), [LONG])


class TransferFields(StepForm):
    person_id = SelectField(_l("Кому"), [NEEDED], coerce=int)
    reason = TextAreaField(_l("Почему дело передают"), [NEEDED, LONG])


class TransferAnswerFields(StepForm):
    choice = RadioField(_l("Ваш ответ"), [NEEDED], choices=[("yes", _l("беру дело")), ("no", _l("не беру"))])
    no_conflict_declared = BooleanField(_l("Подтверждаю, что конфликта интересов нет"))
    text = TextAreaField(_l("Пояснение"), [LONG], description=_l("Обязательно, если вы не берёте дело."))


class AskFields(StepForm):
    to = RadioField(_l("Кому вернуть"), [NEEDED])
    asked = TextAreaField(
        _l("Что именно уточнить"),
        [NEEDED, LONG],
        description=_l("По какой работе, какой документ, какое противоречие."),
    )
    due_on = DateField(_l("Ответ нужен до"), [NEEDED], format=DAY_FORMATS)


class AnswerFields(StepForm):
    text = TextAreaField(_l("Ответ"), [NEEDED, LONG])


class ReasonFields(StepForm):
    reason = TextAreaField(_l("Почему"), [NEEDED, LONG])


class RecuseFields(StepForm):
    kinds = Checkboxes(_l("Что вас связывает со школой"))
    statement = TextAreaField(
        _l("Пояснение"), [LONG], description=_l("Для «другой связи» обязательно. Без имён детей; школа этого не видит.")
    )


class ReopenFields(StepForm):
    reason = TextAreaField(_l("Почему дело открывают снова"), [NEEDED, LONG])
    with_signs = BooleanField(_l("Взять с собой признаки: их силу и ссылки на них"), default=True)
    with_curator = BooleanField(_l("Оставить куратора (ему понадобится новый приказ)"), default=True)


class MeasureFields(StepForm):
    kind = RadioField(_l("Мера"), [NEEDED])
    order_number = StringField(_l("Номер приказа"), [NEEDED, Length(max=40)])
    issued_on = DateField(_l("Дата приказа"), [NEEDED], format=DAY_FORMATS)
    addressee = StringField(_l("К кому применена"), [NEEDED, Length(max=200)], description=_l("Должность, без имён."))
    grounds = TextAreaField(
        _l("Основания"), [NEEDED, LONG], description=_l("Какая помощь оказана и что показали годы после неё.")
    )


class ReviewFields(StepForm):
    note = TextAreaField(
        _l("Что решили"),
        [NEEDED, LONG],
        description=_l("Какая помощь продолжается и что изменится до следующей сверки."),
    )
