"""Names of subjects as they stand after «по» (dative case), for sentences such as «эксперт по математике»."""

from __future__ import annotations

from app.terms.files import Subject

SUBJECTS_BY = {
    Subject.RU: "русскому языку",
    Subject.MA: "математике",
    Subject.OM: "окружающему миру",
    Subject.BI: "биологии",
    Subject.IS: "истории",
    Subject.OB: "обществознанию",
    Subject.GG: "географии",
    Subject.FI: "физике",
    Subject.HI: "химии",
    Subject.AN: "иностранному языку",
}
