"""The overview tells what rose, whose the alerts are, how old the queue is, and what the model can read."""

import datetime as dt

from api.console.briefing import queue_age
from api.deciding import keep_decision
from api.reviews import Decision
from models.database import Sessions, reading, writing
from models.tally import hour_of
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_account, add_alert, add_assessment, add_source, add_tally, minutes


def text_of(browser: Browser) -> str:
    return " ".join(Page(browser.get("/").text).text.split())


def test_what_rose_leads_into_the_explorer_and_the_queue(sessions: Sessions, outsider: Browser) -> None:
    with writing(sessions) as session:
        for back, voices in ((2, 14), (30, 1)):
            for label, count in (("pathway:escalation", voices), ("any", voices), ("volume", 200)):
                hour = hour_of(NOW) - dt.timedelta(hours=back)
                add_tally(session, label=label, dimension="all", hour=hour, voices=count, documents=count + 5)
    page = Page(outsider.get("/").text)
    assert "Escalation 14 (1) in 19 documents · ▲ beyond chance" in " ".join(page.text.split())
    links = [str(one.get("href")) for one in page.all("a")]
    assert "/trends?label=pathway%3Aescalation&days=7" in links
    assert any(link.startswith("/queue?show=flagged&pathway=escalation&since=2026-03-07T") for link in links)


def test_open_alerts_are_counted_by_owner_and_severity(sessions: Sessions, outsider: Browser) -> None:
    with writing(sessions) as session:
        wanjiru = add_account(session, name="Wanjiru").id
        for severity, owner, state in ((90, None, "open"), (72, None, "open"), (50, wanjiru, "acknowledged"),
                                       (10, wanjiru, "open"), (99, wanjiru, "resolved")):  # fmt: skip
            add_alert(session, severity=severity, owner_id=owner, state=state)
    assert "nobody yet 2 – – Wanjiru – 1 1" in text_of(outsider)


def test_the_age_of_the_queue_is_told_by_its_oldest_and_its_middle(sessions: Sessions, outsider: Browser) -> None:
    with writing(sessions) as session:
        reviewer = add_account(session).id
        for age in (600, 180, 60):
            add_assessment(session, assessed_at=NOW - minutes(age))
        done = [add_assessment(session, assessed_at=NOW - minutes(900)).id for _ in range(2)]
        for passage in done:
            keep_decision(session, reviewer, passage, Decision("confirmed"), NOW, 0.0)
    with reading(sessions) as session:
        queue = queue_age(session, NOW)
    assert (queue.waiting, queue.oldest, queue.median) == (3, NOW - minutes(600), NOW - minutes(180))
    assert (queue.reviewed_today, queue.reviewers_today) == (2, 1)
    assert "Oldest since 10 hours ago Half of it since 3 hours ago Reviewed today 2 by 1 people" in text_of(outsider)


def test_languages_without_a_measured_model_and_abstentions_are_said(sessions: Sessions, outsider: Browser) -> None:
    with writing(sessions) as session:
        for language in ("en", "en", "en", "so"):
            add_assessment(session, language=language, flag=language == "en", abstained=language == "so")
        add_source(session, state="silent")
        add_source(session, state="ok", enabled=False)
    text = text_of(outsider)
    assert "Measured in en 75% of the latest texts Not measured in so Abstained 25%" in text
    assert "paused 1" in text


def test_a_fresh_installation_has_nothing_to_tell(outsider: Browser) -> None:
    text = text_of(outsider)
    assert "Nothing was flagged within two weeks" in text
    assert "No alert is open" in text


def test_the_queue_carries_what_the_briefing_narrowed_it_to(sessions: Sessions, outsider: Browser) -> None:
    with writing(sessions) as session:
        add_assessment(session, event_at=NOW - minutes(60))
        add_assessment(session, event_at=NOW - minutes(60 * 24 * 9))
        add_assessment(session, event_at=NOW, marks=[("signal", "incitement")])
    page = Page(outsider.get("/queue?show=flagged&pathway=ideology&since=2026-03-07T10:00Z").text)
    assert len([one for one in page.all("article") if one.get("class") == "entry"]) == 1
    carried = {one["name"]: one["value"] for one in page.all("input") if one.get("type") == "hidden"}
    assert (carried["pathway"], carried["since"]) == ("ideology", "2026-03-07T10:00Z")
    assert "Also narrowed to: the pathway Ideology, from 2026-03-07T10:00Z" in " ".join(page.text.split())
