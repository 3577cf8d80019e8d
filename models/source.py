"""A publisher that is watched: where it is, how often it is asked, and how it has been answering.

A source is a publisher, never a person. Nothing here knows how a source is read.
"""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, and_, func, or_, true
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from models.base import Base, Keyed
from models.claims import Claimable

SOCIAL_KINDS = ("mastodon", "bluesky", "jetstream", "telegram", "reddit", "youtube", "gdelt")
WEB_KINDS = ("feed", "sitemap", "section", "page")
# Kinds that name articles without their texts; those are always fetched.
LINK_KINDS = ("sitemap", "section")
SOURCE_KINDS = (*WEB_KINDS, *SOCIAL_KINDS, "folder", "push", "import")
POLLED_KINDS = (*WEB_KINDS, *SOCIAL_KINDS, "folder")

# What the last answers mean. `state_reason` says it in a sentence, `state_since` since when.
SOURCE_STATES = (
    "new",
    "ok",
    "failing",
    "throttled",
    "no_feed",
    "silent",
    "refused",
    "too_large",
    "truncated",
    "unstable_ids",
    "future_dates",
    "guessed_charset",
    "changed",
    "over_quota",
    "paused",
)
CHANGED, OVER_QUOTA = "changed", "over_quota"

WELL = ("new", "ok", "paused")
# The clocks of two workers may be this far apart.
CLOCKS_DIFFER = dt.timedelta(hours=1)


class Source(Keyed, Claimable, Base):
    """One watched publisher and its health."""

    __tablename__ = "sources"
    __table_args__ = (UniqueConstraint("name"), Index("ix_sources_next_due_at", "next_due_at"))

    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    url: Mapped[str | None] = mapped_column(Text, default=None)
    interval_seconds: Mapped[int] = mapped_column(default=900)
    language: Mapped[str | None] = mapped_column(String(16), default=None)
    country: Mapped[str | None] = mapped_column(String(2), default=None)
    region: Mapped[str | None] = mapped_column(String(100), default=None)
    # How many people it reaches, as far as its operator knows; a rule may ask for it.
    audience: Mapped[int | None] = mapped_column(BigInteger, default=None)
    pack: Mapped[str | None] = mapped_column(String(64), default=None)
    enabled: Mapped[bool] = mapped_column(default=True)
    fetch_articles: Mapped[bool] = mapped_column(default=False)
    # Of a folder: whether a file goes to `processed/` or `failed/` once it is read.
    move_files: Mapped[bool] = mapped_column(default=True, server_default=true())
    # The name of a secret in the settings, never the secret.
    credential: Mapped[str | None] = mapped_column(String(64), default=None)
    # Items let through in a day; None: as the settings say for its kind, 0: any number.
    items_per_day: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[dt.datetime]

    etag: Mapped[str | None] = mapped_column(Text, default=None)
    last_modified: Mapped[str | None] = mapped_column(Text, default=None)
    body_sha256: Mapped[str | None] = mapped_column(String(64), default=None)
    full_fetch_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    cursor: Mapped[dict[str, Any]] = mapped_column(default=dict)

    state: Mapped[str] = mapped_column(String(16), default="new")
    state_reason: Mapped[str | None] = mapped_column(Text, default=None)
    state_since: Mapped[dt.datetime | None] = mapped_column(default=None)
    failures: Mapped[int] = mapped_column(default=0)
    last_polled_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    last_success_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    last_item_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    next_due_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    due_reason: Mapped[str | None] = mapped_column(Text, default=None)

    # What the last answers with entries looked like, the newest first: what a "not modified" cannot tell.
    looks: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    # Where a redirect "for good" has been leading, how often and since when; adopted only after a while.
    moved_to: Mapped[str | None] = mapped_column(Text, default=None)
    moved_seen: Mapped[int] = mapped_column(default=0, server_default="0")
    moved_since: Mapped[dt.datetime | None] = mapped_column(default=None)
    # What came in since the day began, by UTC, and how many items are held back by the quota.
    counted_day: Mapped[dt.datetime | None] = mapped_column(default=None)
    counted_items: Mapped[int] = mapped_column(default=0, server_default="0")
    held_items: Mapped[int] = mapped_column(default=0, server_default="0")
    # What it is known by, and how that has changed: {"known": {mark: values}, "changes": [...]}, the newest first.
    identity: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # When the operator was told of the trouble that still lasts.
    told_at: Mapped[dt.datetime | None] = mapped_column(default=None)


def due(now: dt.datetime) -> ColumnElement[bool]:
    """Select sources whose turn it is: the one place where "due" is coded.

    A poll that lies ahead of the clock means that the clock went back: who waits for its next turn by the old time
    would wait for too long.
    """
    turn = or_(Source.next_due_at <= now, Source.last_polled_at > now + CLOCKS_DIFFER)
    return and_(Source.enabled, Source.kind.in_(POLLED_KINDS), turn)


def troubled(now: dt.datetime, lasting: dt.timedelta = dt.timedelta(0)) -> ColumnElement[bool]:
    """Select watched sources whose answers have not been as they should for `lasting`: the one place that says so.

    Who pushes to us is not watched, but may push too much.
    """
    watched = or_(Source.kind.in_(POLLED_KINDS), Source.state == OVER_QUOTA)
    return and_(Source.enabled, watched, Source.state.not_in(WELL), Source.state_since <= now - lasting)


def long_troubled(now: dt.datetime, lasting: dt.timedelta) -> ColumnElement[bool]:
    """Select watched sources in trouble for `lasting`, whether in one state or going from one to the next.

    What does not pass by itself, or may be an attack, is not waited for.
    """
    at_once = and_(troubled(now), Source.state.in_((CHANGED, OVER_QUOTA)))
    heard = func.coalesce(Source.last_success_at, Source.created_at)
    unheard = and_(troubled(now), Source.failures > 0, heard <= now - lasting)
    return or_(troubled(now, lasting), unheard, at_once)


class Fetch(Keyed, Base):
    """One attempt to read a source, kept as the trail behind its health; only the latest are kept."""

    __tablename__ = "fetches"
    __table_args__ = (Index("ix_fetches_source_id_at", "source_id", "at"),)

    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime]
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text, default=None)
    status_code: Mapped[int | None] = mapped_column(default=None)
    body_bytes: Mapped[int | None] = mapped_column(default=None)
    entries: Mapped[int] = mapped_column(default=0)
    new_items: Mapped[int] = mapped_column(default=0)
    duration_ms: Mapped[int] = mapped_column(default=0)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
