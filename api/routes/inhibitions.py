"""Hold an alert back from partners who were told of another; the alert is still raised and shown."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api import audit
from api.dependencies import MAX_ID, Id, Lead, Now, Reader, ReadSession, Session
from api.pagination import Listed, PageWanted, after, listed
from api.problems import describe_failures
from api.strict_json import StrictRoute
from models.alert import Inhibition
from warn import inhibitions
from warn.about import FIELDS, HELD_FILTERS, HOLDER_FILTERS

router = APIRouter(prefix="/v1/inhibitions", tags=["inhibitions"], route_class=StrictRoute)

RuleId = Annotated[int | None, Field(ge=1, le=MAX_ID)]


class InhibitionShape(BaseModel):
    """One inhibition; `ended_at` is null while it holds something back."""

    id: int
    reason: str
    holder_rule_id: int | None
    holder_filters: dict[str, Any]
    held_rule_id: int | None
    held_filters: dict[str, Any]
    equal: list[str]
    hours: int
    created_at: dt.datetime
    created_by: int | None
    ended_at: dt.datetime | None


class InhibitionSent(BaseModel):
    """Which alerts hold which others back: of a rule, of what matches filters, or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "reason": "While calls for violence stand, hostility against the same group is no news of its own.",
                "holder_filters": {"min_stage": 3},
                "held_filters": {"max_stage": 1},
                "equal": ["countries", "targets"],
                "hours": 24,
            }
        },
    )

    reason: str = Field(max_length=2000)
    holder_rule_id: RuleId = None
    holder_filters: dict[str, Any] = Field(default_factory=dict, description=f"By {', '.join(HOLDER_FILTERS)}.")
    held_rule_id: RuleId = None
    held_filters: dict[str, Any] = Field(default_factory=dict, description=f"By {', '.join(HELD_FILTERS)}.")
    equal: list[str] = Field(
        default=["countries", "targets"],
        max_length=len(FIELDS),
        description=f"In each of these both alerts must share a value: {', '.join(FIELDS)}.",
    )
    hours: int = Field(default=24, description="For how long after the holder's last event, at most 168.")


@router.get("", summary="List inhibitions", responses=describe_failures(401, 403, 422))
def list_inhibitions(
    _who: Reader,
    session: ReadSession,
    page: PageWanted,
    *,
    active: Annotated[bool | None, Query(description="Those that have not ended, or those that have.")] = None,
) -> Listed[InhibitionShape]:
    """List inhibitions, the newest first; those that ended too."""
    query = select(Inhibition).order_by(Inhibition.id.desc()).limit(page.limit + 1)
    if active is not None:
        query = query.where(Inhibition.ended_at.is_(None) if active else Inhibition.ended_at.is_not(None))
    if (beyond := after(page.cursor, "id", Inhibition.id)) is not None:
        query = query.where(beyond)
    return listed(session.scalars(query).all(), page, "id", lambda row: (row.id,), inhibition_shape)


@router.post("", status_code=201, summary="Let one alert hold another", responses=describe_failures(401, 403, 404, 422))
def create_inhibition(who: Lead, session: Session, now: Now, sent: InhibitionSent) -> InhibitionShape:
    """Hold alerts back from whoever was told of others, from now on and until it is ended."""
    inhibition = inhibitions.InhibitionInput(**sent.model_dump())
    kept = inhibitions.create_inhibition(session, inhibition, who.account_id, now)
    audit.note(session, who.account_id, "inhibition.changed", now, details={"inhibition": kept.id, "act": "begin"})
    return inhibition_shape(kept)


@router.post(
    "/{inhibition_id}/end", summary="Stop holding alerts back", responses=describe_failures(401, 403, 404, 409, 422)
)
def end_inhibition(who: Lead, session: Session, now: Now, inhibition_id: Id) -> InhibitionShape:
    """End an inhibition now; what it held back and is unresolved is delivered."""
    ended = inhibitions.end_inhibition(session, inhibition_id, now)
    audit.note(session, who.account_id, "inhibition.changed", now, details={"inhibition": inhibition_id, "act": "end"})
    return inhibition_shape(ended)


def inhibition_shape(inhibition: Inhibition) -> InhibitionShape:
    """Show one inhibition."""
    return InhibitionShape.model_validate(inhibition, from_attributes=True)
