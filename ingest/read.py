"""Entries become items: the one place where any reader, push or import stores what it found.

New things are added, changed ones become a new version, known ones are left alone. It does not fetch and knows no
text extraction.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import dates, evidence, identity, quota, rows
from ingest.entry import Entry, clean, visible
from ingest.errors import InputRefused
from ingest.readers import Gone
from ingest.settings import IngestSettings
from models.database import Sessions, writing
from models.forgetting import Erasure
from models.item import Item, Refusal
from models.source import Source

CHUNK = 500
NOTHING = identity.content_hash(None, "")  # what an article says of which only the address is known
ERASED = "was erased on request and is not taken in again"


@dataclass(frozen=True)
class Stored:
    """How many entries became what. `refused` holds (index, reason).

    `held` counts those among the new ones and versions that are stored and held back, because the source is over its
    quota; `turned_away` has the indexes of those that are not stored for the same reason.

    `unknown` counts entries that came under a name the source did not have, `renamed` those of them whose page and
    words it did have; `erased` holds the indexes of those that were erased on request and are not taken in again.
    """

    new: int = 0
    duplicates: int = 0
    versions: int = 0
    unknown: int = field(default=0, compare=False)
    renamed: int = field(default=0, compare=False)
    erased: tuple[int, ...] = ()
    held: int = 0
    turned_away: tuple[int, ...] = ()
    refused: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class PushResult:
    """The answer to a push: `rejected` holds {"index", "reason"}, `held` counts accepted ones that are held back."""

    accepted: int = 0
    held: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)


def store_entries(
    session: Session,
    source: Source,
    entries: Sequence[Entry],
    raw_sha256: str | None,
    now: dt.datetime,
    settings: IngestSettings,
) -> Stored:
    """Store what is new or changed among `entries`, with its links of evidence, in the caller's transaction.

    What was erased on request stays out, and so do the raw bytes that repeat it.
    """
    if not entries:
        return Stored()
    cleaned = [clean(entry, settings.max_text_characters) for entry in entries]
    latest = _latest(session, source.id, {name for entry in cleaned for name in identity.names_of(entry)})
    names = identity.distinct(cleaned, latest.keys())
    said = [identity.content_hash(entry.title, entry.content) for entry in cleaned]
    renamed = _renamed(session, source.id, cleaned, names, said, latest)
    erased = _erased(session, source.id, names, said)
    if erased and raw_sha256:
        evidence.forget_raw(session, [raw_sha256], "repeats what was erased on request", now)
    fresh: dict[str, dict[str, Any]] = {}
    places: list[int] = []
    duplicates = 0
    for index, (entry, name, sha256) in enumerate(zip(cleaned, names, said, strict=True)):
        if index in erased:
            continue
        version, known = latest.get(name, (0, ""))
        if known == sha256 or name in fresh or index in renamed:
            duplicates += 1
            continue
        places.append(index)
        fresh[name] = _values(source, entry, name, sha256, version + 1, raw_sha256, now, settings)
    through, held = quota.shares(session, source, len(fresh), settings, now)
    taken = list(fresh.values())[: through + held]
    for values in taken[through:]:
        values |= {"quarantined_at": now, "quarantine_reason": quota.HELD_BECAUSE}
    _add(session, source, taken, now)
    away = tuple(places[through + held :])
    if away:
        # One row for all of them: a flood shall not fill the table of refusals either.
        place = f"{len(away)} of {len(entries)} entries"
        refuse(session, source.id, [(place, quota.AWAY_BECAUSE)], raw_sha256, now)
    versions = sum(values["version"] > 1 for values in taken)
    return Stored(
        new=len(taken) - versions,
        duplicates=duplicates,
        versions=versions,
        unknown=sum(name not in latest for name in names),
        renamed=len(renamed),
        erased=tuple(sorted(erased)),
        held=held,
        turned_away=away,
    )


def push(
    sessions: Sessions, source_name: str, items: Sequence[Any], settings: IngestSettings, now: dt.datetime
) -> PushResult:
    """Take items that a partner sends; a source of a new name is opened for them.

    Raises `InputRefused` when the name belongs to a source that is not pushed to.
    """
    raw = json.dumps(list(items), ensure_ascii=True, default=str).encode()
    understood = [rows.entry_of(item) for item in items]
    entries = [(index, entry) for index, entry in enumerate(understood) if isinstance(entry, Entry)]
    rejected = [(index, reason) for index, reason in enumerate(understood) if isinstance(reason, str)]
    for attempt in (1, 2):
        try:
            with writing(sessions) as session:
                source = source_called(session, source_name, "push", now)
                raw_sha256 = evidence.keep_raw(session, raw, "application/json", now, source.id)
                stored = store_entries(session, source, [entry for _, entry in entries], raw_sha256, now, settings)
                refuse(
                    session,
                    source.id,
                    [(f"pushed item {index}", reason) for index, reason in rejected],
                    raw_sha256,
                    now,
                )
                quota.show(session, source, settings, now)
            break
        except IntegrityError:
            # Somebody pushed the same items at the same moment; the second time they are known.
            if attempt == 2:
                raise
    rejected += [(entries[index][0], ERASED) for index in stored.erased]
    rejected += [(entries[index][0], f"{quota.AWAY_BECAUSE}; send it again later") for index in stored.turned_away]
    return PushResult(
        accepted=stored.new + stored.versions,
        held=stored.held,
        duplicates=stored.duplicates,
        rejected=[{"index": index, "reason": reason} for index, reason in sorted(rejected)],
    )


def source_called(session: Session, name: str, kind: str, now: dt.datetime) -> Source:
    """Return the source `name` of `kind`, opened now if the name is new; raises `InputRefused` for another kind."""
    name = name.strip()
    if not name or len(name) > 200 or "\x00" in name:
        raise InputRefused("a source needs a name of 1 to 200 characters")
    source = session.scalar(select(Source).where(Source.name == name))
    if source is None:
        source = Source(name=name, kind=kind, created_at=now, state="ok", state_since=now)
        session.add(source)
        session.flush()
    elif source.kind not in ("push", "import"):
        raise InputRefused(f"the source {name!r} is a {source.kind} and is read by us; use another name")
    return source


def mark_gone(session: Session, source_id: int, gone: Sequence[Gone], now: dt.datetime) -> int:
    """Mark every version of what a source no longer shows, with when we learnt it and why; return how many rows.

    What is stored stays: how long, is decided by retention.
    """
    marked = 0
    for one in gone:
        name = visible(one.external_id)
        known = Item.external_id.startswith(name, autoescape=True) if one.prefix else Item.external_id == name
        statement = (
            update(Item)
            .where(Item.source_id == source_id, Item.gone_at.is_(None), known)
            .values(gone_at=now, gone_because=visible(one.reason)[:500])
            .returning(Item.id)
            .execution_options(synchronize_session=False)
        )
        marked += len(session.scalars(statement).all())
    return marked


def refuse(
    session: Session,
    source_id: int | None,
    refused: Sequence[tuple[str, str]],
    raw_sha256: str | None,
    now: dt.datetime,
) -> None:
    """Remember what could not be taken, with place and reason; once, however often the same bytes come."""
    if not refused:
        return
    query = select(Refusal.place, Refusal.reason).where(Refusal.source_id == source_id)
    same = query.where(Refusal.raw_sha256.is_not_distinct_from(raw_sha256))
    known = {(place, reason) for place, reason in session.execute(same)}
    values = [
        {
            "source_id": source_id,
            "at": now,
            "place": visible(place)[:500],
            "reason": visible(reason)[:500],
            "raw_sha256": raw_sha256,
        }
        for place, reason in refused
        if (visible(place)[:500], visible(reason)[:500]) not in known
    ]
    if values:
        session.execute(insert(Refusal), values)


def _latest(session: Session, source_id: int, names: set[str]) -> dict[str, tuple[int, str]]:
    """Return the newest version of each known name and the hash of what it said."""
    latest: dict[str, tuple[int, str]] = {}
    ordered = sorted(names)
    for start in range(0, len(ordered), CHUNK):
        query = select(Item.external_id, Item.version, Item.content_sha256).where(
            Item.source_id == source_id, Item.external_id.in_(ordered[start : start + CHUNK])
        )
        for name, version, sha256 in session.execute(query):
            latest[name] = max(latest.get(name, (0, "")), (version, sha256))
    return latest


def _renamed(
    session: Session,
    source_id: int,
    entries: Sequence[Entry],
    names: Sequence[str],
    said: Sequence[str],
    latest: dict[str, tuple[int, str]],
) -> set[int]:
    """Return the indexes of entries that are known under another name: same page, same words, a new GUID.

    Some publishers give every entry a new GUID at every poll.
    """
    unknown = {
        index: (said[index], identity.canonical_url(entry.url))
        for index, entry in enumerate(entries)
        if entry.url and entry.external_id and names[index] not in latest
    }
    if not unknown:
        return set()
    hashes = sorted({sha256 for sha256, _ in unknown.values()})
    known: set[tuple[str, str | None]] = set()
    for start in range(0, len(hashes), CHUNK):
        query = select(Item.content_sha256, Item.url).where(
            Item.source_id == source_id, Item.content_sha256.in_(hashes[start : start + CHUNK])
        )
        query = query.where(Item.url.is_not(None) | Item.forgotten_at.is_not(None))
        # A forgotten item has no address any more; its words alone keep it from coming back.
        known.update((sha256, url and identity.canonical_url(url)) for sha256, url in session.execute(query))
    known.discard((NOTHING, None))
    return {index for index, key in unknown.items() if key in known or (key[0], None) in known}


def _erased(session: Session, source_id: int, names: Sequence[str], said: Sequence[str]) -> set[int]:
    """Return the indexes of entries that were erased on request: by name at this source, by their words anywhere."""
    if session.scalar(select(Erasure.id).limit(1)) is None:
        return set()
    gone: set[str] = set()
    for column, wanted in ((Erasure.external_id, sorted(set(names))), (Erasure.content_sha256, sorted(set(said)))):
        for start in range(0, len(wanted), CHUNK):
            query = select(column).where(column.in_(wanted[start : start + CHUNK]))
            if column is Erasure.external_id:
                query = query.where(Erasure.source_id == source_id)
            gone.update(session.scalars(query))
    return {index for index, (name, sha256) in enumerate(zip(names, said, strict=True)) if gone & {name, sha256}}


def _values(
    source: Source,
    entry: Entry,
    name: str,
    sha256: str,
    version: int,
    raw_sha256: str | None,
    now: dt.datetime,
    settings: IngestSettings,
) -> dict[str, Any]:
    published = dates.understood(entry.published)
    notes = list(entry.notes)
    if entry.published and published is None:
        notes.append(f"the date {entry.published[:60]!r} was not understood; the time of fetching counts")
    elif published is not None and published > now:
        notes.append("dated in the future; the time of fetching counts")
    return {
        "source_id": source.id,
        "external_id": name,
        "version": version,
        "content_sha256": sha256,
        "raw_sha256": raw_sha256,
        "url": entry.url,
        "title": entry.title,
        "content": entry.content,
        "content_type": entry.content_type,
        "author": identity.author_hash(
            entry.author, source.name, key=settings.author_key, policy=settings.author_policy
        ),
        "language": entry.language or source.language,
        "published_at": published,
        "fetched_at": now,
        "event_at": dates.event_time(published, now),
        "notes": notes,
        "quarantined_at": None,
        "quarantine_reason": None,
    }


def _add(session: Session, source: Source, values: list[dict[str, Any]], now: dt.datetime) -> None:
    if not values:
        return
    ids = session.scalars(insert(Item).returning(Item.id, sort_by_parameter_order=True), values).all()
    leaves = [
        evidence.Leaf(
            item_id,
            source.id,
            row["external_id"],
            row["version"],
            row["content_sha256"],
            row["raw_sha256"],
            row["fetched_at"],
        )
        for item_id, row in zip(ids, values, strict=True)
    ]
    session.execute(
        update(Source)
        .where(Source.id == source.id)
        .values(last_item_at=now)
        .execution_options(synchronize_session=False)
    )
    evidence.append(session, leaves, now)
