"""From the address of a site to the feeds that can be watched, within a budget."""

import pytest

from ingest.discover import MOST_REQUESTS, best, discover
from ingest.errors import IngestError, NoFeed, Refused
from ingest.http import Network
from ingest.settings import IngestSettings
from tests.fault_server import FaultServer, redirect, text
from tests.ingest.feeds import item, rss
from tests.ingest.pages import page, sitemap

HTML = {"content_type": "text/html"}
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="http://radio.example.org/"><title>Radio Keshu</title><link>http://radio.example.org/</link>
<items><rdf:Seq><rdf:li rdf:resource="http://radio.example.org/1"/></rdf:Seq></items></channel>
<item rdf:about="http://radio.example.org/1"><title>The well</title><link>http://radio.example.org/1</link>
<description>The council met.</description><dc:date>2026-03-14T08:00:00+03:00</dc:date></item></rdf:RDF>"""


def alternate(href: str, kind: str = "application/rss+xml") -> str:
    return f'<link rel="alternate" type="{kind}" href="{href}" title="News">'


def test_the_address_of_a_feed_is_that_feed(network: Network, settings: IngestSettings, server: FaultServer) -> None:
    server["/feed"] = text(rss(item(1), item(2)))
    (found,) = discover(network, settings, server.url("/feed")).found
    assert (found.url, found.kind, found.title, found.entries) == (server.url("/feed"), "feed", "Radio Keshu", 2)
    assert found.newest is not None
    assert server.hits() == 1


def test_feeds_that_the_page_names_come_before_those_it_links_to(
    network: Network, settings: IngestSettings, server: FaultServer
) -> None:
    head = alternate("news.xml") + alternate("/comments.json", "application/feed+json") + alternate("/gone")
    server["/"] = text(page(("/blog/rss", "RSS"), ("/about", "About"), head=head), **HTML)
    server["/news.xml"], server["/blog/rss"] = text(rss(item(1), title="News")), text(rss(item(2), title="Blog"))
    server["/comments.json"] = text('{"version": "https://jsonfeed.org/version/1.1", "title": "C", "items": []}')
    discovery = discover(network, settings, server.url("/"))
    assert [(found.url, found.title) for found in discovery.found] == [
        (server.url("/news.xml"), "News"),
        (server.url("/comments.json"), "C"),
        (server.url("/blog/rss"), "Blog"),
    ]
    assert (server.url("/gone"), "HTTP 404") in discovery.asked
    assert server.hits("/feed") == 0


def test_rdf_is_a_feed_like_any_other(network: Network, settings: IngestSettings, server: FaultServer) -> None:
    server["/"] = text(page(head=alternate("/rdf", "application/rdf+xml")), **HTML)
    server["/rdf"] = text(RDF, content_type="application/rdf+xml")
    (found,) = discover(network, settings, server.url("/")).found
    assert (found.title, found.entries) == ("Radio Keshu", 1)
    assert found.newest is not None
    assert found.newest.hour == 5


def test_a_page_that_names_nothing_is_searched_in_the_usual_places(
    network: Network, settings: IngestSettings, server: FaultServer
) -> None:
    server["/news/"] = text(page(), **HTML)
    server["/atom.xml"] = text(rss(item(1)))
    found = best(discover(network, settings, server.url("/news/")), "")
    assert (found.url, found.how) == (server.url("/atom.xml"), "it is where feeds usually are")


def test_a_sitemap_then_a_page_of_articles_is_better_than_nothing(
    network: Network, settings: IngestSettings, server: FaultServer
) -> None:
    links = [(f"/2026/03/14/{n}", f"The council met at the well for the {n}th time") for n in range(4)]
    server["/"] = text(page(*links), **HTML)
    found = best(discover(network, settings, server.url("/")), "")
    assert (found.kind, found.entries, found.title) == ("section", 4, "The Marrok Post")
    server["/robots.txt"] = text(f"User-agent: *\nSitemap: {server.url('/maps/news.xml')}\n", content_type="text/plain")
    server["/maps/news.xml"] = text(sitemap(("https://post.example.org/1", None)))
    found = best(discover(network, settings, server.url("/")), "")
    assert (found.kind, found.url) == ("sitemap", server.url("/maps/news.xml"))
    assert found.how == "robots.txt names it"


def test_nothing_found_says_what_was_asked(network: Network, settings: IngestSettings, server: FaultServer) -> None:
    server["/"] = text(page(), **HTML)
    with pytest.raises(NoFeed, match="no feed, sitemap or list of articles was found at"):
        best(discover(network, settings, server.url("/")), server.url("/"))


def test_a_page_with_a_thousand_feeds_costs_no_thousand_requests(
    network: Network, settings: IngestSettings, server: FaultServer
) -> None:
    server["/"] = text(page(head="".join(alternate(f"/{n}") for n in range(1000))), **HTML)
    discovery = discover(network, settings, server.url("/"))
    assert discovery.found == ()
    assert len(discovery.asked) <= MOST_REQUESTS
    assert server.hits() <= MOST_REQUESTS + 2


def test_a_page_leads_nobody_inside(network: Network, settings: IngestSettings, server: FaultServer) -> None:
    head = alternate("http://127.0.0.2:9/feed") + alternate("file:///etc/passwd") + alternate("http://[::1]/x")
    server["/"] = text(page(head=head), **HTML)
    server["/feed"] = redirect("http://169.254.169.254/")
    discovery = discover(network, settings, server.url("/"))
    assert discovery.found == ()
    assert {answer for url, answer in discovery.asked if "127.0.0.2" in url or "::1" in url} != {"HTTP 200"}
    assert not any(url.startswith("file:") for url, _ in discovery.asked)


@pytest.mark.parametrize("url", ["http://127.0.0.2/", "ftp://example.org/", "nonsense"])
def test_an_address_that_cannot_be_had_is_one_sentence(network: Network, settings: IngestSettings, url: str) -> None:
    with pytest.raises(Refused):
        discover(network, settings, url)


def test_an_error_page_is_no_place_to_search(network: Network, settings: IngestSettings, server: FaultServer) -> None:
    with pytest.raises(IngestError, match="HTTP 404"):
        discover(network, settings, server.url("/nothing"))
    assert server.hits() == 1
