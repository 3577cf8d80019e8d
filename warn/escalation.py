"""How far speech against a group has gone: an index by week or day, with its uncertainty and the days it changed.

The index counts distinct flagged posts (copies once) per 1000 posts scanned in the same place, weighted by stage: the
doubling weights say that one call for violence weighs as two for discrimination, and mass atrocity as four. It rises as
speech moves up the stages even where its amount does not.

**Classifier error.** What people confirmed counts as it is, what they rejected not at all. What nobody reviewed counts
with the precision that reviews of the same stage gave, and, where enough unflagged posts have been reviewed, divided by
the sensitivity that follows from both: Rogan and Gladen's correction, written in predictive values because reviewers
choose from what is flagged. It assumes that within a stage the reviewed are like the unreviewed. Intervals hold 95 of
100 draws of the counts (gamma) and of the precisions (beta, Jeffreys' prior).

**Silence.** A bucket in which less than a quarter of the usual was scanned has no index: it is an outage, not peace.

**Changes** are where two stretches of constant rate explain the series better than one (exact least-cost segmentation
of a quasi-Poisson rate with exposure, penalty after Schwarz). A library for it (ruptures) knows no exposure and no
gaps; with at most a few hundred buckets the exact search is a page of code.
"""

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.assessment import Assessment, Mark
from warn import series
from warn.baseline import Array, Mask
from warn.errors import TrendRefused
from warn.series import DAY_SECONDS, Scope
from warn.tally import VOLUME
from warn.trends import BUCKETS, DAY, EARLIEST, floor

WEIGHTS = {1: 1.0, 2: 2.0, 3: 4.0, 4: 8.0}
PER = 1000.0
LEAST_UNFLAGGED = 30  # reviews of unflagged posts below which nothing is said of what was missed
OUTAGE = 0.25
DRAWS = 2000
MOST_BUCKETS = 400
SHORTEST = 2  # buckets of a stretch: one alone is a spike, which surges tell of


@dataclass(frozen=True)
class Question:
    """A group (by name, by class, or all) in a place, over whole weeks or days."""

    bucket: str
    since: dt.datetime
    until: dt.datetime
    target: str | None = None
    target_name: str | None = None
    country: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class Precision:
    """What reviews said of flagged posts of one stage; the interval holds 95 of 100."""

    stage: int
    confirmed: int
    rejected: int
    precision: float
    low: float
    high: float


@dataclass(frozen=True)
class IndexPoint:
    """One bucket. `index` is null where it was masked; `voices` counts distinct flagged posts by stage."""

    at: dt.datetime
    scanned: int
    voices: dict[int, int]
    index: float | None
    low: float | None
    high: float | None
    masked: bool
    counter_speech: float | None


@dataclass(frozen=True)
class Change:
    """The index went from one level to another with the bucket that begins `at`."""

    at: dt.datetime
    before: float
    after: float


@dataclass(frozen=True)
class Escalation:
    """The answer. `sensitivity` is null where too few unflagged posts were reviewed to say what was missed."""

    points: list[IndexPoint]
    changes: list[Change]
    precisions: list[Precision]
    sensitivity: float | None
    weights: dict[int, float]


def escalation(session: Session, asked: Question, now: dt.datetime) -> Escalation:
    """Return the index of a group in a place; raises TrendRefused."""
    length = _check(asked)
    begin, last = floor(asked.since, asked.bucket), floor(min(asked.until, now), asked.bucket)
    times = [begin + step * length for step in range(max(0, round((last - begin) / length) + 1))]
    if not times:
        return Escalation([], [], [], None, WEIGHTS)
    end = times[-1] + length
    scanned = _scanned(session, asked, begin, end, length, len(times))
    counts, condemned = _counts(session, asked, begin, end, length, len(times))
    precisions = _precisions(session, asked, end)
    sensitivity = _sensitivity(session, asked, precisions, begin, end)
    usual = float(np.median(scanned[scanned > 0])) if (scanned > 0).any() else 0.0
    masked = scanned < max(OUTAGE * usual, 1)
    level, low, high = _index(counts, scanned, masked, precisions, sensitivity)
    total = counts.sum((1, 2))
    points = [
        IndexPoint(
            at=at,
            scanned=int(scanned[k]),
            voices={stage: int(counts[k, stage - 1].sum()) for stage in WEIGHTS},
            index=None if masked[k] else round(float(level[k]), 3),
            low=None if masked[k] else round(float(low[k]), 3),
            high=None if masked[k] else round(float(high[k]), 3),
            masked=bool(masked[k]),
            counter_speech=float(condemned[k] / (condemned[k] + total[k])) if condemned[k] + total[k] else None,
        )
        for k, at in enumerate(times)
    ]
    return Escalation(points, _changes(times, level, scanned, masked), precisions, sensitivity, WEIGHTS)


