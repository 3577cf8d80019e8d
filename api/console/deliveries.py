"""What partners were sent and are owed: each message, every try, and the button that sends it again."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from api import replay
from api.console.desk import At, ConsoleRoute, Posted
from api.console.partners import partners
from api.console.rendering import page, see_other
from api.console.translation import gettext as _
from api.dependencies import AllSessions, Id, Now, ReadSession
from api.errors import NotFound
from api.pagination import after, write_cursor
from models.database import writing
from models.delivery import DELIVERY_STATES, Delivery, DeliveryAttempt, Webhook, shown_address

ON_A_PAGE = 50
MOST_TRIES = 100
BODY = 20_000

router = APIRouter(route_class=ConsoleRoute)


@router.get("/deliveries")
def deliveries(request: Request, at: At, session: ReadSession, now: Now) -> Response:
    """List messages, the newest first, narrowed by partner, state and alert as the address says."""
    asked = read_asked(request.query_params)
    query = select(Delivery, Webhook).join(Webhook, Webhook.id == Delivery.webhook_id)
    if asked["webhook"]:
        query = query.where(Delivery.webhook_id == int(asked["webhook"]))
    if asked["alert"]:
        query = query.where(Delivery.alert_id == int(asked["alert"]))
    if asked["state"]:
        query = query.where(Delivery.state == asked["state"])
    beyond = after(request.query_params.get("cursor") or None, "id", Delivery.id)
    if beyond is not None:
        query = query.where(beyond)
    rows = session.execute(query.order_by(Delivery.id.desc()).limit(ON_A_PAGE + 1)).all()
    last = rows[ON_A_PAGE - 1][0] if len(rows) > ON_A_PAGE else None
    given = {name: value for name, value in asked.items() if value}
    return page(
        "deliveries.html",
        desk=at,
        now=now,
        asked=asked,
        partners=partners(session),
        rows=[(delivery, webhook.description or shown_address(webhook)) for delivery, webhook in rows[:ON_A_PAGE]],
        next="/deliveries?" + urlencode(given | {"cursor": write_cursor("id", last.id)}) if last else "",
        again=whole(request.query_params.get("again", "")),
        added=whole(request.query_params.get("added", "")),
    )


@router.get("/deliveries/{delivery_id}")
def delivery(delivery_id: Id, at: At, session: ReadSession, now: Now) -> Response:
    """Show one message: its body, and what came of each try."""
    found = session.get(Delivery, delivery_id)
    if found is None:
        raise NotFound(_("there is no such message"))
    tries = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id)
    partner = session.get_one(Webhook, found.webhook_id)
    return page(
        "delivery.html",
        desk=at,
        now=now,
        delivery=found,
        partner=partner.description or shown_address(partner),
        body=found.body[:BODY],
        tries=session.scalars(tries.order_by(DeliveryAttempt.id.desc()).limit(MOST_TRIES)).all(),
    )


@router.post("/deliveries/{delivery_id}")
def send_again(delivery_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Owe a message again from the start, under its old id."""
    del form  # it has been checked
    at.signed_in.actor.must("admin")
    with writing(sessions) as session:
        found = session.get(Delivery, delivery_id)
        if found is None:
            raise NotFound(_("there is no such message"))
        replay.redeliver(found, now)
    return see_other(f"/deliveries/{delivery_id}")


def read_asked(query: Any) -> dict[str, str]:
    """Read what the list is narrowed to; what cannot be understood narrows nothing."""
    state = query.get("state", "")
    return {
        "webhook": whole(query.get("webhook", "")),
        "alert": whole(query.get("alert", "")),
        "state": state if state in DELIVERY_STATES else "",
    }


def whole(text: str) -> str:
    """Return a whole number as it was typed, nothing where it is none."""
    return text if text.isascii() and text.isdigit() and len(text) < 19 else ""
