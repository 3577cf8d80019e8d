"""News sitemaps and pages of links: addresses become items, and their texts are read from the articles."""

import datetime as dt
import gzip
from collections.abc import Callable

import pytest
from sqlalchemy import select

from ingest.extract import extract
from ingest.readers.pages import article_links
from ingest.readers.sitemaps import parse_sitemap
from models.database import reading
from models.document import Document
from models.source import Fetch
from tests.fault_server import FaultServer, text, with_etag
from tests.ingest.conftest import Desk
from tests.ingest.pages import article, index, page, sitemap

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
HTML = {"content_type": "text/html"}


def texts(desk: Desk) -> list[str]:
    extract(desk.sessions, desk.network, desk.settings, desk.now)
    with reading(desk.sessions) as session:
        return list(session.scalars(select(Document.text).order_by(Document.id)))


def last(desk: Desk, source_id: int) -> Fetch:
    with reading(desk.sessions) as session:
        query = select(Fetch).where(Fetch.source_id == source_id).order_by(Fetch.id.desc()).limit(1)
        return session.scalars(query).one()


def test_new_articles_of_a_news_sitemap_become_texts(desk: Desk, server: FaultServer) -> None:
    server["/one"], server["/two"] = text(article("One."), **HTML), text(article("Two."), **HTML)
    new, old = desk.now - HOUR, desk.now - 9 * DAY
    server["/map"] = text(
        sitemap(
            (server.url("/one"), new), (server.url("/two"), new), (server.url("/old"), old), (server.url("/x"), None)
        )
    )
    source_id = desk.watch(server.url("/map"), kind="sitemap")
    assert desk.poll() == 2
    first = desk.items()[0]
    assert (first.title, first.language, first.event_at) == ("Headline 0 & more", "sw", new)
    assert "2 of 4 addresses left out" in (last(desk, source_id).reason or "")
    assert ["One." in found for found in texts(desk)] == [True, False]
    assert server.hits("/old") == 0
    assert desk.poll(HOUR) == 0


def test_an_index_leads_to_the_sitemaps_that_changed_last(desk_with: Callable[..., Desk], server: FaultServer) -> None:
    desk = desk_with(sitemap_budget=2)
    new = desk.now - HOUR
    server["/map"] = text(
        index(
            (server.url("/archive"), "2020-01-01"),
            (server.url("/today.gz"), "2026-03-14"),
            (server.url("/news"), "2026-03-13"),
            ("http://127.0.0.2/elsewhere", "2026-03-14"),
        )
    )
    packed = gzip.compress(sitemap((server.url("/1"), new), news=False).encode())
    server["/today.gz"] = text(packed, content_type="application/gzip")
    server["/news"] = text(sitemap((server.url("/2"), new)))
    source_id = desk.watch(server.url("/map"), kind="sitemap")
    assert desk.poll() == 2
    assert (server.hits("/archive"), last(desk, source_id).details["read"]) == (0, 2)
    # The index is the same; what lies below it is not.
    server["/news"] = text(sitemap((server.url("/2"), new), (server.url("/3"), new)))
    assert desk.poll(2 * HOUR) == 1
    assert desk.source(source_id).state == "ok"
    for broken in ("/news", "/today.gz"):
        server[broken] = text("<html>broken</html>")
    desk.poll(2 * HOUR)
    assert desk.source(source_id).state == "no_feed"


@pytest.mark.parametrize("body", ["", "<html><body>Sign in</body></html>", "<rss/>", "\x00\x01", "{}"])
def test_what_is_no_sitemap_is_said_to_be_none(desk: Desk, server: FaultServer, body: str) -> None:
    server["/map"] = text(body)
    source_id = desk.watch(server.url("/map"), kind="sitemap")
    assert desk.poll() == 0
    assert (desk.source(source_id).state, server.hits()) == ("no_feed", 1)


def test_a_bomb_and_an_entity_in_a_sitemap_do_nothing(desk: Desk) -> None:
    bomb = gzip.compress(b"<urlset>" + b" " * 60_000_000)
    parsed = parse_sitemap(bomb, url="http://x.test/map.gz", max_body=25_000_000)
    assert parsed["format"] == ""
    assert "unpacks to more than" in parsed["problem"]
    entity = '<!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>http://a.test/&x;</loc></url></urlset>'
    assert parse_sitemap(entity.encode(), url="", max_body=1000)["format"] == ""


