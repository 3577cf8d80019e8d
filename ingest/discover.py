"""Find the feeds of a site from its address: what the page names, what it links to, and where feeds usually are.

Each place is asked once, politely and through the guard, within a budget of requests and time; only what could be read
as a feed is proposed. Nothing is stored.
"""

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from ingest import dates
from ingest.errors import IngestError, NoFeed
from ingest.http import Answer, Network
from ingest.identity import canonical_url
from ingest.readers import sandbox
from ingest.readers.feed import ACCEPT, check_status
from ingest.robots import Robots
from ingest.settings import IngestSettings

# Where the usual content systems keep their feeds, the most common first.
USUAL_PLACES = (
    "/feed",
    "/rss",
    "/feed.xml",
    "/rss.xml",
    "/atom.xml",
    "/index.xml",
    "/feeds/posts/default",
    "/feed.json",
)
USUAL_SITEMAPS = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap_news.xml", "/sitemap.xml")
MOST_REQUESTS = 16
SECONDS = 60.0
ENOUGH = 8


@dataclass(frozen=True)
class Found:
    """A place that can be watched: `kind` feed, sitemap or section, `how` it was found, and what it holds now."""

    url: str
    kind: str
    title: str | None
    how: str
    entries: int
    newest: dt.datetime | None = None


@dataclass(frozen=True)
class Discovery:
    """What was found at an address, the best first, and the places that were asked with what they answered."""

    found: tuple[Found, ...]
    asked: tuple[tuple[str, str], ...]


def discover(network: Network, settings: IngestSettings, url: str) -> Discovery:
    """Look for feeds at `url` and around it; a site without one may have a news sitemap or a page of articles.

    Raises an `IngestError` when the address itself cannot be had.
    """
    search = _Search(network, settings)
    answer = search.fetch(url)
    check_status(answer)
    at_once = search.feed(answer, url, "the address itself is a feed")
    if at_once is not None:
        return Discovery((at_once,), tuple(search.asked))
    sitemap = search.sitemap(answer, url, "the address itself is a sitemap")
    if sitemap is not None:
        return Discovery((sitemap,), tuple(search.asked))
    page = search.parse("feed_links", answer)
    for place, how in _places(page, answer.url):
        if len(search.found) >= ENOUGH or search.spent or (search.found and how == USUAL):
            break
        search.try_feed(place, how)
    if not search.found:
        search.look_for_sitemaps(answer.url)
    if not search.found:
        search.look_for_articles(answer)
    return Discovery(tuple(search.found), tuple(search.asked))


NAMED, LINKED, USUAL = "the page names it", "the page links to it", "it is where feeds usually are"


def _places(page: dict[str, Any], url: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    places = [
        *((link["url"], NAMED) for link in page["declared"]),
        *((link["url"], LINKED) for link in page["linked"][:6]),
        *((urljoin(url, place), USUAL) for place in USUAL_PLACES),
    ]
    for place, how in places:
        if canonical_url(place) not in seen:
            seen.add(canonical_url(place))
            yield place, how


class _Search:
    """One discovery: its budget, what it asked, and what it found."""

    def __init__(self, network: Network, settings: IngestSettings) -> None:
        self.network, self.settings = network, settings
        self.box = sandbox.shared(settings.parse_cpu_seconds, settings.parse_memory_bytes)
        self.ends_at = time.monotonic() + SECONDS
        self.asked: list[tuple[str, str]] = []
        self.found: list[Found] = []
        self.known: set[str] = set()

    @property
    def spent(self) -> bool:
        """Whether the budget of requests or time is used up."""
        return len(self.asked) >= MOST_REQUESTS or time.monotonic() >= self.ends_at

    def fetch(self, url: str) -> Answer:
        """Fetch one place and note what it answered."""
        left = max(1.0, self.ends_at - time.monotonic())
        try:
            answer = self.network.get(url, {"accept": f"{ACCEPT}, text/html;q=0.8"}, deadline=min(15.0, left))
        except IngestError as error:
            self.asked.append((url, str(error)))
            raise
        self.asked.append((url, f"HTTP {answer.status}"))
        return answer

    def parse(self, op: str, answer: Answer, **arguments: Any) -> dict[str, Any]:
        """Have the sandbox read an answer."""
        return self.box.ask(op, answer.body, url=answer.url, **arguments)

    def try_feed(self, url: str, how: str) -> None:
        """Ask one place and keep it if it is a feed."""
        try:
            answer = self.fetch(url)
            check_status(answer)
            found = self.feed(answer, url, how)
        except IngestError:
            return
        if found is not None:
            self.keep(found)

    def keep(self, found: Found) -> None:
        """Keep what was found once, whatever name it goes by."""
        if canonical_url(found.url) not in self.known:
            self.known.add(canonical_url(found.url))
            self.found.append(found)

    def feed(self, answer: Answer, url: str, how: str) -> Found | None:
        """Return the feed an answer is, or None."""
        parsed = self.parse(
            "feed",
            answer,
            content_type=answer.headers.get("content-type", ""),
            max_entries=self.settings.max_entries,
        )
        if not parsed["format"]:
            return None
        times = [moment for entry in parsed["entries"] if (moment := dates.understood(entry["published"]))]
        where = answer.url if answer.moved else url
        return Found(where, "feed", parsed.get("title"), how, len(parsed["entries"]), max(times, default=None))

    def sitemap(self, answer: Answer, url: str, how: str) -> Found | None:
        """Return the sitemap an answer is, or None."""
        try:
            parsed = self.parse("sitemap", answer, max_body=self.settings.max_body_bytes)
        except IngestError:
            return None
        if not parsed["format"]:
            return None
        times = [moment for entry in parsed["pages"] if (moment := dates.understood(entry["published"]))]
        count = len(parsed["pages"]) + len(parsed["maps"])
        return Found(url, "sitemap", parsed["name"], how, count, max(times, default=None))

    def look_for_sitemaps(self, url: str) -> None:
        """Ask robots.txt for sitemaps, then the usual places; those with news in their name come first."""
        parts = urlsplit(url)
        named = Robots(self.network, self.settings).sitemaps(f"{parts.scheme}://{parts.netloc}")
        usual = [urljoin(url, place) for place in USUAL_SITEMAPS]
        for place in [*sorted(named, key=lambda one: "news" not in one.lower())[:4], *usual]:
            if self.spent or self.found:
                return
            try:
                answer = self.fetch(place)
                check_status(answer)
            except IngestError:
                continue
            how = "robots.txt names it" if place in named else "it is where sitemaps usually are"
            found = self.sitemap(answer, place, how)
            if found is not None:
                self.keep(found)

    def look_for_articles(self, answer: Answer) -> None:
        """Propose to watch the page itself when it links to articles."""
        try:
            page = self.parse("article_links", answer)
        except IngestError:
            return
        if len(page["links"]) >= 3:
            self.keep(Found(answer.url, "section", page["title"], "the page links to articles", len(page["links"])))


def best(discovery: Discovery, url: str) -> Found:
    """Return the first of what was found; raises `NoFeed` that says what was tried."""
    if discovery.found:
        return discovery.found[0]
    tried = ", ".join(f"{place} ({answer})" for place, answer in discovery.asked[:5])
    raise NoFeed(f"no feed, sitemap or list of articles was found at {url[:200]}; asked: {tried}")
