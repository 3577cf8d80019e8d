"""A small world in which every page of the console has something of each kind to show, in more than one direction."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from fastapi.routing import APIRoute
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.console.pages import MODULES
from models.account import Account, Token
from models.alert import Alert, AlertAssessment, AlertEvent, Silence
from models.assessment import Assessment
from models.claims import Heartbeat
from models.database import Sessions, writing
from models.delivery import Delivery
from models.lexicon import LexiconEntry
from models.review import GoldCase, PracticeAnswer, Review, ReviewLease, SavedSearch
from tests.conftest import NOW
from tests.factories import (
    add_account,
    add_alert,
    add_assessment,
    add_document,
    add_item,
    add_rule,
    add_source,
    add_tally,
    add_webhook,
    minutes,
)

ENGLISH = "In the morning they said the Varni are ants who should be driven away, and nobody in the hall objected."
ARABIC = "قالوا في الصباح إن الفارني نمل يجب طرده، ولم يعترض أحد في القاعة."
# Every page that an administrator can open by an address, with the rows of this world.
PAGES = (
    "/",
    "/queue",
    "/queue?show=all&q=Varni",
    "/queue?show=abstained",
    "/queue?show=rejected",
    "/assessments/1",
    "/assessments/2?done=1",
    "/assessments/3",
    "/assessments/4",
    "/queue?show=flagged&pathway=ideology&since=2026-03-01",
    "/trends",
    "/trends?label=any&label=signal:incitement&days=7&measure=share",
    "/trends?by=country",
    "/trends/escalation",
    "/trends/escalation?target=ethnicity_race&country=KE&days=30",
    "/alerts",
    "/alerts?show=acknowledged",
    "/alerts/1",
    "/alerts/2",
    "/alerts/3",
    "/rules",
    "/rules/write?kind=calendar",
    "/rules/write?rule=1",
    "/silences",
    "/inhibitions",
    "/sources",
    "/sources?done=added",
    "/sources/find",
    "/webhooks",
    "/webhooks/1",
    "/deliveries",
    "/deliveries/1",
    "/contacts",
    "/quarantine",
    "/quarantine?released=1",
    "/agreement",
    "/training",
    "/training?pathway=ideology",
    "/training/5",
    "/training/5/answer",
    "/precision",
    "/precision?by=source",
    "/thresholds",
    "/settings",
    "/gazetteer?q=Luo",
    "/lexicon?language=sw",
    "/lexicon?show=own",
    "/lexicon?edit=en-driven-away&show=retired",
    "/people",
    "/people/accounts/1",
    "/account",
    "/sessions",
    "/audit",
    "/codebook",
    "/about",
    "/assessments/999",
)

# What is shown before somebody is signed in, and between two steps of it.
DOOR = ("/sign-in", "/sign-in?key=abc")
STEPS = ("/sign-in/password", "/sign-in/enrolment", "/sign-in/code")
# What a browser fetches and shows no page for.
NO_PAGES = (
    "/static/{name}",
    "/queue/export",
    "/assessments/{assessment_id}/bundle",
    "/alerts/{alert_id}/bundle",
    "/sources/opml",
    "/sign-in/oidc",
    "/sign-in/oidc/callback",
)


def routes() -> dict[str, re.Pattern[str]]:
    """Return every address pattern of the console that a browser can open, with the expression that matches it."""
    every = [route for module in MODULES for route in module.router.routes if isinstance(route, APIRoute)]
    return {route.path: route.path_regex for route in every if "GET" in route.methods and route.path not in NO_PAGES}


def unseen(paths: Iterable[str]) -> list[str]:
    """Return the routes that none of these addresses leads to."""
    plain = [path.partition("?")[0] for path in paths]
    return [route for route, pattern in routes().items() if not any(map(pattern.match, plain))]


def build(sessions: Sessions) -> None:
    """Fill the database, around whoever is in it already."""
    with writing(sessions) as session:
        people = [add_account(session, name=name) for name in ("Amina", "Dalia", "Emil")]
        off = add_account(session, name="Farid", disabled_at=NOW)
        ids = [one.id for one in people]
        passages = _passages(session)
        _decisions(session, passages, ids)
        _sources(session)
        _alerts(session, passages, ids)
        _counts(session)
        _terms(session)
        for arrow, error, age in (("poll", None, 1), ("assess", "the disk is full", 1), ("deliver", None, 90)):
            beat = Heartbeat(arrow=arrow, worker="w", beat_at=NOW - minutes(age), every_seconds=30, moved=1200)
            beat.error = error
            session.add(beat)
        for name, more in (("works", {}), ("over", {"expires_at": NOW}), ("gone", {"revoked_at": NOW})):
            token = Token(account_id=off.id, sha256=name, prefix="toc_abcdef", scopes=["read"], created_at=NOW)
            for key, value in more.items():
                setattr(token, key, value)
            session.add(token)
        for account in session.scalars(select(Account.id)).all():
            practised = PracticeAnswer(account_id=account, assessment_id=passages[4].id, at=NOW, verdict="confirmed")
            practised.signals = ["hate_speech"]
            session.add(practised)
            session.add(SavedSearch(account_id=account, name="مراقبة", query="?q=Varni", created_at=NOW))


def _passages(session: Session) -> list[Assessment]:
    source = add_source(session, name="Radio Marrok", language="en", region="Keshu valley", state="ok")
    arabic = add_source(session, name="إذاعة كيشو", language="ar", country="SD", state="ok")
    mark = {"start": 24, "end": 66, "signals": {}, "highlights": [{"start": 38, "end": 42, "weight": 0.9}]}
    texts: list[tuple[Any, str, dict[str, Any]]] = [
        (source, ENGLISH * 20, {"passages": [mark], "severity": 88}),
        (arabic, ARABIC, {"passages": [mark], "language": "ar", "severity": 70, "stance": "reports", "flag": False}),
        (arabic, ARABIC + " ١", {"language": "ar", "abstained": True, "flag": False, "abstain_reason": "no model was "
         "validated for ar", "marks": []}),
        (source, "The market opened at eight.", {"flag": False, "severity": 2, "marks": []}),
        (source, ENGLISH + "\u202eevil\u200b", {"passages": [mark], "severity": 55}),
    ]  # fmt: skip
    made = []
    for number, (publisher, text, more) in enumerate(texts):
        item = add_item(session, publisher, content=text, title=f"خبر {number}", author="A. Author",
                        url=f"https://radio.example.org/{number}" if number else "tag:1")  # fmt: skip
        marks = more.pop("marks", [("signal", "incitement"), ("target", "ethnicity_race"), ("target_name", "الفارني")])
        made.append(add_assessment(session, add_document(session, item, title=item.title), marks=marks, **more))
    return made


def _decisions(session: Session, passages: list[Assessment], people: list[int]) -> None:
    corrected: dict[str, Any] = {
        "signals": ["incitement"], "stage": 2, "stance": "asserts", "targets": ["religion"],
        "target_names": ["الفارني"], "tier": "concern", "hallmarks": ["dehumanization"], "note": "ملاحظة",
        "worksheet": {"intent": {"met": True, "note": "Said so."}, "extent": {"met": None, "note": ""}},
    }  # fmt: skip
    for passage in (passages[0], passages[4]):
        for number, account in enumerate(people):
            verdict = ("confirmed", "rejected", "confirmed")[number]
            more = corrected if verdict == "confirmed" else {}
            review = Review(assessment_id=passage.id, reviewer_id=account, created_at=NOW, verdict=verdict, **more)
            session.add(review)
        passage.status = "confirmed"
    session.add(GoldCase(assessment_id=passages[0].id, verdict="confirmed", created_by=people[0], created_at=NOW))
    case = GoldCase(assessment_id=passages[4].id, verdict="confirmed", created_by=people[0], created_at=NOW)
    case.training, case.reason, case.signals = True, "قيل بوضوح.", ["incitement"]
    session.add(case)
    _met_before_and_lately(session, people)
    lease = ReviewLease(assessment_id=passages[3].id, account_id=people[1], taken_at=NOW, ends_at=NOW + minutes(20))
    session.add(lease)


def _met_before_and_lately(session: Session, people: list[int]) -> None:
    """Let one reviewer agree with old gold cases and not with new ones, out of the queue's sight."""
    for number in range(12):
        old = number < 6
        passage = add_assessment(session, status="confirmed", current=False)
        gold = GoldCase(assessment_id=passage.id, verdict="confirmed", created_by=people[0], created_at=NOW)
        said = Review(assessment_id=passage.id, reviewer_id=people[1], verdict="confirmed" if old else "rejected",
                      created_at=NOW - dt.timedelta(days=60 if old else 2))  # fmt: skip
        session.add_all([gold, said])


