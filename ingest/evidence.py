"""The chain that shows that nothing was changed: one link per item, each hash resting on the one before.

Bodies are kept by their hash before they are parsed. The chain finds a changed, removed or re-ordered row; that the
whole database was not rewritten only a head kept elsewhere can show. Words and bytes may be forgotten (`forget.py`);
their hashes stay, and the chain with them.
"""

import datetime as dt
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ingest.identity import content_hash
from models.base import is_sqlite
from models.database import Sessions, reading
from models.evidence import EvidenceHead, EvidenceLink, RawBody
from models.forgetting import Forgetting
from models.item import Item

FIRST = "0" * 64
HEAD = 1
CHUNK = 1000


@dataclass(frozen=True)
class Leaf:
    """What of an item the chain vouches for."""

    item_id: int
    source_id: int
    external_id: str
    version: int
    content_sha256: str
    raw_sha256: str | None
    fetched_at: dt.datetime

    def hash(self) -> str:
        """Return the SHA-256 of the canonical JSON of all fields but the row's own number."""
        fields = {
            "source_id": self.source_id,
            "external_id": self.external_id,
            "version": self.version,
            "content_sha256": self.content_sha256,
            "raw_sha256": self.raw_sha256,
            "fetched_at": self.fetched_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        }
        return _sha256(json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True))


@dataclass(frozen=True)
class Finding:
    """One place where the evidence does not hold: the position in the chain, the item, and what is wrong."""

    position: int
    item_id: int | None
    problem: str


def keep_raw(
    session: Session, body: bytes, content_type: str | None, now: dt.datetime, source_id: int | None = None
) -> str:
    """Keep bytes as they came, once, and return their SHA-256. `source_id` is who they are charged to.

    Bytes that were forgotten because of their age or a budget are kept again when they come again; what was erased on
    request stays erased, because whatever holds it is forgotten again when it is stored (`read.store_entries`).
    """
    sha256 = hashlib.sha256(body).hexdigest()
    upsert = sqlite.insert if is_sqlite(session) else postgresql.insert
    values = {
        "sha256": sha256,
        "size": len(body),
        "content_type": (content_type or "").replace("\x00", "")[:200] or None,
        "received_at": now,
        "compressed": zlib.compress(body, 6),
        "source_id": source_id,
    }
    again = {"compressed": values["compressed"], "received_at": now, "forgotten_at": None, "forgotten_because": None}
    session.execute(
        upsert(RawBody)
        .values(values)
        .on_conflict_do_update(index_elements=[RawBody.sha256], set_=again, where=RawBody.forgotten_at.is_not(None))
    )
    return sha256


def forget_raw(session: Session, sha256s: Sequence[str], because: str, now: dt.datetime) -> tuple[int, int]:
    """Let bytes go and keep their hash, size and time; return how many bodies went and their bytes as they came."""
    went = (
        update(RawBody)
        .where(RawBody.sha256.in_(sha256s), RawBody.forgotten_at.is_(None))
        .values(compressed=b"", forgotten_at=now, forgotten_because=because)
        .returning(RawBody.size)
        .execution_options(synchronize_session=False)
    )
    sizes = session.scalars(went).all()
    return len(sizes), sum(sizes)


def raw_bytes(body: RawBody) -> bytes:
    """Return the bytes as they came; raises ValueError when they were forgotten."""
    if body.forgotten_at is not None:
        raise ValueError(f"the bytes of {body.sha256} were forgotten: {body.forgotten_because}")
    return zlib.decompress(body.compressed)


def append(session: Session, leaves: Sequence[Leaf], now: dt.datetime) -> None:
    """Add links for new items, in order. The head is locked until the transaction ends, so call this last."""
    if not leaves:
        return
    length, previous = _lengthen(session, len(leaves))
    rows = []
    for position, leaf in enumerate(leaves, start=length - len(leaves) + 1):
        leaf_hash = leaf.hash()
        previous = chained(previous, leaf_hash)
        rows.append(
            {
                "position": position,
                "item_id": leaf.item_id,
                "leaf_hash": leaf_hash,
                "chain_hash": previous,
                "linked_at": now,
            }
        )
    session.execute(insert(EvidenceLink), rows)
    session.execute(update(EvidenceHead).where(EvidenceHead.id == HEAD).values(chain_hash=previous))


def chained(previous: str, leaf_hash: str) -> str:
    """Return the hash of a link from the one before it."""
    return _sha256(previous + leaf_hash)


