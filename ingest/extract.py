"""The arrow `extract`: the text is read out of new items, and each becomes a document in a cluster of near-copies.

1. Items are claimed; those that killed a worker before are claimed alone.
2. Text is taken from the content; where a feed gives only a teaser and the source allows it, the article is fetched.
3. Document, cluster, superseded versions and the claim's release are one transaction.

Nothing to read is said, never hidden: such a document is empty and carries the reason. No label is known here.
"""

import datetime as dt
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, aliased

from ingest import clusters, evidence
from ingest.articles import Article, fetch_article, read_page
from ingest.entry import visible
from ingest.errors import ReadingKilled
from ingest.http import Network
from ingest.robots import Robots
from ingest.settings import IngestSettings
from ingest.text import dump_text, is_page, plain_title, tidy
from models import claims
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.document import Document
from models.item import Item, unread
from models.source import LINK_KINDS, Source
from models.tally import mark_changed

LEASE = dt.timedelta(seconds=90)
TURN_SECONDS = 30.0
ARTICLES_AT_ONCE = 8
FALLBACK = "extraction fallback: the usual extractor found nothing, this is all text of the page"


@dataclass(frozen=True)
class Text:
    """What could be read out of one item. `how`: text, markup, article, fallback or empty."""

    text: str
    how: str
    notes: tuple[str, ...] = ()
    raw_sha256: str | None = None


def extract(sessions: Sessions, network: Network, settings: IngestSettings, now: dt.datetime) -> int:
    """Turn unread items into documents until none waits or the turn is over; return how many."""
    ends_at, moved = time.monotonic() + TURN_SECONDS, 0
    while True:
        token, ids = _claim(sessions, settings, now)
        if not ids:
            return moved
        pairs = _spare(sessions, token, _look_up(sessions, ids), settings)
        articles = _articles(sessions, network, settings, pairs, now)
        texts = {item.id: read_text(item, articles.get(item.id), settings) for item, _ in pairs}
        moved += _store(sessions, token, pairs, texts, now)
        if time.monotonic() > ends_at:
            return moved


def read_text(item: Item, article: Article | None, settings: IngestSettings) -> Text:
    """Read the text of an item, from its article where one was fetched. Title and body are one text."""
    notes: tuple[str, ...] = ()
    body, how = _body(item, settings)
    if how == "fallback":
        notes += (FALLBACK,)
    if article is not None and article.problem:
        notes += (f"only the teaser was read: {article.problem}",)
    elif article is not None and len(article.text) > len(body):
        body, how = article.text, article.how
        notes += article.notes + ((FALLBACK,) if how == "fallback" else ())
    text = visible(joined(plain_title(item.title or ""), body))
    if len(text) > settings.max_text_characters:
        notes += (f"text: cut from {len(text):,} to {settings.max_text_characters:,} characters",)
        text = text[: settings.max_text_characters]
    if not text:
        return Text("", "empty", (*notes, "nothing to read: the item has neither title nor text"))
    if not body:
        notes += ("only a title: the item has no text",)
    return Text(text, how, notes, article.raw_sha256 if article else None)


def joined(title: str, body: str) -> str:
    """Return title and body as one text, without saying the title twice."""
    start = " ".join(body[: len(title) + 200].split())
    if not title or start.casefold().startswith(title.casefold().rstrip(".… ")):
        return body
    return f"{title}\n\n{body}" if body else title


def _body(item: Item, settings: IngestSettings) -> tuple[str, str]:
    if item.content_type != "html":
        return item.content.strip(), "text"
    if is_page(item.content):
        try:
            content = item.content.encode("utf-8", "replace")
            read = read_page(content, settings, url=item.url or "", content_type="text/html; charset=utf-8")
            return read["text"], read["how"]
        except ReadingKilled:
            pass  # all of its text is read below, by the reader that has no bad cases
    text, broken = dump_text(item.content)
    return tidy(text), "fallback" if broken or is_page(item.content) else "markup"


def _claim(sessions: Sessions, settings: IngestSettings, now: dt.datetime) -> tuple[str, list[int]]:
    with writing(sessions) as session:
        return claims.claim_apart(
            session, Item, unread(), order_by=Item.id, limit=settings.extract_batch, lease=LEASE, now=now
        )


def _look_up(sessions: Sessions, ids: list[int]) -> list[tuple[Item, Source]]:
    with reading(sessions) as session:
        query = select(Item, Source).join(Source, Source.id == Item.source_id).where(Item.id.in_(ids))
        return [(item, source) for item, source in session.execute(query.order_by(Item.id))]


def _is_teaser(item: Item, source: Source, settings: IngestSettings) -> bool:
    """Whether the article behind an item is to be fetched."""
    wanted = source.kind in LINK_KINDS or (source.fetch_articles and source.kind in ("feed", "gdelt"))
    return wanted and bool(item.url) and len(item.content) < settings.article_teaser_characters


