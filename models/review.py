"""A person's decision about one assessment: verdict, corrections, worksheet. Kept with who and when, never edited.

A reviewer who thinks again adds a further review; the latest of each reviewer counts. Taking a decision back is a
review too, so that nothing that was decided ever disappears.
"""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, Json, Keyed

VERDICTS = ("confirmed", "rejected", "unsure")
# The verdict of a review that takes its reviewer's decision back; whoever withdrew counts as not having decided.
WITHDRAWN = "withdrawn"
TIERS = ("criminal", "civil_administrative", "concern")
# Hallmarks of dangerous speech that a reviewer can tick.
HALLMARKS = (
    "dehumanization",
    "accusation_in_a_mirror",
    "threat_to_group_integrity_or_purity",
    "assertion_of_attack_against_women_and_girls",
    "questioning_in_group_loyalty",
)
# How many decide where the first two disagree.
THIRD = 3
# The six parts of the Rabat threshold test.
WORKSHEET_PARTS = ("context", "speaker", "intent", "content_form", "extent", "likelihood")


class Review(Keyed, Base):
    """One reviewer's decision; a null correction means "as the machine said"."""

    __tablename__ = "reviews"
    __table_args__ = (Index("ix_reviews_assessment_id", "assessment_id", "id"),)

    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[dt.datetime]
    verdict: Mapped[str] = mapped_column(String(16))
    signals: Mapped[list[str] | None] = mapped_column(Json, default=None)
    stage: Mapped[int | None] = mapped_column(default=None)
    stance: Mapped[str | None] = mapped_column(String(16), default=None)
    targets: Mapped[list[str] | None] = mapped_column(Json, default=None)
    target_names: Mapped[list[str] | None] = mapped_column(Json, default=None)
    worksheet: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tier: Mapped[str | None] = mapped_column(String(24), default=None)
    hallmarks: Mapped[list[str]] = mapped_column(default=list)
    indicators: Mapped[list[str]] = mapped_column(default=list)
    note: Mapped[str | None] = mapped_column(Text, default=None)


class ReviewLease(Base):
    """Who has a passage in front of them, until when: nobody else is handed it meanwhile.

    A lease only keeps two people from the same work. It locks nothing: a decision is accepted from anybody who may
    decide, and of two who decide at once the second is shown both. With `assigned_by` it was handed over by that
    account, and stays with the reviewer until it is decided or its time is over.
    """

    __tablename__ = "review_leases"
    __table_args__ = (Index("ix_review_leases_account_id", "account_id"),)

    assessment_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    taken_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    assigned_by: Mapped[int | None] = mapped_column(BigId, default=None)


class SecondLook(Base):
    """A passage out of the share that two people decide about, each without knowing of the other.

    `wanted` is how many must decide: two, and a third where the two disagree; `open` holds until they have.
    """

    __tablename__ = "second_looks"
    __table_args__ = (Index("ix_second_looks_open", "open", "assessment_id"),)

    assessment_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    wanted: Mapped[int] = mapped_column(default=2)
    open: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime]


class GoldCase(Base):
    """A passage whose verdict is settled; everybody decides about it once, unknowing, and is compared with it.

    One for `training` is practised on instead, and its answer shown: it measures nobody. `signals` are those that
    apply, null where only the verdict was settled; `reason` is what a lead adds to the codebook's words.
    """

    __tablename__ = "gold_cases"

    assessment_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    verdict: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[dt.datetime]
    signals: Mapped[list[str] | None] = mapped_column(Json, default=None)
    reason: Mapped[str | None] = mapped_column(Text, default=None)
    training: Mapped[bool] = mapped_column(default=False, server_default=false())


class PracticeAnswer(Keyed, Base):
    """What somebody answered while practising on a gold case: no review, and nothing follows from it.

    `signals` are those that they said apply, null where they were unsure.
    """

    __tablename__ = "practice_answers"
    __table_args__ = (Index("ix_practice_answers_account_id", "account_id", "assessment_id", "id"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime]
    verdict: Mapped[str] = mapped_column(String(16))
    signals: Mapped[list[str] | None] = mapped_column(Json, default=None)


class SavedSearch(Keyed, Base):
    """A search of the queue that one reviewer comes back to; `query` is what stands in the address bar."""

    __tablename__ = "saved_searches"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(100))
    query: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
