"""Understand one row that somebody else laid out: a pushed item, a JSON line, a line of a table.

Many names for the same field are taken; what cannot be understood is said in one sentence.
"""

from collections.abc import Mapping
from typing import Any

from ingest.entry import Entry

NAMES = {
    "content": ("text", "content", "body", "message", "full_text", "tweet", "comment"),
    "external_id": ("external_id", "id", "guid", "uid", "cid", "comment_id"),
    "url": ("url", "link", "permalink"),
    "title": ("title", "headline", "subject"),
    "author": ("author", "username", "user", "handle", "screen_name", "author_id"),
    "published": ("published_at", "published", "created_at", "date", "timestamp", "datetime", "time_parsed", "time"),
    "language": ("language", "lang"),
}


def entry_of(row: object) -> Entry | str:
    """Return the entry a row means, or the reason why it cannot be taken."""
    if not isinstance(row, Mapping):
        return f"an item must be an object with a text, not {_kind(row)}"
    fields = {str(name).strip().lower(): value for name, value in row.items()}
    found: dict[str, Any] = {}
    for field, names in NAMES.items():
        value = next((fields[name] for name in names if fields.get(name) not in (None, "")), None)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                if field in ("content", "external_id"):
                    return f"{field}: text is expected, not {_kind(value)}"
                continue  # an author given as an object, for example, is not needed to read the text
            found[field] = str(value)
    markup = fields.get("content_html") or fields.get("html")
    if "content" not in found and isinstance(markup, str) and markup:
        found |= {"content": markup, "content_type": "html"}
    elif str(fields.get("content_type", "")).lower() in ("html", "text/html"):
        found["content_type"] = "html"
    if not str(found.get("content", "")).strip():
        if not str(found.get("title", "")).strip():
            return "there is no text: a field 'text' is expected"
        found["content"] = ""
    return Entry(**found)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)
