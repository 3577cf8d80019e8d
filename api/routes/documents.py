"""One text: what was published, its versions, its near-copies, what the model said, and the proof that it was seen."""

import datetime as dt
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from api import audit, queue
from api.dependencies import AllSessions, Id, Now, Reader
from api.errors import NotFound
from api.problems import describe_failures
from api.shapes import AssessmentShape, SourceInBrief, assessment_shape
from models.assessment import Assessment
from models.database import reading
from models.document import Cluster, Document
from models.evidence import EvidenceLink
from models.item import Item
from models.source import Source

router = APIRouter(prefix="/v1/documents", tags=["documents"])

MOST_COPIES = 100


class Version(BaseModel):
    """One version of the item, as it was seen."""

    item_id: int
    document_id: int | None = Field(description="Null while its text has not been read out yet.")
    version: int
    title: str | None
    fetched_at: dt.datetime
    published_at: dt.datetime | None
    gone_at: dt.datetime | None = Field(description="When it was found to be gone at the source.")
    gone_because: str | None
    content_sha256: str
    current: bool


class Copy(BaseModel):
    """A near-copy of the text."""

    document_id: int
    source_id: int
    url: str | None
    event_at: dt.datetime


class ClusterShape(BaseModel):
    """The near-copies of a text: one voice."""

    id: int
    size: int
    first_seen_at: dt.datetime
    documents: list[Copy] = Field(description=f"At most {MOST_COPIES} of them, the earliest first.")


class Evidence(BaseModel):
    """What vouches for the text: hashes, and its place in the chain."""

    raw_sha256: str | None = Field(description="SHA-256 of the answer or file it came in, before it was parsed.")
    content_sha256: str
    position: int | None = Field(description="Its place in the chain of evidence.")
    leaf_hash: str | None
    chain_hash: str | None
    linked_at: dt.datetime | None


class DocumentShape(BaseModel):
    """One text with everything around it."""

    id: int
    source: SourceInBrief
    title: str | None
    url: str | None
    author: str | None = Field(description="A keyed hash, unless the operator keeps names.")
    text: str
    text_sha256: str
    language: str | None
    country: str | None
    region: str | None
    event_at: dt.datetime
    created_at: dt.datetime
    current: bool = Field(description="False once a newer version was seen.")
    extraction: str = Field(description="How the text was read out.")
    notes: list[Any] = Field(description="What was noticed on the way, for example characters that were replaced.")
    unscored_reason: str | None = Field(description="Why the model has not judged it; not thereby harmless.")
    quarantine_reason: str | None
    versions: list[Version]
    cluster: ClusterShape
    assessments: list[AssessmentShape]
    evidence: Evidence


@router.get(
    "/{document_id}",
    summary="One text",
    responses=describe_failures(401, 403, 404, 422),
)
def get_document(who: Reader, sessions: AllSessions, now: Now, document_id: Id) -> DocumentShape:
    """Show a text with its versions, near-copies, assessments and evidence. The reading is kept in the audit log."""
    with reading(sessions) as session:
        shape, marked = _document(session, document_id)
    audit.note_reading(sessions, who.account_id, ("document", document_id), now, marked=marked)
    return shape


def _document(session: OrmSession, document_id: int) -> tuple[DocumentShape, bool]:
    """Return the text's shape, and whether any assessment marked it."""
    document = session.get(Document, document_id)
    if document is None:
        raise NotFound(f"there is no document {document_id}")
    item = session.get_one(Item, document.item_id)
    source = session.get_one(Source, document.source_id)
    assessed = select(Assessment.id).where(Assessment.document_id == document_id).order_by(Assessment.id.desc())
    found = queue.details(session, session.scalars(assessed).all())
    marked = any(audit.is_marked(one.assessment) for one in found)
    shape = DocumentShape(
        **{name: getattr(document, name) for name in DocumentShape.model_fields if hasattr(document, name)},
        source=SourceInBrief(id=source.id, name=source.name, kind=source.kind, url=source.url),
        author=item.author,
        versions=_versions(session, item),
        cluster=_cluster(session, document),
        assessments=[assessment_shape(one) for one in found],
        evidence=_evidence(session, item),
    )
    return shape, marked


def _versions(session: OrmSession, item: Item) -> list[Version]:
    query = (
        select(Item, Document)
        .outerjoin(Document, Document.item_id == Item.id)
        .where(Item.source_id == item.source_id, Item.external_id == item.external_id)
        .order_by(Item.version)
    )
    return [
        Version(
            item_id=one.id,
            document_id=document.id if document else None,
            version=one.version,
            title=one.title,
            fetched_at=one.fetched_at,
            published_at=one.published_at,
            gone_at=one.gone_at,
            gone_because=one.gone_because,
            content_sha256=one.content_sha256,
            current=document.current if document else False,
        )
        for one, document in session.execute(query)
    ]


def _cluster(session: OrmSession, document: Document) -> ClusterShape:
    cluster = session.get_one(Cluster, document.cluster_id)
    query = (
        select(Document)
        .where(Document.cluster_id == cluster.id)
        .order_by(Document.event_at, Document.id)
        .limit(MOST_COPIES)
    )
    copies = [
        Copy(document_id=one.id, source_id=one.source_id, url=one.url, event_at=one.event_at)
        for one in session.scalars(query)
    ]
    return ClusterShape(id=cluster.id, size=cluster.size, first_seen_at=cluster.first_seen_at, documents=copies)


def _evidence(session: OrmSession, item: Item) -> Evidence:
    link = session.scalars(select(EvidenceLink).where(EvidenceLink.item_id == item.id)).one_or_none()
    return Evidence(
        raw_sha256=item.raw_sha256,
        content_sha256=item.content_sha256,
        position=link.position if link else None,
        leaf_hash=link.leaf_hash if link else None,
        chain_hash=link.chain_hash if link else None,
        linked_at=link.linked_at if link else None,
    )
