"""Fetch the page a teaser links to and read its article: through the guard, kept before it is parsed, in the sandbox.

A page that cannot be had is no failure of the item: the teaser is read, and the document says why it is only that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingest.errors import IngestError, ReadingKilled
from ingest.http import Network
from ingest.readers import sandbox
from ingest.robots import Robots
from ingest.settings import IngestSettings

ACCEPT = {"accept": "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"}


@dataclass(frozen=True)
class Article:
    """The text of a page and how it was found, or the `problem` that prevented it."""

    text: str = ""
    how: str = "article"
    raw_sha256: str | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()


def fetch_article(
    network: Network,
    robots: Robots,
    keep: Callable[[bytes, str | None], str],
    settings: IngestSettings,
    url: str,
) -> Article:
    """Return the article at `url`; never raises what a page can cause."""
    try:
        objection = robots.objection(url)
        if objection is not None:
            return Article(problem=objection)
        answer = network.get(
            url, ACCEPT, deadline=settings.article_deadline_seconds, most_bytes=settings.article_max_bytes
        )
        if answer.status != 200:
            return Article(problem=f"the article answered with HTTP {answer.status}")
        kind = answer.headers.get("content-type", "text/html").lower()
        if "html" not in kind:
            return Article(problem=f"the article is no page but {kind[:60]!r}")
        raw_sha256 = keep(answer.body, kind)
        read = read_page(answer.body, settings, url=answer.url, content_type=kind)
    except IngestError as error:
        return Article(problem=str(error))
    return Article(read["text"], read["how"], raw_sha256, notes=tuple(read["notes"]))


def read_page(body: bytes, settings: IngestSettings, *, url: str, content_type: str) -> dict[str, Any]:
    """Return the article of a page, or all of its text where the extractor gives up or is stopped.

    Raises `ReadingKilled` when even that costs too much.
    """
    box = sandbox.shared(settings.parse_cpu_seconds, settings.parse_memory_bytes)
    try:
        return box.ask("article", body, url=url, content_type=content_type)
    except ReadingKilled:
        return box.ask("page_text", body, content_type=content_type)
