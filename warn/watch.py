"""Look at the hours that have ended, at all series of all surge rules together, from what a worker keeps in memory.

`warn.scan` answers the same for any stretch of the past from the tables alone; a test holds the two together.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from models.alert import Rule
from warn import series
from warn.memory import Memory
from warn.scan import Alarm, bar_of, chosen, design_of, watched_scopes
from warn.series import HOUR_SECONDS, Scope
from warn.settings import WarnSettings


@dataclass(frozen=True)
class Look:
    """A rule, the hours it has not seen (from the first up to the last), and its budget."""

    rule: Rule
    since: dt.datetime
    budget: float


def alarms(
    session: Session, memory: Memory, looks: Sequence[Look], end: dt.datetime, settings: WarnSettings
) -> list[tuple[int, Alarm]]:
    """Return (rule id, alarm): the strongest of each series in the hours that each rule has not seen."""
    last = series.slot_of(end, HOUR_SECONDS)
    first = min(series.slot_of(look.since, HOUR_SECONDS) for look in looks)
    scopes = {scope for look in looks for scope in watched_scopes(look.rule)}
    memory.refresh(session, design_of(settings), scopes, first, last)
    found = [
        (look.rule.id, alarm)
        for look in looks
        for scope in watched_scopes(look.rule)
        for alarm in _alarms(session, memory, look, scope, last, settings)
    ]
    memory.learn_ahead(last - 1)
    return found


def _alarms(
    session: Session, memory: Memory, look: Look, scope: Scope, last: int, settings: WarnSettings
) -> Iterable[Alarm]:
    strongest: dict[str, tuple[float, Alarm]] = {}
    bar = bar_of(look.rule, settings, look.budget)
    for hour in range(series.slot_of(look.since, HOUR_SECONDS), last):
        for score, alarm in _hour(memory, scope, hour, bar, look.rule.parameters.get("window_hours")):
            if alarm.value not in strongest or score > strongest[alarm.value][0]:
                strongest[alarm.value] = score, alarm
    wanted = chosen(session, look.rule, scope, list(strongest)) if strongest else []
    return [strongest[value][1] for value in wanted]


def _hour(memory: Memory, scope: Scope, hour: int, bar: float, width: int | None) -> Iterable[tuple[float, Alarm]]:
    rows, surge, scanned = memory.look(scope, hour, width)
    values = memory.shelves[scope].values
    for place in (surge.score > bar).nonzero()[0]:
        window = int(surge.width[place])
        yield (
            float(surge.score[place]),
            Alarm(
                scope=scope,
                value=values[rows[place]],
                ends_at=series.moment_of(hour + 1, HOUR_SECONDS),
                window_hours=window,
                observed=round(surge.observed[place]),
                expected=round(float(surge.expected[place]), 3),
                scanned=round(scanned[place, -window:].sum()),
                p=float(surge.p[place]),
            ),
        )
