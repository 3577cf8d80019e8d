"""Hold deliveries back for a while, for a stated reason; the alerts are still raised and shown."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api import audit
from api.dependencies import MAX_ID, Id, Lead, Moment, Now, Reader, ReadSession, Session
from api.pagination import Listed, PageWanted, after, listed
from api.problems import describe_failures
from api.strict_json import StrictRoute
from models.alert import Silence
from warn import silences

router = APIRouter(prefix="/v1/silences", tags=["silences"], route_class=StrictRoute)

FILTERS = "Narrow by signals, targets, target_names, countries, regions, languages, sources."


class SilenceShape(BaseModel):
    """One silence."""

    id: int
    rule_id: int | None
    filters: dict[str, Any]
    reason: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    created_at: dt.datetime
    created_by: int | None


class SilenceSent(BaseModel):
    """A silence: of a rule, of what matches filters, or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "reason": "The desk in Marrok handles the market dispute by telephone.",
                "ends_at": "2026-03-15T09:30:00Z",
                "filters": {"countries": ["KE"]},
            }
        },
    )

    reason: str = Field(max_length=2000)
    ends_at: Moment
    starts_at: Moment | None = Field(default=None, description="Now, when absent.")
    rule_id: int | None = Field(default=None, ge=1, le=MAX_ID)
    filters: dict[str, Any] = Field(default_factory=dict, description=FILTERS)


@router.get("", summary="List silences", responses=describe_failures(401, 403, 422))
def list_silences(
    _who: Reader,
    session: ReadSession,
    now: Now,
    page: PageWanted,
    *,
    active: Annotated[
        bool | None, Query(description="Those that hold something back now, or those that do not.")
    ] = None,
) -> Listed[SilenceShape]:
    """List silences, the newest first; those that ended too."""
    query = select(Silence).order_by(Silence.id.desc()).limit(page.limit + 1)
    if active is not None:
        holding = (Silence.starts_at <= now) & (Silence.ends_at > now)
        query = query.where(holding if active else ~holding)
    if (beyond := after(page.cursor, "id", Silence.id)) is not None:
        query = query.where(beyond)
    return listed(session.scalars(query).all(), page, "id", lambda row: (row.id,), silence_shape)


@router.post("", status_code=201, summary="Hold back", responses=describe_failures(401, 403, 404, 422))
def create_silence(who: Lead, session: Session, now: Now, sent: SilenceSent) -> SilenceShape:
    """Hold deliveries back until `ends_at`; what is still unresolved then is delivered."""
    silence = silences.SilenceInput(**sent.model_dump())
    kept = silences.create_silence(session, silence, who.account_id, now)
    audit.note(session, who.account_id, "silence.changed", now, details={"silence": kept.id, "act": "begin"})
    return silence_shape(kept)


@router.post("/{silence_id}/end", summary="Stop holding back", responses=describe_failures(401, 403, 404, 409, 422))
def end_silence(who: Lead, session: Session, now: Now, silence_id: Id) -> SilenceShape:
    """End a silence now; what it held back and is unresolved is delivered."""
    ended = silences.end_silence(session, silence_id, now)
    audit.note(session, who.account_id, "silence.changed", now, details={"silence": silence_id, "act": "end"})
    return silence_shape(ended)


def silence_shape(silence: Silence) -> SilenceShape:
    """Show one silence."""
    return SilenceShape.model_validate(silence, from_attributes=True)
