"""The arrow `deliver`: bring each owed message to its webhook, signed, until the partner has it.

A message and its id were fixed when its alert was committed; the first claim adds where we are reached and how long the
evidence log is, and each try signs those same bytes anew. Every endpoint has a lane of its own, so that one that hangs
delays no other, and a lane ends at its first failure. What is sent while we are killed is sent again under the same id.
It does not know what an alert is.
"""

import datetime as dt
import json
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from api import channels, retries
from api.replay import release_all
from api.retries import Outcome
from api.settings import Settings
from api.signing import signed_headers, signing_secrets
from ingest.errors import IngestError
from ingest.http import Network
from models import claims
from models.database import Sessions, reading, writing
from models.delivery import Delivery, DeliveryAttempt, Webhook, owed
from models.log import LogHead
from warn import notify

LOG = logging.getLogger(__name__)
LANES = 32
TURN = dt.timedelta(seconds=20)
LEASE_MARGIN = dt.timedelta(seconds=15)
PER_SECOND = 20  # messages to one endpoint, so that a partner who comes back is not flooded
LOOK_SECONDS = 0.5  # while lanes are busy, how often we look whether somebody else is owed something
EXCERPT = 2_000
READ_AT_MOST = 64 * 1024


@dataclass(frozen=True)
class Sending:
    """One claimed message with what is needed to send it, no transaction open."""

    delivery_id: int
    token: str
    kind: str
    url: str
    message_id: str
    body: str
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Tried:
    """What one try took and what came back."""

    at: dt.datetime
    duration_ms: int
    outcome: Outcome
    status: int | None = None
    excerpt: str | None = None


