"""Mentoring pairs: the list, a new pair, one pair with its meetings."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import case_fields, choices, plan_forms, words
from app.admin import mentoring_forms as forms
from app.admin.base import Column, Filter, ScopedView, like, say
from app.admin.case_steps import discreet
from app.admin.cases import school_matches
from app.admin.plan_forms import Told
from app.errors import Reason, Refused
from app.models import MentoringPair, Person
from app.policy import Permission
from app.terms import MentoringKind, MentoringStatus, Subject
from app.workflows import mentoring as verbs
from app.workflows import mentors


def _person(name: str, post: str) -> str:
    return f"{name}, {post}" if name and post else name


def _subject(pair: MentoringPair) -> str:
    return words.subject_title(pair.subject) if pair.subject else ""


TONES = {MentoringStatus.ACTIVE: "good", MentoringStatus.ENDED: "muted"}


class MentoringView(ScopedView):
    permission = Permission.CASE_READ
    heading: ClassVar[Any] = _l("Наставничество")
    lead: ClassVar[Any] = _l("Пары «школа — школе» и «учитель — учителю»: цели, сроки, встречи.")
    empty: ClassVar[Any] = _l("Пар пока нет. Соедините школу с делом и школу с объективными результатами.")
    list_template = "pages/mentoring.html"
    search_hint: ClassVar[Any] = _l("Школа, её номер или фамилия")
    eager = (
        selectinload(MentoringPair.school),
        selectinload(MentoringPair.meetings),
    )
    columns = (
        Column(
            "school",
            _l("Кому помогают"),
            lambda p: p.school.name,
            kind="strong",
            below=lambda p: _person(p.mentee_name, p.mentee_post),
        ),
        Column(
            "mentor_school",
            _l("Кто помогает"),
            lambda p: p.mentor_place,
            below=lambda p: _person(p.mentor_name, p.mentor_post),
        ),
        Column("kind", _l("Пара"), lambda p: words.title(p.kind), is_wide_only=True, below=lambda p: _subject(p)),
        Column("ends_on", _l("До"), lambda p: p.ends_on, kind="day", sort="ends_on"),
        Column("meetings", _l("Встреч"), lambda p: len(p.meetings), kind="number"),
        Column("status", _l("Состояние"), lambda p: p.status, kind="pill", tone=lambda p: TONES[p.status]),
    )
    filters = (
        Filter("status", _l("Состояние"), lambda: choices.terms(MentoringStatus), lambda v: MentoringPair.status == v),
        Filter("subject", _l("Предмет"), lambda: choices.terms(Subject), lambda v: MentoringPair.subject == v),
        Filter("kind", _l("Пара"), lambda: choices.terms(MentoringKind), lambda v: MentoringPair.kind == v),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        found = school_matches(text)
        named = like(text)
        return or_(
            MentoringPair.school_id.in_(found),
            MentoringPair.mentor_school_id.in_(found),
            MentoringPair.mentor_name.ilike(named, escape="\\"),
            MentoringPair.mentee_name.ilike(named, escape="\\"),
        )

    def href(self, row: MentoringPair) -> str | None:
        return self.get_url(".pair", pair_id=row.id)

    @expose("/<row:pair_id>")
    @auth.door(Permission.CASE_READ)
    def pair(self, pair_id: int) -> str:
        return self._page(pair_id, Told())

    @expose("/<row:pair_id>/act", methods=("POST",))
    @auth.door(Permission.MENTORING_KEEP)
    def act(self, pair_id: int) -> Any:
        """Record a meeting, or end the pair with its outcome."""
        pair = self.get_one(pair_id)
        action, session = request.form.get("action", ""), auth.db()
        who: dict[str, Any] = {"actor": auth.actor(), "at": auth.now()}

        def verb() -> None:
            if action == "meet":
                held_on = plan_forms.day("held_on", _("день встречи"))
                theme, agreed = plan_forms.typed("theme", 300), plan_forms.typed("agreed")
                verbs.record_meeting(session, pair.id, held_on=held_on, theme=theme, agreed=agreed, **who)
            elif action == "end":
                outcome = plan_forms.typed("outcome")
                verbs.end(session, pair.id, outcome, expected_version=plan_forms.version(), **who)
            else:
                raise Refused(Reason("action", _("Выберите действие на странице.")))

        told = plan_forms.attempt(verb)
        if told.is_bad:
            return self._page(pair_id, told), 409
        say(_("Сохранено."))
        return redirect(url_for("mentoring.pair", pair_id=pair_id))

    @expose("/add", methods=("GET", "POST"))
    @auth.door(Permission.MENTORING_KEEP)
    def add(self) -> Any:
        """A new pair; the kind that is asked for decides which form is shown."""
        wanted = request.form.get("kind") or request.args.get("kind", "")
        school = case_fields.whole(request.args.get("school", ""))
        school_id = school if 0 < school < 2**31 else None
        if wanted == MentoringKind.TEACHERS:
            return self._serve_teachers(forms.teacher_form(school_id, request.args.get("subject", "")))
        return self._serve_schools(forms.school_form(school_id))

    def _serve_schools(self, form: forms.SchoolFields) -> Any:
        told, made = Told(), None
        if request.method == "POST" and form.validate():
            told, made = _make(forms.school_pair(form))
        return made or self._add_page(form, told)

    def _serve_teachers(self, form: forms.TeacherFields) -> Any:
        """Offer people, enter whom the register lacks, or make the pair; whatever was typed stays."""
        action, told, made = request.form.get("action", "make"), Told(), None
        helping, _helped = forms.offers(form)
        if request.method == "POST" and action == "make" and form.validate():
            told, made = _make(forms.teacher_pair(form))
        elif request.method == "POST" and action in ("mentor", "mentee"):
            entered: list[int] = []
            told = plan_forms.attempt(lambda: entered.append(forms.enter(form, action)))
            if not told.is_bad:
                say(_("Карточка внесена в реестр. Дополнить её можно в разделе «Люди»."))
                picker = form.mentor_person_id if action == "mentor" else form.mentee_person_id
                picker.data = entered[0]
                for field in (form[f"{action}_name"], form[f"{action}_title"]):
                    field.data = ""
            helping, _helped = forms.offers(form)
        if made is not None:
            return made
        told = Told(forms.told_discreetly(told.reasons), told.conflict)
        may_enter = auth.actor().may(Permission.PEOPLE_KEEP)
        is_asked = any(reason.code == "stranger" for reason in told.reasons) or bool(form.is_confirmed.data)
        return self._add_page(
            form,
            told,
            is_offered=bool(form.school_id.data and form.subject.data),
            has_mentors=any(not offer.reasons for offer in helping),
            has_mentees=len(form.mentee_person_id.choices) > 1,
            unable=forms.unable(helping),
            may_enter=may_enter,
            is_asked=is_asked,
            entering=action if told.is_bad else "",
        )

    def _add_page(self, form: forms.PairFields, told: Told, **context: Any) -> Any:
        kind = form.kind.data
        page = self.render(
            "pages/mentoring_add.html",
            form=form,
            kind=kind,
            told=told,
            problems=case_fields.field_errors(form),
            kinds=[
                {
                    "title": words.capital(words.title(each)),
                    "href": url_for("mentoring.add", kind=each.value, school=form["school_id"].data or None),
                    "active": each.value == kind,
                }
                for each in MentoringKind
            ],
            **context,
        )
        return (page, 409) if told.is_bad else (page, 422) if form.errors else page

    def _page(self, pair_id: int, told: Told) -> str:
        pair = self.get_one(pair_id)
        is_active = pair.status is MentoringStatus.ACTIVE
        amiss = mentors.standing(auth.db(), pair, words.today()) if is_active else []
        return self.render(
            "pages/mentoring_pair.html",
            pair=pair,
            told=told,
            typed=request.form,
            today=words.today(),
            tone=TONES[pair.status],
            is_active=is_active,
            amiss=[discreet(reason).text(words.locale()) for reason in amiss],
            card_of=_card_of,
        )


def _make(fields: verbs.PairForm) -> tuple[Told, AnyResponse | None]:
    made: list[MentoringPair] = []
    told = plan_forms.attempt(
        lambda: made.append(verbs.make_pair(auth.db(), fields, actor=auth.actor(), at=auth.now()))
    )
    if told.is_bad:
        return told, None
    say(_("Пара заведена."))
    return told, redirect(url_for("mentoring.pair", pair_id=made[0].id))


def _card_of(person_id: int | None) -> str | None:
    """The address of a card, for those who may open it."""
    if person_id is None or not auth.actor().may(Permission.PEOPLE_READ):
        return None
    is_seen = auth.db().scalar(select(Person.id).where(Person.id == person_id)) is not None
    return url_for("people.person", person_id=person_id) if is_seen else None