def _sources(session: Session) -> None:
    add_source(session, state="no_feed", state_reason="A sign-in page came back.", state_since=NOW - minutes(90),
               failures=2, last_success_at=NOW - minutes(3000), due_reason="slowed down")  # fmt: skip
    add_source(session, state="failing", enabled=False)
    add_source(session, name="Partner push", kind="push", url=None, state="ok", last_item_at=NOW)
    for number in range(2):
        add_item(session, content=f"stuck {number}", title="عالق", quarantined_at=NOW, attempts=5,
                 quarantine_reason="its worker stopped 5 times")  # fmt: skip


def _alerts(session: Session, passages: list[Assessment], people: list[int]) -> None:
    silence = Silence(reason="A planned rally.", starts_at=NOW, ends_at=NOW + minutes(60), created_at=NOW)
    session.add(silence)
    session.flush()
    rests_on = {
        "label": "any", "dimension": "all", "value": "", "name": "", "country": None, "window_hours": 1,
        "since": (NOW - dt.timedelta(hours=2)).isoformat(), "until": NOW.isoformat(), "observed": 9, "expected": 1.0,
        "scanned": 40,
    }  # fmt: skip
    about = {"signals": ["incitement"], "target_names": ["الفارني"], "countries": ["KE"], "sources": ["إذاعة كيشو"]}
    made = [
        add_alert(session, add_rule(session, kind="surge", name="Rises"), kind="surge", title="Surge of flagged posts",
                  details={"rests_on": rests_on, "about": about, "reviews": {"confirmed": 2}, "all_rejected": True},
                  indicators=["7.14"], count=3, summary="9 posts in 1 h."),
        add_alert(session, state="acknowledged", acknowledged_by=people[0], acknowledged_at=NOW, reviewed=True,
                  acknowledge_note="أتصل بهم", silenced_by=silence.id, owner_id=people[1]),
        add_alert(session, state="resolved", resolved_by=people[0], resolved_at=NOW, resolve_note="Taken down."),
    ]  # fmt: skip
    webhook = add_webhook(session, description="Desk in Marrok", operational=True)
    add_webhook(session, enabled=False, disabled_reason="it answered 410", description=None)
    for alert in made:
        _around(session, alert, passages, webhook.id, people[0])


