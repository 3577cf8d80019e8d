"""Partners are added, tried, given new secrets and sent things again; the directory is private."""

import re

from models.contact import Contact
from models.database import Sessions, reading, writing
from models.delivery import Delivery, DeliveryAttempt, Webhook
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_alert, add_webhook, minutes

ENDPOINT = {"description": "Desk in Marrok", "kind": "webhook", "url": "https://partner.example.org/hook",
            "tier": "counts", "tlp": "AMBER", "signature": "hmac"}  # fmt: skip


def text_of(browser: Browser, path: str) -> str:
    return " ".join(Page(browser.get(path).text).text.split())


def a_message(sessions: Sessions, **values: object) -> tuple[int, int]:
    """Return (webhook, delivery)."""
    with writing(sessions) as session:
        webhook = add_webhook(session, description="Desk in Marrok")
        fields: dict[str, object] = {"event": "alert.opened", "message_id": "msg_1", "body": '{"a": "<b>"}', "tries": 3,
                                     "created_at": NOW - minutes(90), "state": "failed"}  # fmt: skip
        delivery = Delivery(webhook_id=webhook.id, alert_id=add_alert(session).id, **fields | values)
        session.add(delivery)
        session.flush()
        session.add(DeliveryAttempt(delivery_id=delivery.id, at=NOW, status_code=503, duration_ms=12, error="busy"))
        return webhook.id, delivery.id


def test_a_partner_is_added_and_the_secret_shown_once(sessions: Sessions, admin: Browser) -> None:
    answer = admin.post("/webhooks", **ENDPOINT, min_severity="70", countries="ke, sd", signals=["incitement"])
    (secret,) = re.findall(r"whsec_[\w+/=]+", answer.text)
    with reading(sessions) as session:
        kept = session.query(Webhook).one()
        assert kept.secret == secret
        assert kept.filters == {"min_severity": 70, "countries": ["KE", "SD"], "signals": ["incitement"]}
    assert secret not in admin.get(f"/webhooks/{kept.id}").text
    assert "numbers alone" in text_of(admin, f"/webhooks/{kept.id}")


def test_a_wrong_address_is_said(admin: Browser) -> None:
    refused = admin.post("/webhooks", **ENDPOINT | {"url": "ftp://nowhere"})
    assert (refused.status_code, "url:" in refused.text.lower()) == (422, True)
    assert admin.post("/webhooks", **ENDPOINT | {"tier": "everything"}).status_code == 422


def test_the_buttons_do_what_they_say(sessions: Sessions, admin: Browser) -> None:
    webhook, _ = a_message(sessions)
    before = admin.get(f"/webhooks/{webhook}").text
    test = admin.post(f"/webhooks/{webhook}", act="test")
    assert re.fullmatch(r"/deliveries/\d+", test.headers["location"])
    made = admin.post(f"/webhooks/{webhook}", act="rotate").text
    assert "whsec_" in made
    assert "whsec_" not in before
    assert "The old secret signs too until" in made
    assert admin.post(f"/webhooks/{webhook}", act="rotate").status_code == 409
    assert "The old secret signs too" not in admin.post(f"/webhooks/{webhook}", act="revoke").text
    admin.post(f"/webhooks/{webhook}", act="off")
    with reading(sessions) as session:
        assert session.get_one(Webhook, webhook).enabled is False
    admin.post(f"/webhooks/{webhook}", act="on")
    assert admin.post(f"/webhooks/{webhook}", act="dance").status_code == 422


def test_a_stretch_of_time_is_sent_again(sessions: Sessions, admin: Browser) -> None:
    webhook, delivery = a_message(sessions)
    done = admin.post(f"/webhooks/{webhook}", act="again", since="2026-03-14T00:00")
    assert done.headers["location"].startswith(f"/deliveries?webhook={webhook}&again=1&added=0")
    assert "Owed again: 1" in text_of(admin, done.headers["location"])
    with reading(sessions) as session:
        assert session.get_one(Delivery, delivery).state == "pending"
    assert admin.post(f"/webhooks/{webhook}", act="again", since="then").status_code == 422


def test_one_message_is_shown_and_sent_again_under_its_id(
    sessions: Sessions, admin: Browser, outsider: Browser
) -> None:
    webhook, delivery = a_message(sessions)
    listed = text_of(outsider, f"/deliveries?webhook={webhook}&state=failed")
    assert "Desk in Marrok given up; send it again by hand" in listed
    assert "No message matches" in text_of(outsider, "/deliveries?state=delivered")
    page = outsider.get(f"/deliveries/{delivery}").text
    assert "&lt;b&gt;" in page
    assert "503 busy" in " ".join(Page(page).text.split())
    assert outsider.post(f"/deliveries/{delivery}").status_code == 403
    assert admin.post(f"/deliveries/{delivery}").status_code == 303
    with reading(sessions) as session:
        kept = session.get_one(Delivery, delivery)
        assert (kept.state, kept.tries, kept.message_id) == ("pending", 0, "msg_1")
    assert outsider.get("/deliveries/987654").status_code == 404


def test_nobody_but_an_administrator_changes_partners(sessions: Sessions, analyst: Browser) -> None:
    webhook, _ = a_message(sessions)
    assert analyst.post("/webhooks", **ENDPOINT).status_code == 403
    for act in ("test", "rotate", "revoke", "again", "on", "off"):
        assert analyst.post(f"/webhooks/{webhook}", act=act).status_code == 403
    assert "Make a new secret" not in analyst.get(f"/webhooks/{webhook}").text


def test_the_directory_is_kept_by_administrators_and_read_by_reviewers(
    sessions: Sessions, admin: Browser, analyst: Browser, outsider: Browser
) -> None:
    entry = {"name": "Council of elders", "kind": "community_leader", "country": "ke", "groups": "the Varni, elders",
             "tier": "counts", "reach": "by radio"}  # fmt: skip
    assert outsider.get("/contacts").status_code == 403
    assert analyst.post("/contacts", **entry).status_code == 403
    assert admin.post("/contacts", **entry).status_code == 303
    assert "Council of elders community leader KE the Varni, elders by radio numbers alone" in text_of(
        analyst, "/contacts"
    )
    with reading(sessions) as session:
        number = session.query(Contact).one().id
    assert 'value="by radio"' in admin.get(f"/contacts?edit={number}").text
    admin.post(f"/contacts/{number}", **entry | {"reach": "", "country": ""}, act="change")
    admin.post(f"/contacts/{number}", act="off")
    with reading(sessions) as session:
        kept = session.get_one(Contact, number)
        assert (kept.country, kept.reach, kept.enabled, kept.groups) == (None, "", False, ["the Varni", "elders"])
    assert admin.post("/contacts", **entry | {"country": "Kenya"}).status_code == 422
    assert admin.post(f"/contacts/{number}", act="dance").status_code == 422
    admin.post(f"/contacts/{number}", act="forget")
    assert "The directory is empty" in text_of(analyst, "/contacts")
