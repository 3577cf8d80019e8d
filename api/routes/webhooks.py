"""Partners' endpoints: where signed messages about alerts go. Messages follow Standard Webhooks 1.0.0."""

import datetime as dt
import json
from typing import Any

import httpx
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as OrmSession

from api import webhooks
from api.dependencies import Admin, CurrentSettings, Id, Now, Reader, ReadSession, Session
from api.errors import Invalid, NotFound
from api.pagination import Listed, PageWanted, after, listed
from api.problems import describe_failures
from api.routes.deliveries import DeliveryShape, delivery_shape
from api.strict_json import StrictRoute
from ingest.errors import Refused
from ingest.guard import checked_url
from models.delivery import Delivery, Webhook
from warn.about import filter_problems
from warn.errors import FiltersRefused

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=StrictRoute)

FILTERS = "Which alerts it gets: min_severity, kinds, signals, targets, target_names, countries. Empty: all of them."


class WebhookShape(BaseModel):
    """An endpoint and how it has been answering; its secret is never shown again."""

    id: int
    url: str
    description: str
    filters: dict[str, Any] = Field(description=FILTERS)
    enabled: bool
    disabled_reason: str | None
    failing_since: dt.datetime | None
    previous_secret_until: dt.datetime | None = Field(description="Until then the old secret signs too.")
    created_at: dt.datetime


class WebhookWithSecret(WebhookShape):
    """The one time that the secret is shown."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class WebhookSent(BaseModel):
    """An endpoint to send to."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "url": "https://partner.example.org/hooks/tocsin",
                "description": "Desk of the partner in Marrok",
                "filters": {"min_severity": 70, "countries": ["KE"]},
            }
        },
    )

    url: str = Field(max_length=2048)
    description: str = Field(default="", max_length=1000)
    filters: dict[str, Any] = Field(default_factory=dict, description=FILTERS)


class WebhookChange(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"enabled": True}})

    url: str | None = Field(default=None, max_length=2048)
    description: str | None = Field(default=None, max_length=1000)
    filters: dict[str, Any] | None = Field(default=None, description=FILTERS)
    enabled: bool | None = None


class Rotation(BaseModel):
    """How to end the old secret."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"revoke_now": False}})

    revoke_now: bool = Field(default=False, description="The old secret leaked: it signs no more from now on.")


@router.get("", summary="List endpoints", responses=describe_failures(401, 403, 422))
def list_webhooks(_who: Reader, session: ReadSession, page: PageWanted) -> Listed[WebhookShape]:
    """List endpoints, the newest first."""
    query = select(Webhook).order_by(Webhook.id.desc()).limit(page.limit + 1)
    if (beyond := after(page.cursor, "id", Webhook.id)) is not None:
        query = query.where(beyond)
    return listed(session.scalars(query).all(), page, "id", lambda row: (row.id,), webhook_shape)


@router.get(
    "/{webhook_id}",
    summary="One endpoint",
    responses=describe_failures(401, 403, 404, 422),
)
def get_webhook(_who: Reader, session: ReadSession, webhook_id: Id) -> WebhookShape:
    """Show one endpoint."""
    return webhook_shape(_existing(session, webhook_id))


@router.post(
    "",
    status_code=201,
    summary="Add an endpoint",
    responses=describe_failures(401, 403, 422),
)
def create_webhook(who: Admin, session: Session, now: Now, sent: WebhookSent) -> WebhookWithSecret:
    """Send alerts raised from now on to this endpoint. The answer shows its secret, once."""
    webhook = Webhook(
        url=checked_endpoint(sent.url),
        description=sent.description,
        filters=checked_filters(sent.filters),
        secret=webhooks.new_secret(),
        created_at=now,
        created_by=who.account_id,
    )
    session.add(webhook)
    session.flush()
    return _with_secret(webhook)


@router.patch(
    "/{webhook_id}",
    summary="Change an endpoint",
    responses=describe_failures(401, 403, 404, 422),
)
def change_webhook(_who: Admin, session: Session, now: Now, webhook_id: Id, sent: WebhookChange) -> WebhookShape:
    """Change an endpoint; one that is switched on again gets at once what it is still owed."""
    webhook = _existing(session, webhook_id)
    if sent.url is not None:
        webhook.url = checked_endpoint(sent.url)
    if sent.description is not None:
        webhook.description = sent.description
    if sent.filters is not None:
        webhook.filters = checked_filters(sent.filters)
    if sent.enabled is not None:
        if sent.enabled and not webhook.enabled:
            webhook.failing_since = None
            webhooks.release_all(session, webhook_id, now)
        webhook.enabled = sent.enabled
        webhook.disabled_reason = None if sent.enabled else "switched off by a person"
    return webhook_shape(webhook)


@router.delete(
    "/{webhook_id}", status_code=204, summary="Remove an endpoint", responses=describe_failures(401, 403, 404, 422)
)
def delete_webhook(_who: Admin, session: Session, webhook_id: Id) -> None:
    """Remove an endpoint with everything it was sent and is owed."""
    _existing(session, webhook_id)
    session.execute(delete(Webhook).where(Webhook.id == webhook_id))


@router.post(
    "/{webhook_id}/rotate",
    summary="Give it a new secret",
    responses=describe_failures(401, 403, 404, 422),
)
def rotate_secret(
    _who: Admin,
    session: Session,
    settings: CurrentSettings,
    now: Now,
    webhook_id: Id,
    sent: Rotation | None = None,
) -> WebhookWithSecret:
    """Make a new secret and show it once. For a while both sign, so that no message fails while the partner changes."""
    webhook = _existing(session, webhook_id)
    at_once = sent is not None and sent.revoke_now
    webhooks.rotate(webhook, now, dt.timedelta() if at_once else dt.timedelta(hours=settings.rotation_hours))
    return _with_secret(webhook)


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    summary="Send a test message",
    responses=describe_failures(401, 403, 404, 422),
)
def send_test_message(_who: Admin, session: Session, now: Now, webhook_id: Id) -> DeliveryShape:
    """Owe the endpoint a message of type `webhook.test`; GET the delivery to see what came of it."""
    webhook = _existing(session, webhook_id)
    content = {"type": "webhook.test", "timestamp": now.isoformat(), "data": {"webhook_id": webhook.id}}
    delivery = Delivery(
        webhook_id=webhook.id,
        event="webhook.test",
        message_id=webhooks.new_message_id(),
        body=json.dumps(content),
        created_at=now,
        next_attempt_at=now,
    )
    session.add(delivery)
    session.flush()
    return delivery_shape(delivery)


def webhook_shape(webhook: Webhook) -> WebhookShape:
    """Show one endpoint without its secret."""
    return WebhookShape.model_validate(webhook, from_attributes=True)


def checked_endpoint(url: str) -> str:
    """Return the address in its one form; raises Invalid."""
    try:
        return str(checked_url(url))
    except (Refused, httpx.InvalidURL) as error:
        raise Invalid(f"url: {error}") from None


def checked_filters(filters: dict[str, Any]) -> dict[str, Any]:
    """Return the filters as they are; raises FiltersRefused."""
    if found := filter_problems(filters):
        raise FiltersRefused(found)
    return filters


def _with_secret(webhook: Webhook) -> WebhookWithSecret:
    return WebhookWithSecret(**dict(webhook_shape(webhook)), secret=webhook.secret)


def _existing(session: OrmSession, webhook_id: int) -> Webhook:
    webhook = session.get(Webhook, webhook_id)
    if webhook is None:
        raise NotFound(f"there is no webhook {webhook_id}")
    return webhook
