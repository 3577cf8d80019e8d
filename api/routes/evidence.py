"""The evidence log, open to witnesses: its signed head, proofs that it holds a row and only grew, and bundles."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from api import checkpoints
from api.dependencies import MAX_ID, Admin, AllSessions, CurrentSettings, Id, Now, Reader, ReadSession
from api.errors import Invalid, NotFound
from api.handover import hand_over
from api.problems import describe_failures
from ingest import log
from models.evidence import EvidenceHead
from models.log import ENTRY_KINDS, LogEntry

router = APIRouter(prefix="/v1/evidence", tags=["evidence"])

Size = Annotated[
    int | None, Query(ge=1, le=MAX_ID, description="Length of the log to prove it for; all of it if absent.")
]
Kind = Literal[ENTRY_KINDS]  # type: ignore[valid-type]


class Checkpoint(BaseModel):
    """Where the log and the items' chain end. Keep it elsewhere: later it shows that nothing was changed or cut off."""

    size: int = Field(description="Entries in the Merkle log.")
    root: str = Field(description="Root hash of RFC 6962 over them, hexadecimal.")
    note: str | None = Field(description="The same as a C2SP signed checkpoint; null until a service made its key.")
    key: str | None = Field(description="The public key that verifies the note, as signed notes write it.")
    length: int = Field(description="Items in the chain.")
    chain_hash: str = Field(description="Each link is SHA-256(previous chain_hash + leaf_hash), both as hex text.")


class Proof(BaseModel):
    """Shows that the log held an entry when it had `size` entries and this root."""

    kind: str
    id: int
    position: int = Field(description="The entry's place, from 0.")
    size: int
    root: str
    entry: str = Field(description="The exact text that was hashed: leaf_hash = SHA-256(0x00 + entry).")
    leaf_hash: str
    logged_at: dt.datetime
    proof: list[str] = Field(description="Audit path of RFC 6962, section 2.1.1, hexadecimal.")


class Growth(BaseModel):
    """Shows that the log of `first` entries is the beginning of the log of `second` entries."""

    first: int
    second: int
    first_root: str
    second_root: str
    proof: list[str] = Field(description="Consistency proof of RFC 6962, section 2.1.2, hexadecimal.")


@router.get("/checkpoint", summary="The log's signed head", responses=describe_failures(401, 403))
def checkpoint(_who: Reader, session: ReadSession, settings: CurrentSettings) -> Checkpoint:
    """Return how long log and chain are and where they end; `tocsin verify` compares the rows with it."""
    chain = session.scalars(select(EvidenceHead)).one_or_none()
    head = log.head(session)
    note, key = checkpoints.signed(settings.evidence_key, settings.log_origin, head)
    return Checkpoint(
        size=head.size,
        root=head.root,
        note=note,
        key=key,
        length=chain.length if chain else 0,
        chain_hash=chain.chain_hash if chain else "0" * 64,
    )


@router.get("/consistency", summary="Prove that it only grew", responses=describe_failures(401, 403, 422))
def consistency(
    _who: Reader,
    session: ReadSession,
    first: Annotated[int, Query(ge=1, le=MAX_ID, description="The length you know.")],
    second: Size = None,
) -> Growth:
    """Prove that the log you know is the beginning of a later one."""
    size = log.head(session).size
    later = size if second is None else second
    if not first <= later <= size:
        raise Invalid(f"first: it must be at most second, and second at most {size}, the length of the log")
    return Growth(
        first=first,
        second=later,
        first_root=log.root_at(session, first),
        second_root=log.root_at(session, later),
        proof=log.consistency(session, first, later),
    )


@router.get(
    "/bundle",
    summary="A case to hand over",
    response_class=Response,
    responses=describe_failures(401, 403, 404, 422)
    | {200: {"description": "A ZIP file.", "content": {"application/zip": {}}}},
)
def evidence_bundle(
    who: Admin,
    sessions: AllSessions,
    settings: CurrentSettings,
    now: Now,
    *,
    alert_id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    assessment_id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
) -> Response:
    """Pack an alert or an assessment: rows, raw bytes as WARC, custody, checksums, proofs, a script that verifies."""
    if (alert_id is None) == (assessment_id is None):
        raise Invalid("alert_id: name either an alert or an assessment")
    asked = {"alert_id": alert_id, "assessment_id": assessment_id}
    name, packed = hand_over(sessions, settings, who.account_id, who.name, now, **asked)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(packed, media_type="application/zip", headers=headers)


@router.get("/{item_id}/proof", summary="Prove that it holds a row", responses=describe_failures(401, 403, 404, 422))
def proof(
    _who: Reader,
    session: ReadSession,
    item_id: Id,
    kind: Annotated[Kind, Query(description="What the id is of.")] = "item",
    size: Size = None,
) -> Proof:
    """Prove that the log holds an item, or with `kind` an assessment, a review, an alert or a line of its timeline."""
    return inclusion_of(session, kind, item_id, size)


def inclusion_of(session: OrmSession, kind: str, row_id: int, size: int | None = None) -> Proof:
    """Return the proof of one row; raises NotFound or Invalid."""
    entry = session.scalars(select(LogEntry).where(LogEntry.kind == kind, LogEntry.row_id == row_id)).one_or_none()
    if entry is None:
        raise NotFound(f"the log holds no {kind} {row_id}; what has just come in is logged within seconds")
    whole = log.head(session).size
    within = whole if size is None else size
    if not entry.position < within <= whole:
        raise Invalid(f"size: it must lie between {entry.position + 1} and {whole}")
    return Proof(
        kind=kind,
        id=row_id,
        position=entry.position,
        size=within,
        root=log.root_at(session, within),
        entry=entry.entry,
        leaf_hash=entry.leaf_hash,
        logged_at=entry.logged_at,
        proof=log.inclusion(session, entry.position, within),
    )
