"""Turn the bytes of a feed into plain entries: RSS, Atom and RDF by feedparser, JSON Feed by ourselves.

Runs inside the sandbox. It returns what can travel as JSON: `{"format", "total", "cut", "note", "entries": [{...}]}`;
`format` is empty when the bytes are no feed. It fetches nothing and expands no entity of a document's own.
"""

import io
import json
import re
from typing import Any
from urllib.parse import urljoin

from ingest import dates
from ingest.text import plain_title

# Comments and CDATA are skipped first, because they may hold anything, markup included.
PIECES = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    rb"|<(?P<close>/?)(?:[A-Za-z_][\w.-]*:)?(?P<name>item|entry)\s*(?P<gap>[\s/>])",
    re.DOTALL | re.IGNORECASE,
)
ROOT_END = re.compile(
    rb"</(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf|channel|html|body)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.IGNORECASE | re.DOTALL
)
ROOT_START = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf)[\s>]", re.IGNORECASE)
# A document may name a character or a short word; an entity made of entities, or of a file, is left out.
ENTITY = re.compile(rb"""<!ENTITY\s(?:[^>"']|"[^"]*"|'[^']*')*>""")
HARMLESS = re.compile(rb"""<!ENTITY\s+[\w.-]+\s+(["'])(?:&#x?\w{1,8};|[^&%<"']{0,64})\1\s*>""")
DATE = re.compile(
    rb"<(?:[\w.-]+:)?(?:pubDate|published|updated|date|issued|modified|created)(?:\s[^<>]*)?>\s*([^<]{4,60})",
    re.IGNORECASE,
)
JSON_FEED = "https://jsonfeed.org/version/"
WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00", b"<\x00")


