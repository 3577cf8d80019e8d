"""Give each text its cluster: an earlier one that says nearly the same, or its own. One storm of reposts is one voice.

Only the text that opens a cluster is found again, so that a cluster cannot drift, link by link, to another story.
"""

import datetime as dt

from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from ingest import near
from models.database import is_sqlite
from models.document import Band, Cluster, Document

CANDIDATES = 20
LOCK = 0x70C51  # any number that nothing else locks


def lock(session: Session) -> None:
    """Let one worker at a time assign clusters, or two copies that arrive together would open two."""
    if not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))


def join(session: Session, text: str) -> tuple[int | None, list[tuple[int, str]]]:
    """Return the cluster `text` belongs to, or None and the bands under which a new one must be filed.

    A text without a single letter belongs to nobody: it gets a cluster of its own, which nothing joins.
    """
    plain = near.normalised(text)
    if not plain:
        return None, []
    bands = near.bands(plain)
    query = (
        select(Band.document_id)
        .where(tuple_(Band.band, Band.digest).in_(bands))
        .distinct()
        .order_by(Band.document_id)
        .limit(CANDIDATES)
    )
    found = session.execute(
        select(Document.cluster_id, Document.text).where(Document.id.in_(query)).order_by(Document.id)
    )
    cluster_id = near.nearest(plain, [(key, near.normalised(other)) for key, other in found])
    return cluster_id, [] if cluster_id is not None else bands


def open_new(session: Session, now: dt.datetime) -> int:
    """Open a cluster and return its id."""
    cluster = Cluster(first_seen_at=now)
    session.add(cluster)
    session.flush()
    return cluster.id


def grow(session: Session, cluster_id: int) -> None:
    """Count one more document in a cluster."""
    session.execute(
        update(Cluster)
        .where(Cluster.id == cluster_id)
        .values(size=Cluster.size + 1)
        .execution_options(synchronize_session=False)
    )


def file_under(session: Session, document_id: int, bands: list[tuple[int, str]]) -> None:
    """Have later copies find this document."""
    if bands:
        rows = [{"band": band, "digest": digest, "document_id": document_id} for band, digest in bands]
        session.execute(insert(Band), rows)
