"""When to try a partner's endpoint again, and when to stop: pure decisions, no network and no database.

The schedule is that of Standard Webhooks 1.0.0 with two early tries more, because an alarm should not wait five minutes
for a partner that restarted; it reaches past 72 hours and then goes on daily.
"""

import datetime as dt
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

HOUR = 3600
DELAYS = (5, 30, 90, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
LONGEST = dt.timedelta(hours=24)
MOST_TRIES = 17  # eleven delays, then a day between tries: more than a week in all
JITTER = 0.1
SHORTEST_HOLD, LONGEST_HOLD = dt.timedelta(seconds=5), dt.timedelta(minutes=15)
FEWEST_FAILURES = 5  # an endpoint is not switched off for fewer, however far apart they were


@dataclass(frozen=True)
class Outcome:
    """What came of one try. `gone` means that the partner asked us to stop (410)."""

    delivered: bool
    error: str | None = None
    gone: bool = False
    retry_after: dt.timedelta | None = None


def outcome_of(status: int, retry_after: str | None, now: dt.datetime) -> Outcome:
    """Judge an answer: only 2xx is a success, and a redirect is a failure because it would hand the body on."""
    if 200 <= status < 300:
        return Outcome(delivered=True)
    if status == 410:
        return Outcome(delivered=False, error="the endpoint says it is gone for good (410)", gone=True)
    if 300 <= status < 400:
        error = f"the endpoint redirects ({status}); redirects are never followed, set its final address"
        return Outcome(delivered=False, error=error)
    return Outcome(delivered=False, error=f"the endpoint answered {status}", retry_after=waited(retry_after, now))


def waited(header: str | None, now: dt.datetime) -> dt.timedelta | None:
    """Read Retry-After, seconds or a date, as a delay of at most a day; None when it says nothing usable."""
    if not header:
        return None
    try:
        seconds = float(header) if header.strip().isdecimal() else _until(header, now)
    except (ValueError, TypeError, OverflowError):
        return None
    return None if seconds <= 0 else min(dt.timedelta(seconds=min(seconds, 1e9)), LONGEST)


def next_delay(tries: int, chance: float, retry_after: dt.timedelta | None = None) -> dt.timedelta | None:
    """Return the pause after `tries` failed tries, None when no more is due. `chance` in [0, 1] spreads partners out.

    A longer pause that the partner asked for is honoured, up to a day.
    """
    if tries >= MOST_TRIES:
        return None
    seconds = DELAYS[min(tries, len(DELAYS)) - 1] * (1 + JITTER * (2 * chance - 1))
    return max(dt.timedelta(seconds=seconds), retry_after or dt.timedelta())


def hold(failing_for: dt.timedelta, retry_after: dt.timedelta | None = None) -> dt.timedelta:
    """Return how long to leave a failing endpoint alone, whatever else is owed to it: a tenth of its trouble so far.

    Without this a thousand owed messages would mean a thousand tries at each step of the schedule.
    """
    return max(min(max(failing_for / 10, SHORTEST_HOLD), LONGEST_HOLD), retry_after or dt.timedelta())


def _until(header: str, now: dt.datetime) -> float:
    moment = parsedate_to_datetime(header)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - now).total_seconds()