def _spare(
    sessions: Sessions, token: str, pairs: list[tuple[Item, Source]], settings: IngestSettings
) -> list[tuple[Item, Source]]:
    """Give back the teasers beyond what can be fetched while the claim lasts; they are claimed again next."""
    teasers = [item.id for item, source in pairs if _is_teaser(item, source, settings)]
    spared = set(teasers[settings.article_batch :])
    if not spared:
        return pairs
    with writing(sessions) as session:
        claims.release(session, Item, token, sorted(spared), done=True)
    return [(item, source) for item, source in pairs if item.id not in spared]


def _articles(
    sessions: Sessions,
    network: Network,
    settings: IngestSettings,
    pairs: list[tuple[Item, Source]],
    now: dt.datetime,
) -> dict[int, Article]:
    """Fetch the articles of teasers and keep their bytes."""
    teasers = [item for item, source in pairs if _is_teaser(item, source, settings)]
    if not teasers:
        return {}
    robots = Robots(network, settings)

    def keep(source_id: int, body: bytes, content_type: str | None) -> str:
        with writing(sessions) as session:
            return evidence.keep_raw(session, body, content_type, now, source_id)

    def fetch(item: Item) -> Article:
        return fetch_article(network, robots, partial(keep, item.source_id), settings, item.url or "")

    with ThreadPoolExecutor(ARTICLES_AT_ONCE, thread_name_prefix="article") as pool:
        fetched = pool.map(fetch, teasers)
        return {item.id: article for item, article in zip(teasers, fetched, strict=True)}


def _store(
    sessions: Sessions, token: str, pairs: list[tuple[Item, Source]], texts: dict[int, Text], now: dt.datetime
) -> int:
    with writing(sessions) as session:
        held = set(claims.held(session, Item, token, [item.id for item, _ in pairs]))
        ours = [(item, source, texts[item.id]) for item, source in pairs if item.id in held]
        for item, _, _ in ours:
            _supersede(session, item)
        _add_documents(session, ours, now)
        claims.release(session, Item, token, sorted(held), done=True, extracted_at=now)
    return len(ours)


def _add_documents(session: Session, ours: list[tuple[Item, Source, Text]], now: dt.datetime) -> None:
    if not ours:
        return
    clusters.lock(session)
    places = clusters.assign(session, [text.text for _, _, text in ours], now)
    superseded = _superseded(session, [item for item, _, _ in ours])
    values = [
        _values(item, source, text, place.cluster_id, now) | {"current": item.id not in superseded}
        for (item, source, text), place in zip(ours, places, strict=True)
    ]
    ids = session.scalars(insert(Document).returning(Document.id, sort_by_parameter_order=True), values)
    clusters.file_under(session, zip(ids, (place.bands for place in places), strict=True))


def _values(item: Item, source: Source, text: Text, cluster_id: int, now: dt.datetime) -> dict[str, object]:
    kept = [f"article kept as {text.raw_sha256}"] if text.raw_sha256 else []
    return {
        "item_id": item.id,
        "source_id": item.source_id,
        "cluster_id": cluster_id,
        "title": plain_title(item.title or "") or None,
        "url": item.url,
        "text": text.text,
        "text_sha256": hashlib.sha256(text.text.encode()).hexdigest(),
        "extraction": text.how,
        "language": item.language or source.language,
        "country": source.country,
        "region": source.region,
        "event_at": item.event_at,
        "created_at": now,
        "notes": [*item.notes, *text.notes, *kept],
        "article_sha256": text.raw_sha256,
    }


def _supersede(session: Session, item: Item) -> None:
    """Take what was said of older versions out of what counts; it is kept."""
    if item.version == 1:
        return
    older = (
        select(Document.id)
        .join(Item, Item.id == Document.item_id)
        .where(Item.source_id == item.source_id, Item.external_id == item.external_id, Item.version < item.version)
    )
    ids = session.scalars(older).all()
    counted = select(Assessment.cluster_id, Assessment.event_at).where(
        Assessment.document_id.in_(ids), Assessment.current
    )
    changes = list(session.execute(counted))
    for table, column in ((Document, Document.id), (Assessment, Assessment.document_id)):
        session.execute(
            update(table).where(column.in_(ids)).values(current=False).execution_options(synchronize_session=False)
        )
    mark_changed(session, changes)


def _superseded(session: Session, ours: list[Item]) -> set[int]:
    """Return the items that a newer version, read already or read with them, has taken over from."""
    newer = aliased(Item)
    query = (
        select(Item.id)
        .join(newer, (newer.source_id == Item.source_id) & (newer.external_id == Item.external_id))
        .where(
            Item.id.in_([item.id for item in ours]),
            newer.version > Item.version,
            newer.extracted_at.is_not(None) | newer.id.in_([item.id for item in ours]),
        )
    )
    return set(session.scalars(query))
