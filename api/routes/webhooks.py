"""Partners' subscriptions: where messages go, signed after Standard Webhooks 1.0.0, as e-mail or as chat."""

import datetime as dt
from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as OrmSession

from api import replay, signing
from api.channels import checked_address
from api.dependencies import Admin, CurrentSettings, Id, Moment, Now, Reader, ReadSession, Session
from api.errors import Conflict, Invalid, NotFound
from api.pagination import Listed, PageWanted, after, listed
from api.problems import describe_failures
from api.routes.deliveries import DeliveryShape, delivery_shape
from api.strict_json import StrictRoute
from ingest.errors import Refused
from ingest.guard import checked_url
from models.delivery import TIERS, TLP, WEBHOOK_KINDS, Delivery, Webhook, shown_address
from warn import notify
from warn.about import filter_problems
from warn.errors import FiltersRefused

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=StrictRoute)

FILTERS = "Which alerts: min_severity, min_stage, kinds, signals, targets, target_names, countries. Empty: all of them."
TOLD = "full, pseudonymised (sources are numbers, notes left out) or counts (numbers and classes only)."
SCHEME = "hmac (a secret you share) or ed25519 (you get a public key)."
OPERATIONAL = (
    "It gets messages about the installation (an endpoint that was switched off, sources in trouble), and no alerts."
)
Kind = Literal[WEBHOOK_KINDS]  # type: ignore[valid-type]
Tier = Literal[TIERS]  # type: ignore[valid-type]
Tlp = Literal[TLP]  # type: ignore[valid-type]
Scheme = Literal[signing.SCHEMES]  # type: ignore[valid-type]


class WebhookShape(BaseModel):
    """An endpoint and how it has been answering; its secret is never shown again."""

    id: int
    kind: str
    url: str = Field(description="Of a chat service only the beginning: the rest may be a key.")
    description: str
    filters: dict[str, Any] = Field(description=FILTERS)
    tier: str = Field(description=TOLD)
    tlp: str = Field(description="How far a partner may pass it on: the Traffic Light Protocol 2.0.")
    operational: bool = Field(description=OPERATIONAL)
    signature: str = Field(description=SCHEME)
    public_key: str | None = Field(description="What Ed25519 signatures are verified with.")
    enabled: bool
    disabled_reason: str | None
    failing_since: dt.datetime | None
    previous_secret_until: dt.datetime | None = Field(description="Until then the old secret signs too.")
    created_at: dt.datetime


class WebhookWithSecret(WebhookShape):
    """The one time that the secret is shown; there is none to share where Ed25519 signs."""

    secret: str | None = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


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

    kind: Kind = Field(default="webhook", description="webhook, email (url mailto:...) or apprise (a chat service).")
    url: str = Field(max_length=2048)
    description: str = Field(default="", max_length=1000)
    filters: dict[str, Any] = Field(default_factory=dict, description=FILTERS)
    tier: Tier = Field(default="full", description=TOLD)
    tlp: Tlp = "AMBER"
    operational: bool = Field(default=False, description=OPERATIONAL)
    signature: Scheme = Field(default="hmac", description=SCHEME)


class WebhookChange(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"enabled": True}})

    url: str | None = Field(default=None, max_length=2048)
    description: str | None = Field(default=None, max_length=1000)
    filters: dict[str, Any] | None = Field(default=None, description=FILTERS)
    tier: Tier | None = Field(default=None, description=TOLD)
    tlp: Tlp | None = None
    enabled: bool | None = None


class Rotation(BaseModel):
    """How to end the old secret."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"revoke_now": False}})

    revoke_now: bool = Field(default=False, description="The old secret leaked: it signs no more from now on.")
    signature: Scheme | None = Field(default=None, description="Change over to this scheme; both sign meanwhile.")


class Span(BaseModel):
    """Which messages to send again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"since": "2026-03-13T00:00:00Z"}})

    since: Annotated[Moment, Field(description="Messages written at this time or later.")]
    until: Annotated[Moment | None, Field(default=None, description="Before this time; now when absent.")]
    delivered: bool = Field(default=False, description="Also what the endpoint took already.")


