"""Decide what an answer means for its source: state, reason and when to ask again. Pure: it touches nothing.

A source is never given up: the pause between tries grows to a day and no further.
"""

import datetime as dt
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import pairwise
from statistics import median, quantiles
from typing import Any

from ingest.errors import BadAnswer, IngestError, Truncated
from ingest.health import oddity, outpaced
from ingest.settings import IngestSettings
from models.source import OVER_QUOTA

DAY = dt.timedelta(days=1)
SHORTEST = dt.timedelta(seconds=30)
FASTEST = dt.timedelta(seconds=60)
UNKNOWN = dt.timedelta(hours=2)
BY_HAND = "asked for by a person"
ENOUGH = 8  # moments of which a middle pause is worth something
GONE = 410
THROTTLED = frozenset({429, 503})


@dataclass(frozen=True)
class Health:
    """How a source stood before this answer. `arrivals` are the event times of its latest items, newest first."""

    name: str
    state: str
    state_reason: str | None
    state_since: dt.datetime | None
    failures: int
    interval_seconds: int
    created_at: dt.datetime
    arrivals: tuple[dt.datetime, ...] = ()
    looks: tuple[dict[str, Any], ...] = ()
    # (state, sentence) of what outlasts an answer, the gravest first: it changed, it is over its quota.
    notices: tuple[tuple[str, str], ...] = ()
    by_hand: bool = False  # it was asked now because a person wanted it


@dataclass(frozen=True)
class Turn:
    """What the source's columns become."""

    state: str
    state_reason: str | None
    state_since: dt.datetime | None
    failures: int
    next_due_at: dt.datetime
    due_reason: str


def after_success(
    health: Health,
    reason: str | None,
    settings: IngestSettings,
    now: dt.datetime,
    fresh: dt.timedelta = dt.timedelta(0),
) -> Turn:
    """Decide after an answer that could be read, news in it or not; `fresh` is how long its server calls it good."""
    quiet = silence(health, settings, now)
    odd = ("silent", quiet) if quiet else oddity(health.looks)
    found = [*health.notices, *([odd] if odd else [])]
    state, why = (found[0][0], "; ".join(said for _, said in found)) if found else ("ok", reason)
    usual, because = interval(health, settings, fresh)
    pause = jittered(usual, health.name, now, share=0.05)
    return Turn(state, why, _since(health, state, now), 0, now + pause, f"asked every {_words(usual)}{because}")


def interval(health: Health, settings: IngestSettings, fresh: dt.timedelta) -> tuple[dt.timedelta, str]:
    """Return the pause between two polls before jitter, and why it is not the one that was set.

    It grows to half the source's own rhythm and to what its server calls fresh, at most to the setting's longest; it
    shrinks by half while everything in the answers is new.
    """
    usual, because = dt.timedelta(seconds=health.interval_seconds), ""
    longest = dt.timedelta(seconds=settings.slowest_interval_seconds)
    flooded = any(state == OVER_QUOTA for state, _ in health.notices)
    if outpaced(health.looks) and not flooded:
        return max(usual / 2, FASTEST), ", twice as often as set: everything was new last time"
    typical = median_gap(health.arrivals)
    if typical is not None and typical / 2 > usual < longest:
        usual, because = min(typical / 2, longest), f": it has something new every {_words(typical)}"
    if fresh > usual < longest:
        usual, because = min(fresh, longest), f": its server calls an answer good for {_words(fresh)}"
    return usual, because


def median_gap(arrivals: Sequence[dt.datetime]) -> dt.timedelta | None:
    """Return the middle one of the pauses between items, None while too few are known."""
    moments = sorted(set(arrivals))
    if len(moments) < ENOUGH:
        return None
    return dt.timedelta(seconds=median((later - earlier).total_seconds() for earlier, later in pairwise(moments)))


