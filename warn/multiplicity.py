"""Many series, one desk: keep to a number of false alarms a week over all of them, and say the same thing once.

**Budget.** With `m` series watched, each may be wrong 13 w / m times a quarter, so that the desk is wrong at most `w`
times a week (a quarter has 13 weeks); a rule's own budget still holds where it is stricter. Series are counted that had
enough voices within the history to alarm at all.

**Level.** Posts against one group in one country from one outlet lift four series at once. The series that is least
likely by chance speaks; another is folded into it when at least half of its voices are the same posts (Kulldorff's rule
for secondary clusters of a scan statistic: report the most unlikely, then those that do not overlap it).
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import ColumnElement, Exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.alert import Rule
from models.assessment import Assessment, Mark
from models.tally import TallyDay, day_of
from warn.rules import RuleInput, wanted_values
from warn.scan import Alarm, labels_of
from warn.series import off_the_key
from warn.settings import WarnSettings

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
WEEKS_OF_QUARTER = 13
OVERLAP = 0.5
MOST_ALSO = 20
MOST_VOICES = 5000
Condition: TypeAlias = ColumnElement[bool] | InstrumentedAttribute[bool]


@dataclass(frozen=True)
class Heard:
    """An alarm of a rule with the clusters that it heard."""

    rule_id: int
    alarm: Alarm
    voices: frozenset[int]


@dataclass(frozen=True)
class Spoken:
    """An alarm that is told, and those that are folded into it."""

    heard: Heard
    folded: tuple[Heard, ...]


def watched(session: Session, rules: Iterable[Rule | RuleInput], end: dt.datetime, settings: WarnSettings) -> int:
    """Count the series of some surge rules that could alarm, judged by the last days, today included."""
    last = day_of(end) + DAY
    since = last - dt.timedelta(days=settings.baseline_days)
    series: set[tuple[str, str, str, str]] = set()
    named = [off_the_key(one) for one in (TallyDay.label, TallyDay.dimension, TallyDay.value, TallyDay.country)]
    for rule in rules:
        group = rule.parameters.get("group_by") or "all"
        within = wanted_values(rule.filters["country"]) if "country" in rule.filters and group != "country" else [""]
        query = (
            select(*named)
            .where(
                TallyDay.label.in_(labels_of(rule)),
                TallyDay.dimension == group,
                TallyDay.country.in_(within),
                TallyDay.day >= since,
                TallyDay.day < last,
            )
            .group_by(*named)
            .having(func.sum(TallyDay.voices) >= settings.surge_min_voices)
        )
        # Two rules that watch the same series may be wrong about it only once.
        series.update((row[0], row[1], row[2], row[3]) for row in session.execute(query))
    return len(series)


def budget(rule: Rule | RuleInput, series: int, settings: WarnSettings) -> float:
    """Return how many false alarms a quarter each series of a rule may raise, so that the desk's week holds."""
    own = float(rule.parameters.get("budget", settings.false_alarms_per_quarter))
    return min(own, WEEKS_OF_QUARTER * settings.false_alarms_per_week / max(series, 1))


def voices_of(session: Session, alarm: Alarm) -> frozenset[int]:
    """Return the clusters whose flagged posts an alarm counts; rejected ones have left already."""
    query = select(Assessment.cluster_id).where(*heard_by(alarm)).distinct().limit(MOST_VOICES)
    return frozenset(session.scalars(query))


def heard_by(alarm: Alarm) -> list[Condition]:
    """Tell the flagged posts that an alarm counts from all others."""
    scope, (kind, _, key) = alarm.scope, alarm.scope.label.partition(":")
    found: list[Condition] = [
        Assessment.current,
        Assessment.event_at >= alarm.ends_at - alarm.window_hours * HOUR,
        Assessment.event_at < alarm.ends_at,
        Assessment.flagged_now,
    ]
    if kind in {"signal", "pathway"}:
        found.append(_marked(kind, key))
    if scope.country:
        found.append(Assessment.country == scope.country)
    if scope.dimension in {"target", "target_name"}:
        found.append(_marked(scope.dimension, alarm.value))
    elif scope.dimension == "source":
        found.append(Assessment.source_id == int(alarm.value))
    elif scope.dimension in {"language", "country"}:
        found.append(getattr(Assessment, scope.dimension) == alarm.value)
    return found


def speak_once(alarms: Sequence[Heard]) -> list[Spoken]:
    """Fold alarms that rest on the same voices into the least likely one; alarms without known voices speak alone."""
    waiting = sorted(alarms, key=lambda heard: (heard.alarm.p, -heard.alarm.observed, heard.alarm.value))
    told: list[Spoken] = []
    while waiting:
        first, *rest = waiting
        folded = tuple(heard for heard in rest if _overlaps(first, heard))
        told.append(Spoken(first, folded))
        waiting = [heard for heard in rest if heard not in folded]
    return told


def _overlaps(first: Heard, other: Heard) -> bool:
    return bool(other.voices) and len(first.voices & other.voices) >= OVERLAP * len(other.voices)


def _marked(kind: str, key: str) -> Exists:
    return (
        select(Mark.assessment_id)
        .where(Mark.assessment_id == Assessment.id, Mark.kind == kind, Mark.key == key)
        .exists()
    )
