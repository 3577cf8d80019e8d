"""Scan the series of a surge rule: which values there are, and where their share lies beyond chance.

It reads tallies and knows the test; what an alarm leads to is told by `warn.surges`, and what it would have led to by
`warn.backtest`.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from models.alert import Rule
from warn import combined, confirmed, detectors, series
from warn.baseline import Array, Design, Mask
from warn.detectors import Surge
from warn.rules import RuleInput, wanted_values
from warn.series import HOUR_SECONDS, Scope
from warn.settings import WarnSettings
from warn.tally import ANY

MOST_SERIES = 20_000
CHUNK = 256  # series scanned together: two months of hours of each fit into a few megabytes


@dataclass(frozen=True)
class Alarm:
    """One series beyond chance in the window that ends at `ends_at`."""

    scope: Scope
    value: str
    ends_at: dt.datetime
    window_hours: int
    observed: int
    expected: float
    scanned: int
    p: float


@dataclass(frozen=True)
class Scan:
    """Series (rows) in the hours from `since` on (columns of `alarmed`); the other arrays begin at slot `first`."""

    scope: Scope
    values: list[str]
    first: int
    skipped: int
    surge: Surge
    scanned: Array
    alarmed: Mask

    def alarm(self, row: int, column: int) -> Alarm:
        """Describe what a series shows in one hour of `alarmed`."""
        slot = self.skipped + column
        width = int(self.surge.width[row, slot])
        return Alarm(
            scope=self.scope,
            value=self.values[row],
            ends_at=series.moment_of(self.first + slot + 1, HOUR_SECONDS),
            window_hours=width,
            observed=round(self.surge.observed[row, slot]),
            expected=round(float(self.surge.expected[row, slot]), 3),
            scanned=round(self.scanned[row, slot + 1 - width : slot + 1].sum()),
            p=float(self.surge.p[row, slot]),
        )

    def strongest(self) -> Iterator[Alarm]:
        """Give the strongest alarm of each series that alarms at all."""
        scores = np.where(self.alarmed, self.surge.score[:, self.skipped :], -np.inf)
        for row in np.flatnonzero(self.alarmed.any(axis=1)):
            yield self.alarm(int(row), int(np.argmax(scores[row])))

    def episodes(self, quiet_hours: int) -> Iterator[Alarm]:
        """Give the first alarm of each episode: one that follows `quiet_hours` without any."""
        for row in range(len(self.values)):
            columns = np.flatnonzero(self.alarmed[row])
            for column in columns[np.diff(columns, prepend=-quiet_hours - 1) > quiet_hours]:
                yield self.alarm(row, int(column))


def scans(
    session: Session,
    rule: Rule | RuleInput,
    since: dt.datetime,
    until: dt.datetime,
    settings: WarnSettings,
    budget: float | None = None,
) -> Iterator[Scan]:
    """Scan all series of a rule over the hours from `since` up to `until`, some at a time.

    `budget` is the number of false alarms per series and quarter; the rule's own when absent.
    """
    for scope, values in scopes_of(session, rule, since, until, settings):
        for start in range(0, len(values), CHUNK):
            yield scan(session, rule, scope, values[start : start + CHUNK], since, until, settings, budget)


def scopes_of(
    session: Session, rule: Rule | RuleInput, since: dt.datetime, until: dt.datetime, settings: WarnSettings
) -> Iterator[tuple[Scope, list[str]]]:
    """List the series of a rule that hold enough posts to alarm at all."""
    reach = dt.timedelta(hours=combined.REACH)
    for scope in watched_scopes(rule):
        values = series.busiest(session, scope, since - reach, until, least=settings.surge_min_voices, most=MOST_SERIES)
        yield scope, chosen(session, rule, scope, values)


def watched_scopes(rule: Rule | RuleInput) -> list[Scope]:
    """Name the sets of series that a rule watches."""
    group = rule.parameters.get("group_by") or "all"
    countries = wanted_values(rule.filters["country"]) if "country" in rule.filters and group != "country" else [""]
    return [Scope(label, group, country) for label in labels_of(rule) for country in countries]


def chosen(session: Session, rule: Rule | RuleInput, scope: Scope, values: list[str]) -> list[str]:
    """Keep the values that the rule asks for, by key or by name; all where it asks for none."""
    if scope.dimension not in rule.filters:
        return values
    wanted = wanted_values(rule.filters[scope.dimension])
    named = series.names(session, scope.dimension, values)
    return [value for value in values if value in wanted or named[value] in wanted]


def labels_of(rule: Rule | RuleInput) -> list[str]:
    """Name the labels that a surge rule watches."""
    return [f"signal:{key}" for key in rule.signals] or [ANY]


def scan(
    session: Session,
    rule: Rule | RuleInput,
    scope: Scope,
    values: list[str],
    since: dt.datetime,
    until: dt.datetime,
    settings: WarnSettings,
    budget: float | None = None,
) -> Scan:
    """Test some series of a rule in each hour from `since` up to `until`."""
    design = design_of(settings)
    begin, end = series.slot_of(since, HOUR_SECONDS), series.slot_of(until, HOUR_SECONDS)
    first = (begin // 24 - design.memory) * 24
    flagged = series.read(session, scope, values, first, end, HOUR_SECONDS).voices
    scanned = np.maximum(series.read_volume(session, scope, values, first, end, HOUR_SECONDS).voices, flagged)
    kept = confirmed.kept(session, scope, values, first, end, HOUR_SECONDS)
    hours = rule.parameters.get("window_hours")
    if hours:
        surge = detectors.surge(flagged, scanned, design, [hours], kept)
    else:
        surge = combined.surge(flagged, scanned, design, kept)
    alarmed = surge.score[:, begin - first :] > bar_of(rule, settings, budget)
    return Scan(scope, values, first, begin - first, surge, scanned, alarmed)


def design_of(settings: WarnSettings) -> Design:
    """Turn the operator's settings into the test's terms, by hours."""
    return Design(
        baseline=settings.baseline_days * 24,
        guard=settings.guard_hours,
        least=settings.baseline_min_days * 24,
        min_events=settings.surge_min_voices,
    )


def bar_of(rule: Rule | RuleInput, settings: WarnSettings, budget: float | None = None) -> float:
    """Return the score above which a rule alarms within a budget of false alarms per series and quarter."""
    own = rule.parameters.get("budget", settings.false_alarms_per_quarter)
    threshold = detectors.threshold if rule.parameters.get("window_hours") else combined.threshold
    return threshold(own if budget is None else budget)