def verify(sessions: Sessions) -> list[Finding]:
    """Check the whole chain against the items, their texts and the raw bytes; an empty list means that all holds.

    The first finding names the first bad row of the chain.
    """
    with reading(sessions) as session:
        return [
            *_chain_findings(session),
            *_unlinked(session),
            *_raw_findings(session),
            *_unaccounted(session),
        ]


def _chain_findings(session: Session) -> Iterator[Finding]:
    head = session.get(EvidenceHead, HEAD)
    expected, previous = 1, FIRST
    while True:
        query = (
            select(EvidenceLink, Item)
            .outerjoin(Item, Item.id == EvidenceLink.item_id)
            .where(EvidenceLink.position >= expected)
            .order_by(EvidenceLink.position)
            .limit(CHUNK)
        )
        rows = session.execute(query).all()
        for link, item in rows:
            if link.position != expected:
                yield Finding(expected, None, f"links {expected} to {link.position - 1} are missing")
                expected = link.position
            problem = _problem(link, item, previous)
            if problem:
                yield Finding(link.position, link.item_id, problem)
            expected, previous = link.position + 1, link.chain_hash
        session.expunge_all()
        if len(rows) < CHUNK:
            break
    if head is not None and (head.length, head.chain_hash) != (expected - 1, previous):
        yield Finding(expected, None, f"the end differs: {expected - 1} links, {head.length} by the head")


def _problem(link: EvidenceLink, item: Item | None, previous: str) -> str | None:
    if item is None:
        return "the item is gone"
    if leaf_of(item).hash() != link.leaf_hash:
        return "the item's identity, hash or time was changed"
    if chained(previous, link.leaf_hash) != link.chain_hash:
        return "the link does not follow from the one before it"
    if item.forgotten_at is not None:
        # The words are gone on purpose; their hash, which the link vouches for, is still theirs.
        return "the item is said to be forgotten and has a text" if item.title or item.content else None
    if content_hash(item.title, item.content) != item.content_sha256:
        return "the item's text was changed"
    return None


def leaf_of(item: Item) -> Leaf:
    """Return what the chain vouches for of `item`."""
    return Leaf(
        item.id,
        item.source_id,
        item.external_id,
        item.version,
        item.content_sha256,
        item.raw_sha256,
        item.fetched_at,
    )


def _unlinked(session: Session) -> Iterator[Finding]:
    missing = select(Item.id).outerjoin(EvidenceLink, EvidenceLink.item_id == Item.id)
    for item_id in session.scalars(missing.where(EvidenceLink.item_id.is_(None)).order_by(Item.id)):
        yield Finding(0, item_id, "the item has no link in the chain")


def _raw_findings(session: Session) -> Iterator[Finding]:
    last = ""
    while True:
        query = select(RawBody).where(RawBody.sha256 > last).order_by(RawBody.sha256).limit(50)
        bodies = session.scalars(query).all()
        for body in bodies:
            last = body.sha256
            if body.forgotten_at is not None:
                if body.compressed:
                    yield Finding(0, None, f"the raw bytes {body.sha256} are said to be forgotten and are there")
                continue
            try:
                holds = hashlib.sha256(raw_bytes(body)).hexdigest() == body.sha256
            except zlib.error:
                holds = False
            if not holds:
                yield Finding(0, None, f"the raw bytes {body.sha256} were changed")
        session.expunge_all()
        if not bodies:
            return


def _unaccounted(session: Session) -> Iterator[Finding]:
    """Compare what is forgotten with the log of forgetting: words that vanish any other way are a finding."""
    said = session.execute(select(func.coalesce(func.sum(Forgetting.items), 0))).scalar_one()
    found = session.scalar(select(func.count()).select_from(Item).where(Item.forgotten_at.is_not(None))) or 0
    if said != found:
        yield Finding(0, None, f"{found} items have no words any more, the log of forgetting accounts for {said}")


def _lengthen(session: Session, count: int) -> tuple[int, str]:
    """Take `count` positions at the end of the chain; return its new length and its hash so far."""
    upsert = sqlite.insert if is_sqlite(session) else postgresql.insert
    start = {"id": HEAD, "length": 0, "chain_hash": FIRST}
    session.execute(upsert(EvidenceHead).values(start).on_conflict_do_nothing())
    statement = (
        update(EvidenceHead)
        .where(EvidenceHead.id == HEAD)
        .values(length=EvidenceHead.length + count)
        .returning(EvidenceHead.length, EvidenceHead.chain_hash)
        .execution_options(synchronize_session=False)
    )
    length, chain_hash = session.execute(statement).one()
    return length, chain_hash


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
