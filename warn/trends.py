"""Answer what rises, where and against whom: series of counts with what was to be expected beside them.

`documents` is what was scanned in the scope, `flagged` the documents with the label, `share` their ratio, `voices` the
distinct flagged posts (copies count once). `expected` and `upper` are for voices: what the history before the bucket
says, and the smallest count that would alarm. They are null while the history is too short to know; a bucket in which
nothing was scanned has documents 0 and share null, because silence is not peace.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy.orm import Session

from models.tally import DIMENSIONS, hour_of
from warn import comparison, confirmed, detectors, series
from warn.baseline import Array, Design, Mask, learn
from warn.comparison import bucketed
from warn.errors import TrendRefused
from warn.series import DAY_SECONDS, HOUR_SECONDS, Scope
from warn.settings import WarnSettings
from warn.tally import LABELS

GROUPS = tuple(dimension for dimension in DIMENSIONS if dimension != "all")
DAY = dt.timedelta(days=1)
EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)  # no feed is older
MOST_SERIES = 50
SHARE = "share"  # our own detector


@dataclass(frozen=True)
class Bucket:
    """A width of buckets: `width` slots of `seconds` each, and the longest stretch that may be asked for."""

    seconds: int
    width: int
    longest: dt.timedelta

    @property
    def length(self) -> dt.timedelta:
        """The length of one bucket."""
        return dt.timedelta(seconds=self.seconds * self.width)


BUCKETS = {
    "hour": Bucket(HOUR_SECONDS, 1, 92 * DAY),
    "day": Bucket(DAY_SECONDS, 1, 3660 * DAY),
    "week": Bucket(DAY_SECONDS, 7, 3660 * DAY),
}


@dataclass(frozen=True)
class Point:
    """One bucket, which begins `at`; `upper` is the smallest number of voices that would alarm."""

    at: dt.datetime
    documents: int
    flagged: int
    voices: int
    share: float | None
    expected: float | None
    upper: int | None
    alarm: bool


@dataclass(frozen=True)
class Series:
    """One line of the answer: `key` is the value grouped by ('' without grouping), `name` what people call it."""

    key: str
    name: str
    points: list[Point]


def trends(
    session: Session,
    *,
    label: str,
    bucket: str,
    since: dt.datetime,
    until: dt.datetime,
    group_by: str | None = None,
    country: str | None = None,
    values: Sequence[str] | None = None,
    detector: str = SHARE,
    now: dt.datetime,
    settings: WarnSettings,
) -> list[Series]:
    """Return one series, or with `group_by` one per value, the busiest first; raises TrendRefused.

    `label` is `any`, `signal:KEY`, `pathway:KEY` or `stance:KEY`. Buckets are whole hours, days or weeks from Monday,
    in UTC; `since` is rounded down and `until` up, but not beyond the bucket that `now` lies in. `values` picks values
    of `group_by`; otherwise the `MOST_SERIES` with most flagged documents come. `detector` says whose `expected`,
    `upper` and `alarm` are wanted: `share` is ours, `warn.standard.registry` has the others.
    """
    _check(label, bucket, since, until, group_by, detector)
    kind = BUCKETS[bucket]
    begin = floor(since, bucket)
    end = _ceil(min(until, now), bucket)
    if end <= begin:
        return []
    scope = Scope(label, group_by or "all", country or "")
    if group_by == "country":
        scope, values = Scope(label, "country"), [country] if country else values
    if group_by is None:
        values = [""]
    elif values is None:
        values = series.busiest(session, scope, begin, end, least=0, most=MOST_SERIES, seconds=kind.seconds)
    if not values:
        return []
    names = series.names(session, scope.dimension, values)
    columns = _columns(session, scope, values, begin, end, kind, settings)
    if detector != SHARE:
        verdict = comparison.judge(session, detector, scope, values, begin, end, seconds=kind.seconds, width=kind.width)
        columns = replace(columns, expected=verdict.expected, upper=np.ceil(verdict.upper), alarm=verdict.alarm)
    times = [begin + step * kind.length for step in range(round((end - begin) / kind.length))]
    return [Series(value, names[value], _points(times, columns, row)) for row, value in enumerate(values)]


def floor(moment: dt.datetime, bucket: str) -> dt.datetime:
    """Return the beginning of the bucket that a time lies in."""
    hour = hour_of(moment)
    if bucket == "hour":
        return hour
    day = hour.replace(hour=0)
    return day if bucket == "day" else day - day.weekday() * DAY


@dataclass(frozen=True)
class _Columns:
    """Arrays of shape (series, buckets)."""

    documents: Array
    flagged: Array
    voices: Array
    expected: Array
    upper: Array
    alarm: Mask


def _columns(
    session: Session,
    scope: Scope,
    values: Sequence[str],
    begin: dt.datetime,
    end: dt.datetime,
    kind: Bucket,
    settings: WarnSettings,
) -> _Columns:
    """Read the counts with the history before them, test every slot, and keep the last slot of each bucket."""
    design = design_of(kind, settings)
    start, last = series.slot_of(begin, kind.seconds), series.slot_of(end, kind.seconds)
    # Two baselines back: what capped the counts of the first must be known too. Whole days, as the test wants them.
    first = (start // design.day - design.memory) * design.day
    flagged = series.read(session, scope, values, first, last, kind.seconds)
    scanned = series.read_volume(session, scope, values, first, last, kind.seconds)
    exposure = np.maximum(scanned.voices, flagged.voices)
    kept = confirmed.kept(session, scope, values, first, last, kind.seconds)
    base = learn(flagged.voices, exposure, design, kept)
    test = detectors.exceedance(flagged.voices, base, kind.width, design)
    score = detectors.threshold(settings.false_alarms_per_quarter)
    ends = np.arange(start - first + kind.width - 1, last - first, kind.width)
    shown = test.at(ends)
    alpha = detectors.window_alpha(score, round(kind.length / dt.timedelta(hours=1)), 24)
    upper = detectors.upper(shown, alpha, design.min_events)
    return _Columns(
        documents=bucketed(scanned.documents[:, start - first :], kind.width),
        flagged=bucketed(flagged.documents[:, start - first :], kind.width),
        voices=shown.observed,
        expected=np.where(shown.usable, shown.expected, np.nan),
        upper=upper,
        alarm=np.asarray(shown.observed >= np.nan_to_num(upper, nan=np.inf)),
    )


def design_of(kind: Bucket, settings: WarnSettings) -> Design:
    """Turn the operator's settings into the test's terms; the guard is at least one bucket."""
    day = DAY_SECONDS // kind.seconds
    guard = -(-settings.guard_hours * HOUR_SECONDS // kind.seconds)
    return Design(
        day=day,
        baseline=settings.baseline_days * day,
        guard=max(guard, kind.width),
        least=settings.baseline_min_days * day,
        min_events=settings.surge_min_voices,
    )


def _points(times: list[dt.datetime], columns: _Columns, row: int) -> list[Point]:
    return [
        Point(
            at=at,
            documents=int(documents),
            flagged=int(flagged),
            voices=int(voices),
            share=flagged / documents if documents else None,
            expected=None if np.isnan(expected) else round(expected, 3),
            upper=None if np.isnan(upper) else int(upper),
            alarm=alarm,
        )
        for at, documents, flagged, voices, expected, upper, alarm in zip(
            times,
            columns.documents[row].tolist(),
            columns.flagged[row].tolist(),
            columns.voices[row].tolist(),
            columns.expected[row].tolist(),
            columns.upper[row].tolist(),
            columns.alarm[row].tolist(),
            strict=True,
        )
    ]


def _ceil(moment: dt.datetime, bucket: str) -> dt.datetime:
    beginning = floor(moment, bucket)
    return beginning if beginning == moment else beginning + BUCKETS[bucket].length


def _check(
    label: str, bucket: str, since: dt.datetime, until: dt.datetime, group_by: str | None, detector: str
) -> None:
    problems = []
    if label not in LABELS:
        problems.append(f"label is {label!r}; it must be one of {', '.join(LABELS)}.")
    if bucket not in BUCKETS:
        problems.append(f"bucket is {bucket!r}; it must be one of {', '.join(BUCKETS)}.")
    elif since < EARLIEST:
        problems.append(f"since lies before {EARLIEST:%Y}.")
    elif until - since > BUCKETS[bucket].longest:
        days = BUCKETS[bucket].longest.days
        problems.append(f"since lies more than {days} days before until; ask for less, or for a wider bucket.")
    if group_by is not None and group_by not in GROUPS:
        problems.append(f"group_by is {group_by!r}; it must be one of {', '.join(GROUPS)}.")
    if detector != SHARE and (problem := comparison.problem(detector, bucket)):
        problems.append(problem)
    if until <= since:
        problems.append("until must lie after since.")
    if problems:
        raise TrendRefused(problems)
