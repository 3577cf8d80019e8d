"""Hold deliveries back for a while, for a stated reason. The alert is still raised, shown and says who holds it.

A silence ends by itself, loudly: what it held back and is still unresolved is delivered then.
"""

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.alert import Alert, Rule, Silence
from warn.about import FIELDS, filter_problems, overlaps
from warn.errors import Conflict, NotFound, SilenceRefused

LONGEST = dt.timedelta(days=90)


@dataclass(frozen=True)
class SilenceInput:
    """A silence as somebody wrote it; it begins now unless `starts_at` says otherwise."""

    reason: str
    ends_at: dt.datetime
    rule_id: int | None = None
    filters: dict[str, Any] = field(default_factory=dict)
    starts_at: dt.datetime | None = None


def problems(silence: SilenceInput, now: dt.datetime) -> list[str]:
    """Say what is wrong with a silence, one sentence per field; none when it is right."""
    found = filter_problems(silence.filters, FIELDS)
    starts_at = silence.starts_at or now
    if not silence.reason.strip():
        found.append("reason is empty; say why nobody should be told.")
    if silence.ends_at <= max(starts_at, now):
        found.append("ends_at must lie after the start and in the future.")
    elif silence.ends_at - starts_at > LONGEST:
        found.append(f"ends_at lies more than {LONGEST.days} days after the start; change or disable the rule instead.")
    if silence.rule_id is None and not silence.filters:
        found.append("filters is empty and rule_id absent; name at least one, or every alert would be held back.")
    return found


def create_silence(session: Session, silence: SilenceInput, account_id: int | None, now: dt.datetime) -> Silence:
    """Store a silence; raises SilenceRefused or NotFound. Alerts raised before are not held back by it."""
    if found := problems(silence, now):
        raise SilenceRefused(found)
    if silence.rule_id is not None and session.get(Rule, silence.rule_id) is None:
        raise NotFound(f"There is no rule {silence.rule_id}.")
    values = asdict(silence) | {"starts_at": silence.starts_at or now}
    row = Silence(**values, created_at=now, created_by=account_id)
    session.add(row)
    session.flush()
    return row


def end_silence(session: Session, silence_id: int, now: dt.datetime) -> Silence:
    """End a silence now; it is kept, because alerts refer to it. Raises NotFound or Conflict."""
    row = session.get(Silence, silence_id)
    if row is None:
        raise NotFound(f"There is no silence {silence_id}.")
    if row.ends_at <= now:
        raise Conflict(f"Silence {silence_id} has already ended.")
    row.starts_at, row.ends_at = min(row.starts_at, now), now
    session.flush()
    return row


def active_silences(session: Session, now: dt.datetime) -> list[Silence]:
    """List the silences that hold deliveries back at this moment, those that end last first."""
    active = select(Silence).where(Silence.starts_at <= now, Silence.ends_at > now)
    return list(session.scalars(active.order_by(Silence.ends_at.desc(), Silence.id)))


def holds(silence: Silence, alert: Alert) -> bool:
    """Whether the silence is meant for this alert."""
    return silence.rule_id in {None, alert.rule_id} and overlaps(silence.filters, alert)


def silence_of(silences: list[Silence], alert: Alert) -> int | None:
    """Return the id of the first of `silences` that holds this alert."""
    return next((silence.id for silence in silences if holds(silence, alert)), None)


def released(now: dt.datetime) -> Select[Alert]:
    """Select unresolved alerts whose silence has ended: the one place where "held no longer" is coded."""
    ended = select(Silence.id).where(Silence.ends_at <= now)
    return select(Alert).where(Alert.silenced_by.in_(ended), Alert.state != "resolved")
