"""Read RSS, Atom, RDF and JSON Feed: ask politely, keep the bytes, have them parsed in the sandbox.

It decides what an answer means; what follows for the source is decided in `schedule.py`.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ingest import certificates, dates
from ingest.entry import Entry
from ingest.errors import AccessDenied, BadAnswer, NoFeed, Throttled, Truncated
from ingest.hijack import about
from ingest.http import Answer, Network
from ingest.readers import Batch, Keep, Place, sandbox
from ingest.settings import IngestSettings

ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
MAX_AGE = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,9})")
TOO_MANY = 429
A_WEEK = 7 * 24 * 3600
DENIED = frozenset({401, 402, 403, 407, 451})


class FeedReader:
    """One address, asked with the conditions its last full answer came with."""

    def read(
        self, place: Place, network: Network, keep: Keep, settings: IngestSettings, now: dt.datetime
    ) -> Iterator[Batch]:
        """Yield one batch; a feed that was cut yields its whole items first and then raises `Truncated`."""
        conditions = {} if full_fetch_due(place, settings, now) else conditional(place)
        answer = network.get(place.url, {"accept": ACCEPT, **conditions})
        seen: dict[str, Any] = {
            "status_code": answer.status,
            "body_bytes": len(answer.body),
            "details": details_of(answer),
        }
        certificate = certificates.described(answer.certificate)
        if answer.status == 304 and conditions:
            yield Batch(outcome="not_modified", about=about(certificate=certificate), **seen)
            return
        check_status(answer)
        sha256 = hashlib.sha256(answer.body).hexdigest()
        cursor = cursor_of(answer, sha256, now)
        if sha256 == place.body_sha256:
            yield Batch(
                outcome="unchanged", raw_sha256=sha256, remember=cursor, about=about(certificate=certificate), **seen
            )
            return
        content_type = answer.headers.get("content-type", "")
        keep(answer.body, content_type)
        parsed = sandbox.shared(settings.parse_cpu_seconds, settings.parse_memory_bytes).ask(
            "feed", answer.body, url=answer.url, content_type=content_type, max_entries=settings.max_entries
        )
        entries = tuple(Entry(**fields) for fields in parsed["entries"][: settings.max_entries])
        _must_be_feed(parsed, answer)
        dropped = max(parsed["total"], len(parsed["entries"])) - len(entries)
        seen["details"] |= {name: parsed[name] for name in ("charset", "fresh_seconds") if parsed.get(name)}
        if parsed["note"]:
            seen["details"]["parser"] = parsed["note"]
        reason = None
        if dropped > 0 and not parsed["cut"]:
            total = dropped + len(entries)
            reason = f"{dropped} of {total} entries dropped: more than {settings.max_entries} in one answer"
            seen["details"]["dropped"] = dropped
        told = {name: parsed.get(name) for name in ("title", "generator", "link", "language")}
        yield Batch(
            entries=entries,
            raw_sha256=sha256,
            remember={} if parsed["cut"] else cursor,
            reason=reason,
            about=about(**told, certificate=certificate),
            **seen,
        )
        if parsed["cut"]:
            raise Truncated(f"the feed ends in the middle; {len(entries)} whole entries were kept")


def full_fetch_due(place: Place, settings: IngestSettings, now: dt.datetime) -> bool:
    """Whether to ask without conditions: some servers keep an ETag while the content changes."""
    if place.full_fetch_at is None:
        return True
    age = now - place.full_fetch_at
    return age >= dt.timedelta(hours=settings.full_fetch_hours) or age < dt.timedelta(0)


def conditional(place: Place) -> dict[str, str]:
    """Return the headers that let a server answer "not modified"."""
    conditions = {"if-none-match": place.etag, "if-modified-since": place.last_modified}
    return {name: value for name, value in conditions.items() if value and value.isascii()}


def check_status(answer: Answer) -> None:
    """Raise for every status that carries no feed, with a sentence an operator understands."""
    status = answer.status
    if status == 200:
        return
    if status in DENIED:
        raise AccessDenied(f"the server refuses us (HTTP {status})", status)
    if status == TOO_MANY:
        asked = answer.headers.get("retry-after")
        raise Throttled("the server asks us to come less often (HTTP 429)", status, asked)
    sentence = {
        304: "the server said not modified although we asked for everything (HTTP 304)",
        404: "there is no page at this address (HTTP 404)",
        410: "the publisher says this feed is gone for good (HTTP 410)",
        503: "the server is overloaded or under maintenance (HTTP 503)",
    }.get(status, f"the server answered with HTTP {status}")
    raise BadAnswer(sentence, status, answer.headers.get("retry-after"))


def _must_be_feed(parsed: dict[str, Any], answer: Answer) -> None:
    if parsed["format"] or parsed["entries"]:
        return
    kind = answer.headers.get("content-type", "").split(";")[0].strip()[:60] or "no content type"
    what = "an empty page" if not answer.body.strip() else f"{len(answer.body):,} bytes of {kind}"
    moved = f" at {answer.url[:200]}" if answer.hops else ""
    raise NoFeed(f"the address answers, but with no feed: {what}{moved}; perhaps a login page or a parked domain")


def cursor_of(answer: Answer, sha256: str, now: dt.datetime) -> dict[str, Any]:
    """Return what to remember of a full answer, so that the next one can be asked for with conditions."""
    return {
        "etag": answer.headers.get("etag"),
        "last_modified": answer.headers.get("last-modified"),
        "body_sha256": sha256,
        "full_fetch_at": now,
    }


def details_of(answer: Answer) -> dict[str, Any]:
    """Return what the trail keeps of an answer: sizes, where it came from, and how long it is good."""
    details: dict[str, Any] = {"wire_bytes": answer.wire_bytes, "elapsed_ms": answer.elapsed_ms}
    if answer.hops:
        details["redirected_to"] = answer.url
    if answer.moved:
        details["moved_to"] = answer.url
    if fresh := fresh_seconds(answer.headers):
        details["server_fresh_seconds"] = fresh
    return details


def fresh_seconds(headers: Mapping[str, str]) -> int:
    """Return how long the server says its answer stays good, 0 when it does not say (RFC 9111, 4.2)."""
    control = headers.get("cache-control", "").lower()
    if "no-cache" in control or "no-store" in control:
        return 0
    if found := MAX_AGE.search(control):
        age = headers.get("age", "").strip()
        return max(0, min(int(found[1]), A_WEEK) - (int(age[:7]) if age.isascii() and age.isdigit() else 0))
    expires, date = (dates.understood(headers.get(name)) for name in ("expires", "date"))
    return max(0, min(int((expires - date).total_seconds()), A_WEEK)) if expires and date else 0
