"""Days on which words weigh more: elections, commemorations, anniversaries of violence; and by how much.

A calendar rule is an item rule whose severity is raised by a written number near a written date, in the date's country.
Away from its dates it matches nothing. The reason names the date, so that a person sees why a lesser text came up.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from warn.parameters import value

DAY = dt.timedelta(days=1)
HIGHEST = 100


@dataclass(frozen=True)
class Raise:
    """By how much a date raises a severity, and which date it is."""

    by: int
    name: str


def raised(parameters: Mapping[str, Any], country: str | None, at: dt.datetime) -> Raise | None:
    """Return what a calendar rule adds for a text of this country and time; None away from its dates."""
    before, after = (value("calendar", parameters, key) * DAY for key in ("before_days", "after_days"))
    for entry in value("calendar", parameters, "dates"):
        if entry.get("country") not in {None, country}:
            continue
        for first, last in _occurrences(entry, at.date()):
            if first - before <= at.date() <= last + after:
                return Raise(value("calendar", parameters, "raise_by"), entry["name"])
    return None


def between(entry: Mapping[str, Any], first: dt.date, last: dt.date) -> list[tuple[dt.date, dt.date]]:
    """List when an entry takes place within some days, each as its first and last day; a yearly one comes again."""
    years = range(first.year, last.year + 1)
    found = {one for year in years for one in _occurrences(entry, dt.date(year, 7, 1))}
    return sorted(one for one in found if one[0] <= last and one[1] >= first)


def _occurrences(entry: Mapping[str, Any], day: dt.date) -> list[tuple[dt.date, dt.date]]:
    """List when an entry takes place: once, or each year around `day`."""
    first = dt.date.fromisoformat(entry["from"])
    length = dt.date.fromisoformat(entry.get("until", entry["from"])) - first
    if not entry.get("yearly"):
        return [(first, first + length)]
    begins = [_in_year(first, year) for year in range(day.year - 1, day.year + 2)]
    return [(begin, begin + length) for begin in begins]


def _in_year(day: dt.date, year: int) -> dt.date:
    # 29 February is kept on the day before March in other years.
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) and year % 4 else day.replace(year=year)