def deliver(
    sessions: Sessions,
    network: Network,
    settings: Settings,
    now: dt.datetime,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Send what is owed now; return how many messages were delivered."""
    lane = Lane(sessions, network, settings, now, pause)
    delivered = 0
    running: dict[int, Future[int]] = {}
    with ThreadPoolExecutor(LANES, thread_name_prefix="deliver") as lanes:
        while True:
            # Looked at again and again: whoever is owed something now does not wait for the slowest of the others.
            for endpoint in waiting(sessions, lane.now()) if lane.has_time() else []:
                if endpoint not in running:
                    running[endpoint] = lanes.submit(lane.run, endpoint)
            if not running:
                return delivered
            done, _ = wait(running.values(), LOOK_SECONDS, FIRST_COMPLETED)
            for endpoint in [endpoint for endpoint, future in running.items() if future in done]:
                delivered += running.pop(endpoint).result()


def waiting(sessions: Sessions, now: dt.datetime) -> list[int]:
    """Return the endpoints that are owed something now."""
    with reading(sessions) as session:
        due = owed(now) & claims.free(Delivery, now)
        return list(session.scalars(select(Delivery.webhook_id).where(due).distinct()))


class Lane:
    """Sends to one endpoint, message by message, until nothing is owed, one fails, or the turn is over."""

    def __init__(
        self,
        sessions: Sessions,
        network: Network,
        settings: Settings,
        now: dt.datetime,
        pause: Callable[[float], None],
    ) -> None:
        self.sessions, self.network, self.settings, self.pause = sessions, network, settings, pause
        self.began, self.monotonic = now, time.monotonic()

    def now(self) -> dt.datetime:
        """The turn's time, moved on by what passed since; a clock that jumps does not disturb it."""
        return self.began + dt.timedelta(seconds=time.monotonic() - self.monotonic)

    def has_time(self) -> bool:
        """Whether the turn goes on."""
        return self.now() - self.began < TURN

    def run(self, webhook_id: int) -> int:
        """Return how many messages the endpoint took."""
        delivered = 0
        while self.has_time():
            sending = take(self.sessions, webhook_id, self.settings, self.now())
            if sending is None:
                break
            tried = self.attempt(sending)
            record(self.sessions, sending, tried, self.settings, random.random())  # noqa: S311  spreads, hides nothing
            if not tried.outcome.delivered:
                break
            delivered += 1
            self.pause(1 / PER_SECOND)
        return delivered

    def attempt(self, sending: Sending) -> Tried:
        """Send one message once."""
        at, started = self.now(), time.monotonic()
        if sending.kind != "webhook":
            outcome = channels.send(sending.kind, sending.url, sending.message_id, sending.body, self.settings)
            return Tried(at, _ms(started), outcome)
        headers = signed_headers(sending.message_id, at, sending.body, sending.secrets)
        try:
            answer = self.network.post(
                sending.url,
                sending.body.encode(),
                headers,
                timeout=self.settings.webhook_seconds,
                max_response=READ_AT_MOST,
            )
        except IngestError as error:
            return Tried(at, _ms(started), Outcome(delivered=False, error=str(error)[:500]))
        outcome = retries.outcome_of(answer.status, answer.headers.get("retry-after"), at)
        excerpt = answer.body[:EXCERPT].decode("utf-8", "replace").replace("\x00", "\ufffd")
        return Tried(at, _ms(started), outcome, answer.status, excerpt)


def take(sessions: Sessions, webhook_id: int, settings: Settings, now: dt.datetime) -> Sending | None:
    """Claim the oldest message owed to an endpoint, None when there is none."""
    lease = dt.timedelta(seconds=settings.webhook_seconds) + LEASE_MARGIN
    with writing(sessions) as session:
        due = owed(now) & (Delivery.webhook_id == webhook_id)
        token, ids = claims.claim(session, Delivery, due, order_by=Delivery.id, limit=1, lease=lease, now=now)
        if not ids:
            return None
        delivery = session.get_one(Delivery, ids[0])
        webhook = session.get_one(Webhook, webhook_id)
        delivery.body = sealed(session, delivery.body, settings.base_url)
        signing = signing_secrets(webhook, now)
        return Sending(delivery.id, token, webhook.kind, webhook.url, delivery.message_id, delivery.body, signing)


def sealed(session: Session, body: str, base_url: str) -> str:
    """Complete a message at its first claim: an absolute link, and the head of the evidence log as a witness's copy.

    What is complete is returned as it is, so that every try sends the same bytes.
    """
    content = json.loads(body)
    data = content.get("data", {})
    if not isinstance(data, dict) or "evidence" in data:
        return body
    if str(data.get("url", "")).startswith("/"):
        data["url"] = base_url + data["url"]
    head = session.scalars(select(LogHead)).one_or_none()
    data["evidence"] = {"size": head.size, "root": head.root} if head else None
    return json.dumps(content, ensure_ascii=False)


def record(sessions: Sessions, sending: Sending, tried: Tried, settings: Settings, chance: float) -> None:
    """Write down what came of a try, in one transaction with the end of the claim."""
    with writing(sessions) as session:
        if not claims.held(session, Delivery, sending.token, [sending.delivery_id]):
            return  # we were frozen, and another worker has taken over
        delivery = session.get_one(Delivery, sending.delivery_id, populate_existing=True)
        webhook = session.get_one(Webhook, delivery.webhook_id, with_for_update=True)
        session.add(
            DeliveryAttempt(
                delivery_id=delivery.id,
                at=tried.at,
                status_code=tried.status,
                error=tried.outcome.error,
                duration_ms=tried.duration_ms,
                response_excerpt=tried.excerpt,
            )
        )
        delivery.tries += 1
        delivery.claim_token, delivery.claimed_until, delivery.attempts = None, None, 0
        if tried.outcome.delivered:
            _succeeded(session, delivery, webhook, tried.at)
        else:
            _failed(session, delivery, webhook, tried, settings=settings, chance=chance)


def _succeeded(session: Session, delivery: Delivery, webhook: Webhook, at: dt.datetime) -> None:
    delivery.state, delivery.delivered_at = "delivered", at
    delivery.next_attempt_at, delivery.last_error = None, None
    if webhook.failing_since is not None:
        webhook.failing_since = None
        session.flush()
        release_all(session, webhook.id, at)


def _failed(
    session: Session, delivery: Delivery, webhook: Webhook, tried: Tried, *, settings: Settings, chance: float
) -> None:
    outcome, at = tried.outcome, tried.at
    webhook.failing_since = webhook.failing_since or at
    failing_for = at - webhook.failing_since
    delivery.last_error = outcome.error
    delay = retries.next_delay(delivery.tries, chance, outcome.retry_after)
    if delay is None:
        delivery.state, delivery.next_attempt_at = "failed", None
    else:
        delivery.next_attempt_at = at + delay
    session.flush()
    disable_after = dt.timedelta(hours=settings.webhook_disable_hours)
    if outcome.gone or (failing_for >= disable_after and _failures(session, webhook) >= retries.FEWEST_FAILURES):
        _disable(session, webhook, tried, failing_for)
    held_until = at + retries.hold(failing_for, outcome.retry_after)
    session.execute(
        update(Delivery)
        .where(Delivery.webhook_id == webhook.id, Delivery.state == "pending", Delivery.next_attempt_at < held_until)
        .values(next_attempt_at=held_until)
        .execution_options(synchronize_session=False)
    )


def _disable(session: Session, webhook: Webhook, tried: Tried, failing_for: dt.timedelta) -> None:
    """Switch an endpoint off and tell the operator: in the log, and where operational endpoints lead."""
    hours = int(failing_for.total_seconds() // 3600)
    error = tried.outcome.error
    webhook.enabled = False
    webhook.disabled_reason = error if tried.outcome.gone else f"only failures for {hours} hours: {error}"
    LOG.warning("webhook %d was switched off: %s", webhook.id, webhook.disabled_reason)
    data = {
        "id": webhook.id,
        "url": "/webhooks",
        "description": webhook.description,
        "reason": webhook.disabled_reason,
        "failing_since": notify.rfc3339(webhook.failing_since or tried.at),
    }
    content = {"type": "webhook.disabled", "timestamp": notify.rfc3339(tried.at), "data": data}
    others = select(Webhook).where(Webhook.operational, Webhook.enabled, Webhook.id != webhook.id)
    for operator in session.scalars(others.order_by(Webhook.id)):
        notify.write(session, operator, "webhook.disabled", content, tried.at)


def _failures(session: Session, webhook: Webhook) -> int:
    """Count the failed tries since the trouble began."""
    query = (
        select(func.count(DeliveryAttempt.id))
        .join(Delivery, Delivery.id == DeliveryAttempt.delivery_id)
        .where(Delivery.webhook_id == webhook.id, DeliveryAttempt.at >= webhook.failing_since)
    )
    return session.scalar(query) or 0


def _ms(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
