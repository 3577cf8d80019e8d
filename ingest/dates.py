"""Understand a time however it was written, and say which moment counts. It never raises and asks no clock."""

import datetime as dt
import re
from email.utils import parsedate_to_datetime

EPOCH_DAY = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
NUMBER = re.compile(r"-?\d{9,16}(?:\.\d+)?")


def understood(written: str | None) -> dt.datetime | None:
    """Return the moment in UTC, or None: ISO 8601, RFC 2822 and seconds or milliseconds since 1970 are understood.

    A time without a zone is taken as UTC.
    """
    text = (written or "").strip()
    if not text or len(text) > 100:
        return None
    for read in (_iso, _number, _mail):
        try:
            moment = read(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        except (ValueError, TypeError, OverflowError, IndexError, OSError):
            continue
    return None


def event_time(published: dt.datetime | None, fetched_at: dt.datetime) -> dt.datetime:
    """Return the moment that trends count by: as published, but never after we saw it.

    A time of zero (1 January 1970 or before) is a program's "unknown", not a date.
    """
    if published is None or published < EPOCH_DAY:
        return fetched_at
    return min(published, fetched_at)


def _iso(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _number(text: str) -> dt.datetime:
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    value = float(text)
    return dt.datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, dt.UTC)


def _mail(text: str) -> dt.datetime:
    return parsedate_to_datetime(text)
