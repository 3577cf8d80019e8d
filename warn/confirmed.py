"""What people have confirmed to be an event, so that it does not become the measure of the next one.

A surge that somebody confirmed (and nobody disputed since) leaves the history of its series: from a day before it was
called, which its longest window reaches back to, until its last alarm. What partners answer is another matter: it is
shown, and moves no history.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.alert import REAL, UNREAL, Alert, AlertEvent
from warn.baseline import Array
from warn.errors import NotFound
from warn.series import Scope, slot_of

VERDICTS = ("confirmed", "disputed")
LINES = dict(zip(VERDICTS, (REAL, UNREAL), strict=True))  # how the timeline writes them
REACH = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Judged:
    """A surge that people have judged: when it was called, its last alarm, and the last word on it."""

    opened: dt.datetime
    ended: dt.datetime
    real: bool


def decide(
    session: Session, alert_id: int, verdict: str, account_id: int | None, note: str | None, now: dt.datetime
) -> Alert:
    """Write that a person says an alert was an event, or was not; the latest word holds. Raises NotFound.

    Whoever says so has looked at what it rests on.
    """
    alert = session.get(Alert, alert_id)
    if alert is None:
        raise NotFound(f"There is no alert {alert_id}.")
    alert.reviewed = True
    session.add(AlertEvent(alert_id=alert_id, at=now, kind=LINES[verdict], account_id=account_id, note=note))
    session.flush()
    return alert


def verdict_of(session: Session, alert_id: int) -> str | None:
    """Return what was said last, None when nobody has said anything."""
    said = select(AlertEvent.kind).where(AlertEvent.alert_id == alert_id, AlertEvent.kind.in_(LINES.values()))
    line = session.scalar(said.order_by(AlertEvent.id.desc()).limit(1))
    return next((verdict for verdict, kind in LINES.items() if kind == line), None)


def stem_of(scope: Scope, value: str) -> str:
    """Name a series as the groups of its surge alerts begin."""
    return f"surge:{scope.label}:{scope.dimension}:{value}:{scope.country}:"


def judged(session: Session, scope: Scope) -> dict[str, list[Judged]]:
    """Return the surges of each value of a scope that people have judged."""
    said = (
        select(Alert.group_key, Alert.opened_at, Alert.last_event_at, AlertEvent.kind)
        .join(AlertEvent, AlertEvent.alert_id == Alert.id)
        .where(Alert.kind == "surge", AlertEvent.kind.in_(LINES.values()))
        .where(Alert.group_key.startswith(f"surge:{scope.label}:{scope.dimension}:", autoescape=True))
        .order_by(AlertEvent.id)
    )
    latest = {(key, opened): (ended, kind) for key, opened, ended, kind in session.execute(said)}
    begins, ends = f"surge:{scope.label}:{scope.dimension}:", f":{scope.country}"
    found: dict[str, list[Judged]] = defaultdict(list)
    for (key, opened), (ended, kind) in latest.items():
        series = key.rpartition(":")[0]
        if series.endswith(ends):
            value = series[len(begins) : len(series) - len(ends)]
            found[value].append(Judged(opened, ended, kind == REAL))
    return dict(found)


def spans(session: Session, scope: Scope, seconds: int) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return the slots, from and up to, of the confirmed events of each value of a scope."""
    found = {}
    for value, surges in judged(session, scope).items():
        real = tuple(
            (slot_of(one.opened - REACH, seconds), slot_of(one.ended, seconds) + 1) for one in surges if one.real
        )
        if real:
            found[value] = real
    return found


def kept(session: Session, scope: Scope, values: Sequence[str], first: int, last: int, seconds: int) -> Array | None:
    """Return an array (values, slots) that is 0 in confirmed events and 1 elsewhere; None when there are none."""
    mask = masked(spans(session, scope, seconds), values, first, last)
    return None if mask.all() else mask


def masked(found: Mapping[str, tuple[tuple[int, int], ...]], values: Sequence[str], first: int, last: int) -> Array:
    """Write spans as an array (values, slots) that is 0 within them and 1 elsewhere."""
    mask = np.ones((len(values), last - first))
    for row, value in enumerate(values):
        for start, end in found.get(value, ()):
            mask[row, max(start - first, 0) : max(end - first, 0)] = 0
    return mask
