"""Overview, alerts, sources, partners and the page about the product say what is so, and why."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from classify import drift
from models.alert import Alert, AlertAssessment
from models.assessment import Assessment
from models.audit import AuditEvent
from models.claims import Heartbeat
from models.database import Sessions, reading, writing
from models.delivery import Delivery
from models.source import Source
from models.tally import hour_of
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import (
    add_alert,
    add_assessment,
    add_document,
    add_rule,
    add_source,
    add_tally,
    add_webhook,
    minutes,
)


def text_of(browser: Browser, path: str) -> str:
    return " ".join(Page(browser.get(path).text).text.split())


def count_hours(sessions: Sessions, flagged: int, days: int = 3) -> None:
    """Tally `flagged` voices a day for some days up to now."""
    with writing(sessions) as session:
        for day in range(days):
            for label, count in (("any", flagged), ("volume", 40)):
                hour = hour_of(NOW) - dt.timedelta(days=day)
                add_tally(session, label=label, dimension="all", hour=hour, documents=count, voices=count)


def test_the_overview_says_what_waits(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        add_assessment(session)
        add_assessment(session, flag=False, abstained=True)
        add_alert(session, title="Calls against the Varni")
    text = text_of(analyst, "/")
    for said in ("1 to review", "1 the model abstained on", "1 alerts not resolved", "Calls against the Varni",
                 "no person has looked yet", "severity 80 of 100"):  # fmt: skip
        assert said in text


def test_the_overview_warns_when_scores_have_moved(
    sessions: Sessions, analyst: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "LEAST", 6)
    with writing(sessions) as session:
        for number in range(12):
            document = add_document(session, event_at=NOW - minutes(60 * 24 * (1 if number < 6 else 20)))
            add_assessment(session, document, flag=number < 6)
    assert "the scores of incitement have moved against the 28 days before" in text_of(analyst, "/")


def test_a_fresh_installation_says_that_nothing_has_run(analyst: Browser) -> None:
    text = text_of(analyst, "/")
    assert "Nothing has been counted yet" in text
    assert "No worker has run yet, so nothing is being read" in text
    assert "No source is watched yet" in text


def test_a_late_step_and_a_failing_one_are_named(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        for arrow, age, error in (("poll", 1, None), ("assess", 60, None), ("deliver", 1, "no route to the host")):
            beat = Heartbeat(arrow=arrow, worker="one", beat_at=NOW - minutes(age), every_seconds=30, error=error)
            session.add(beat)
    text = text_of(analyst, "/")
    assert "Ask sources 1 minute ago 0 on time" in text
    assert "late it should turn every 30 s" in text
    assert "failed no route to the host" in text


def test_the_trend_has_a_drawing_and_a_table_that_says_the_same(sessions: Sessions, analyst: Browser) -> None:
    count_hours(sessions, flagged=6)
    page = Page(analyst.get("/").text)
    assert len([bar for bar in page.all("rect") if bar["height"] != "0.0"]) == 3
    assert "14 Mar 2026 6 – – 6 40 15%" in " ".join(page.text.split())
    assert "the history is too short" in page.text


def test_a_source_in_trouble_stands_on_the_overview_with_its_reason(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        add_source(session, state="ok")
        add_source(session, state="no_feed", state_reason="A sign-in page came back.", state_since=NOW - minutes(90))
        add_source(session, state="failing", enabled=False)
    text = text_of(analyst, "/")
    assert "2 watched, 1 needs a look; 1 paused." in text
    assert "answers, but is no feed A sign-in page came back. 1 hour ago" in text


def test_alerts_are_listed_by_state(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        add_alert(session, title="Still open")
        add_alert(session, title="Long over", state="resolved")
    assert "Still open" in text_of(analyst, "/alerts")
    assert "Long over" not in text_of(analyst, "/alerts")
    assert "Long over" in text_of(analyst, "/alerts?show=resolved")
    assert "Long over" in text_of(analyst, "/alerts?show=all")


@pytest.mark.parametrize("masked", [True, False])
def test_an_alert_that_shows_a_short_text_whole_keeps_who_saw_it(
    sessions: Sessions, analyst: Browser, *, masked: bool
) -> None:
    with writing(sessions) as session:
        alert, passage = add_alert(session, state="resolved").id, add_assessment(session).id
        session.add(AlertAssessment(alert_id=alert, assessment_id=passage, added_at=NOW))
    if not masked:
        analyst.get("/about")
        analyst.post("/preferences", back="/")
    analyst.get(f"/alerts/{alert}")
    assert analyst.post(f"/alerts/{alert}", act="acknowledge").status_code == 409  # on the same page
    with reading(sessions) as session:
        kept = session.scalars(select(AuditEvent.details).where(AuditEvent.action == "text.listed")).all()
    assert kept == ([] if masked else [{"assessments": [passage]}] * 2)


def test_an_alert_shows_what_it_rests_on_and_who_was_told(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        alert = add_alert(session, add_rule(session, name="Severe calls"), indicators=["13.7"], count=2)
        passage = add_assessment(session)
        session.add(AlertAssessment(alert_id=alert.id, assessment_id=passage.id, added_at=NOW))
        webhook = add_webhook(session, description="Desk in Marrok")
        session.add(
            Delivery(
                webhook_id=webhook.id, alert_id=alert.id, event="alert.opened", message_id="m", body="{}", tries=2,
                created_at=NOW, next_attempt_at=NOW, last_error="answered 503",
            )
        )  # fmt: skip
    text = text_of(analyst, f"/alerts/{alert.id}")
    for said in ("Severe calls", "Consistent with 13.7", "never says that a risk factor is present", "2 passages",
                 "no person has looked at any of them yet", "Desk in Marrok", "waiting to be sent", "answered 503",
                 "Radio Keshu"):  # fmt: skip
        assert said in text


def test_acknowledging_and_resolving_keep_who_and_why(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        alert = add_alert(session).id
    assert analyst.post(f"/alerts/{alert}", act="acknowledge", note="Calling them.").status_code == 303
    text = text_of(analyst, f"/alerts/{alert}")
    assert "Amina, 14 Mar 2026, 09:30 UTC: Calling them." in text
    assert "Acknowledge: I am on it" not in text
    analyst.post(f"/alerts/{alert}", act="resolve", note="They took it down.")
    assert "They took it down." in text_of(analyst, f"/alerts/{alert}")
    with reading(sessions) as session:
        assert session.get_one(Alert, alert).state == "resolved"


def test_an_alert_that_somebody_resolved_first_keeps_the_note_that_was_typed(
    sessions: Sessions, analyst: Browser
) -> None:
    with writing(sessions) as session:
        alert = add_alert(session, state="resolved", resolved_at=NOW).id
    answer = analyst.post(f"/alerts/{alert}", act="acknowledge", note="I was slower.")
    assert answer.status_code == 409
    assert "I was slower." in answer.text


def test_a_surge_is_drawn_with_the_hours_before_it(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        hour = hour_of(NOW)
        for back, voices in ((3, 1), (2, 1), (1, 9)):
            for label, count in (("any", voices), ("volume", 40)):
                at = hour - dt.timedelta(hours=back)
                add_tally(session, label=label, dimension="all", hour=at, documents=count, voices=count)
        rests_on: dict[str, Any] = {
            "label": "any", "dimension": "all", "value": "", "name": "", "country": None, "window_hours": 1,
            "since": (hour - dt.timedelta(hours=1)).isoformat(), "until": hour.isoformat(), "observed": 9,
            "expected": 1.0, "scanned": 40,
        }  # fmt: skip
        alert = add_alert(session, add_rule(session, kind="surge"), details={"rests_on": rests_on}).id
    page = Page(analyst.get(f"/alerts/{alert}").text)
    assert len(page.all("rect")) == 49
    assert "9 voices in 1 hours, where 1.0 were to be expected among 40 read" in page.text


def test_sources_show_their_health_in_words(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        add_source(
            session, name="Radio Keshu", state="too_large", state_reason="Over 25 MB.", state_since=NOW, failures=2,
            last_success_at=NOW - minutes(180), next_due_at=NOW + minutes(30), due_reason="slowed down",
        )  # fmt: skip
        add_source(session, name="Partner", kind="push", url=None, state="ok")
    text = text_of(analyst, "/sources")
    for said in ("too large since 14 Mar 2026, 09:30 UTC Over 25 MB.", "3 hours ago 2 failures since",
                 "in 30 minutes slowed down", "takes what is sent"):  # fmt: skip
        assert said in text
    assert "Ask now" not in text


def test_many_sources_are_shown_in_pages_those_in_trouble_first(sessions: Sessions, admin: Browser) -> None:
    with writing(sessions) as session:
        for number in range(70):
            add_source(session, name=f"Radio {number:02}", state="failing" if number == 69 else "ok")
    first, second = text_of(admin, "/sources"), text_of(admin, "/sources?page=2")
    assert first.index("Radio 69") < first.index("Radio 00")
    assert "Radio 68" in second
    assert "Radio 68" not in first
    assert len(admin.get("/sources").content) < 60_000


def test_an_admin_adds_a_source_and_pauses_it(sessions: Sessions, admin: Browser) -> None:
    form = {"name": "Radio Marrok", "kind": "feed", "url": "https://marrok.example.org/feed", "interval_seconds": "600"}
    assert admin.post("/sources", **form, country="ke").headers["location"] == "/sources?done=added"
    assert "Radio Marrok" in text_of(admin, "/sources?done=added")
    for act, enabled in (("pause", False), ("resume", True), ("poll", True)):
        assert admin.post("/sources/1", act=act).headers["location"] == f"/sources?done={act}"
        with reading(sessions) as session:
            source = session.get_one(Source, 1)
            assert (source.enabled, source.country) == (enabled, "KE")
    assert source.due_reason == "asked for by a person"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "Name: 1 to 200"),
        ({"url": "file:///etc/passwd"}, "Address: "),
        ({"interval_seconds": "soon"}, "whole number of seconds"),
        ({"audience": "many"}, "People reached: a whole number of people"),
        ({"interval_seconds": "1"}, "Seconds between asking: between 60"),
        ({"country": "Kenya"}, "two letters"),
        ({"kind": "telepathy"}, "Kind: it must be one of"),
        ({"name": "Radio Keshu"}, "already"),
    ],
)
def test_a_source_that_is_refused_is_shown_again(
    sessions: Sessions, admin: Browser, wrong: dict[str, str], said: str
) -> None:
    with writing(sessions) as session:
        add_source(session, name="Radio Keshu")
    form = {"name": "Radio Marrok", "kind": "feed", "url": "https://marrok.example.org/feed", "interval_seconds": "600"}
    answer = admin.post("/sources", **form | {"region": "Typed valley"} | wrong)
    assert answer.status_code in {409, 422}
    assert said in Page(answer.text).text
    assert "Typed valley" in answer.text


@pytest.mark.parametrize(("path", "act"), [("/sources/9", "poll"), ("/sources/9", "pause"), ("/alerts/9", "resolve")])
def test_acting_on_what_is_not_there_says_so(admin: Browser, path: str, act: str) -> None:
    answer = admin.post(path, act=act)
    assert answer.status_code == 404
    assert "There is no" in answer.text


def test_partners_show_what_is_owed_and_never_a_secret(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        webhook = add_webhook(session, description="Desk in Marrok", failing_since=NOW)
        session.add(
            Delivery(webhook_id=webhook.id, event="test", message_id="m", body="{}", created_at=NOW, state="pending")
        )
    assert "Desk in Marrok" in text_of(analyst, "/webhooks")
    assert "failing since" in text_of(analyst, "/webhooks")
    assert "whsec_" not in analyst.get("/webhooks").text


def test_the_page_about_the_product_says_what_it_is_not_for(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        add_assessment(session, flag=False, abstained=True, language="rw")
    text = text_of(analyst, "/about")
    for said in ("Automated removal", "Policing", "Proof of a crime", "rw none not evaluated 1 1", "tocsin-"):
        assert said in text


def test_pages_stay_light_with_a_long_article(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        passage = add_assessment(session)
        document = session.get_one(Assessment, passage.id).document_id
    from models.document import Document

    with writing(sessions) as session:
        session.get_one(Document, document).text = "word " * 40_000
    assert len(analyst.get(f"/assessments/{passage.id}").content) < 60_000
