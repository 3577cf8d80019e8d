"""What a page shows of one assessment: its text in safe pieces, its labels, and where else it stands.

Deciding what is masked happens here: words that a signal applies to, and whole texts that no model could read. It knows
no form and no verdict but the one word of the status.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.console import words
from api.console.decisions import Machine
from api.console.desk import Desk
from api.console.text import SNIPPET, Piece, Span, pieces, snippet, window
from api.console.translation import gettext as _
from api.lexicon import ready
from api.nearest import passage_of
from api.queue import Found
from api.reviews import MACHINE_MARKS
from classify.lexicon import Lexicon, find
from models.assessment import Assessment
from models.codebook import PATHWAYS, SIGNALS, TARGETS
from models.document import COURSE, Cluster, Document
from models.item import Item
from models.review import Review
from models.source import Source

WHOLE = 10_000  # code points of the whole text on the page; an article is seldom longer
COPIES = 8
ALL = 1 << 40
UNREAD = 600  # code points shown first where no passage was marked


@dataclass(frozen=True)
class Entry:
    """One line of a list."""

    id: int
    href: str
    severity: int
    language: str
    snippet: list[Piece]
    source: str
    country: str | None
    event_at: dt.datetime
    labels: list[str]
    abstained: bool
    stance: str
    stage: int
    status: str
    terms: int = 0  # of the lexicon, in the passage
    whole: bool = False  # whether the snippet is all of the text, and nothing of it hidden


@dataclass(frozen=True)
class Score:
    """One probability, and whether its label applies by the model's threshold."""

    label: str
    probability: float
    applies: bool = False


@dataclass(frozen=True)
class Elsewhere:
    """Another version or another copy; `href` is empty where nothing has been assessed."""

    href: str
    source: str
    at: dt.datetime
    number: int = 1
    here: bool = False


def entries_of(
    session: Session, found: Sequence[Found], href: Callable[[int], str], at: Desk, *, blind: bool = True
) -> list[Entry]:
    """Return what a list shows of these assessments to one reader.

    With `blind`, whoever may still decide about one is not told what others decided.
    """
    ids = [one.assessment.id for one in found if one.assessment.status != "unreviewed"]
    own = select(Review.assessment_id).where(Review.assessment_id.in_(ids), Review.reviewer_id == at.account_id)
    decided = set(session.scalars(own)) if ids and blind and at.may_review else set(ids)
    lexicon = ready(session)
    return [
        entry_of(one, href(one.assessment.id), lexicon, mask=at.mask, told=one.assessment.id in decided)
        for one in found
    ]


def entry_of(found: Found, href: str, lexicon: Lexicon, *, mask: bool, told: bool) -> Entry:
    """Return what a list shows of one assessment; unless `told`, only what the model said of it."""
    one = found.assessment
    inside, hot = marked_spans(found)
    kinds = ("signal", "target_name")
    keys = [(mark.kind, mark.key) for mark in found.marks] if told else machine_marks_of(found)
    status = words.STATUSES[one.status] if told or one.status == "unreviewed" else _("a person has looked")
    labels = [_label(kind, key) for wanted in kinds for kind, key in keys if kind == wanted]
    return Entry(
        id=one.id,
        href=href,
        severity=one.severity,
        language=one.language,
        snippet=snippet(found.document.text, inside, hot, hide=mask and needs_mask(found)),
        source=found.source.name,
        country=one.country,
        event_at=one.event_at,
        labels=labels,
        abstained=one.abstained,
        stance=one.stance,
        stage=one.stage,
        status=status,
        terms=len(find(lexicon, passage_of(one, found.document.text), one.language)),
        whole=len(found.document.text) <= SNIPPET and not (mask and needs_mask(found)),
    )


def needs_mask(found: Found) -> bool:
    """Whether there is something to hide: a label applies, or nobody can say because the model abstained."""
    return found.assessment.abstained or bool(machine_keys(found, "signal"))


def marked_spans(found: Found) -> tuple[list[Span], list[Span]]:
    """Return (passages, hot spans) to which a signal applies; where the model said nothing, all is one passage."""
    assessment = found.assessment
    if not machine_keys(found, "signal"):
        return [Span(0, ALL)] if assessment.abstained else [], []
    inside = [Span(one["start"], one["end"]) for one in assessment.passages]
    hot = [Span(h["start"], h["end"], h.get("weight", 1)) for one in assessment.passages for h in one["highlights"]]
    return inside, [span for span in hot if span.weight > 0]


def machine_keys(found: Found, kind: str) -> tuple[str, ...]:
    """Return the labels that the model gave, whatever a reviewer made of them since."""
    return tuple(key for of, key in machine_marks_of(found) if of == kind)


def machine_marks_of(found: Found) -> list[tuple[str, str]]:
    """Return the model's labels as (kind, key); once there are reviews, they are kept in `details`."""
    kept = found.assessment.details.get(MACHINE_MARKS)
    if kept is not None:
        return [(kind, key) for kind, key, _ in kept]
    return [(mark.kind, mark.key) for mark in found.marks if mark.basis == "model"]


def machine_of(found: Found) -> Machine:
    """Return the model's reading as the form needs it."""
    one = found.assessment
    return Machine(
        signals=_in_order(machine_keys(found, "signal"), SIGNALS),
        stage=one.stage,
        stance=one.stance,
        targets=_in_order(machine_keys(found, "target"), TARGETS),
        target_names=machine_keys(found, "target_name"),
        silent=one.abstained and not machine_keys(found, "signal"),
    )


