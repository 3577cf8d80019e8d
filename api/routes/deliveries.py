"""What partners were sent and are owed: each message, each try, and what came back."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from api import replay
from api.dependencies import MAX_ID, Admin, Id, Now, Reader, ReadSession, Session
from api.errors import NotFound
from api.pagination import Listed, PageWanted, after, listed
from api.problems import describe_failures
from models.delivery import DELIVERY_STATES, Delivery, DeliveryAttempt

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])


class DeliveryShape(BaseModel):
    """One message owed to one endpoint."""

    id: int
    webhook_id: int
    alert_id: int | None
    event: str = Field(examples=["alert.opened"])
    message_id: str = Field(description="The `webhook-id` of each try; the same on every one.")
    state: str = Field(description="pending, delivered or failed; failed ones can be sent again.")
    tries: int
    created_at: dt.datetime
    next_attempt_at: dt.datetime | None
    delivered_at: dt.datetime | None
    last_error: str | None


class Attempt(BaseModel):
    """One try and what came back."""

    at: dt.datetime
    status_code: int | None
    error: str | None
    duration_ms: int
    response_excerpt: str | None


class DeliveryWithAttempts(DeliveryShape):
    """One message with its body and every try."""

    body: str = Field(description="The exact text that is signed and sent.")
    attempts: list[Attempt]


@router.get("", summary="List messages", responses=describe_failures(401, 403, 422))
def list_deliveries(
    _who: Reader,
    session: ReadSession,
    page: PageWanted,
    *,
    webhook_id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    alert_id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    state: Annotated[Literal[DELIVERY_STATES] | None, Query()] = None,  # type: ignore[valid-type]
) -> Listed[DeliveryShape]:
    """List messages, the newest first."""
    query = select(Delivery).order_by(Delivery.id.desc()).limit(page.limit + 1)
    for column, value in ((Delivery.webhook_id, webhook_id), (Delivery.alert_id, alert_id), (Delivery.state, state)):
        if value is not None:
            query = query.where(column == value)
    if (beyond := after(page.cursor, "id", Delivery.id)) is not None:
        query = query.where(beyond)
    return listed(session.scalars(query).all(), page, "id", lambda row: (row.id,), delivery_shape)


@router.get(
    "/{delivery_id}",
    summary="One message and its tries",
    responses=describe_failures(401, 403, 404, 422),
)
def get_delivery(_who: Reader, session: ReadSession, delivery_id: Id) -> DeliveryWithAttempts:
    """Show one message, its body, and what came of each try."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    tries = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id).order_by(DeliveryAttempt.id)
    return DeliveryWithAttempts(
        **dict(delivery_shape(delivery)),
        body=delivery.body,
        attempts=[Attempt.model_validate(one, from_attributes=True) for one in session.scalars(tries)],
    )


@router.post(
    "/{delivery_id}/redeliver",
    status_code=202,
    summary="Send a message again",
    responses=describe_failures(401, 403, 404, 422),
)
def redeliver(_who: Admin, session: Session, now: Now, delivery_id: Id) -> DeliveryShape:
    """Owe a message again from the start, under its old id, whatever became of it before."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    replay.redeliver(delivery, now)
    return delivery_shape(delivery)


def delivery_shape(delivery: Delivery) -> DeliveryShape:
    """Show one message."""
    return DeliveryShape.model_validate(delivery, from_attributes=True)
