"""Give each text its cluster: an earlier one that says nearly the same, or its own. One storm of reposts is one voice.

Only the text that opens a cluster is found again, so that a cluster cannot drift, link by link, to another story. Texts
are assigned in batches, because a query per text would cost more than the comparison.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from ingest import near
from models.base import is_sqlite
from models.document import Band, Cluster, Document

CANDIDATES = 20
CHUNK = 500
LOCK = 0x70C51  # any number that nothing else locks

Pair = tuple[int, str]


@dataclass
class Place:
    """Where one text belongs; `bands` are filed under its document when it opened the cluster."""

    cluster_id: int
    bands: list[Pair] = field(default_factory=list)


@dataclass
class Known:
    """A text that opened a cluster: of an earlier batch, or (`cluster_id` None) the text of this batch at `index`."""

    plain: str
    cluster_id: int | None = None
    index: int = -1


def lock(session: Session) -> None:
    """Let one worker at a time assign clusters, or two copies that arrive together would open two."""
    if not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))


def assign(session: Session, texts: Sequence[str], now: dt.datetime) -> list[Place]:
    """Return the place of each text, in order; new clusters are opened, old ones grow.

    A text without a single letter belongs to nobody: it gets a cluster of its own, which nothing joins.
    """
    plains = [near.normalised(text) for text in texts]
    bands = [near.bands(plain) if plain else [] for plain in plains]
    index = _stored(session, {pair for pairs in bands for pair in pairs})
    joins: list[Known] = []
    for number, (plain, pairs) in enumerate(zip(plains, bands, strict=True)):
        candidates = _candidates(index, pairs)
        found = near.nearest(plain, [known.plain for known in candidates]) if candidates else None
        if found is not None:
            joins.append(candidates[found])
            continue
        opened = Known(plain, index=number)
        joins.append(opened)
        for pair in pairs:
            index[pair].append(opened)
    return _opened(session, joins, bands, now)


def file_under(session: Session, filed: Iterable[tuple[int, list[Pair]]]) -> None:
    """Have later copies find these documents: pairs of document id and bands."""
    rows = [
        {"band": band, "digest": digest, "document_id": document_id}
        for document_id, pairs in filed
        for band, digest in pairs
    ]
    if rows:
        session.execute(insert(Band), rows)


def _stored(session: Session, pairs: set[Pair]) -> defaultdict[Pair, list[Known]]:
    """Return what earlier batches filed under any of the pairs."""
    digests: defaultdict[int, list[str]] = defaultdict(list)
    for band, digest in sorted(pairs):
        digests[band].append(digest)
    found: list[tuple[Pair, int]] = []
    # Band by band, because SQLite scans the whole table for a list of pairs.
    for band, wanted in digests.items():
        for start in range(0, len(wanted), CHUNK):
            some = Band.digest.in_(wanted[start : start + CHUNK])
            query = select(Band.digest, Band.document_id).where(Band.band == band, some).order_by(Band.document_id)
            found += [((band, digest), document_id) for digest, document_id in session.execute(query)]
    ids = sorted({document_id for _, document_id in found})
    known: dict[int, Known] = {}
    for start in range(0, len(ids), CHUNK):
        rows = select(Document.id, Document.cluster_id, Document.text).where(
            Document.id.in_(ids[start : start + CHUNK])
        )
        for document_id, cluster_id, text in session.execute(rows):
            known[document_id] = Known(near.normalised(text), cluster_id)
    index: defaultdict[Pair, list[Known]] = defaultdict(list)
    for pair, document_id in found:
        index[pair].append(known[document_id])
    return index


def _candidates(index: defaultdict[Pair, list[Known]], pairs: list[Pair]) -> list[Known]:
    """Return the texts that share most bands, the earlier first among equals."""
    shared: Counter[int] = Counter()
    by_id: dict[int, Known] = {}
    for pair in pairs:
        for known in index.get(pair, ()):
            shared[id(known)] += 1
            by_id[id(known)] = known
    return [by_id[key] for key, _ in shared.most_common(CANDIDATES)]


def _opened(session: Session, joins: list[Known], bands: list[list[Pair]], now: dt.datetime) -> list[Place]:
    """Open the clusters of this batch and count the documents that joined one."""
    sizes = Counter(known.index for known in joins if known.cluster_id is None)
    values = [{"first_seen_at": now, "size": size} for size in sizes.values()]
    ids = (
        session.scalars(insert(Cluster).returning(Cluster.id, sort_by_parameter_order=True), values).all()
        if values
        else []
    )
    opened = dict(zip(sizes, ids, strict=True))
    grown = Counter(known.cluster_id for known in joins if known.cluster_id is not None)
    for cluster_id, count in sorted(grown.items()):
        session.execute(
            update(Cluster)
            .where(Cluster.id == cluster_id)
            .values(size=Cluster.size + count)
            .execution_options(synchronize_session=False)
        )
    return [
        Place(
            known.cluster_id if known.cluster_id is not None else opened[known.index],
            bands[number] if known.index == number else [],
        )
        for number, known in enumerate(joins)
    ]
