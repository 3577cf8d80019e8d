"""Pack a case so that others can check it without us: rows, raw bytes, custody, checksums, proofs, and a verifier.

In the spirit of the Berkeley Protocol: what was collected, from where, when, by what, who handled it since, and how to
see that it was not changed. Raw bytes stand in a WARC file (ISO 28500) as `resource` records, because only the body of
an answer is kept. What was forgotten is absent and said to be; its hashes are there.
"""

import base64
import datetime as dt
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api import archives, evidence_verifier
from api.errors import Conflict, NotFound
from ingest import log
from ingest.evidence import raw_bytes
from models.account import Account
from models.alert import Alert, AlertAssessment, AlertEvent, Rule
from models.assessment import Assessment
from models.document import Document
from models.evidence import RawBody
from models.item import Item
from models.log import LogEntry
from models.review import Review
from models.source import SOCIAL_KINDS, WEB_KINDS, Source

# How a document's notes name the page that was fetched for its item.
ARTICLE = "article kept as "
MOST = 1000  # assessments of one alert in a bundle; the case says how many there are in all
README = """This is an evidence bundle of Tocsin.

case.json       what was collected and found: items, texts, machine readings, reviews, the alert and its timeline
custody.json    what happened to it, in order: who or what, when, with which hash
raw.warc        the bytes as they came, before anything read them (ISO 28500, records of type resource)
pages.wacz      what of it came over HTTP, to be opened in a replay tool (WACZ 1.1.1); absent where nothing did
proofs.json     for each row: the entry that was logged, and its audit path (RFC 6962)
checkpoint.txt  the log's head, signed (C2SP checkpoint); key.txt is the public key
SHA256SUMS      checksums of all other files
verify.py       checks all of it; needs only Python: python3 verify.py

A machine proposed what a person has not reviewed; each row says which. Readings are no proof of a crime.
"""


@dataclass
class Case:
    """The rows of a bundle."""

    alert: Alert | None
    assessments: list[Assessment]
    documents: dict[int, Document]
    items: list[Item]
    sources: dict[int, Source]
    reviews: list[Review]
    events: list[AlertEvent]
    names: dict[int, str]


def build(
    session: Session,
    *,
    alert_id: int | None = None,
    assessment_id: int | None = None,
    head: log.Head,
    signed: tuple[str | None, str | None],
    origin: str,
    by: str,
    now: dt.datetime,
) -> bytes:
    """Return the bundle as a ZIP file; raises NotFound, or Conflict while a row is not logged yet."""
    case = _case(session, alert_id, assessment_id)
    bodies = _bodies(session, case.items)
    proofs = _proofs(session, case, head)
    made = {"made_at": _time(now), "made_by": by, "made_with": f"tocsin {version('tocsin')}", "made_at_host": origin}
    files = {
        "README.txt": README.encode(),
        "case.json": _json(made | _described(session, case, bodies)),
        "custody.json": _json(_custody(case, bodies, proofs, by, now)),
        "raw.warc": warc(case, bodies, now),
        "proofs.json": _json(proofs),
        "checkpoint.txt": (signed[0] or f"{origin}\n{head.size}\n{_base64(head.root)}\n\n").encode(),
        "key.txt": (signed[1] or "this installation has no key yet, so the checkpoint is not signed").encode(),
        "verify.py": Path(evidence_verifier.__file__).read_bytes(),
    }
    if over_http := captures(session, case, bodies):
        files["pages.wacz"] = archives.wacz(over_http, _title(case), now)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*files.items(), ("SHA256SUMS", sums.encode())]:
            archive.writestr(zipfile.ZipInfo(name, now.astimezone(dt.UTC).timetuple()[:6]), data)
    return packed.getvalue()


def warc(case: Case, bodies: dict[str, RawBody], now: dt.datetime) -> bytes:
    """Write the raw bytes as WARC 1.1."""
    records = [archives.about(now)]
    for item in case.items:
        body = bodies.get(item.raw_sha256 or "")
        if body is None or body.forgotten_at is not None:
            continue
        address = item.url or case.sources[item.source_id].url or f"urn:tocsin:item:{item.id}"
        records.append(archives.resource(address, body.content_type or "", raw_bytes(body), body.received_at))
    return b"".join(records)


