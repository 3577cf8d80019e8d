"""When somebody is woken: rules that decide it, alerts that say it, silences and inhibitions that hold it back.

An alert proposes; a person acknowledges, resolves and writes why. How a rule is evaluated is the room warn's business.
"""

import datetime as dt
import json
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, cast, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, Keyed

RULE_KINDS = ("item", "surge", "spread", "new_target", "coded_term", "outage", "calendar")
ALERT_STATES = ("open", "acknowledged", "resolved")
# What partners answer: they saw it, they doubt it, they know it from elsewhere.
SIGHTINGS = ("seen", "disputed", "confirmed")
# What the desk itself says: the alert was a real event, or was none. Apart from what partners answer.
REAL, UNREAL = "real", "unreal"
EVENT_KINDS = (
    *("opened", "grew", "acknowledged", "resolved", "note", "owner", "repeated", "escalated", "merged", "engaged"),
    *("tagged", "inhibited", "released"),
    *SIGHTINGS,
    *(REAL, UNREAL),
)


class Rule(Keyed, Base):
    """What deserves an alert. `filters` narrow by target, target_name, language, country, region, source, stance.

    `parameters` are the kind's own; the room warn knows which, with their ranges.
    """

    __tablename__ = "rules"
    __table_args__ = (UniqueConstraint("name"),)

    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    min_severity: Mapped[int] = mapped_column(default=0)
    signals: Mapped[list[str]] = mapped_column(default=list)
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
    evaluated_until: Mapped[dt.datetime | None] = mapped_column(default=None)


class Alert(Keyed, Base):
    """One thing somebody should look at. Events that mean the same (`group_key`) join the alert that is still open."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "uq_alerts_rule_id_group_key_unresolved",
            "rule_id",
            "group_key",
            unique=True,
            sqlite_where=text("state <> 'resolved'"),
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index("ix_alerts_state", "state", "id"),
        Index("ix_alerts_rule_id", "rule_id", "group_key"),
    )

    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id"))
    kind: Mapped[str] = mapped_column(String(16))
    group_key: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16), default="open")
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    severity: Mapped[int]
    count: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[dt.datetime]
    last_event_at: Mapped[dt.datetime]
    indicators: Mapped[list[str]] = mapped_column(default=list)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reviewed: Mapped[bool] = mapped_column(default=False)
    silenced_by: Mapped[int | None] = mapped_column(ForeignKey("silences.id"), default=None)
    acknowledged_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
    acknowledge_note: Mapped[str | None] = mapped_column(Text, default=None)
    resolved_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
    resolve_note: Mapped[str | None] = mapped_column(Text, default=None)
    owner_id: Mapped[int | None] = mapped_column(BigId, default=None)
    told_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    escalated_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    merged_into: Mapped[int | None] = mapped_column(BigId, default=None)
    inhibited_by: Mapped[int | None] = mapped_column(BigId, default=None)
    tags: Mapped[list[str]] = mapped_column(default=list, server_default="[]")


def tagged(tag: str) -> ColumnElement[bool]:
    """Select alerts with a tag. JSON is searched as text, written with and without escapes as the databases do."""
    held = cast(Alert.tags, Text)
    return or_(*(held.contains(json.dumps(tag, ensure_ascii=escaped), autoescape=True) for escaped in (True, False)))


class AlertEvent(Keyed, Base):
    """One line of an alert's timeline: what happened or who did it, when, and why. Only ever added to."""

    __tablename__ = "alert_events"
    __table_args__ = (Index("ix_alert_events_alert_id", "alert_id", "id"),)

    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
    note: Mapped[str | None] = mapped_column(Text, default=None)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class AlertAssessment(Base):
    """An assessment that an alert rests on."""

    __tablename__ = "alert_assessments"
    __table_args__ = (Index("ix_alert_assessments_assessment_id", "assessment_id"),)

    alert_id: Mapped[int] = mapped_column(BigId, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True)
    assessment_id: Mapped[int] = mapped_column(BigId, ForeignKey("assessments.id"), primary_key=True)
    added_at: Mapped[dt.datetime]


class Silence(Keyed, Base):
    """Hold deliveries back for a while, for a stated reason. Alerts are still raised and shown."""

    __tablename__ = "silences"

    rule_id: Mapped[int | None] = mapped_column(ForeignKey("rules.id"), default=None)
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)


class Inhibition(Keyed, Base):
    """While an alert like `holder` stands, partners who were told of it are not told of one like `held`.

    Both are a rule, filters, or both; the two alerts must share a value in each of the `equal` fields. It lasts until
    somebody ends it, and holds for `hours` after the holder's last event at most.
    """

    __tablename__ = "inhibitions"

    reason: Mapped[str] = mapped_column(Text)
    holder_rule_id: Mapped[int | None] = mapped_column(ForeignKey("rules.id"), default=None)
    holder_filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    held_rule_id: Mapped[int | None] = mapped_column(ForeignKey("rules.id"), default=None)
    held_filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    equal: Mapped[list[str]] = mapped_column(default=list)
    hours: Mapped[int]
    created_at: Mapped[dt.datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
    ended_at: Mapped[dt.datetime | None] = mapped_column(default=None)
