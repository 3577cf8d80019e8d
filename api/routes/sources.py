"""The watched publishers, their health, and why each is asked next when it is."""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api import sources
from api.dependencies import Id, Lead, Now, Reader, ReadSession, Session, Word
from api.errors import Conflict, NotFound
from api.pagination import Listed, PageWanted, after, listed
from api.problems import describe_failures
from api.strict_json import StrictRoute
from ingest.hijack import MARKS
from models.source import POLLED_KINDS, SOURCE_KINDS, SOURCE_STATES, Fetch, Source, troubled

router = APIRouter(prefix="/v1/sources", tags=["sources"], route_class=StrictRoute)

Kind = Literal[SOURCE_KINDS]  # type: ignore[valid-type]


class Mark(BaseModel):
    """One mark of a source that changed."""

    mark: str = Field(description=f"One of {', '.join(MARKS)}.")
    was: str
    is_: str = Field(alias="is")
    at: dt.datetime


class SourceChanged(BaseModel):
    """Marks of a source that changed together, within a week."""

    at: dt.datetime
    grave: bool = Field(description="Whether it makes the state `changed` until a person has acknowledged it.")
    what: list[Mark]
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None


class Identity(BaseModel):
    """What a source is known by."""

    known: dict[str, list[str]] = Field(default_factory=dict, description="Latest values of each mark, newest first.")
    changes: list[SourceChanged] = Field(default_factory=list, description="The newest first, at most ten.")


class SourceShape(BaseModel):
    """A source and how it has been answering."""

    id: int
    name: str
    kind: str
    url: str | None
    interval_seconds: int
    language: str | None
    country: str | None
    region: str | None
    audience: int | None = Field(description="How many people it reaches, as far as the operator knows.")
    pack: str | None
    enabled: bool
    fetch_articles: bool
    move_files: bool = Field(description="Of a folder: whether files that were read are moved, with a report.")
    items_per_day: int | None = Field(description="Items let through in a day; null: as for its kind; 0: any number.")
    held_items: int = Field(description="Items over that quota that are stored and held back.")
    credential: str | None = Field(description="Name of a secret in the settings; never the secret.")
    created_at: dt.datetime
    state: str = Field(description=f"One of {', '.join(SOURCE_STATES)}.")
    state_reason: str | None
    state_since: dt.datetime | None
    failures: int = Field(description="Failed polls in a row.")
    last_polled_at: dt.datetime | None
    last_success_at: dt.datetime | None
    last_item_at: dt.datetime | None
    next_due_at: dt.datetime | None
    due_reason: str | None
    moved_to: str | None = Field(description="Where a redirect for good leads; adopted after three answers and a day.")
    identity: Identity = Field(description="What it is known by, and how that has changed.")


class FetchShape(BaseModel):
    """One attempt to read a source."""

    at: dt.datetime
    outcome: str = Field(description="ok, not_modified, unchanged, or the state that the failure meant.")
    reason: str | None
    status_code: int | None
    body_bytes: int | None
    entries: int
    new_items: int
    duration_ms: int
    details: dict[str, Any]


class Trail(BaseModel):
    """The latest attempts to read a source, the newest first."""

    items: list[FetchShape]