def captures(session: Session, case: Case, bodies: dict[str, RawBody]) -> list[archives.Capture]:
    """Return what came over HTTP: the answers that items were read from, and the articles that were fetched for them.

    An answer stands under the address that was asked, each once; its name in the list is the source's.
    """
    found: dict[tuple[str, str], archives.Capture] = {}
    articles = _articles(session, case)
    for item in case.items:
        source = case.sources[item.source_id]
        asked = source.url if source.kind in (*WEB_KINDS, *SOCIAL_KINDS) else None
        for address, body, title in (
            (asked, bodies.get(item.raw_sha256 or ""), source.name),
            (item.url, articles.get(item.id), item.title or ""),
        ):
            if address and archives.is_http(address) and body is not None and body.forgotten_at is None:
                kept = archives.Capture(address, body.received_at, body.content_type or "", raw_bytes(body), title)
                found.setdefault((address, body.sha256), kept)
    return list(found.values())


def _articles(session: Session, case: Case) -> dict[int, RawBody]:
    """Return the pages that were fetched for items, by item; a document's notes name them by hash."""
    named = {}
    for document in case.documents.values():
        for note in document.notes:
            if isinstance(note, str) and note.startswith(ARTICLE):
                named[document.item_id] = note.removeprefix(ARTICLE)
    kept = session.scalars(select(RawBody).where(RawBody.sha256.in_(set(named.values()))))
    bodies = {body.sha256: body for body in kept}
    return {item: bodies[digest] for item, digest in named.items() if digest in bodies}


def _case(session: Session, alert_id: int | None, assessment_id: int | None) -> Case:
    alert = session.get(Alert, alert_id) if alert_id is not None else None
    if alert_id is not None and alert is None:
        raise NotFound(f"there is no alert {alert_id}")
    wanted = [assessment_id] if assessment_id is not None else _of_alert(session, alert_id or 0)
    assessments = list(session.scalars(select(Assessment).where(Assessment.id.in_(wanted)).order_by(Assessment.id)))
    if assessment_id is not None and not assessments:
        raise NotFound(f"there is no assessment {assessment_id}")
    documents = {
        row.id: row
        for row in session.scalars(select(Document).where(Document.id.in_({row.document_id for row in assessments})))
    }
    ids = {row.item_id for row in documents.values()}
    items = list(session.scalars(select(Item).where(Item.id.in_(ids)).order_by(Item.id)))
    sources = select(Source).where(Source.id.in_({row.source_id for row in items}))
    reviews = select(Review).where(Review.assessment_id.in_(wanted)).order_by(Review.id)
    events = select(AlertEvent).where(AlertEvent.alert_id == (alert_id or 0)).order_by(AlertEvent.id)
    names = session.execute(select(Account.id, Account.name)).all()
    return Case(
        alert,
        assessments,
        documents,
        items,
        {row.id: row for row in session.scalars(sources)},
        list(session.scalars(reviews)),
        list(session.scalars(events)),
        dict(names),
    )


def _of_alert(session: Session, alert_id: int) -> Sequence[int]:
    query = select(AlertAssessment.assessment_id).where(AlertAssessment.alert_id == alert_id)
    return session.scalars(query.order_by(AlertAssessment.assessment_id).limit(MOST)).all()


def _bodies(session: Session, items: Iterable[Item]) -> dict[str, RawBody]:
    wanted = {item.raw_sha256 for item in items if item.raw_sha256}
    return {body.sha256: body for body in session.scalars(select(RawBody).where(RawBody.sha256.in_(wanted)))}


def _proofs(session: Session, case: Case, head: log.Head) -> list[dict[str, Any]]:
    """Prove every row of the case against the present head; raises Conflict when one has no entry yet."""
    wanted = [("item", row.id) for row in case.items] + [("assessment", row.id) for row in case.assessments]
    wanted += [("review", row.id) for row in case.reviews] + [("event", row.id) for row in case.events]
    wanted += [("alert", case.alert.id)] if case.alert else []
    found = []
    for kind, row_id in wanted:
        entry = session.scalars(select(LogEntry).where(LogEntry.kind == kind, LogEntry.row_id == row_id)).one_or_none()
        if entry is None:
            raise Conflict(f"{kind} {row_id} is not in the evidence log yet; ask again in a few seconds")
        found.append(
            {
                "kind": kind,
                "id": row_id,
                "position": entry.position,
                "size": head.size,
                "root": head.root,
                "entry": entry.entry,
                "leaf_hash": entry.leaf_hash,
                "logged_at": _time(entry.logged_at),
                "proof": log.inclusion(session, entry.position, head.size),
            }
        )
    return found


def _described(session: Session, case: Case, bodies: dict[str, RawBody]) -> dict[str, Any]:
    alert = case.alert
    return {
        "alert": None if alert is None else _alert(session, alert),
        "timeline": [_event(row, case.names) for row in case.events],
        "items": [_item(row, case.sources[row.source_id], bodies) for row in case.items],
        "assessments": [_assessment(row, case.documents[row.document_id]) for row in case.assessments],
        "reviews": [_review(row, case.names) for row in case.reviews],
    }


