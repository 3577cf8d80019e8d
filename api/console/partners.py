"""What an administrator does with a partner's endpoint: add it, try it, give it a new secret, send again.

The forms come here, and do what `/v1/webhooks` does. A secret is shown on the page that made it and never again.
"""

import datetime as dt

from fastapi import APIRouter, Response
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.console.desk import At, ConsoleRoute, Desk, Posted, many, one
from api.console.rendering import page, see_other
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Id, Now, ReadSession
from api.errors import Invalid, NotFound
from api.routes import webhooks
from models.codebook import SIGNALS
from models.database import writing
from models.delivery import Webhook, shown_address

router = APIRouter(route_class=ConsoleRoute)


@router.get("/webhooks/{webhook_id}")
def show(webhook_id: Id, at: At, session: ReadSession, now: Now) -> Response:
    """Show one endpoint with what can be done about it."""
    found = session.get(Webhook, webhook_id)
    if found is None:
        raise NotFound(_("there is no such partner"))
    return partner_page(at, found, now)


@router.post("/webhooks")
def add(at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Add an endpoint and show its secret once."""
    at.signed_in.actor.must("admin")
    filters: dict[str, object] = {}
    if least := one(form, "min_severity"):
        filters["min_severity"] = int(least) if least.isascii() and least.isdigit() and len(least) < 4 else least
    if countries := [part.strip().upper() for part in one(form, "countries").split(",") if part.strip()]:
        filters["countries"] = countries
    if signals := [key for key in many(form, "signals") if key in SIGNALS]:
        filters["signals"] = signals
    fields = {name: one(form, name) for name in ("kind", "url", "description", "tier", "tlp", "signature")}
    try:
        sent = webhooks.WebhookSent.model_validate(fields | {"filters": filters})
    except ValidationError as refused:
        raise Invalid(in_words(refused)) from None
    with writing(sessions) as session:
        made = webhooks.create_webhook(at.signed_in.actor, session, now, sent)
        return partner_page(at, session.get_one(Webhook, made.id), now, secret=made.secret or "", fresh=True)


@router.post("/webhooks/{webhook_id}")
def change(
    webhook_id: Id, at: At, form: Posted, *, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Do what one of the buttons asks for."""
    at.signed_in.actor.must("admin")
    asked, who = one(form, "act"), at.signed_in.actor
    with writing(sessions) as session:
        if asked == "test":
            delivery = webhooks.send_test_message(who, session, now, webhook_id)
            return see_other(f"/deliveries/{delivery.id}")
        if asked in {"rotate", "revoke"}:
            rotation = webhooks.Rotation(revoke_now=asked == "revoke")
            made = webhooks.rotate_secret(who, session, settings, now, webhook_id, rotation)
            return partner_page(at, session.get_one(Webhook, webhook_id), now, secret=made.secret or "", fresh=True)
        if asked == "again":
            span = webhooks.Span(
                since=moment(one(form, "since")),
                until=moment(one(form, "until")) if one(form, "until") else None,
                delivered=one(form, "delivered") == "yes",
            )
            done = webhooks.recover(who, session, now, webhook_id, span)
            return see_other(f"/deliveries?webhook={webhook_id}&again={done.again}&added={done.added}")
        if asked not in {"on", "off"}:
            raise Invalid(_("the form says nothing that can be done with a partner"))
        webhooks.change_webhook(who, session, now, webhook_id, webhooks.WebhookChange(enabled=asked == "on"))
    return see_other(f"/webhooks/{webhook_id}")


def partner_page(at: Desk, found: Webhook, now: dt.datetime, *, secret: str = "", fresh: bool = False) -> Response:
    """Return the page of one endpoint; `secret` is shown this once."""
    return page(
        "partner.html",
        desk=at,
        now=now,
        partner=webhooks.webhook_shape(found),
        address=shown_address(found),
        graced=found.previous_secret_until is not None and found.previous_secret_until > now,
        secret=secret,
        fresh=fresh,
        since=(now - dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
    )


def partners(session: Session) -> list[tuple[int, str]]:
    """Return every endpoint by what it is called, to choose from."""
    rows = session.scalars(select(Webhook).order_by(Webhook.id))
    return [(row.id, row.description or shown_address(row)) for row in rows]


def moment(text: str) -> dt.datetime:
    """Return a time that was typed, in UTC; raises Invalid."""
    try:
        typed = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(_("a time is a day and an hour, as in 2026-03-14 09:30 (UTC); go back and fill it in")) from None
    return typed.replace(tzinfo=dt.UTC) if typed.tzinfo is None else typed.astimezone(dt.UTC)


def in_words(refused: ValidationError) -> str:
    """Return the first thing that was wrong with a form, in a sentence."""
    first = refused.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
