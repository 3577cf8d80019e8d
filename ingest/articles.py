"""Fetch the page a teaser links to and read its article: through the guard, kept before it is parsed, in the sandbox.

A page that cannot be had is no failure of the item: the teaser is read, and the document says why it is only that.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ingest.errors import IngestError
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
        answer = network.get(url, ACCEPT, deadline=settings.article_deadline_seconds)
        if answer.status != 200:
            return Article(problem=f"the article answered with HTTP {answer.status}")
        kind = answer.headers.get("content-type", "text/html").lower()
        if "html" not in kind:
            return Article(problem=f"the article is no page but {kind[:60]!r}")
        raw_sha256 = keep(answer.body, kind)
        box = sandbox.shared(settings.parse_cpu_seconds, settings.parse_memory_bytes)
        read = box.ask("article", answer.body, url=answer.url)
    except IngestError as error:
        return Article(problem=str(error))
    return Article(read["text"], read["how"], raw_sha256)
