"""A partner's endpoint is added, tested, rotated and watched; its secret is shown once."""

import datetime as dt

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.settings import Settings
from api.webhooks import deliver
from ingest.http import Network
from ingest.settings import IngestSettings
from models.database import Sessions, reading, writing
from models.delivery import Delivery, Webhook
from tests.api.receiver import receiving
from tests.factories import add_webhook

NETWORK = Network(IngestSettings(allowed_networks=("127.0.0.1/32",)))


def test_the_secret_is_shown_once(admin: TestClient) -> None:
    answer = admin.post("/v1/webhooks", json={"url": "https://partner.example.org/hook", "filters": {}})
    assert answer.status_code == 201
    created = answer.json()
    assert created["secret"].startswith("whsec_")
    for seen in (admin.get(f"/v1/webhooks/{created['id']}"), admin.get("/v1/webhooks")):
        assert "whsec_" not in seen.text
    rotated = admin.post(f"/v1/webhooks/{created['id']}/rotate").json()
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != created["secret"]
    assert rotated["previous_secret_until"]


def test_a_leaked_secret_ends_at_once(sessions: Sessions, admin: TestClient) -> None:
    with writing(sessions) as session:
        one = add_webhook(session).id
    assert admin.post(f"/v1/webhooks/{one}/rotate", json={"revoke_now": True}).json()["previous_secret_until"] is None
    with reading(sessions) as session:
        assert session.get_one(Webhook, one).previous_secret is None


@pytest.mark.parametrize(
    "change",
    [
        {"url": "ftp://partner.example.org/"},
        {"url": "https://user:key@partner.example.org/"},
        {"url": "https://partner.example.org/\r\nx: y"},
        {"url": "no address"},
        {"url": "https://" + "a" * 3000},
        {"filters": {"planet": ["Mars"]}},
        {"filters": {"min_severity": "high"}},
        {"secret": "whsec_mine"},
    ],
    ids=str,
)
def test_a_wrong_endpoint_is_refused(admin: TestClient, change: dict[str, object]) -> None:
    answer = admin.post("/v1/webhooks", json={"url": "https://partner.example.org/hook"} | change)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_a_test_message_goes_out_and_its_tries_are_shown(
    sessions: Sessions, admin: TestClient, now: dt.datetime
) -> None:
    with receiving() as partner:
        one = admin.post("/v1/webhooks", json={"url": partner.url}).json()["id"]
        owed = admin.post(f"/v1/webhooks/{one}/test")
        assert (owed.status_code, owed.json()["state"]) == (202, "pending")
        assert deliver(sessions, NETWORK, Settings(), now, pause=lambda _: None) == 1
        again = admin.post(f"/v1/deliveries/{owed.json()['id']}/redeliver")
        assert (again.status_code, again.json()["state"]) == (202, "pending")
        assert deliver(sessions, NETWORK, Settings(), now, pause=lambda _: None) == 1
        assert len(partner.ids) == 2
        assert len(set(partner.ids)) == 1
    shown = admin.get(f"/v1/deliveries/{owed.json()['id']}").json()
    assert (shown["state"], [one["status_code"] for one in shown["attempts"]]) == ("delivered", [200, 200])
    assert '"webhook.test"' in shown["body"]
    assert [row["id"] for row in admin.get("/v1/deliveries", params={"webhook_id": one}).json()["items"]] == [1]
    assert admin.get("/v1/deliveries", params={"state": "failed"}).json()["items"] == []


def test_switching_on_again_sends_what_is_owed(sessions: Sessions, admin: TestClient, now: dt.datetime) -> None:
    with writing(sessions) as session:
        webhook = add_webhook(session, enabled=False, disabled_reason="gone", failing_since=now)
        one = webhook.id
        session.add(
            Delivery(
                webhook_id=one,
                event="alert.opened",
                message_id="msg_1",
                body="{}",
                created_at=now,
                next_attempt_at=now + dt.timedelta(hours=20),
            )
        )
    changed = admin.patch(f"/v1/webhooks/{one}", json={"enabled": True, "description": "Desk"}).json()
    assert (changed["enabled"], changed["disabled_reason"], changed["failing_since"]) == (True, None, None)
    with reading(sessions) as session:
        assert session.scalars(select(Delivery.next_attempt_at)).one() == now


def test_an_endpoint_is_removed_with_what_it_was_sent(sessions: Sessions, admin: TestClient) -> None:
    with writing(sessions) as session:
        one = add_webhook(session).id
    admin.post(f"/v1/webhooks/{one}/test")
    assert admin.delete(f"/v1/webhooks/{one}").status_code == 204
    assert admin.get("/v1/deliveries").json()["items"] == []
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/rotate")):
        assert admin.request(method, f"/v1/webhooks/{one}{path}", json={}).status_code == 404
    assert admin.get("/v1/deliveries/1").status_code == 404
    assert admin.post("/v1/deliveries/1/redeliver").status_code == 404
