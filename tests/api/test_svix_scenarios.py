"""The scenarios that Svix tests itself with, each on our own clock: rotation, disabling, redirects, recovery."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api import signing
from api.settings import Settings
from api.webhooks import deliver
from models.database import Sessions, reading, writing
from models.delivery import Delivery, DeliveryAttempt, Webhook
from models.log import LogHead
from tests.api.receiver import Receiver, receiving
from tests.api.test_webhooks import HOUR, NETWORK, only, owe, send
from tests.factories import add_alert, add_webhook
from warn import notify


@pytest.fixture
def partner() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_repeated_failure_disables_and_the_operator_is_told(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    with receiving() as desk:
        with writing(sessions) as session:
            add_webhook(session, url=desk.url, operational=True)
        broken = owe(sessions, partner, now, description="Desk of Marrok")
        partner.status = 500
        for hours in range(0, 150, 3):
            send(sessions, now + hours * HOUR)
        with reading(sessions) as session:
            assert not session.get_one(Webhook, broken).enabled
        told = [json.loads(one.body) for one in desk.received]
    assert [one["type"] for one in told] == ["webhook.disabled"]
    assert told[0]["data"]["description"] == "Desk of Marrok"
    assert told[0]["data"]["reason"].startswith("only failures for")


def test_sporadic_failure_does_not_disable(sessions: Sessions, partner: Receiver, now: dt.datetime) -> None:
    with writing(sessions) as session:
        one = add_webhook(session, url=partner.url)
    for turn in range(20):  # ten days: one success, one failure, one success ...
        partner.status = 500 if turn % 2 else 200
        at = now + turn * 12 * HOUR
        with writing(sessions) as session:
            notify.write(session, one, "alert.opened", {"type": "alert.opened", "data": {}}, at)
        send(sessions, at)
    webhook = only(sessions, Webhook)
    assert webhook.enabled
    with reading(sessions) as session:
        failed = select(func.count()).where(DeliveryAttempt.status_code == 500)
        assert session.scalar(failed) == 10


def test_rotation_sends_both_signatures_and_a_second_one_waits(
    sessions: Sessions, admin: TestClient, partner: Receiver, now: dt.datetime
) -> None:
    one = owe(sessions, partner, now)
    rotated = admin.post(f"/v1/webhooks/{one}/rotate", json={"signature": "ed25519"})
    assert (rotated.json()["secret"], rotated.json()["signature"]) == (None, "ed25519")
    assert rotated.json()["public_key"].startswith("whpk_")
    send(sessions, now)
    assert len(partner.received[0].headers["webhook-signature"].split(" ")) == 2
    refused = admin.post(f"/v1/webhooks/{one}/rotate")
    assert (refused.status_code, "grace" in refused.json()["detail"]) == (409, True)
    assert admin.post(f"/v1/webhooks/{one}/rotate", json={"revoke_now": True}).status_code == 200


def test_recovery_by_time_range_sends_what_failed_under_its_old_id(
    sessions: Sessions, admin: TestClient, partner: Receiver, now: dt.datetime
) -> None:
    one = owe(sessions, partner, now - 48 * HOUR, count=3)
    with writing(sessions) as session:
        rows = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        rows[0].created_at = now - 100 * HOUR
        for row, state in zip(rows, ("failed", "failed", "delivered"), strict=True):
            row.state, row.next_attempt_at = state, None
    since = (now - 50 * HOUR).isoformat()
    answer = admin.post(f"/v1/webhooks/{one}/recover", json={"since": since})
    assert (answer.status_code, answer.json()) == (202, {"again": 1, "added": 0})
    send(sessions, now)
    assert partner.ids == ["msg_1_1"]
    answer = admin.post(f"/v1/webhooks/{one}/recover", json={"since": since, "delivered": True})
    assert answer.json() == {"again": 2, "added": 0}
    wrong = admin.post(f"/v1/webhooks/{one}/recover", json={"since": since, "until": "2020-01-01"})
    assert wrong.status_code == 422


def test_recovery_brings_what_an_endpoint_missed_while_it_was_off(
    sessions: Sessions, admin: TestClient, partner: Receiver, now: dt.datetime
) -> None:
    with writing(sessions) as session:
        one = add_webhook(session, url=partner.url, filters={"min_severity": 70}, enabled=False).id
        for severity in (90, 20):
            alert = add_alert(session, severity=severity, opened_at=now - HOUR)
            assert notify.owe(session, alert, notify.OPENED, now) == 0
    admin.patch(f"/v1/webhooks/{one}", json={"enabled": True})
    span = {"since": (now - 2 * HOUR).isoformat()}
    assert admin.post(f"/v1/webhooks/{one}/recover", json=span).json() == {"again": 0, "added": 1}
    # Sent again it is the same message: nothing was delivered in between.
    assert admin.post(f"/v1/webhooks/{one}/recover", json=span).json() == {"again": 1, "added": 0}
    send(sessions, now)
    assert len(partner.ids) == 1


def test_no_redirect_is_followed_even_to_the_same_host(sessions: Sessions, partner: Receiver, now: dt.datetime) -> None:
    partner.status, partner.headers = 308, {"location": partner.url}
    owe(sessions, partner, now)
    assert send(sessions, now) == 0
    assert len(partner.received) == 1


def test_a_thousand_alerts_to_a_partner_who_was_down_for_a_day_arrive_once_each_without_a_stampede(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    owe(sessions, partner, now, count=1000)
    partner.status = 503
    for minutes in range(0, 24 * 60, 20):
        send(sessions, now + dt.timedelta(minutes=minutes))
    assert len(partner.received) <= 24 * 60 / 15 + 10  # one try per quarter of an hour, not one per message
    partner.status, partner.received = 200, []
    pauses: list[float] = []
    later, sent = now + 24 * HOUR, 0
    for turn in range(60):
        sent += deliver(sessions, NETWORK, Settings(), later + turn * dt.timedelta(seconds=20), pause=pauses.append)
    assert sent == 1000
    assert sorted(partner.ids) == sorted({f"msg_1_{number}" for number in range(1000)})
    assert sum(pauses) == pytest.approx(1000 / 20)  # drained at 20 a second


def test_whoever_is_owed_something_later_does_not_wait_for_one_who_hangs(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    with receiving() as hanging, ThreadPoolExecutor(1) as thread:
        hanging.silence = 4
        owe(sessions, hanging, now)
        turn = thread.submit(deliver, sessions, NETWORK, Settings(webhook_seconds=3), now, pause=lambda _: None)
        while not hanging.received:
            time.sleep(0.01)
        owe(sessions, partner, now)
        started = time.monotonic()
        while not partner.received and time.monotonic() - started < 3:
            time.sleep(0.01)
        assert partner.received
        assert not turn.done()
        assert turn.result() == 1


def test_a_message_is_completed_once_with_an_absolute_link_and_the_head_of_the_log(
    sessions: Sessions, partner: Receiver, now: dt.datetime
) -> None:
    with writing(sessions) as session:
        add_webhook(session, url=partner.url)
        session.add(LogHead(id=1, size=7, root="ab" * 32, at=now))
        alert = add_alert(session)
        notify.owe(session, alert, notify.OPENED, now)
    partner.status = 500
    send(sessions, now)
    with writing(sessions) as session:
        session.get_one(LogHead, 1).size = 9
    partner.status = 200
    assert send(sessions, now + HOUR) == 1
    assert partner.received[0].body == partner.received[1].body
    data = json.loads(partner.received[0].body)["data"]
    assert data["url"] == f"http://127.0.0.1:8080/alerts/{alert.id}"
    assert data["evidence"] == {"size": 7, "root": "ab" * 32}
    assert len(partner.received[0].body) < 20_000


def test_a_new_secret_of_ed25519_shows_only_its_public_part(admin: TestClient) -> None:
    created = admin.post("/v1/webhooks", json={"url": "https://p.example/hook", "signature": "ed25519"})
    assert created.json()["secret"] is None
    assert created.json()["public_key"].startswith(signing.PUBLIC)
    assert signing.PRIVATE not in created.text
