"""Events beside the trends: what people wrote down, and the dates of calendar rules, within a stretch of time.

They explain a curve to whoever reads it; no detector reads them. Nothing is deleted: a note that was taken back stays,
with who took it back and when.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.alert import Rule
from models.trend_note import TrendNote
from warn import calendar
from warn.errors import NoteRefused, NotFound
from warn.parameters import value

EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
LONGEST_TITLE, LONGEST_NOTE = 200, 5_000
COUNTRY = 2
AHEAD = dt.timedelta(days=366)


@dataclass(frozen=True)
class Occurrence:
    """A date of a calendar rule as it falls within what was asked; `first` and `last` are its days, both included."""

    name: str
    first: dt.date
    last: dt.date
    country: str | None
    rule_id: int
    rule: str


def write_down(
    session: Session,
    at: dt.datetime,
    title: str,
    account_id: int,
    now: dt.datetime,
    *,
    note: str = "",
    country: str | None = None,
) -> TrendNote:
    """Keep an event; raises NoteRefused."""
    title = " ".join(title.split())
    problems = []
    if not 0 < len(title) <= LONGEST_TITLE:
        problems.append(f"title must have 1 to {LONGEST_TITLE} characters.")
    if len(note) > LONGEST_NOTE:
        problems.append(f"note must have at most {LONGEST_NOTE} characters.")
    if country is not None and not (len(country) == COUNTRY and country.isascii() and country.isalpha()):
        problems.append("country must be two letters, such as KE.")
    if not EARLIEST <= at <= now + AHEAD:
        problems.append(f"at must lie after {EARLIEST:%Y} and at most a year ahead.")
    if problems:
        raise NoteRefused(problems)
    kept = TrendNote(
        at=at,
        title=title,
        note=note.strip(),
        country=country.upper() if country else None,
        created_at=now,
        created_by=account_id,
    )
    session.add(kept)
    session.flush()
    return kept


def take_back(session: Session, note_id: int, account_id: int, now: dt.datetime) -> TrendNote:
    """Show an event no longer; the row stays. Raises NotFound."""
    kept = session.get(TrendNote, note_id)
    if kept is None or kept.removed_at is not None:
        raise NotFound(f"There is no event {note_id}.")
    kept.removed_at, kept.removed_by = now, account_id
    return kept


def notes(session: Session, since: dt.datetime, until: dt.datetime, country: str | None = None) -> list[TrendNote]:
    """Return the events of a stretch of time, the earliest first; within a country also those of everywhere."""
    query = select(TrendNote).where(TrendNote.at >= since, TrendNote.at < until, TrendNote.removed_at.is_(None))
    if country is not None:
        query = query.where(or_(TrendNote.country == country, TrendNote.country.is_(None)))
    return list(session.scalars(query.order_by(TrendNote.at, TrendNote.id)))


def occurrences(
    session: Session, since: dt.datetime, until: dt.datetime, country: str | None = None
) -> list[Occurrence]:
    """Return the dates of enabled calendar rules that fall into a stretch of time, the earliest first."""
    first, last = since.date(), (until - dt.timedelta(microseconds=1)).date()
    rules = session.scalars(select(Rule).where(Rule.kind == "calendar", Rule.enabled).order_by(Rule.id))
    found = [
        Occurrence(entry["name"], begin, end, entry.get("country"), rule.id, rule.name)
        for rule in rules
        for entry in value("calendar", rule.parameters, "dates") or ()
        if country is None or entry.get("country") in {None, country}
        for begin, end in calendar.between(entry, first, last)
    ]
    return sorted(found, key=lambda one: (one.first, one.name))
