"""What becomes of an alert: its timeline, owner, notes and merges, what partners answer, and who was engaged."""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from api.dependencies import MAX_ID, Id, Now, Partner, Reader, ReadSession, Reviewer, Session, Word
from api.problems import describe_failures
from api.roles import Actor
from api.routes.alerts import AlertShape, Names
from api.routes.contacts import ContactShape, contact_shape
from api.strict_json import StrictRoute
from models.account import Account
from models.alert import EVENT_KINDS, SIGHTINGS, AlertEvent
from warn import contacts, lifecycle, timeline

router = APIRouter(prefix="/v1/alerts", tags=["timeline"], route_class=StrictRoute)


class Line(BaseModel):
    """One line of a timeline."""

    id: int
    at: dt.datetime
    kind: str = Field(description=f"One of {', '.join(EVENT_KINDS)}.")
    by: str | None = Field(description="The account's name; null for what happened by itself.")
    note: str | None
    details: dict[str, Any]


class Lines(BaseModel):
    """The whole timeline, the oldest line first."""

    items: list[Line]


class RemarkSent(BaseModel):
    """A note that stays inside."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "The radio has apologised."}})

    note: str = Field(min_length=1, max_length=5000)


class OwnerSent(BaseModel):
    """Whose alert it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"owner": "Wanjiru"}})

    owner: Word | None = Field(description="An account's name; null for nobody.")


class TagsSent(BaseModel):
    """The tags it has from now on; what is left out goes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"tags": ["radio", "border"]}})

    tags: list[Word] = Field(max_length=20)


class MergeSent(BaseModel):
    """Which alert it goes on in."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"into": 17}})

    into: int = Field(ge=1, le=MAX_ID)


class SightingSent(BaseModel):
    """A partner's answer."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"sighting": "confirmed", "note": "Heard on two stations here."}}
    )

    sighting: Literal[SIGHTINGS] = Field(  # type: ignore[valid-type]
        description="seen: it reached us; disputed: we doubt it; confirmed: we know it from elsewhere too."
    )
    note: str | None = Field(default=None, max_length=5000)


class Sighting(BaseModel):
    """The answer as it was kept; nothing else of the alert is shown."""

    id: int
    alert_id: int
    sighting: str
    at: dt.datetime


class EngagementSent(BaseModel):
    """Who was engaged, and what was said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"contact_id": 3, "note": "By telephone."}})

    contact_id: Annotated[int, Field(ge=1, le=MAX_ID)]
    note: str | None = Field(default=None, max_length=5000)


class CouldEngage(BaseModel):
    """Whom the directory names for this alert, the most particular first."""

    items: list[ContactShape]


@router.get("/{alert_id}/timeline", summary="Its timeline", responses=describe_failures(401, 403, 404, 422))
def get_timeline(_who: Reader, session: ReadSession, alert_id: Id) -> Lines:
    """Show what happened to an alert and what was said about it, partners' answers included."""
    lifecycle.existing(session, alert_id)
    return Lines(items=shown(session, timeline.lines(session, alert_id)))


@router.post(
    "/{alert_id}/notes", status_code=201, summary="Note something", responses=describe_failures(401, 403, 404, 422)
)
def add_note(who: Reviewer, session: Session, now: Now, alert_id: Id, sent: RemarkSent) -> Lines:
    """Add a note to the timeline; partners do not get it."""
    lifecycle.annotate(session, alert_id, sent.note, who.account_id, now)
    return Lines(items=shown(session, timeline.lines(session, alert_id)))


@router.post("/{alert_id}/owner", summary="Make it somebody's", responses=describe_failures(401, 403, 404, 422))
def set_owner(who: Reviewer, session: Session, now: Now, alert_id: Id, sent: OwnerSent) -> AlertShape:
    """Say whose alert it is. A reviewer takes it or gives their own back; handing it to others is a lead's."""
    if not who.may("lead"):
        _check_own(session, who, alert_id, sent.owner)
    alert = lifecycle.assign(session, alert_id, sent.owner, who.account_id, now)
    return Names(session, [alert]).shape(alert)


@router.post("/{alert_id}/tags", summary="Tag it", responses=describe_failures(401, 403, 404, 422))
def set_tags(who: Reviewer, session: Session, now: Now, alert_id: Id, sent: TagsSent) -> AlertShape:
    """Give it exactly these tags, in lower case; partners do not get them."""
    alert = lifecycle.tag(session, alert_id, sent.tags, who.account_id, now)
    return Names(session, [alert]).shape(alert)


@router.post("/{alert_id}/merge", summary="Merge it", responses=describe_failures(401, 403, 404, 409, 422))
def merge(who: Reviewer, session: Session, now: Now, alert_id: Id, sent: MergeSent) -> AlertShape:
    """Let it go on in another alert, which is returned; this one is resolved and says where it went."""
    alert = lifecycle.merge(session, alert_id, sent.into, who.account_id, now)
    return Names(session, [alert]).shape(alert)


@router.post(
    "/{alert_id}/sightings", status_code=201, summary="Answer to it", responses=describe_failures(401, 403, 404, 422)
)
def add_sighting(who: Partner, session: Session, now: Now, alert_id: Id, sent: SightingSent) -> Sighting:
    """Answer as a partner: seen, disputed or confirmed. The latest answer of each partner counts; all are kept."""
    event = timeline.answer(session, alert_id, sent.sighting, who.account_id, sent.note, now)
    return Sighting(id=event.id, alert_id=event.alert_id, sighting=event.kind, at=event.at)


@router.get("/{alert_id}/contacts", summary="Who could be engaged", responses=describe_failures(401, 403, 404, 422))
def list_contacts(_who: Reviewer, session: ReadSession, alert_id: Id) -> CouldEngage:
    """List the entries of the directory that fit the alert's place and groups."""
    return CouldEngage(items=[contact_shape(one) for one in contacts.could_engage(session, alert_id)])


@router.post(
    "/{alert_id}/engagements",
    status_code=201,
    summary="Log who was engaged",
    responses=describe_failures(401, 403, 404, 422),
)
def add_engagement(who: Reviewer, session: Session, now: Now, alert_id: Id, sent: EngagementSent) -> Line:
    """Log that somebody was engaged about the alert."""
    event = contacts.engaged(session, alert_id, sent.contact_id, who.account_id, sent.note, now)
    return shown(session, [event])[0]


def _check_own(session: OrmSession, who: Actor, alert_id: int, owner: str | None) -> None:
    alert = lifecycle.existing(session, alert_id)
    if owner not in {None, who.name} or alert.owner_id not in {None, who.account_id}:
        who.must("lead")


def shown(session: OrmSession, events: list[AlertEvent]) -> list[Line]:
    """Show lines with the names of who wrote them."""
    ids = {event.account_id for event in events if event.account_id is not None}
    names = dict(session.execute(select(Account.id, Account.name).where(Account.id.in_(ids))).all())
    return [
        Line(
            id=event.id,
            at=event.at,
            kind=event.kind,
            by=names.get(event.account_id) if event.account_id is not None else None,
            note=event.note,
            details=event.details,
        )
        for event in events
    ]