def test_a_list_of_addresses_is_a_sitemap_too() -> None:
    parsed = parse_sitemap(b"https://a.test/1\nhttps://a.test/2\n", url="https://a.test/map.txt", max_body=1000)
    assert [one["url"] for one in parsed["pages"]] == ["https://a.test/1", "https://a.test/2"]
    assert parse_sitemap(b"https://a.test/1", url="https://a.test/", max_body=1000)["format"] == ""


def test_a_section_gives_a_few_new_articles_at_each_poll(desk_with: Callable[..., Desk], server: FaultServer) -> None:
    desk = desk_with(section_budget=2)
    links = [(f"/2026/03/{n}", f"Headline number {n} of the day in Marrok") for n in range(3)]
    for url, words in links:
        server[url] = text(article(words), **HTML)
    server["/news"] = with_etag(page(*links, ("/about", "About the people who write this paper")))
    source_id = desk.watch(server.url("/news"), kind="section")
    assert desk.poll() == 2
    assert "1 more new links wait" in (last(desk, source_id).reason or "")
    assert (desk.poll(2 * HOUR), desk.poll(2 * HOUR)) == (1, 0)
    assert [found.title for found in desk.items()] == [words for _, words in links]
    assert all(words in found for (_, words), found in zip(links, texts(desk), strict=True))
    server["/news"] = text(page(("/2026/03/9", "Something else has happened in the hills"), *links), **HTML)
    for _ in range(4):
        desk.poll(2 * HOUR)
    assert len(desk.items()) == 4
    assert desk.source(source_id).state == "ok"


def test_a_page_is_one_item_with_versions(desk: Desk, server: FaultServer) -> None:
    server["/page"] = text(article("First."), **HTML)
    source_id = desk.watch(server.url("/page"), kind="page")
    assert desk.poll() == 1
    assert desk.poll(HOUR) == 0
    server["/page"] = text(article("Second."), **HTML)
    assert desk.poll(HOUR) == 1
    assert [found.version for found in desk.items(source_id)] == [1, 2]
    assert "Second." in texts(desk)[-1]
    server["/page"] = text("<html><body><script>draw()</script></body></html>", **HTML)
    desk.poll(HOUR)
    assert desk.source(source_id).state == "no_feed"
    assert "no text on it" in (desk.source(source_id).state_reason or "")


@pytest.mark.parametrize("kind", ["page", "section"])
def test_a_site_that_asks_us_not_to_is_left_alone(desk: Desk, server: FaultServer, kind: str) -> None:
    server["/robots.txt"] = text("User-agent: *\nDisallow: /news\n", content_type="text/plain")
    server["/news"] = text(page(("/2026/03/1", "A headline")), **HTML)
    source_id = desk.watch(server.url("/news"), kind=kind)
    desk.poll()
    source = desk.source(source_id)
    assert (source.state, source.state_reason) == ("refused", "the site's robots.txt asks us not to")
    assert server.hits("/news") == 0


def test_articles_are_told_from_the_rest_of_a_page() -> None:
    body = page(
        ("/2026/03/14/well", "Well"),
        ("story-123456", "Story"),
        ("/a-slug-of-many-words", "x"),
        ("/short", "A headline that is long enough to be one"),
        ("/tag/peace-and-the-whole-world", "A tag with a very long description here"),
        ("https://elsewhere.test/2026/03/14/x", "Elsewhere"),
        ("javascript:alert(1)", "A script that looks like a long headline"),
        ("/photo-1234567.jpg", "Photo"),
        ("/", "The page itself, with a long text in its link"),
        ("/2026/03/14/well#comments", "Comments on the well"),
    )
    links = article_links(body.encode(), url="https://www.post.test/")["links"]
    assert [link["url"].removeprefix("https://www.post.test") for link in links] == [
        "/2026/03/14/well",
        "/story-123456",
        "/a-slug-of-many-words",
        "/short",
    ]
    assert links[0]["title"] == "Comments on the well"
    assert article_links(b"", url="https://x.test/")["links"] == []
    assert article_links(b"\xff\x00", url="https://x.test/")["links"] == []
