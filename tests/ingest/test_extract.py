"""Items become documents: with their text, their cluster, and what was odd said."""

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from ingest import extract as extraction
from ingest.entry import Entry
from ingest.evidence import verify
from ingest.extract import extract, joined
from ingest.http import Network
from ingest.read import push, store_entries
from ingest.settings import IngestSettings
from models import claims
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.document import Cluster, Document
from models.item import Item
from models.source import Source
from models.tally import StaleHour, hour_of
from tests import factories
from tests.fault_server import FaultServer, drip, redirect, text

STORM = (
    "The wells of Lower Ketta were poisoned and the newspapers hide it, share this before they delete it, friends. Copy"
)
PAGE = (
    "<html><body><article>"
    + "<p>The council of Marrok met again to speak about the price of water.</p>" * 20
    + "</article></body></html>"
)


class Reading:
    """Stores entries, extracts them, and looks at the documents."""

    def __init__(self, sessions: Sessions, settings: IngestSettings, now: dt.datetime, **source: object) -> None:
        self.sessions, self.settings, self.now = sessions, settings, now
        with writing(sessions) as session:
            self.source = factories.add_source(session, **source)

    def take(self, *entries: Entry) -> list[Document]:
        with writing(self.sessions) as session:
            source = session.get_one(Source, self.source.id)
            store_entries(session, source, entries, None, self.now, self.settings)
        extract(self.sessions, Network(self.settings), self.settings, self.now)
        with reading(self.sessions) as session:
            return list(session.scalars(select(Document).order_by(Document.id)))


@pytest.fixture
def desk(sessions: Sessions, settings: IngestSettings, now: dt.datetime) -> Reading:
    return Reading(sessions, settings, now, language="sw", country="KE", region="Marrok")


def test_an_item_becomes_a_document_with_the_place_of_its_source(desk: Reading) -> None:
    (document,) = desk.take(
        Entry("<p>Water &amp; bread.</p>", "html", "a", "https://radio.example.org/a", "The <b>market</b>")
    )
    assert document.text == "The market\n\nWater & bread."
    assert (document.title, document.extraction, document.language) == ("The market", "markup", "sw")
    assert (document.country, document.region, document.current, document.notes) == ("KE", "Marrok", True, [])
    assert len(desk.take()) == 1


def test_extraction_ends_when_nothing_waits(desk: Reading) -> None:
    desk.take(Entry("one"))
    assert extract(desk.sessions, Network(desk.settings), desk.settings, desk.now) == 0


def test_nothing_to_read_is_a_document_that_says_so(desk: Reading) -> None:
    (document,) = desk.take(Entry("<img src='x'>", "html", "a"))
    assert (document.text, document.extraction) == ("", "empty")
    assert "nothing to read" in document.notes[0]


def test_a_deeply_nested_text_is_read(desk: Reading) -> None:
    page = "<html><body>" + "<div>" * 2000 + "the needle" + "</div>" * 2000 + "</body></html>"
    (document,) = desk.take(Entry(page, "html", "a"))
    assert "the needle" in document.text
    assert document.extraction == "fallback"
    assert "extraction fallback" in document.notes[0]


@pytest.mark.parametrize(
    ("title", "body", "whole"),
    [
        ("Market opens", "Traders came.", "Market opens\n\nTraders came."),
        ("Market opens", "Market  OPENS today, and traders came.", "Market  OPENS today, and traders came."),
        ("Market opens…", "Market opens today.", "Market opens today."),
        ("", "Traders came.", "Traders came."),
        ("Market opens", "", "Market opens"),
    ],
)
def test_title_and_body_are_one_text(title: str, body: str, whole: str) -> None:
    assert joined(title, body) == whole


def test_a_storm_of_reposts_is_one_cluster_and_others_are_not_in_it(desk: Reading) -> None:
    copies = [Entry(f"{STORM} {n} @user{n} https://example.org/{n}", external_id=f"c{n}") for n in range(40)]
    documents = desk.take(*copies, Entry("The bridge over the river Sarn closes at night.", external_id="bridge"))
    assert len({document.cluster_id for document in documents[:40]}) == 1
    assert documents[40].cluster_id != documents[0].cluster_id
    with reading(desk.sessions) as session:
        assert session.get_one(Cluster, documents[0].cluster_id).size == 40


def test_empty_texts_are_nobodys_copies(desk: Reading) -> None:
    documents = desk.take(Entry("", external_id="a"), Entry("...", external_id="b"), Entry("!!!", external_id="c"))
    assert len({document.cluster_id for document in documents}) == 3


def test_copies_in_other_sources_join_the_cluster(desk: Reading) -> None:
    (first,) = desk.take(Entry(STORM))
    push(desk.sessions, "Forum", [{"text": "RT: " + STORM}], desk.settings, desk.now)
    assert desk.take()[1].cluster_id == first.cluster_id


def test_a_new_version_takes_over_and_what_was_counted_is_counted_again(desk: Reading) -> None:
    (old,) = desk.take(Entry("They opened the market.", external_id="a"))
    with writing(desk.sessions) as session:
        document = session.get_one(Document, old.id)
        assessment = factories.add_assessment(session, document)
    old, new = desk.take(Entry("They closed the market.", external_id="a"))
    assert (old.current, new.current) == (False, True)
    with reading(desk.sessions) as session:
        assert not session.get_one(Assessment, assessment.id).current
        assert session.get(StaleHour, hour_of(assessment.event_at)) is not None
    assert verify(desk.sessions) == []