def reading_of(session: Session, found: Found) -> dict[str, Any]:
    """Return everything the page of one assessment shows besides people's decisions."""
    one, document = found.assessment, found.document
    item = session.get_one(Item, document.item_id)
    versions = versions_of(session, item, document)
    inside, hot = marked_spans(found)
    hide = needs_mask(found)
    text = document.text
    start, end = _window(text, inside)
    around: dict[str, Any] = {"start": start, "end": end, "passages": inside, "hot": hot}
    linked = is_web_address(document.url)
    # Many readers put the title at the head of the text; once is enough.
    title = "" if document.title and text.startswith(document.title) else document.title or ""
    return {
        "id": one.id,
        "document_id": document.id,
        "source": found.source.name,
        "place": ", ".join(part for part in (one.region, one.country) if part),
        "event_at": one.event_at,
        "language": one.language,
        "language_confidence": one.language_confidence,
        "title": pieces(title),
        "masked_title": pieces(title, passages=[Span(0, ALL)], hide=hide),
        "masked": pieces(text, hide=hide, **around),
        "plain": pieces(text, **around),
        "hide": hide,
        "cut_before": start > 0,
        "cut_after": end < len(text),
        "whole": pieces(text, end=WHOLE, passages=inside, hot=hot) if start > 0 or end < len(text) else [],
        "length": len(text),
        "cut": max(0, len(text) - WHOLE),
        "url": document.url if linked else "",
        "url_text": "" if linked else document.url,
        "flag": one.flag,
        "abstained": one.abstained,
        "abstain_reason": one.abstain_reason or "",
        "severity": one.severity,
        "stage": one.stage,
        "stance": one.stance,
        "marked": bool(machine_keys(found, "signal")),
        "signals": scores(one.signals, SIGNALS, words.SIGNALS, machine_keys(found, "signal")),
        "pathways": scores(one.pathways, PATHWAYS, words.PATHWAYS, ()),
        "targets": [words.TARGETS.get(key, key) for key in machine_keys(found, "target")] + one.target_names,
        "model": one.model,
        "assessed_at": one.assessed_at,
        "extraction": document.extraction,
        "author": item.author,
        "fetched_at": item.fetched_at,
        "evidence": f"sha256 {item.raw_sha256}" if item.raw_sha256 else "",
        "versions": versions,
        "course": document.extraction == COURSE,
        "superseded": superseded(one, document, versions),
        "cluster_size": session.get_one(Cluster, document.cluster_id).size,
        "copies": copies_of(session, document),
    }


def scores(
    given: Mapping[str, float], order: Sequence[str], spoken: Mapping[str, str], applying: Sequence[str]
) -> list[Score]:
    """Return the probabilities, those that apply first, then the highest."""
    found = [Score(spoken[key], given.get(key, 0.0), key in applying) for key in order]
    return sorted(found, key=lambda score: (not score.applies, -score.probability))


def versions_of(session: Session, item: Item, document: Document) -> list[Elsewhere]:
    """Return every version of the item, oldest first, linked to its newest assessment."""
    rows = session.execute(
        select(Item.version, Item.fetched_at, Document.id)
        .outerjoin(Document, Document.item_id == Item.id)
        .where(Item.source_id == item.source_id, Item.external_id == item.external_id)
        .order_by(Item.version)
    ).all()
    newest = newest_assessments(session, [row.id for row in rows if row.id is not None])
    return [
        Elsewhere(_href(newest.get(row.id)), "", row.fetched_at, number=row.version, here=row.id == document.id)
        for row in rows
    ]


def copies_of(session: Session, document: Document) -> list[Elsewhere]:
    """Return the first few near-copies, oldest first, linked to their newest assessment."""
    rows = session.execute(
        select(Document.id, Document.event_at, Source.name)
        .join(Source, Source.id == Document.source_id)
        .where(Document.cluster_id == document.cluster_id, Document.id != document.id, Document.current)
        .order_by(Document.event_at)
        .limit(COPIES)
    ).all()
    newest = newest_assessments(session, [row.id for row in rows])
    return [Elsewhere(_href(newest.get(row.id)), row.name, row.event_at) for row in rows]


def newest_assessments(session: Session, document_ids: Sequence[int]) -> dict[int, int]:
    """Return the id of the newest assessment of each document."""
    query = select(Assessment.document_id, Assessment.id).where(Assessment.document_id.in_(document_ids))
    return {row.document_id: row.id for row in session.execute(query.order_by(Assessment.id))}


def superseded(assessment: Assessment, document: Document, versions: Sequence[Elsewhere]) -> str:
    """Say what is newer than this, if anything is."""
    if document.extraction == COURSE:
        return ""
    if not document.current and versions:
        return _("the publisher changed the text; version %(number)s is the last one seen.", number=versions[-1].number)
    return "" if assessment.current else _("a newer model has read this text since.")


def is_web_address(url: str | None) -> bool:
    """Whether a link may be offered; anything but the web's two schemes could run something."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _window(text: str, inside: Sequence[Span]) -> tuple[int, int]:
    if not inside or inside[0].end == ALL:
        return window(text, 0, min(UNREAD, len(text)), around=80)
    first = inside[0]
    return window(text, min(first.start, len(text)), min(first.end, len(text)))


def _label(kind: str, key: str) -> str:
    return words.SIGNALS.get(key, key) if kind == "signal" else key


def _href(assessment_id: int | None) -> str:
    return f"/assessments/{assessment_id}" if assessment_id else ""


def _in_order(keys: Sequence[str], order: Sequence[str]) -> tuple[str, ...]:
    return tuple(key for key in order if key in keys)