def after_failure(health: Health, error: IngestError, now: dt.datetime) -> Turn:
    """Decide after a failure: ask again later, the more often it fails the later.

    Who asks by hand again and again, to see whether it is back, does not make it wait for longer.
    """
    failures = health.failures if health.by_hand and health.failures else health.failures + 1
    asked = retry_after(error.retry_after, now) if isinstance(error, BadAnswer) else None
    if asked is not None:
        pause, why = asked, "the server named the pause"
    else:
        pause = jittered(backed_off(health, error, failures), health.name, now, share=0.2)
        why = f"failed {failures} times" if failures > 1 else "failed once"
    pause = min(max(pause, SHORTEST), DAY)
    return Turn(
        error.state,
        str(error)[:1000],
        _since(health, error.state, now),
        failures,
        now + pause,
        f"asked again after {_words(pause)}: {why}",
    )


def backed_off(health: Health, error: IngestError, failures: int) -> dt.timedelta:
    """Return the pause before jitter: doubling from the source's interval, at most a day."""
    if isinstance(error, BadAnswer) and error.status == GONE:
        return DAY
    first = dt.timedelta(seconds=min(health.interval_seconds, 300)) if isinstance(error, Truncated) else None
    start = first or dt.timedelta(seconds=health.interval_seconds)
    doublings = min(failures - 1 if error.temporary else failures, 12)
    return min(start * (1 << doublings), DAY)


def retry_after(header: str | None, now: dt.datetime) -> dt.timedelta | None:
    """Return the pause a server asks for, between half a minute and a day; nonsense is None."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(max(dt.timedelta(seconds=min(int(text[:12]), 10**9)), SHORTEST), DAY)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return min(max(moment - now, SHORTEST), DAY)


def silence(health: Health, settings: IngestSettings, now: dt.datetime) -> str | None:
    """Say how long a source has been unusually quiet, or None while it keeps its rhythm.

    Only the time since we watch counts: what a new source did before is not silence that we have seen.
    """
    usual = rhythm(health.arrivals, health.interval_seconds)
    quiet = now - max([*health.arrivals[:1], health.created_at])
    if quiet <= usual * settings.silent_factor:
        return None
    habit = f"it usually has something every {_words(usual)}"
    if not _gaps(health.arrivals):
        habit = "all it had came at once" if health.arrivals else "it never had anything"
    return f"answers, but has had nothing new for {_words(quiet)}; {habit}"


def rhythm(arrivals: Sequence[dt.datetime], interval_seconds: int) -> dt.timedelta:
    """Return the usual pause between two items: the ninth decile, so that nights and weekends count as usual.

    Of a source that brought all it has at once, or with a few pauses only, nobody knows how often it has news.
    """
    shortest = dt.timedelta(seconds=interval_seconds)
    gaps = _gaps(arrivals)
    if len(gaps) < 3:
        unknown = UNKNOWN if arrivals else shortest
        return max(shortest, unknown, dt.timedelta(seconds=max(gaps, default=0)))
    return max(shortest, dt.timedelta(seconds=quantiles(gaps, n=10, method="inclusive")[8]))


def _gaps(arrivals: Sequence[dt.datetime]) -> list[float]:
    """Return the seconds between the moments at which something arrived."""
    return [(later - earlier).total_seconds() for earlier, later in pairwise(sorted(set(arrivals)))]


def jittered(pause: dt.timedelta, name: str, now: dt.datetime, *, share: float) -> dt.timedelta:
    """Spread pauses by up to `share` either way, so that many sources do not fall due together; repeatable."""
    dice = zlib.crc32(f"{name}\0{now.isoformat()}".encode()) / 2**32
    return pause * (1 + share * (2 * dice - 1))


def _since(health: Health, state: str, now: dt.datetime) -> dt.datetime:
    return health.state_since if health.state == state and health.state_since else now


def _words(pause: dt.timedelta) -> str:
    seconds = pause.total_seconds()
    if seconds >= 1.5 * 86_400:
        return f"{seconds / 86_400:.0f} days"
    if seconds >= 1.5 * 3_600:
        return f"{seconds / 3_600:.0f} hours"
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
