"""Read plain pages: `page` watches the text of one page, `section` follows the articles that a page links to.

Both ask the site's robots.txt first, because they read pages meant for people. A page is one item whose every change is
a version; a section's articles are items without a text yet, which is read from them when the texts are read out.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any

from ingest.articles import read_page
from ingest.entry import Entry
from ingest.errors import BadAnswer, NoFeed, Refused
from ingest.http import Answer, Network
from ingest.readers import Batch, Gone, Keep, Place, sandbox
from ingest.readers.feed import check_status, conditional, cursor_of, details_of, full_fetch_due
from ingest.robots import Robots
from ingest.settings import IngestSettings

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
# Addresses a section remembers having seen, so that an old article that is linked again is no news.
REMEMBERED = 2000
GONE = 410


class PageReader:
    """The text of one page: a manifesto, a notice board, a page that somebody edits."""

    def read(
        self, place: Place, network: Network, keep: Keep, settings: IngestSettings, now: dt.datetime
    ) -> Iterator[Batch]:
        """Yield the page as one entry when its bytes have changed; raises when it has no text.

        A page that its publisher calls gone for good is marked so before the failure is raised.
        """
        try:
            answer, seen, cursor = _fetched(place, network, settings, now)
        except BadAnswer as error:
            if error.status == GONE:
                yield Batch(gone=(Gone(place.url, "the page answers that it is gone for good (HTTP 410)"),))
            raise
        if answer is None or cursor["body_sha256"] == place.body_sha256:
            yield Batch(outcome="not_modified" if answer is None else "unchanged", remember=cursor, **seen)
            return
        keep(answer.body, answer.headers.get("content-type"))
        read = read_page(answer.body, settings, url=answer.url, content_type=answer.headers.get("content-type", ""))
        if not read["text"].strip():
            raise NoFeed("the page answers, but there is no text on it; perhaps a program draws it in the browser")
        title = _asked(settings, "article_links", answer)["title"]
        notes = tuple(read["notes"])
        entry = Entry(content=read["text"], external_id=place.url, url=answer.url, title=title, notes=notes)
        yield Batch(entries=(entry,), raw_sha256=cursor["body_sha256"], remember=cursor, **seen)


class SectionReader:
    """The articles that a page of links leads to, a few new ones at each poll."""

    def read(
        self, place: Place, network: Network, keep: Keep, settings: IngestSettings, now: dt.datetime
    ) -> Iterator[Batch]:
        """Yield new links as entries without a text, in the page's order; raises when the page links to no article."""
        answer, seen, cursor = _fetched(place, network, settings, now)
        known: list[str] = list(place.cursor.get("seen", []))
        waiting = bool(place.cursor.get("waiting"))
        if answer is None or (cursor["body_sha256"] == place.body_sha256 and not waiting):
            yield Batch(outcome="not_modified" if answer is None else "unchanged", remember=cursor, **seen)
            return
        keep(answer.body, answer.headers.get("content-type"))
        links = _asked(settings, "article_links", answer)["links"]
        if not links:
            raise NoFeed(
                "the page answers, but links to no article of its site; perhaps a login, or drawn by a program"
            )
        fresh = [link for link in links if link["url"] not in set(known)]
        taken = fresh[: settings.section_budget]
        entries = tuple(Entry(external_id=link["url"], url=link["url"], title=link["title"] or None) for link in taken)
        left = len(fresh) - len(taken)
        remember = cursor | {
            "cursor": {"seen": [*(link["url"] for link in taken), *known][:REMEMBERED], "waiting": left > 0}
        }
        if left:
            # They are taken at the next polls, so the page must not be answered with "not modified" until then.
            remember |= {"etag": None, "last_modified": None}
        reason = (
            f"{left} more new links wait for the next polls: {settings.section_budget} are taken each" if left else None
        )
        yield Batch(
            entries=entries, raw_sha256=cursor["body_sha256"], remember=remember, reason=reason, gapless=True, **seen
        )


def _fetched(
    place: Place, network: Network, settings: IngestSettings, now: dt.datetime
) -> tuple[Answer | None, dict[str, Any], dict[str, Any]]:
    """Return the page (None: not modified), what was seen of the answer, and the cursor it leaves."""
    objection = Robots(network, settings).objection(place.url)
    if objection is not None:
        raise Refused(objection)
    conditions = {} if full_fetch_due(place, settings, now) else conditional(place)
    answer = network.get(place.url, {"accept": ACCEPT, **conditions})
    seen: dict[str, Any] = {
        "status_code": answer.status,
        "body_bytes": len(answer.body),
        "details": details_of(answer),
    }
    if answer.status == 304 and conditions:
        return None, seen, {"body_sha256": place.body_sha256}
    check_status(answer)
    return answer, seen, cursor_of(answer, hashlib.sha256(answer.body).hexdigest(), now)


def _asked(settings: IngestSettings, op: str, answer: Answer) -> dict[str, Any]:
    box = sandbox.shared(settings.parse_cpu_seconds, settings.parse_memory_bytes)
    return box.ask(op, answer.body, url=answer.url)
