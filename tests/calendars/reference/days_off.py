"""Prints the days off on weekdays and the working weekends of Russia, as the package `holidays` knows them.

Run with that package at hand (it is no dependency of the tests): ``python days_off.py > days_off.json``.
"""

import datetime
import json

import holidays


def year_of(year: int) -> dict[str, object]:
    known = holidays.RU(years=year)
    days = [datetime.date(year, 1, 1) + datetime.timedelta(n) for n in range(366)]
    days = [day for day in days if day.year == year]
    return {
        "working_days": sum(known.is_working_day(day) for day in days),
        "weekdays_off": [day.isoformat() for day in days if day.weekday() < 5 and not known.is_working_day(day)],
        "weekends_worked": [day.isoformat() for day in days if day.weekday() > 4 and known.is_working_day(day)],
    }


if __name__ == "__main__":
    print(
        json.dumps(
            {"holidays": holidays.__version__, "years": {y: year_of(y) for y in range(2019, 2028)}},
            indent=1,
        )
    )
