"""Read a news sitemap: the addresses of new articles, without their texts. An index leads to a few of its sitemaps.

The articles themselves are fetched when their texts are read out, under the site's robots.txt. What is older than a few
days is left out: a sitemap may list everything a site ever published.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ingest import dates
from ingest.entry import Entry
from ingest.errors import IngestError, NoFeed
from ingest.http import Answer, Network
from ingest.readers import Batch, Keep, Place, sandbox
from ingest.readers.feed import check_status, conditional, cursor_of, details_of, full_fetch_due
from ingest.settings import IngestSettings

RECENT = dt.timedelta(days=3)


class SitemapReader:
    """One sitemap, or an index of which the most recently changed ones are read."""

    def read(
        self, place: Place, network: Network, keep: Keep, settings: IngestSettings, now: dt.datetime
    ) -> Iterator[Batch]:
        """Yield one batch per sitemap read; raises when the address answers with none."""
        conditions = {} if full_fetch_due(place, settings, now) else conditional(place)
        answer = network.get(place.url, conditions)
        seen: dict[str, Any] = {
            "status_code": answer.status,
            "body_bytes": len(answer.body),
            "details": details_of(answer),
        }
        if answer.status == 304 and conditions:
            yield Batch(outcome="not_modified", **seen)
            return
        check_status(answer)
        sha256 = hashlib.sha256(answer.body).hexdigest()
        cursor = cursor_of(answer, sha256, now)
        parsed = _parsed(answer, settings)
        if sha256 == place.body_sha256 and parsed["format"] == "pages":
            yield Batch(outcome="unchanged", raw_sha256=sha256, remember=cursor, **seen)
            return
        if not parsed["format"]:
            problem = parsed.get("problem") or "perhaps a page, a login or a feed"
            raise NoFeed(f"the address answers, but with no sitemap: {len(answer.body):,} bytes; {problem}")
        keep(answer.body, answer.headers.get("content-type"))
        if parsed["format"] == "pages":
            entries, left_out = _entries(parsed["pages"], place, settings, now)
            yield Batch(
                entries=entries, raw_sha256=sha256, remember=cursor, reason=_reason(left_out, len(entries)), **seen
            )
            return
        yield from self._children(parsed["maps"], place, network, keep, settings, now, cursor, seen)

    def _children(
        self,
        maps: list[dict[str, Any]],
        place: Place,
        network: Network,
        keep: Keep,
        settings: IngestSettings,
        now: dt.datetime,
        cursor: dict[str, Any],
        seen: dict[str, Any],
    ) -> Iterator[Batch]:
        """Read the sitemaps of an index that changed last, of the same site, within the budget."""
        own = [one for one in maps if _host(one["url"]) == _host(place.url)]
        chosen = sorted(own, key=lambda one: _newest_first(one, now))[: settings.sitemap_budget]
        known = dict(place.cursor.get("maps", {}))
        read: dict[str, str] = {}
        problems: list[str] = []
        for one in chosen:
            try:
                answer = network.get(one["url"])
                check_status(answer)
                sha256 = hashlib.sha256(answer.body).hexdigest()
                read[one["url"]] = sha256
                if known.get(one["url"]) == sha256:
                    continue
                parsed = _parsed(answer, settings)
                if parsed["format"] != "pages":
                    raise NoFeed("it is no sitemap of pages")
                keep(answer.body, answer.headers.get("content-type"))
            except IngestError as error:
                read.pop(one["url"], None)
                problems.append(f"{one['url'][:200]}: {error}")
                continue
            entries, left_out = _entries(parsed["pages"], place, settings, now)
            yield Batch(entries=entries, raw_sha256=sha256, reason=_reason(left_out, len(entries)))
        if chosen and len(problems) == len(chosen):
            raise NoFeed(f"none of the {len(chosen)} sitemaps of this index could be read; the first: {problems[0]}")
        seen["details"] |= {"sitemaps": len(maps), "read": len(read), "problems": problems[:5]}
        reason = f"{len(problems)} of {len(chosen)} sitemaps could not be read; {problems[0]}" if problems else None
        # The conditions of the index must not hide a sitemap below it that changed: it is asked for in full each time.
        remember = {"cursor": {"maps": read}, "body_sha256": cursor["body_sha256"], "full_fetch_at": None}
        yield Batch(remember=remember, reason=reason, **seen)


def _parsed(answer: Answer, settings: IngestSettings) -> dict[str, Any]:
    box = sandbox.shared(settings.parse_cpu_seconds, settings.parse_memory_bytes)
    return box.ask("sitemap", answer.body, url=answer.url, max_body=settings.max_body_bytes)


def _entries(
    pages: list[dict[str, Any]], place: Place, settings: IngestSettings, now: dt.datetime
) -> tuple[tuple[Entry, ...], int]:
    """Return the recent pages as entries, the newest first, and how many were left out."""
    dated = [(dates.understood(page["published"]), page) for page in pages if _host(page["url"]) == _host(place.url)]
    recent = [(moment, page) for moment, page in dated if moment is not None and moment > now - RECENT]
    recent.sort(key=lambda pair: pair[0], reverse=True)
    kept = recent[: settings.max_entries]
    entries = tuple(
        Entry(
            external_id=page["url"],
            url=page["url"],
            title=page["title"],
            published=page["published"],
            language=page["language"],
        )
        for _, page in kept
    )
    return entries, len(pages) - len(entries)


def _reason(left_out: int, taken: int) -> str | None:
    if not left_out:
        return None
    total = left_out + taken
    return f"{left_out} of {total} addresses left out: older than {RECENT.days} days, undated, or of another site"


def _newest_first(one: dict[str, Any], now: dt.datetime) -> tuple[bool, float]:
    """Sort news sitemaps before others, then by what changed last; undated ones come last."""
    changed = dates.understood(one["changed"])
    age = (now - changed).total_seconds() if changed else float("inf")
    return "news" not in one["url"].lower(), age


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").lower().removeprefix("www.")
    except ValueError:
        return ""
