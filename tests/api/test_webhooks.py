"""Each owed message reaches its partner: signed, under one id, after whatever trouble, and none waits for another."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from api import replay, signing, webhooks
from api.retries import MOST_TRIES
from api.settings import Settings
from api.webhooks import deliver
from ingest.http import Network
from ingest.settings import IngestSettings
from models.claims import claim
from models.database import Sessions, reading, writing
from models.delivery import Delivery, DeliveryAttempt, Webhook, owed
from tests.api.receiver import Receiver, receiving
from tests.factories import add_webhook

NETWORK = Network(IngestSettings(allowed_networks=("127.0.0.1/32",)))
SETTINGS = Settings(webhook_seconds=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def partner() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def send(sessions: Sessions, now: dt.datetime) -> int:
    return deliver(sessions, NETWORK, SETTINGS, now, pause=lambda _: None)


def owe(sessions: Sessions, partner: Receiver, now: dt.datetime, count: int = 1, **webhook: Any) -> int:
    """Owe the partner messages; return its webhook's id."""
    with writing(sessions) as session:
        row = add_webhook(session, url=partner.url, **webhook)
        for number in range(count):
            body = json.dumps({"type": "alert.opened", "data": {"title": f"Warnung № {number}"}}, ensure_ascii=False)
            session.add(
                Delivery(
                    webhook_id=row.id,
                    event="alert.opened",
                    message_id=f"msg_{row.id}_{number}",
                    body=body,
                    created_at=now,
                    next_attempt_at=now,
                )
            )
        return row.id


def only(sessions: Sessions, table: Any) -> Any:
    with reading(sessions) as session:
        return session.scalars(select(table)).one()


def test_a_partner_verifies_with_the_stock_library(sessions: Sessions, partner: Receiver) -> None:
    now = dt.datetime.now(dt.UTC)  # the library compares with the real clock
    owe(sessions, partner, now)
    assert send(sessions, now) == 1
    got = partner.received[0]
    verified = Verifier(only(sessions, Webhook).secret).verify(got.body, got.headers)
    assert verified["data"]["title"] == "Warnung № 0"
    with pytest.raises(WebhookVerificationError):
        Verifier(only(sessions, Webhook).secret).verify(got.body.replace(b"0", b"1"), got.headers)


def test_secrets_are_new_and_long_enough() -> None:
    assert signing.new_secret() != signing.new_secret()
    assert len(signing.new_secret().removeprefix("whsec_")) == 44


def test_what_was_delivered_is_not_sent_again(sessions: Sessions, partner: Receiver, now: dt.datetime) -> None:
    owe(sessions, partner, now, count=3)
    assert (send(sessions, now), send(sessions, now + HOUR)) == (3, 0)
    assert partner.ids == ["msg_1_0", "msg_1_1", "msg_1_2"]
    with reading(sessions) as session:
        assert set(session.scalars(select(Delivery.state))) == {"delivered"}
        assert session.scalars(select(DeliveryAttempt.response_excerpt)).first() == "thanks"