def parse_feed(body: bytes, *, url: str, content_type: str, max_entries: int) -> dict[str, Any]:
    """Parse whatever a feed address answered with."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return parse_json_feed(body, url=url, max_entries=max_entries)
    whole, total, cut = prepared(body, max_entries)
    return parse_xml_feed(whole, url=url, content_type=content_type) | {"total": total, "cut": cut}


def prepared(body: bytes, max_entries: int) -> tuple[bytes, int, bool]:
    """Return what the parser is given: without entities that are no characters, and as `whole_items` cuts it."""
    return whole_items(ENTITY.sub(lambda found: found[0] if HARMLESS.fullmatch(found[0]) else b"", body), max_entries)


def whole_items(body: bytes, limit: int) -> tuple[bytes, int, bool]:
    """Return the body with at most `limit` items and without an item that was cut off, the items seen, and "cut".

    A parser that forgives would take the half item as whole, and its identifier would be used up.
    """
    if body.startswith(WIDE):
        return body, 0, False
    ended, limit_end = 0, None
    starts: list[int] = []
    for piece in PIECES.finditer(body):
        if piece["name"] is None:
            continue
        if not piece["close"]:
            starts.append(piece.start())
        elif piece["gap"] == b">":
            ended = piece.end()
            if len(starts) == limit:
                limit_end = limit_end or ended
    total, opened = len(starts), starts[-1] if starts else 0
    cut = bool(ROOT_START.search(body[:100_000])) and not ROOT_END.search(body[-2000:])
    if limit_end is not None and total > limit:
        return newest_items(body, starts, ended, limit) or body[:limit_end], total, cut
    if cut and opened >= ended:
        return body[:opened] if opened else body, max(total - 1, 0) if opened else 0, True
    return body, total, cut


def newest_items(body: bytes, starts: list[int], ended: int, limit: int) -> bytes | None:
    """Return the body with its last `limit` whole items when the newest come last, None when they come first.

    Most feeds begin with the newest. One that grows at its end would show us its oldest items for ever.
    """
    whole = [start for start in starts if start < ended]
    if len(whole) <= limit:
        return None
    first, last = DATE.search(body, whole[0], whole[1]), DATE.search(body, whole[-1], ended)
    if not (first and last and ascending(first[1].decode("ascii", "replace"), last[1].decode("ascii", "replace"))):
        return None
    return body[: whole[0]] + body[whole[-limit] : ended]


def ascending(first: str | None, last: str | None) -> bool:
    """Whether two times as written say that the newest come last."""
    earlier, later = dates.understood(first), dates.understood(last)
    return earlier is not None and later is not None and earlier < later


def parse_xml_feed(body: bytes, *, url: str, content_type: str) -> dict[str, Any]:
    """Parse with feedparser. Its HTML clean-up is off: nothing of it is ever shown as markup, and it is slow."""
    import feedparser

    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    parsed = feedparser.parse(
        io.BytesIO(body), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
    )
    language = _text(parsed.feed.get("language"))
    entries = [_entry(entry, language) for entry in parsed.entries]
    note = ""
    if parsed.bozo:
        problem = parsed.get("bozo_exception")
        note = f"{type(problem).__name__}: {problem}"[:300]
    return {
        "format": parsed.get("version") or ("unknown" if entries else ""),
        "title": _text(parsed.feed.get("title")),
        "generator": _text(parsed.feed.get("generator")),
        "link": _text(parsed.feed.get("link")),
        "language": language,
        "note": note,
        "entries": entries,
        "charset": _guessed(parsed, body, entries),
        "fresh_seconds": _stated_ttl(parsed.feed),
    }


def _guessed(parsed: Any, body: bytes, entries: list[dict[str, Any]]) -> str | None:
    """Say how the characters were guessed, or None when they are what the publisher declared, or UTF-8."""
    used = str(parsed.get("encoding") or "").lower()
    problem = type(parsed.get("bozo_exception")).__name__
    if problem.startswith("CharacterEncoding") and used not in ("utf-8", "us-ascii", "ascii", "utf8"):
        return f"its characters were guessed to be {used or 'unknown'}, because what it declares does not fit"
    if b"\xef\xbf\xbd" not in body and not body.startswith(WIDE):
        lost = sum("\ufffd" in (entry["title"] or "") + entry["content"] for entry in entries)
        if lost:
            return f"{lost} of {len(entries)} entries hold characters that cannot be read as {used or 'declared'}"
    return None


def _stated_ttl(feed: Any) -> int:
    """Return the seconds a feed says that it need not be asked again: RSS `ttl`, in minutes."""
    ttl = str(feed.get("ttl") or "").strip()
    return int(ttl) * 60 if ttl.isascii() and ttl.isdigit() and len(ttl) < 6 else 0


def _entry(entry: Any, feed_language: str | None) -> dict[str, Any]:
    content, content_type = _content(entry)
    title = _text(entry.get("title"))
    if title and (entry.get("title_detail") or {}).get("type") != "text/plain":
        title = plain_title(title)
    return {
        "external_id": _text(entry.get("id")),
        "url": _text(entry.get("link")),
        "title": title,
        "content": content,
        "content_type": content_type,
        "author": _text(entry.get("author")),
        "published": _published(entry),
        "language": _language(entry, feed_language),
    }


def _content(entry: Any) -> tuple[str, str]:
    """Return the longest readable body of an entry and whether it is markup."""
    parts = [*(entry.get("content") or []), entry.get("summary_detail") or {}]
    bodies = [(str(part["value"]), str(part.get("type") or "")) for part in parts if _text(part.get("value"))]
    readable = [(value, kind) for value, kind in bodies if kind.startswith("text/") or "html" in kind]
    value, kind = max(readable, key=lambda body: len(body[0]), default=(_text(entry.get("summary")) or "", "text/html"))
    return value, "text" if kind == "text/plain" else "html"


def _published(entry: Any) -> str | None:
    """Return the time as ISO 8601 in UTC where feedparser understood it, else as written."""
    for name in ("published", "updated", "created"):
        written = dict.get(entry, name)  # feedparser would answer "updated" with "published" and warn about it
        if isinstance(written, str) and written.strip():
            parsed = dict.get(entry, f"{name}_parsed")
            if parsed is not None and 1 <= parsed.tm_year <= 9999:
                return "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}+00:00".format(*parsed[:6])
            return written
    return None


def _language(entry: Any, feed_language: str | None) -> str | None:
    for detail in (entry.get("title_detail"), entry.get("summary_detail")):
        if isinstance(detail, dict) and isinstance(detail.get("language"), str):
            return str(detail["language"])
    return feed_language


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def parse_json_feed(body: bytes, *, url: str, max_entries: int) -> dict[str, Any]:
    """Parse a JSON Feed of version 1 or 1.1; anything else in JSON is no feed."""
    nothing: dict[str, Any] = {"format": "", "title": None, "total": 0, "cut": False, "note": "", "entries": []}
    try:
        feed = json.loads(body.decode("utf-8-sig", "replace"), parse_constant=str)
    except RecursionError:
        return nothing | {"note": "the JSON is nested too deeply"}
    except ValueError as error:
        looks_cut = JSON_FEED.encode() in body[:2000] and not body.rstrip().endswith(b"}")
        if looks_cut:
            return nothing | {"format": "json", "cut": True, "note": str(error)[:300]}
        return nothing | {"note": str(error)[:300]}
    if not isinstance(feed, dict) or not str(feed.get("version", "")).startswith(JSON_FEED):
        return nothing
    listed = feed.get("items")
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    language = _text(feed.get("language"))
    if len(items) > max_entries and ascending(_date_of(items[0]), _date_of(items[-1])):
        items, older = items[-max_entries:], len(items) - max_entries
    else:
        items, older = items[:max_entries], len(items[max_entries:])
    entries = [_json_entry(item, url, language) for item in items]
    site = {"link": _text(feed.get("home_page_url")), "language": language}
    found = site | {"title": _text(feed.get("title")), "total": len(items) + older, "entries": entries}
    return nothing | {"format": "json"} | found


def _json_entry(item: dict[str, Any], base: str, language: str | None) -> dict[str, Any]:
    html, text = _text(item.get("content_html")), _text(item.get("content_text"))
    link = _text(item.get("url")) or _text(item.get("external_url"))
    identifier = item.get("id")
    return {
        "external_id": str(identifier) if isinstance(identifier, str | int | float) and identifier != "" else None,
        "url": _joined(base, link) if link else None,
        "title": _text(item.get("title")),
        "content": html or text or _text(item.get("summary")) or "",
        "content_type": "html" if html else "text",
        "author": _json_author(item),
        "published": _date_of(item),
        "language": _text(item.get("language")) or language,
    }


def _date_of(item: dict[str, Any]) -> str | None:
    return _text(item.get("date_published")) or _text(item.get("date_modified"))


def _json_author(item: dict[str, Any]) -> str | None:
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    names = [_text(author.get("name")) for author in authors or [] if isinstance(author, dict)]
    return ", ".join(name for name in names if name) or None


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return link