class Recovered(BaseModel):
    """What is owed once more."""

    again: int = Field(description="Messages owed again, under their old ids.")
    added: int = Field(description="Alerts that it wanted while it was switched off, owed as new messages.")


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
        kind=sent.kind,
        url=checked_endpoint(sent.url, sent.kind),
        description=sent.description,
        filters=checked_filters(sent.filters),
        tier=sent.tier,
        tlp=sent.tlp,
        operational=sent.operational,
        secret=signing.new_secret(sent.signature),
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
        webhook.url = checked_endpoint(sent.url, webhook.kind)
    for name in ("description", "tier", "tlp"):
        if (value := getattr(sent, name)) is not None:
            setattr(webhook, name, value)
    if sent.filters is not None:
        webhook.filters = checked_filters(sent.filters)
    if sent.enabled is not None:
        if sent.enabled and not webhook.enabled:
            webhook.failing_since = None
            replay.release_all(session, webhook_id, now)
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
    responses=describe_failures(401, 403, 404, 409, 422),
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
    if not at_once and len(signing.signing_secrets(webhook, now)) > 1:
        raise Conflict(
            "the last rotation is still in its grace, and a third secret would end the first one early; wait for "
            f"{notify.rfc3339(webhook.previous_secret_until or now)}, or end the old ones with revoke_now"
        )
    grace = dt.timedelta() if at_once else dt.timedelta(hours=settings.rotation_hours)
    signing.rotate(webhook, now, grace, sent.signature if sent else None)
    return _with_secret(webhook)


@router.post(
    "/{webhook_id}/recover",
    status_code=202,
    summary="Send a span of time again",
    responses=describe_failures(401, 403, 404, 422),
)
def recover(_who: Admin, session: Session, now: Now, webhook_id: Id, sent: Span) -> Recovered:
    """Owe again what the endpoint was not able to take between two times, and what it missed while it was off."""
    until = sent.until or now + dt.timedelta(microseconds=1)
    if until <= sent.since:
        raise Invalid("until: it must lie after since")
    webhook = _existing(session, webhook_id)
    done = replay.recover(session, webhook, sent.since, until, now, delivered=sent.delivered)
    return Recovered(again=done.again, added=done.added)


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    summary="Send a test message",
    responses=describe_failures(401, 403, 404, 422),
)
def send_test_message(_who: Admin, session: Session, now: Now, webhook_id: Id) -> DeliveryShape:
    """Owe the endpoint a message of type `webhook.test`; GET the delivery to see what came of it."""
    return delivery_shape(owe_test(session, _existing(session, webhook_id), now))


def owe_test(session: OrmSession, webhook: Webhook, now: dt.datetime) -> Delivery:
    """Owe a message of type `webhook.test`."""
    content = {
        "type": "webhook.test",
        "timestamp": notify.rfc3339(now),
        "data": {"webhook_id": webhook.id, "tier": webhook.tier, "tlp": f"TLP:{webhook.tlp}"},
    }
    return notify.write(session, webhook, "webhook.test", content, now)


def webhook_shape(webhook: Webhook) -> WebhookShape:
    """Show one endpoint without its secret."""
    own = {name: getattr(webhook, name) for name in WebhookShape.model_fields if hasattr(webhook, name)}
    return WebhookShape(
        **own | {"url": shown_address(webhook)},
        signature=signing.scheme_of(webhook.secret),
        public_key=signing.public_key(webhook.secret),
    )


def checked_endpoint(url: str, kind: str = "webhook") -> str:
    """Return the address in its one form; raises Invalid."""
    if kind != "webhook":
        return checked_address(kind, url)
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
    shared = webhook.secret if signing.scheme_of(webhook.secret) == "hmac" else None
    return WebhookWithSecret(**dict(webhook_shape(webhook)), secret=shared)


def _existing(session: OrmSession, webhook_id: int) -> Webhook:
    webhook = session.get(Webhook, webhook_id)
    if webhook is None:
        raise NotFound(f"there is no webhook {webhook_id}")
    return webhook
