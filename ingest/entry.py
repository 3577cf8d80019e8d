"""One thing a reader found, before it is an item; and the cleaning that every text needs whoever sent it.

Nothing here knows the database or the source.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

CONTENT_TYPES = ("text", "html")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
# NUL is refused by PostgreSQL and hides what follows on SQLite; lone surrogates cannot be encoded at all.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_TITLE = 1_000
MAX_AUTHOR = 500


@dataclass(frozen=True)
class Entry:
    """One published thing as a reader understood it. `published` is the time as written; `notes` say what was odd."""

    content: str = ""
    content_type: str = "text"
    external_id: str | None = None
    url: str | None = None
    title: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
    notes: tuple[str, ...] = ()


def clean(entry: Entry, max_characters: int) -> Entry:
    """Return the entry as it can be stored: unstorable characters made visible, implausible fields left out, noted."""
    notes = list(entry.notes)
    values: dict[str, Any] = {}
    for name in ("content", "external_id", "url", "title", "author", "published", "language"):
        value = getattr(entry, name)
        values[name] = None if value is None else visible(value)
        if values[name] != value:
            notes.append(f"{name}: characters that cannot be stored were replaced by U+FFFD; the raw bytes are kept")
    if len(values["content"]) > max_characters:
        notes.append(f"content: cut from {len(values['content']):,} to {max_characters:,} characters")
        values["content"] = values["content"][:max_characters]
    values["title"] = _shortened("title", values["title"], MAX_TITLE, notes)
    values["author"] = _shortened("author", values["author"], MAX_AUTHOR, notes)
    values["external_id"] = (values["external_id"] or "").strip() or None
    language = (values["language"] or "").strip()
    values["language"] = language[:16] if LANGUAGE.fullmatch(language) else None
    url = (values["url"] or "").strip()
    if url and not url.lower().startswith(("http://", "https://")):
        notes.append(f"the link {url[:100]!r} does not lead to a page and was left out")
        url = ""
    values["url"] = url[:2048] or None
    return replace(entry, **values, notes=tuple(visible(note) for note in notes))


def visible(text: str) -> str:
    """Return `text` with each character that cannot be stored replaced by U+FFFD."""
    return UNSTORABLE.sub("�", text)


def _shortened(name: str, value: str | None, limit: int, notes: list[str]) -> str | None:
    value = (value or "").strip() or None
    if value is not None and len(value) > limit:
        notes.append(f"{name}: cut from {len(value):,} to {limit:,} characters")
        return value[:limit]
    return value
