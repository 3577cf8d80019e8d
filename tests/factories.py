"""Rows that a test needs but is not about: each function invents whatever its caller does not name.

Every function adds to the session and flushes, so that ids are there; the caller's `writing` block commits.
"""

import datetime as dt
import hashlib
import itertools
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from models.account import Account
from models.alert import Alert, Rule
from models.assessment import Assessment, Mark
from models.codebook import PATHWAYS, SIGNALS, TARGETS
from models.delivery import Webhook
from models.document import Cluster, Document
from models.item import Item
from models.source import Source
from models.tally import TallyDay, TallyHour, day_of
from tests.conftest import NOW

Row = TypeVar("Row")
_numbers = itertools.count(1)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def add_account(session: Session, **values: Any) -> Account:
    values = {"name": f"analyst {next(_numbers)}", "created_at": NOW} | values
    return _add(session, Account(**values))


def add_source(session: Session, **values: Any) -> Source:
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "name": f"Radio Keshu {number}",
        "kind": "feed",
        "url": f"https://radio{number}.example.org/feed",
        "country": "KE",
        "created_at": NOW,
        "next_due_at": NOW,
    }
    return _add(session, Source(**(defaults | values)))


def add_item(session: Session, source: Source | None = None, **values: Any) -> Item:
    source = source or add_source(session)
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "source_id": source.id,
        "external_id": f"item-{number}",
        "content": f"The market of Marrok opened at eight, says note {number}.",
        "fetched_at": NOW,
        "event_at": NOW,
    }
    values = defaults | values
    values.setdefault("content_sha256", sha256(values["content"]))
    return _add(session, Item(**values))


def add_document(session: Session, item: Item | None = None, **values: Any) -> Document:
    item = item or add_item(session)
    source = session.get_one(Source, item.source_id)
    cluster_id = values.pop("cluster_id", None) or _add(session, Cluster(first_seen_at=NOW)).id
    defaults: dict[str, Any] = {
        "item_id": item.id,
        "source_id": item.source_id,
        "cluster_id": cluster_id,
        "title": item.title,
        "url": item.url,
        "text": item.content,
        "extraction": "feed",
        "country": source.country,
        "region": source.region,
        "event_at": item.event_at,
        "created_at": NOW,
    }
    values = defaults | values
    values.setdefault("text_sha256", sha256(values["text"]))
    item.extracted_at = NOW
    return _add(session, Document(**values))


def add_assessment(session: Session, document: Document | None = None, **values: Any) -> Assessment:
    """Add a flagged incitement by default; `marks` are the (kind, key) pairs that apply."""
    document = document or add_document(session)
    flag = values.get("flag", True)
    default_marks = [("signal", "incitement"), ("pathway", "ideology"), ("target", "ethnicity_race")] if flag else []
    marks = values.pop("marks", default_marks)
    over = {key for kind, key in marks if kind == "signal"}
    defaults: dict[str, Any] = {
        "document_id": document.id,
        "model": "fake@1",
        "assessed_at": NOW,
        "source_id": document.source_id,
        "cluster_id": document.cluster_id,
        "country": document.country,
        "region": document.region,
        "event_at": document.event_at,
        "language": "en",
        "language_confidence": 0.99,
        "flag": flag,
        "abstained": False,
        "severity": 80 if flag else 0,
        "stage": 3 if flag else 0,
        "stance": "asserts",
        "signals": {key: 0.9 if key in over else 0.01 for key in SIGNALS},
        "pathways": dict.fromkeys(PATHWAYS, 0.1),
        "targets": dict.fromkeys(TARGETS, 0.1),
        "target_names": [key for kind, key in marks if kind == "target_name"],
        "passages": [],
        "flagged_now": flag,
    }
    assessment = _add(session, Assessment(**(defaults | values)))
    document.assessed_by = assessment.model
    for kind, key in marks:
        _add(
            session,
            Mark(assessment_id=assessment.id, kind=kind, key=key, probability=0.9, severity=assessment.severity),
        )
    return assessment


def add_rule(session: Session, **values: Any) -> Rule:
    defaults: dict[str, Any] = {"name": f"rule {next(_numbers)}", "kind": "item", "min_severity": 70, "created_at": NOW}
    return _add(session, Rule(**(defaults | values)))


def add_alert(session: Session, rule: Rule | None = None, **values: Any) -> Alert:
    rule = rule or add_rule(session)
    defaults: dict[str, Any] = {
        "rule_id": rule.id,
        "kind": rule.kind,
        "group_key": f"group {next(_numbers)}",
        "title": "Call for violence against the Varni",
        "summary": "One passage of severity 80 in Radio Keshu.",
        "severity": 80,
        "opened_at": NOW,
        "last_event_at": NOW,
    }
    return _add(session, Alert(**(defaults | values)))


def add_webhook(session: Session, **values: Any) -> Webhook:
    defaults: dict[str, Any] = {
        "url": "http://127.0.0.1:9/hook",
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "created_at": NOW,
    }
    return _add(session, Webhook(**(defaults | values)))


def add_tally(session: Session, *, label: str, hour: dt.datetime, **values: Any) -> None:
    """Count into an hour of a series, and into its day, which is always the sum of its hours."""
    series = {"label": label, "dimension": "all", "value": "", "country": ""} | values
    counts = {name: series.pop(name, 0) for name in ("documents", "voices", "confirmed")}
    _add(session, TallyHour(**series, **counts, hour=hour))
    day = session.get(TallyDay, series | {"day": day_of(hour)})
    if day is None:
        _add(session, TallyDay(**series, **counts, day=day_of(hour)))
    else:
        for name, count in counts.items():
            setattr(day, name, getattr(day, name) + count)


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