def _in_scope(query: Select[*tuple[Any, ...]], asked: Question, *, group: bool = True) -> Select[*tuple[Any, ...]]:
    """Narrow to the place and, with `group`, to posts about the group."""
    query = query.where(Assessment.current)
    if asked.country:
        query = query.where(Assessment.country == asked.country)
    if asked.region:
        query = query.where(Assessment.region == asked.region)
    for kind, key in (("target", asked.target), ("target_name", asked.target_name)):
        if group and key:
            marked = select(Mark.assessment_id).where(Mark.kind == kind, Mark.key == key)
            query = query.where(Assessment.id.in_(marked))
    return query


def _counts(
    session: Session, asked: Question, begin: dt.datetime, end: dt.datetime, length: dt.timedelta, buckets: int
) -> tuple[Array, Array]:
    """Return voices of shape (buckets, stages, 2), confirmed and not reviewed, and the counter-speech per bucket."""
    columns = (Assessment.cluster_id, Assessment.event_at, Assessment.stage, Assessment.status, Assessment.stance)
    query = _in_scope(select(*columns, Assessment.flagged_now), asked).where(
        Assessment.event_at >= begin,
        Assessment.event_at < end,
        Assessment.flagged_now | (Assessment.stance == "condemns"),
        Assessment.status != "rejected",
    )
    counts, condemned = np.zeros((buckets, len(WEIGHTS), 2)), np.zeros(buckets)
    heard: set[tuple[int, bool]] = set()
    for cluster, at, stage, status, stance, flagged in session.execute(query.order_by(Assessment.event_at)):
        if (cluster, flagged) in heard:
            continue  # a copy is no further voice
        heard.add((cluster, flagged))
        bucket = (at - begin) // length
        if flagged and stage:
            counts[bucket, stage - 1, 0 if status == "confirmed" else 1] += 1
        elif not flagged and stance == "condemns":
            condemned[bucket] += 1
    return counts, condemned


