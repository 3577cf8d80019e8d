"""Feeds to serve in tests: `rss` writes one, `item` one entry of it."""

from html import escape


def item(number: int, text: str | None = None, **fields: str) -> str:
    """Write one entry; fields replace or, when empty, leave out what is invented."""
    values = {
        "guid": f"note-{number}",
        "title": f"Note {number}",
        "link": f"https://radio.example.org/notes/{number}",
        "pubDate": f"Sat, 14 Mar 2026 0{number % 10}:00:00 GMT",
        "description": text if text is not None else f"The market of Marrok opened at {number}.",
    } | fields
    return "<item>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in values.items() if v) + "</item>"


def rss(*items: str, title: str = "Radio Keshu") -> str:
    """Write a feed around entries."""
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{"".join(items)}</channel></rss>'
