"""The partners who are told: whether their endpoints answer, and what is still owed to them."""

from fastapi import APIRouter, Response
from sqlalchemy import func, select

from api.console.desk import At, ConsoleRoute
from api.console.rendering import page
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import ReadSession
from models.delivery import DELIVERY_STATES, TLP, Delivery, Webhook, shown_address

TIERS = Spoken({"full": "everything", "pseudonymised": "no names of authors", "counts": "counts alone"})

router = APIRouter(route_class=ConsoleRoute)


@router.get("/webhooks")
def webhooks(at: At, session: ReadSession) -> Response:
    """List every webhook with its counts; secrets are never shown."""
    counts: dict[tuple[int, str], int] = {
        (webhook_id, state): count
        for webhook_id, state, count in session.execute(
            select(Delivery.webhook_id, Delivery.state, func.count()).group_by(Delivery.webhook_id, Delivery.state)
        )
    }
    rows = [
        {
            "id": one.id,
            "url": shown_address(one),
            "description": one.description,
            "told": told(one),
            "enabled": one.enabled,
            "disabled_reason": one.disabled_reason,
            "failing_since": one.failing_since,
        }
        | {state: counts.get((one.id, state), 0) for state in DELIVERY_STATES}
        for one in session.scalars(select(Webhook).order_by(Webhook.id))
    ]
    return page("webhooks.html", desk=at, webhooks=rows, tlps=TLP)


def told(one: Webhook) -> str:
    """Say how much a partner is told."""
    tier = TIERS.get(one.tier, one.tier)
    if one.operational:
        return _("TLP:%(tlp)s, %(tier)s, about the installation too", tlp=one.tlp, tier=tier)
    return _("TLP:%(tlp)s, %(tier)s", tlp=one.tlp, tier=tier)
