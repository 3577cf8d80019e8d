"""Lists of sources as OPML 2.0, which every feed reader writes and reads.

What OPML has no word for (kind, country, interval) stands in attributes of our own, so that a list that we wrote comes
back whole. It knows no database: outlines in, outlines out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from ingest.errors import InputRefused

OWN = "urn:tocsin:opml"
MAX_BYTES = 5 * 1024 * 1024
MAX_OUTLINES = 20_000


@dataclass(frozen=True)
class Outline:
    """One source of a list. `kind` and what follows are None where the list does not say."""

    name: str
    url: str
    kind: str = "feed"
    language: str | None = None
    country: str | None = None
    region: str | None = None
    interval_seconds: int | None = None


def read_opml(body: bytes) -> list[Outline]:
    """Return the sources of an OPML file, folders flattened, each address once.

    Raises `InputRefused` when the bytes are no OPML; document types and entities are not read.
    """
    from lxml import etree

    if len(body) > MAX_BYTES:
        raise InputRefused(f"the list is {len(body):,} bytes long; at most {MAX_BYTES:,} are taken")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(body.strip(), parser)
    except (etree.LxmlError, ValueError):
        root = None
    if root is None or root.getroottree().docinfo.doctype or str(root.tag).lower() != "opml":
        raise InputRefused("this is no OPML: it must be XML whose first element is <opml>, without a document type")
    found: dict[str, Outline] = {}
    for number, node in enumerate(root.iter("outline")):
        if number >= MAX_OUTLINES:
            raise InputRefused(f"the list has more than {MAX_OUTLINES:,} outlines; split it")
        outline = _outline({_plain(name): value.strip() for name, value in node.attrib.items()})
        if outline is not None:
            found.setdefault(outline.url, outline)
    return list(found.values())


def write_opml(outlines: Iterable[Outline], title: str) -> str:
    """Return sources as an OPML file."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:tocsin="{OWN}">',
        f"<head><title>{_element(title)}</title></head>",
        "<body>",
        *(_line(outline) for outline in outlines),
        "</body>",
        "</opml>",
    ]
    return "\n".join(lines) + "\n"


def _outline(attributes: dict[str, str]) -> Outline | None:
    url = attributes.get("xmlurl") or attributes.get("url") or ""
    if not url:
        return None  # a folder
    interval = attributes.get("interval_seconds", "")
    return Outline(
        name=" ".join((attributes.get("text") or attributes.get("title") or url).split())[:200],
        url=url,
        kind=attributes.get("kind") or "feed",
        language=attributes.get("language") or None,
        country=attributes.get("country") or None,
        region=attributes.get("region") or None,
        interval_seconds=int(interval) if interval.isascii() and interval.isdigit() and len(interval) < 8 else None,
    )


def _plain(name: Any) -> str:
    """Return an attribute's name without case, and ours without their namespace."""
    text = str(name)
    return text.removeprefix(f"{{{OWN}}}").lower()


def _line(outline: Outline) -> str:
    attributes = {
        "type": "rss" if outline.kind == "feed" else outline.kind,
        "text": outline.name,
        "title": outline.name,
        "xmlUrl": outline.url,
        "tocsin:kind": outline.kind,
        "language": outline.language,
        "tocsin:country": outline.country,
        "tocsin:region": outline.region,
        "tocsin:interval_seconds": outline.interval_seconds,
    }
    written = " ".join(f"{name}={quoteattr(_allowed(str(v)))}" for name, v in attributes.items() if v is not None)
    return f"<outline {written}/>"


def _allowed(text: str) -> str:
    """Leave out the characters that XML cannot hold at all."""
    return "".join(character for character in text if character.isprintable() or character == " ")


def _element(text: str) -> str:
    return _allowed(text).replace("&", "&amp;").replace("<", "&lt;")