class SourceSent(BaseModel):
    """A source to watch."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "Radio Keshu",
                "kind": "feed",
                "url": "https://radio.example.org/feed",
                "interval_seconds": 900,
                "language": "sw",
                "country": "KE",
            }
        },
    )

    name: Word
    kind: Kind = "feed"
    url: str | None = Field(default=None, max_length=2048)
    interval_seconds: int = 900
    language: str | None = None
    country: str | None = None
    region: str | None = None
    audience: int | None = Field(default=None, description="People it reaches, as far as you know.")
    enabled: bool = True
    fetch_articles: bool = False
    move_files: bool = Field(default=True, description="Of a folder: move each file once it was read, with a report.")
    items_per_day: int | None = Field(default=None, description="Items let through in a day; 0: any number.")
    credential: str | None = Field(default=None, description="Name of a secret in TOCSIN_CREDENTIALS.")


class SourceChange(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"enabled": False}})

    name: Word | None = None
    url: str | None = Field(default=None, max_length=2048)
    interval_seconds: int | None = None
    language: str | None = None
    country: str | None = None
    region: str | None = None
    audience: int | None = None
    enabled: bool | None = None
    fetch_articles: bool | None = None
    move_files: bool | None = None
    items_per_day: int | None = None
    credential: str | None = None


@router.get("", summary="List sources", responses=describe_failures(401, 403, 422))
def list_sources(
    _who: Reader,
    session: ReadSession,
    now: Now,
    page: PageWanted,
    *,
    state: Annotated[Literal[SOURCE_STATES] | None, Query()] = None,  # type: ignore[valid-type]
    trouble_hours: Annotated[
        float | None, Query(ge=0, le=87_600, description="Only watched sources in trouble for at least this long.")
    ] = None,
) -> Listed[SourceShape]:
    """List sources, the newest first."""
    query = select(Source).order_by(Source.id.desc()).limit(page.limit + 1)
    if state is not None:
        query = query.where(Source.state == state)
    if trouble_hours is not None:
        query = query.where(troubled(now, dt.timedelta(hours=trouble_hours)))
    if (beyond := after(page.cursor, "id", Source.id)) is not None:
        query = query.where(beyond)
    return listed(session.scalars(query).all(), page, "id", lambda row: (row.id,), source_shape)


@router.get("/{source_id}", summary="One source", responses=describe_failures(401, 403, 404, 422))
def get_source(_who: Reader, session: ReadSession, source_id: Id) -> SourceShape:
    """Show one source and its health."""
    return source_shape(_existing(session.get(Source, source_id), source_id))


@router.get("/{source_id}/fetches", summary="How it answered", responses=describe_failures(401, 403, 404, 422))
def list_fetches(_who: Reader, session: ReadSession, source_id: Id) -> Trail:
    """Show the trail of the latest fetches, at most thirty: when, what came, and what was odd about it."""
    _existing(session.get(Source, source_id), source_id)
    trail = session.scalars(select(Fetch).where(Fetch.source_id == source_id).order_by(Fetch.id.desc()))
    return Trail(items=[FetchShape.model_validate(fetch, from_attributes=True) for fetch in trail])


@router.post(
    "",
    status_code=201,
    summary="Watch a source",
    responses=describe_failures(401, 403, 409, 422),
)
def create_source(_who: Lead, session: Session, now: Now, sent: SourceSent) -> SourceShape:
    """Watch a new source; it is polled at once."""
    return source_shape(sources.create_source(session, sent.model_dump(), now))


@router.patch(
    "/{source_id}",
    summary="Change a source",
    responses=describe_failures(401, 403, 404, 409, 422),
)
def change_source(_who: Lead, session: Session, now: Now, source_id: Id, sent: SourceChange) -> SourceShape:
    """Change a source; one that is switched on or moved is polled at once."""
    values = sent.model_dump(exclude_unset=True)
    required = ("name", "interval_seconds", "enabled", "fetch_articles", "move_files")
    values = {name: value for name, value in values.items() if value is not None or name not in required}
    return source_shape(sources.change_source(session, source_id, values, now))


@router.delete(
    "/{source_id}",
    status_code=204,
    summary="Forget a source",
    responses=describe_failures(401, 403, 404, 409, 422),
)
def delete_source(_who: Lead, session: Session, source_id: Id) -> None:
    """Forget a source that never brought anything; one with items can only be switched off."""
    sources.delete_source(session, source_id)


@router.post(
    "/{source_id}/poll",
    status_code=202,
    summary="Poll now",
    responses=describe_failures(401, 403, 404, 409, 422),
)
def poll_source(_who: Lead, session: Session, now: Now, source_id: Id) -> SourceShape:
    """Make a source due at once; the worker polls it at its next turn."""
    source = _existing(session.get(Source, source_id), source_id)
    if source.kind not in POLLED_KINDS or not source.enabled:
        raise Conflict(f"{source.name!r} is {'switched off' if source.kind in POLLED_KINDS else 'not polled by us'}")
    sources.make_due(session, [source.name], now)
    session.refresh(source)
    return source_shape(source)


@router.post(
    "/{source_id}/acknowledge",
    summary="Acknowledge a change",
    responses=describe_failures(401, 403, 404, 409, 422),
)
def acknowledge_change(who: Lead, session: Session, now: Now, source_id: Id) -> SourceShape:
    """Say that you have looked at what changed about a source: what it is known by now is what it is compared with."""
    return source_shape(sources.acknowledge(session, source_id, who.name, who.account_id, now))


def source_shape(source: Source) -> SourceShape:
    """Show one source."""
    return SourceShape.model_validate(source, from_attributes=True)


def _existing(source: Source | None, source_id: int) -> Source:
    if source is None:
        raise NotFound(f"there is no source {source_id}")
    return source