def _alert(session: Session, row: Alert) -> dict[str, Any]:
    names = ("id", "kind", "state", "title", "summary", "severity", "count", "indicators", "reviewed", "details")
    rule = session.get_one(Rule, row.rule_id)
    linked = len(session.scalars(select(AlertAssessment.assessment_id).where(AlertAssessment.alert_id == row.id)).all())
    said = {name: getattr(row, name) for name in names}
    return said | {"rule": rule.name, "opened_at": _time(row.opened_at), "rests_on_assessments": linked}


def _event(row: AlertEvent, names: dict[int, str]) -> dict[str, Any]:
    by = names.get(row.account_id or 0)
    return {"id": row.id, "at": _time(row.at), "kind": row.kind, "by": by, "note": row.note, "details": row.details}


def _item(row: Item, source: Source, bodies: dict[str, RawBody]) -> dict[str, Any]:
    body = bodies.get(row.raw_sha256 or "")
    return {
        "id": row.id,
        "source": source.name,
        "source_url": source.url,
        "external_id": row.external_id,
        "version": row.version,
        "url": row.url,
        "title": row.title,
        "content": row.content,
        "author": row.author,
        "published_at": _time(row.published_at) if row.published_at else None,
        "fetched_at": _time(row.fetched_at),
        "content_sha256": row.content_sha256,
        "raw_sha256": row.raw_sha256,
        "forgotten": row.forgotten_at is not None,
        "raw_forgotten": body is None or body.forgotten_at is not None,
    }


def _assessment(row: Assessment, document: Document) -> dict[str, Any]:
    return {
        "id": row.id,
        "document_id": row.document_id,
        "item_id": document.item_id,
        "model": row.model,
        "assessed_at": _time(row.assessed_at),
        "status": row.status,
        "machine": "proposed by a model; status says whether a person has decided",
        "text": document.text,
        "text_sha256": document.text_sha256,
        "extraction": document.extraction,
        "forgotten": document.forgotten_at is not None,
        "reading": {name: getattr(row, name) for name in log.READING},
    }


def _review(row: Review, names: dict[int, str]) -> dict[str, Any]:
    decision = {name: getattr(row, name) for name in log.DECISION}
    said = {"id": row.id, "assessment_id": row.assessment_id, "by": names.get(row.reviewer_id)}
    return said | {"at": _time(row.created_at), "decision": decision}


def _custody(
    case: Case, bodies: dict[str, RawBody], proofs: list[dict[str, Any]], by: str, now: dt.datetime
) -> list[dict[str, Any]]:
    """List what happened to the case, in the order of time."""
    steps = []
    for item in case.items:
        source = case.sources[item.source_id]
        body = bodies.get(item.raw_sha256 or "")
        steps.append((item.fetched_at, f"item {item.id} came in from {source.name}", source.kind, item.raw_sha256))
        if item.forgotten_at:
            steps.append((item.forgotten_at, f"the text of item {item.id} was forgotten", "retention", None))
        if body is not None and body.forgotten_at:
            steps.append((body.forgotten_at, f"the raw bytes of item {item.id} were forgotten", "retention", None))
    for document in case.documents.values():
        said = f"text of item {document.item_id} was read out ({document.extraction})"
        steps.append((document.created_at, said, "tocsin", document.text_sha256))
    steps += [(row.assessed_at, f"assessment {row.id} was made", row.model, None) for row in case.assessments]
    for review in case.reviews:
        who = case.names.get(review.reviewer_id, "(unknown)")
        steps.append((review.created_at, f"review {review.id} of assessment {review.assessment_id}", who, None))
    for event in case.events:
        who = case.names.get(event.account_id or 0, "tocsin")
        steps.append((event.at, f"alert {event.alert_id}: {event.kind}", who, None))
    for proof in proofs:
        at = dt.datetime.fromisoformat(proof["logged_at"])
        steps.append((at, f"{proof['kind']} {proof['id']} was logged", "tocsin", proof["leaf_hash"]))
    steps.sort(key=lambda step: step[0])
    steps.append((now, "this bundle was made", by, None))
    return [{"at": _time(at), "what": what, "by": who, "sha256": digest} for at, what, who, digest in steps]


def _title(case: Case) -> str:
    return f"Alert {case.alert.id}" if case.alert else f"Assessment {case.assessments[0].id}"


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()
