"""Events beside the trends: what people wrote down, and the dates of calendar rules."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from api.dependencies import Id, Moment, Now, Reader, ReadSession, Reviewer, Session, Word
from api.problems import describe_failures
from api.strict_json import StrictRoute
from models.account import Account
from models.trend_note import TrendNote
from warn import events

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=StrictRoute)

SPAN = dt.timedelta(days=30)


class EventSent(BaseModel):
    """What happened, and when."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"at": "2026-03-14T09:30:00Z", "title": "Radio Keshu is shut down", "country": "KE"}
        },
    )

    at: Moment
    title: Word
    note: str = Field(default="", max_length=events.LONGEST_NOTE)
    country: str | None = Field(default=None, pattern="^[A-Za-z]{2}$", description="null: everywhere.")


class EventShape(BaseModel):
    """One event, with who wrote it down and when."""

    id: int
    at: dt.datetime
    title: str
    note: str
    country: str | None
    by: str = Field(description="The account's name.")
    created_at: dt.datetime


class DateShape(BaseModel):
    """A date of a calendar rule as it falls; both days are included."""

    name: str
    first: dt.date
    last: dt.date
    country: str | None
    rule_id: int
    rule: str


class Events(BaseModel):
    """What people wrote down, and the dates of calendar rules, the earliest first."""

    since: dt.datetime
    until: dt.datetime
    items: list[EventShape]
    calendar: list[DateShape]
    next: None = None


@router.get("", summary="Events and dates", responses=describe_failures(401, 403, 422))
def list_events(
    _who: Reader,
    session: ReadSession,
    now: Now,
    *,
    since: Annotated[Moment | None, Query(description="30 days back when absent.")] = None,
    until: Annotated[Moment | None, Query(description="Now when absent.")] = None,
    country: Annotated[str | None, Query(pattern="^[A-Za-z]{2}$", description="This one, and everywhere.")] = None,
) -> Events:
    """List what is shown beside the trends of a stretch of time."""
    until = until or now
    since = since or until - SPAN
    place = country.upper() if country else None
    return Events(
        since=since,
        until=until,
        items=shown(session, events.notes(session, since, until, place)),
        calendar=[DateShape(**vars(one)) for one in events.occurrences(session, since, until, place)],
    )


@router.post("", status_code=201, summary="Write one down", responses=describe_failures(401, 403, 422))
def write_down(who: Reviewer, session: Session, now: Now, sent: EventSent) -> EventShape:
    """Keep an event; it is shown beside every trend of its country and time, and changes no figure."""
    kept = events.write_down(
        session, sent.at, sent.title, who.account_id, now, note=sent.note, country=sent.country or None
    )
    return shown(session, [kept])[0]


@router.delete("/{event_id}", status_code=204, summary="Take it back", responses=describe_failures(401, 403, 404, 422))
def take_back(who: Reviewer, session: Session, now: Now, event_id: Id) -> None:
    """Show it no longer; the row stays, with who took it back."""
    events.take_back(session, event_id, who.account_id, now)


def shown(session: OrmSession, found: list[TrendNote]) -> list[EventShape]:
    """Show events with the names of who wrote them down."""
    ids = {one.created_by for one in found}
    names = dict(session.execute(select(Account.id, Account.name).where(Account.id.in_(ids))).all())
    return [
        EventShape(
            **{key: getattr(one, key) for key in ("id", "at", "title", "note", "country", "created_at")},
            by=names.get(one.created_by, "(unknown)"),
        )
        for one in found
    ]