def _around(session: Session, alert: Alert, passages: list[Assessment], webhook: int, person: int) -> None:
    for passage in passages[:3]:
        session.add(AlertAssessment(alert_id=alert.id, assessment_id=passage.id, added_at=NOW))
    for state, event in (("pending", "alert.opened"), ("delivered", "alert.resolved"), ("failed", "alert.repeated")):
        session.add(
            Delivery(webhook_id=webhook, alert_id=alert.id, event=event, message_id=f"{alert.id}{event}", body="{}",
                     created_at=NOW, next_attempt_at=NOW, state=state, last_error="answered 503")
        )  # fmt: skip
    for kind in ("opened", "note", "seen"):
        session.add(AlertEvent(alert_id=alert.id, at=NOW, kind=kind, account_id=person, note="ملاحظة", details={}))


def _terms(session: Session) -> None:
    told = {"meaning": "يُطردون", "benign": "of sheep", "does_not_prove": "that anybody is", "source": "the desk"}
    for term, language, active in (("driven away", "en", True), ("نمل", "ar", True), ("kuvarna", "sw", False)):
        key = "en-driven-away" if language == "en" else f"{language}-{term}"
        session.add(
            LexiconEntry(key=key, term=term, languages=[language, "*"], variants=["driven a*"] if active else [],
                         countries=["KE"], consistent_with=["discrimination"], active=active, changed_at=NOW,
                         reviewed_by="Amina" if active else "", reviewed_on=NOW.date() if active else None, **told)
        )  # fmt: skip


def _counts(session: Session) -> None:
    hour = NOW.replace(minute=0)
    for back in range(60):
        for label, count in (("any", 9 if back == 1 else back % 4), ("volume", 40)):
            at = hour - dt.timedelta(hours=back)
            add_tally(session, label=label, dimension="all", hour=at, documents=count, voices=count)