def test_a_failing_partner_is_tried_again_under_the_same_id(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    owe(sessions, partner, now)
    partner.status = 500
    assert send(sessions, now) == 0
    waiting = only(sessions, Delivery)
    assert (waiting.state, waiting.tries, waiting.last_error) == ("pending", 1, "the endpoint answered 500")
    assert now + dt.timedelta(seconds=4) < waiting.next_attempt_at < now + dt.timedelta(seconds=10)
    assert send(sessions, now + dt.timedelta(seconds=1)) == 0
    partner.status = 200
    assert send(sessions, now + dt.timedelta(seconds=10)) == 1
    assert partner.ids == ["msg_1_0", "msg_1_0"]
    times = [int(one.headers["webhook-timestamp"]) for one in partner.received]
    assert times[1] - times[0] == 10


def test_a_partner_who_comes_back_gets_everything_at_once(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    owe(sessions, partner, now, count=30)
    partner.status = 503
    for hours in range(24):
        send(sessions, now + hours * HOUR)
    assert len(partner.received) <= 24 + 1
    partner.status, partner.received = 200, []
    later = now + 24 * HOUR
    assert send(sessions, later) + send(sessions, later + dt.timedelta(seconds=1)) == 30
    assert len(set(partner.ids)) == 30


def test_a_partner_in_trouble_is_not_asked_for_each_message(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    owe(sessions, partner, now, count=100)
    partner.status = 500
    for seconds in range(60):
        send(sessions, now + dt.timedelta(seconds=seconds))
    assert 5 <= len(partner.received) <= 15
    partner.status = 200
    send(sessions, now + dt.timedelta(seconds=70))
    assert only(sessions, Webhook).failing_since is None


def test_a_redirect_is_a_failure_and_is_not_followed(sessions: Sessions, partner: Receiver, now: dt.datetime) -> None:
    with receiving() as elsewhere:
        partner.status, partner.headers = 307, {"location": elsewhere.url}
        owe(sessions, partner, now)
        assert send(sessions, now) == 0
        assert elsewhere.received == []
    assert "redirects" in only(sessions, Delivery).last_error


def test_gone_switches_the_endpoint_off_and_keeps_what_is_owed(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    owe(sessions, partner, now, count=2)
    partner.status = 410
    send(sessions, now)
    webhook = only(sessions, Webhook)
    assert (webhook.enabled, "410" in webhook.disabled_reason) == (False, True)
    send(sessions, now + 24 * HOUR)
    assert len(partner.received) == 1
    with reading(sessions) as session:
        assert set(session.scalars(select(Delivery.state))) == {"pending"}


def test_five_days_of_failures_switch_it_off_and_a_success_in_between_does_not(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    owe(sessions, partner, now)
    partner.status = 500
    for hours in range(119):
        send(sessions, now + hours * HOUR)
    assert only(sessions, Webhook).enabled
    for hours in range(119, 150):
        send(sessions, now + hours * HOUR)
    webhook = only(sessions, Webhook)
    assert not webhook.enabled
    assert webhook.disabled_reason.startswith("only failures for")


def test_two_failures_five_days_apart_do_not_switch_it_off(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    owe(sessions, partner, now)
    partner.status = 500
    send(sessions, now)
    send(sessions, now + 130 * HOUR)
    assert only(sessions, Webhook).enabled


def test_a_message_is_given_up_visibly_and_can_be_sent_again(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    owe(sessions, partner, now)
    with writing(sessions) as session:
        session.scalars(select(Delivery)).one().tries = MOST_TRIES - 1
    partner.status = 500
    send(sessions, now)
    assert only(sessions, Delivery).state == "failed"
    with writing(sessions) as session:
        replay.redeliver(session.scalars(select(Delivery)).one(), now)
    partner.status = 200
    assert send(sessions, now) == 1
    assert partner.ids == ["msg_1_0", "msg_1_0"]


def test_one_who_hangs_delays_no_other(sessions: Sessions, partner: Receiver, now: dt.datetime) -> None:
    with receiving() as hanging:
        hanging.silence = 5
        owe(sessions, hanging, now, count=10)
        owe(sessions, partner, now, count=10)
        started = time.monotonic()
        assert send(sessions, now) == 10
        assert time.monotonic() - started < 4
        assert len(hanging.received) == 1
    with reading(sessions) as session:
        assert "1 seconds" in str(
            session.scalars(select(DeliveryAttempt.error).where(DeliveryAttempt.error != "")).one()
        )


def test_an_answer_without_an_end_is_cut(sessions: Sessions, partner: Receiver, now: dt.datetime) -> None:
    partner.body = b"\x00" + b"x" * 10_000_000
    owe(sessions, partner, now)
    assert send(sessions, now) == 1
    assert len(only(sessions, DeliveryAttempt).response_excerpt) == webhooks.EXCERPT


def test_an_address_inside_is_refused_with_its_reason(sessions: Sessions, partner: Receiver, now: dt.datetime) -> None:
    with receiving("127.0.0.2") as inside:
        owe(sessions, inside, now)
        assert send(sessions, now) == 0
        assert inside.received == []
    assert "127.0.0.2" in only(sessions, Delivery).last_error


def test_both_secrets_sign_while_the_old_one_is_in_its_grace(sessions: Sessions, partner: Receiver) -> None:
    now = dt.datetime.now(dt.UTC)
    owe(sessions, partner, now, count=1)
    with writing(sessions) as session:
        webhook = session.scalars(select(Webhook)).one()
        old = webhook.secret
        new = signing.rotate(webhook, now, HOUR)
    send(sessions, now)
    for secret in (old, new):
        Verifier(secret).verify(partner.received[0].body, partner.received[0].headers)
    webhook = only(sessions, Webhook)
    assert signing.signing_secrets(webhook, now + HOUR) == (new,)


def test_a_leaked_secret_can_end_at_once(now: dt.datetime) -> None:
    webhook = Webhook(secret=signing.new_secret())
    new = signing.rotate(webhook, now, dt.timedelta())
    assert signing.signing_secrets(webhook, now) == (new,)


def test_what_was_sent_while_we_were_killed_is_sent_again(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    owe(sessions, partner, now)
    for turn in range(5):  # killed between the send and the record, more often than a poison row would be allowed
        at = now + turn * HOUR
        with writing(sessions) as session:
            _, ids = claim(
                session, Delivery, owed(at), order_by=Delivery.id, limit=1, lease=dt.timedelta(seconds=30), now=at
            )
            assert ids
    assert send(sessions, now + 6 * HOUR) == 1


def test_a_worker_that_woke_up_late_writes_nothing(sessions: Sessions, partner: Receiver, now: dt.datetime) -> None:
    webhook_id = owe(sessions, partner, now)
    late = webhooks.take(sessions, webhook_id, SETTINGS, now)
    assert late is not None
    assert send(sessions, now + HOUR) == 1
    tried = webhooks.Tried(now, 1, webhooks.Outcome(delivered=False, error="late"))
    webhooks.record(sessions, late, tried, SETTINGS, 0.5)
    assert only(sessions, Delivery).state == "delivered"
    assert only(sessions, DeliveryAttempt).error is None


def test_a_switched_off_endpoint_gets_nothing(sessions: Sessions, partner: Receiver, now: dt.datetime) -> None:
    owe(sessions, partner, now, enabled=False)
    assert send(sessions, now) == 0
    assert partner.received == []


def test_no_secret_stands_in_the_log(
    sessions: Sessions, partner: Receiver, now: dt.datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    owe(sessions, partner, now)
    partner.status = 410
    send(sessions, now)
    assert "switched off" in caplog.text
    assert "whsec_" not in caplog.text
    assert "Warnung" not in caplog.text
