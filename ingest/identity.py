"""Which thing is this? Identifiers that survive careless publishers, and hashes of what was said.

Pure: what is already known is told to it.
"""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ingest.entry import Entry

MAX_ID = 512
TRACKING = frozenset(("fbclid", "gclid", "dclid", "msclkid", "mc_cid", "mc_eid", "igshid", "yclid", "_ga", "ref_src"))


def content_hash(title: str | None, content: str) -> str:
    """Return the SHA-256 of what an item says: a new one means a new version."""
    return _sha256(json.dumps([title or "", content], ensure_ascii=False))


def canonical_url(url: str) -> str:
    """Return the address without what does not change the page: case, default port, fragment, tracking parameters."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    host = (parts.hostname or "").lower()
    netloc = host if port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f"{host}:{port}"
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not name.lower().startswith("utm_") and name.lower() not in TRACKING
    ]
    return urlunsplit((parts.scheme.lower(), netloc, parts.path or "/", urlencode(query), ""))


def names_of(entry: Entry) -> tuple[str, ...]:
    """Return the identifiers an entry can go by, the preferred first; the last ones tell apart what shares a GUID."""
    content = "sha256:" + content_hash(entry.title, entry.content)
    link = canonical_url(entry.url) if entry.url else None
    if entry.external_id:
        own = entry.external_id
        return tuple(_fitting(name) for name in (own, f"{own}#{link or content}", f"{own}#{content}"))
    return (_fitting(link), _fitting(f"{link}#{content}")) if link else (content,)


def distinct(entries: Sequence[Entry], known: AbstractSet[str]) -> list[str]:
    """Choose one identifier per entry, so that a GUID or link shared by different entries does not merge them.

    `known` holds the identifiers that the source already has: an entry once told apart stays so.
    """
    names = [names_of(entry) for entry in entries]
    said = [content_hash(entry.title, entry.content) for entry in entries]
    chosen = [_recognised(options, known) for options in names]
    for level in (1, 2):
        shared = _shared(chosen, said)
        chosen = [
            options[min(level, len(options) - 1)] if name in shared and len(options) > level else name
            for name, options in zip(chosen, names, strict=True)
        ]
    return chosen


def author_hash(author: str | None, source_name: str, *, key: str, policy: str) -> str | None:
    """Return the name an author is kept under: as it is, or a hash that means nothing without the operator's key.

    The source is part of the hash, so that nobody can follow a person from one source to another.
    """
    if not author:
        return None
    if policy == "keep":
        return author[:200]
    if not key:
        return None
    message = f"{source_name}\0{author.strip().casefold()}".encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def _recognised(options: tuple[str, ...], known: AbstractSet[str]) -> str:
    """Prefer the longest name that the source already knows: it was needed before to tell entries apart."""
    return next((name for name in reversed(options) if name in known), options[0])


def _shared(chosen: Iterable[str], said: Iterable[str]) -> set[str]:
    """Return the identifiers that stand for more than one text."""
    counts = Counter(name for name, _ in set(zip(chosen, said, strict=True)))
    return {name for name, count in counts.items() if count > 1}


def _fitting(name: str) -> str:
    return name if len(name) <= MAX_ID else "sha256:" + _sha256(name)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
