"""Judge a series as the standard detectors would, slot by slot of the bucket asked for.

They are shown the history that their authors give them, counted in buckets, and know neither budget nor season of ours.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
from sqlalchemy.orm import Session

from warn import series
from warn.baseline import Array
from warn.series import Scope
from warn.standard.protocol import Verdict
from warn.standard.registry import STANDARD, WEEKLY_ONLY


def problem(name: str, bucket: str) -> str | None:
    """Say why a detector cannot be asked for, None when it can."""
    if name not in STANDARD:
        return f"detector is {name!r}; it must be share (ours) or one of {', '.join(STANDARD)}."
    if name in WEEKLY_ONLY and bucket != "week":
        return f"detector {name} compares with the same weeks of past years; ask for bucket=week."
    return None


def judge(
    session: Session,
    name: str,
    scope: Scope,
    values: Sequence[str],
    begin: dt.datetime,
    end: dt.datetime,
    *,
    seconds: int,
    width: int,
) -> Verdict:
    """Judge the voices in buckets of `width` slots of `seconds` from `begin` up to `end`."""
    standard = STANDARD[name]
    history = standard.history * width
    start, last = series.slot_of(begin, seconds), series.slot_of(end, seconds)
    first = start - history
    voices = series.read(session, scope, values, first, last, seconds).voices
    scanned = series.read_volume(session, scope, values, first, last, seconds).voices
    detector = standard.detector
    verdict = detector.evaluate(bucketed(voices, width), bucketed(np.maximum(scanned, voices), width))
    skip = standard.history
    return Verdict(
        verdict.score[:, skip:], verdict.expected[:, skip:], verdict.upper[:, skip:], verdict.alarm[:, skip:]
    )


def bucketed(x: Array, width: int) -> Array:
    """Add up `width` slots each."""
    sums: Array = x.reshape(x.shape[0], -1, width).sum(2)
    return sums
