"""What rose: the last day beside the day before, and the last week beside the week before, from the tallies.

A plain comparison of two stretches for the morning's reading, by pathway, target, group and country; surge alarms rest
on weeks of history instead (`warn.detectors`). Voices are counted (copies once), set against the voices that were read,
so that a desk that reads more does not see everything rise.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from scipy.special import betainc
from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from models.codebook import PATHWAYS
from models.tally import TallyHour, hour_of
from warn.series import off_the_key
from warn.tally import ANY, VOLUME

DAY = dt.timedelta(days=1)
STRETCHES = {"day": DAY, "week": 7 * DAY}
HOUR = dt.timedelta(hours=1)
CHANCE = 0.01
# What is looked at: (labels, dimension). Volume gives the exposure: of everything, and of each country.
READ = (
    ((ANY, VOLUME, *(f"pathway:{key}" for key in PATHWAYS)), "all"),
    ((ANY,), "target"),
    ((ANY,), "target_name"),
    ((ANY, VOLUME), "country"),
)
SHOWN = ("pathway", "target", "target_name", "country")


@dataclass(frozen=True)
class Count:
    """What one stretch of time holds: documents and voices with the label, and the voices that were read."""

    documents: int = 0
    voices: int = 0
    read: int = 0


@dataclass(frozen=True)
class Change:
    """A stretch beside the one before it; `chance` is how often chance alone brings as many voices, or more."""

    now: Count
    before: Count
    chance: float

    @property
    def beyond_chance(self) -> bool:
        """Whether it rose, and chance would bring that seldom."""
        return self.chance < CHANCE

    @property
    def more(self) -> int:
        """Voices more than before; negative where there are fewer."""
        return self.now.voices - self.before.voices


@dataclass(frozen=True)
class Row:
    """One value of one of SHOWN (or `all`), with its change since yesterday and since last week."""

    dimension: str
    value: str
    day: Change
    week: Change


@dataclass(frozen=True)
class Rising:
    """Everything, then the values of each dimension that were heard within two weeks, the steepest rise first."""

    until: dt.datetime
    total: Row
    rows: dict[str, list[Row]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Sums:
    """Documents and voices of a series: (last day, day before, last week, week before)."""

    documents: tuple[int, ...] = (0, 0, 0, 0)
    voices: tuple[int, ...] = (0, 0, 0, 0)


def rising(session: Session, now: dt.datetime, most: int = 6) -> Rising:
    """Compare the stretches that end with the running hour; at most `most` values of each dimension."""
    until = hour_of(now) + HOUR
    sums = {key: value for labels, dimension in READ for key, value in _read(session, labels, dimension, until)}
    volume = sums.get((VOLUME, "all", ""), _Sums())
    rows: dict[str, list[Row]] = {dimension: [] for dimension in SHOWN}
    for (label, dimension, value), found in sums.items():
        kind, _, key = label.partition(":")
        if kind == "pathway":
            rows["pathway"].append(_row("pathway", key, found, volume))
        elif label == ANY and dimension != "all":
            scanned = sums.get((VOLUME, dimension, value), _Sums()) if dimension == "country" else volume
            rows[dimension].append(_row(dimension, value, found, scanned))
    total = _row("all", "", sums.get((ANY, "all", ""), _Sums()), volume)
    return Rising(until, total, {dimension: sorted(some, key=_steepest)[:most] for dimension, some in rows.items()})


def chance_of(now: Count, before: Count) -> float:
    """Return the probability that at least `now.voices` of all voices fall into the later stretch by chance.

    Each voice falls there with the later stretch's part of what was read: P(Bin(n, p) >= k) = I_p(k, n - k + 1), the
    usual exact comparison of two Poisson rates (Przyborowski and Wilenski 1940). Voices come in waves, which this does
    not know; so it is a reading aid and no alarm.
    """
    together = now.voices + before.voices
    if now.voices == 0:
        return 1.0
    read = now.read + before.read
    part = now.read / read if read and before.read else 0.5
    return float(betainc(now.voices, together - now.voices + 1, part))


def _row(dimension: str, value: str, found: _Sums, scanned: _Sums) -> Row:
    counts = [Count(*one) for one in zip(found.documents, found.voices, scanned.voices, strict=True)]
    changes = [Change(one, two, chance_of(one, two)) for one, two in (counts[:2], counts[2:])]
    return Row(dimension, value, *changes)


def _steepest(row: Row) -> tuple[bool, int, int, str]:
    return not (row.day.beyond_chance or row.week.beyond_chance), -row.day.more, -row.week.more, row.value


def _read(
    session: Session, labels: Iterable[str], dimension: str, until: dt.datetime
) -> Iterable[tuple[tuple[str, str, str], _Sums]]:
    starts = [until - back * length for length in STRETCHES.values() for back in (1, 2)]
    ends = [until - back * length for length in STRETCHES.values() for back in (0, 1)]
    columns = [
        func.coalesce(func.sum(case((and_(TallyHour.hour >= start, TallyHour.hour < end), column), else_=0)), 0)
        for column in (TallyHour.documents, TallyHour.voices)
        for start, end in zip(starts, ends, strict=True)
    ]
    label_of, value_of = off_the_key(TallyHour.label), off_the_key(TallyHour.value)
    query = (
        select(label_of, value_of, *columns)
        .where(
            TallyHour.label.in_(list(labels)),
            TallyHour.dimension == dimension,
            TallyHour.country == "",
            TallyHour.hour >= min(starts),
            TallyHour.hour < until,
        )
        .group_by(label_of, value_of)
    )
    for label, value, *counted in session.execute(query):
        numbers = tuple(int(one) for one in counted)
        yield (label, dimension, value), _Sums(numbers[:4], numbers[4:])