def test_an_older_version_read_late_is_not_current(desk: Reading) -> None:
    with writing(desk.sessions) as session:
        source = session.get_one(Source, desk.source.id)
        for text_ in ("one", "two"):
            store_entries(session, source, [Entry(text_, external_id="a")], None, desk.now, desk.settings)
        late = session.scalars(select(Item).where(Item.version == 1)).one()
        late.quarantined_at = desk.now
    desk.take()
    with writing(desk.sessions) as session:
        session.get_one(Item, late.id).quarantined_at = None
    assert [(document.text, document.current) for document in desk.take()] == [("two", True), ("one", False)]


def test_an_item_that_kills_its_worker_is_set_aside_and_the_others_are_read(desk: Reading) -> None:
    with writing(desk.sessions) as session:
        source = session.get_one(Source, desk.source.id)
        entries = [Entry(f"text {n}", external_id=str(n)) for n in range(3)]
        store_entries(session, source, entries, None, desk.now, desk.settings)
    held: list[list[int]] = []

    def turn() -> None:
        # A worker dies while it holds the poison, and gives everything else back unread.
        token, ids = extraction._claim(desk.sessions, desk.settings, desk.now)
        held.append(ids)
        if min(held[0]) not in ids:
            with writing(desk.sessions) as session:
                claims.release(session, Item, token, ids, done=True)
        desk.now += extraction.LEASE + dt.timedelta(seconds=1)

    turn()
    assert len(held[0]) == 3
    while held[-1] and len(held) < 30 and sum(min(held[0]) in ids for ids in held) < claims.MAX_ATTEMPTS:
        turn()
    assert all(len(ids) == 1 for ids in held[1:] if min(held[0]) in ids)
    documents = desk.take()
    assert sorted(document.text for document in documents) == ["text 1", "text 2"]  # suspects come in random order
    with reading(desk.sessions) as session:
        poison = session.get_one(Item, min(held[0]))
    assert poison.quarantined_at is not None
    assert f"{claims.MAX_ATTEMPTS} times" in (poison.quarantine_reason or "")


@pytest.fixture
def teasers(sessions: Sessions, settings: IngestSettings, now: dt.datetime) -> Reading:
    return Reading(sessions, settings, now, fetch_articles=True)


def test_the_article_behind_a_teaser_is_read_and_its_bytes_are_kept(teasers: Reading, server: FaultServer) -> None:
    server["/a"] = text(PAGE, content_type="text/html; charset=utf-8")
    (document,) = teasers.take(Entry("Council meets.", url=server.url("/a"), title="Water"))
    assert document.extraction == "article"
    assert "price of water" in document.text
    assert document.notes[-1].startswith("article kept as ")
    assert verify(teasers.sessions) == []


@pytest.mark.parametrize("path", ["/gone", "/inner", "/drip", "/picture"])
def test_without_the_article_the_teaser_is_read_and_the_reason_is_said(
    teasers: Reading, server: FaultServer, path: str
) -> None:
    server["/inner"] = redirect("http://127.0.0.2/")
    server["/drip"] = drip(20)
    server["/picture"] = text(b"\x89PNG", content_type="image/png")
    (document,) = teasers.take(Entry("Council meets.", url=server.url(path)))
    assert document.text == "Council meets."
    assert document.notes[0].startswith("only the teaser was read: ")


def test_a_site_that_asks_not_to_be_fetched_is_not(teasers: Reading, server: FaultServer) -> None:
    server["/robots.txt"] = text("User-agent: *\nDisallow: /private/\n\nUser-agent: tocsin\nDisallow: /ours/\n")
    server["*"] = text(PAGE, content_type="text/html")
    documents = teasers.take(
        *(Entry(f"teaser {n}", url=server.url(path)) for n, path in enumerate(("/ours/1", "/free/1")))
    )
    assert [document.extraction for document in documents] == ["text", "article"]
    assert documents[0].notes == ["only the teaser was read: the site's robots.txt asks us not to"]
    assert server.hits("/robots.txt") == 1
    assert server.hits("/ours/1") == 0


def test_rules_that_cannot_be_had_allow_nothing(teasers: Reading, server: FaultServer) -> None:
    server["/robots.txt"] = text("busy", status=503)
    (document,) = teasers.take(Entry("teaser", url=server.url("/a")))
    assert "cannot be read now" in document.notes[0]
    assert server.hits("/a") == 0


def test_long_texts_and_sources_that_do_not_ask_for_it_fetch_nothing(
    teasers: Reading, desk: Reading, server: FaultServer
) -> None:
    teasers.take(Entry("long " * 200, url=server.url("/a")))
    desk.take(Entry("short", url=server.url("/b")))
    assert server.ledger == []


def test_articles_beyond_one_round_are_fetched_in_the_next(teasers: Reading, server: FaultServer) -> None:
    server["*"] = text(PAGE, content_type="text/html")
    teasers.settings = replace(teasers.settings, article_batch=2)
    documents = teasers.take(*(Entry(f"teaser {n}", url=server.url(f"/{n}")) for n in range(5)))
    assert [document.extraction for document in documents] == ["article"] * 5
