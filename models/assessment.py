"""What a model said of one document, and what applies to it now that people may have looked."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, Keyed

MARK_KINDS = ("signal", "pathway", "target", "target_name")

# `unreviewed` until a person decides; `disputed` when reviewers disagree.
STATUSES = ("unreviewed", "confirmed", "rejected", "unsure", "disputed")


def uncertainty_of(signals: Mapping[str, float]) -> int:
    """Return 0 to 100: 100 where a signal's probability is one half, 0 where all are certain.

    The review of such a passage tells the most about the model (uncertainty sampling, Lewis and Gale 1994).
    """
    return round(100 * max((1 - abs(2 * probability - 1) for probability in signals.values()), default=0.0))


def _uncertainty(context: Any) -> int:
    return uncertainty_of(context.get_current_parameters()["signals"])


class Assessment(Keyed, Base):
    """One model's reading of one document.

    `flag`, `severity`, `stage`, `stance` and the probabilities are the machine's and never change. `flagged_now` and
    the marks are what holds now: the machine's word until a review corrects it. `current` is false once a newer model
    or a newer version of the text has been assessed. Place and time are copied from the document, because the queue
    filters by them a million rows at a time.
    """

    __tablename__ = "assessments"
    __table_args__ = (
        UniqueConstraint("document_id", "model"),
        Index("ix_assessments_queue", "current", "flagged_now", "status", "severity", "id"),
        Index("ix_assessments_severity", "current", "severity", "id"),
        # How many wait, since when, and the longest waiting first, without walking what was reviewed long ago.
        Index("ix_assessments_waiting", "current", "flagged_now", "status", "id"),
        # SQLite takes any index that begins with `current` for a good one; this one is better for "of this document".
        Index("ix_assessments_document_id", "document_id", "current"),
        # One for each filter of the queue with its order: without them a filter that few rows pass reads a million.
        Index("ix_assessments_newest", "current", "id"),
        Index("ix_assessments_status", "status", "current", "severity", "id"),
        Index("ix_assessments_language", "language", "current", "severity", "id"),
        Index("ix_assessments_country_severity", "country", "current", "severity", "id"),
        Index("ix_assessments_source_severity", "source_id", "current", "severity", "id"),
        Index("ix_assessments_stance", "stance", "current", "severity", "id"),
        Index("ix_assessments_abstained", "abstained", "current", "status", "severity", "id"),
        Index("ix_assessments_uncertainty", "current", "uncertainty", "id"),
        Index("ix_assessments_uncertain_queue", "current", "flagged_now", "status", "uncertainty", "id"),
        Index("ix_assessments_event_at", "current", "event_at"),
        Index("ix_assessments_source_id", "source_id", "id"),
        Index("ix_assessments_country", "country", "id"),
        Index("ix_assessments_cluster_id", "cluster_id", "event_at"),
        Index("ix_assessments_unruled", "ruled_at", "id"),
    )

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    model: Mapped[str] = mapped_column(String(100))
    assessed_at: Mapped[dt.datetime]
    current: Mapped[bool] = mapped_column(default=True)

    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    cluster_id: Mapped[int] = mapped_column(ForeignKey("clusters.id"))
    country: Mapped[str | None] = mapped_column(String(2), default=None)
    region: Mapped[str | None] = mapped_column(String(100), default=None)
    event_at: Mapped[dt.datetime]

    language: Mapped[str] = mapped_column(String(16))
    language_confidence: Mapped[float]
    flag: Mapped[bool]
    abstained: Mapped[bool]
    abstain_reason: Mapped[str | None] = mapped_column(Text, default=None)
    severity: Mapped[int]
    stage: Mapped[int]
    stance: Mapped[str] = mapped_column(String(16))
    signals: Mapped[dict[str, float]]
    # How near the nearest signal comes to a coin's toss; written from the signals, for the queue's order.
    uncertainty: Mapped[int] = mapped_column(default=_uncertainty, server_default="0")
    pathways: Mapped[dict[str, float]]
    targets: Mapped[dict[str, float]]
    target_names: Mapped[list[str]]
    passages: Mapped[list[Any]]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)

    status: Mapped[str] = mapped_column(String(16), default="unreviewed")
    flagged_now: Mapped[bool]
    ruled_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class Mark(Base):
    """One label that applies to an assessment now (probability over its threshold, or a reviewer's word).

    `severity` repeats the assessment's, so that "the worst with this signal" is one index scan.
    """

    __tablename__ = "marks"
    __table_args__ = (
        Index("ix_marks_key_severity", "kind", "key", "severity", "assessment_id"),
        Index("ix_marks_key_id", "kind", "key", "assessment_id"),
    )

    assessment_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    probability: Mapped[float] = mapped_column(Float)
    severity: Mapped[int]
    basis: Mapped[str] = mapped_column(String(8), default="model")
