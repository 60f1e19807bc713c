"""«Сверка динамики»: cases whose dynamics are to be reviewed this January or July, with what the years show."""

from __future__ import annotations

from flask_admin import expose

from app import auth
from app.admin import words
from app.admin.base import Page
from app.policy import Permission
from app.workflows import measures

SHOWN = 100
TONES = {"positive": "good", "not_positive": "warn"}


class ReviewsPage(Page):
    permission = Permission.CASE_MEASURE

    @expose("/")
    @auth.door(Permission.CASE_MEASURE)
    def index(self) -> str:
        """Cases still to be reviewed in the present period, the strongest signs first."""
        today = words.today()
        due = measures.reviews_due(auth.db(), today)
        rows = [(case, measures.dynamics_of(auth.db(), case, today)) for case in due[:SHOWN]]
        return self.render(
            "pages/reviews.html", rows=rows, n=len(due), period=measures.period(today), today=today, tones=TONES
        )