def _scanned(
    session: Session, asked: Question, begin: dt.datetime, end: dt.datetime, length: dt.timedelta, buckets: int
) -> Array:
    """Count what was scanned in the place: from the tallies, which know countries, or post by post for a region."""
    width = length // DAY
    if asked.region is None:
        first, last = series.slot_of(begin, DAY_SECONDS), series.slot_of(end, DAY_SECONDS)
        days = series.read(session, Scope(VOLUME, country=asked.country or ""), [""], first, last, DAY_SECONDS)
        total: Array = days.voices[0].reshape(buckets, width).sum(1)
        return total
    total = np.zeros(buckets)
    query = _in_scope(select(Assessment.event_at), asked, group=False)
    for (at,) in session.execute(query.where(Assessment.event_at >= begin, Assessment.event_at < end)):
        total[(at - begin) // length] += 1
    return total


def _precisions(session: Session, asked: Question, end: dt.datetime) -> list[Precision]:
    """Say how often people confirmed what the machine flagged, by stage; reviews of the whole place, not one group."""
    query = (
        _in_scope(select(Assessment.stage, Assessment.status, func.count()), asked, group=False)
        .where(Assessment.flag, Assessment.status.in_(("confirmed", "rejected")), Assessment.event_at < end)
        .group_by(Assessment.stage, Assessment.status)
    )
    counted: dict[tuple[int, str], int] = defaultdict(int)
    for stage, status, number in session.execute(query):
        counted[stage, status] = number
    found = []
    for stage in WEIGHTS:
        yes, no = counted[stage, "confirmed"], counted[stage, "rejected"]
        draws = np.random.default_rng(stage).beta(yes + 0.5, no + 0.5, DRAWS)
        low, high = np.quantile(draws, (0.025, 0.975))
        # Where nobody has reviewed anything, what the machine says stands; the interval says that nothing is known.
        precision = (yes + 0.5) / (yes + no + 1) if yes + no else 1.0
        found.append(Precision(stage, yes, no, round(precision, 4), round(float(low), 4), round(float(high), 4)))
    return found


def _sensitivity(
    session: Session, asked: Question, precisions: list[Precision], begin: dt.datetime, end: dt.datetime
) -> float | None:
    """Return the part of true cases that the machine flags, from reviews of what it did not flag."""
    unflagged = _in_scope(select(Assessment.status, func.count()), asked, group=False).where(
        Assessment.flag.is_(False), Assessment.status.in_(("confirmed", "rejected")), Assessment.event_at < end
    )
    reviews = {status: int(number) for status, number in session.execute(unflagged.group_by(Assessment.status))}
    total = sum(reviews.values())
    if total < LEAST_UNFLAGGED:
        return None
    missed = (reviews.get("confirmed", 0) + 0.5) / (total + 1)
    by_flag = _in_scope(select(Assessment.flag, func.count()), asked, group=False).where(
        Assessment.event_at >= begin, Assessment.event_at < end
    )
    sizes = {bool(flag): int(number) for flag, number in session.execute(by_flag.group_by(Assessment.flag))}
    yes, no = sum(one.confirmed for one in precisions), sum(one.rejected for one in precisions)
    found = sizes.get(True, 0) * ((yes + 0.5) / (yes + no + 1) if yes + no else 1.0)
    lost = sizes.get(False, 0) * missed
    return round(found / (found + lost), 4) if found + lost else None


def _index(
    counts: Array, scanned: Array, masked: Mask, precisions: list[Precision], sensitivity: float | None
) -> tuple[Array, Array, Array]:
    """Return the index of each bucket with the bounds that hold 95 of 100 draws."""
    weights = np.array([*WEIGHTS.values()])
    per = PER / np.where(masked, 1, scanned) / (sensitivity or 1.0)
    precise = np.array([one.precision for one in precisions])
    level: Array = ((counts[:, :, 0] + counts[:, :, 1] * precise) * weights).sum(1) * per
    random = np.random.default_rng(0)
    drawn = np.stack(
        [
            random.beta(one.confirmed + 0.5, one.rejected + 0.5, DRAWS)
            if one.confirmed + one.rejected
            else random.uniform(0, 1, DRAWS)
            for one in precisions
        ]
    )
    # Counts are themselves chance: the rate behind them is a gamma, with a little room where nothing was seen.
    rates = random.gamma(np.maximum(counts, 0.05)[..., None], 1.0, (*counts.shape, DRAWS))
    sums = ((rates[:, :, 0] + rates[:, :, 1] * drawn) * weights[:, None]).sum(1) * per[:, None]
    low, high = np.quantile(sums, (0.025, 0.975), axis=1)
    return level, np.minimum(low, level), np.maximum(high, level)


def _changes(times: list[dt.datetime], level: Array, scanned: Array, masked: Mask) -> list[Change]:
    """Split the known buckets into stretches of constant rate at the least cost, exactly."""
    known = np.flatnonzero(~masked)
    n = len(known)
    if n < 2 * SHORTEST:
        return []
    exposure = scanned[known] / PER
    events = level[known] * exposure
    mean = events.sum() / exposure.sum()
    if mean == 0:
        return []
    # Spread between neighbours, which a change hardly touches; weights make it wider than a count's.
    steps = np.diff(level[known]) ** 2 / (mean * (1 / exposure[1:] + 1 / exposure[:-1]))
    phi = max(1.0, float(np.median(steps)) / 0.455)  # 0.455 is the median of chi squared with one degree
    y, e = np.concatenate([[0], np.cumsum(events)]), np.concatenate([[0], np.cumsum(exposure)])

    def cost(start: int, stop: int) -> float:
        total, exposed = y[stop] - y[start], e[stop] - e[start]
        return float(-total * math.log(total / exposed)) / phi if total > 0 else 0.0

    penalty = 1.5 * math.log(n)
    best = [0.0] + [math.inf] * n
    cut = [0] * (n + 1)
    for stop in range(SHORTEST, n + 1):
        for start in (0, *range(SHORTEST, stop - SHORTEST + 1)):
            if stop - start >= SHORTEST and best[start] + cost(start, stop) + penalty < best[stop]:
                best[stop], cut[stop] = best[start] + cost(start, stop) + penalty, start
    edges = [n]
    while edges[-1]:
        edges.append(cut[edges[-1]])
    edges.reverse()
    rates = [float((y[b] - y[a]) / (e[b] - e[a])) for a, b in pairwise(edges)]
    return [
        Change(times[int(known[edge])], round(before, 3), round(after, 3))
        for edge, before, after in zip(edges[1:-1], rates, rates[1:], strict=False)
    ]


def _check(asked: Question) -> dt.timedelta:
    problems = []
    length = BUCKETS["week" if asked.bucket not in {"day", "week"} else asked.bucket].length
    if asked.bucket not in {"day", "week"}:
        problems.append(f"bucket is {asked.bucket!r}; it must be day or week.")
    if asked.since < EARLIEST:
        problems.append(f"since lies before {EARLIEST:%Y}.")
    if asked.until <= asked.since:
        problems.append("until must lie after since.")
    elif (asked.until - asked.since) / length > MOST_BUCKETS:
        problems.append(f"since lies more than {MOST_BUCKETS} {asked.bucket}s before until; ask for less.")
    if problems:
        raise TrendRefused(problems)
    return length
