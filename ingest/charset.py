"""Decide the character set of a page and say how it was decided. Pure: bytes and a header in, text out.

Bytes that are UTF-8 and hold more than ASCII are UTF-8, whatever a server says: other text is hardly ever valid UTF-8
by chance, and servers often declare what they were installed with. Then counts what the header, the page or its mark
declares, if it fits; the rest is a guess, and said to be one.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

HEAD = 64 * 1024  # browsers look at the first kilobyte; careless templates put the line behind their scripts
SAMPLE = 256 * 1024
DECLARED = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# As browsers understand these names: pages that claim the smaller set use the larger one.
WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"}
# Codecs that are no character sets of pages: some unpack or escape, so that words could hide from us.
NEVER = frozenset(("utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"))


@dataclass(frozen=True)
class Decoded:
    """A page as text, the character set that was used, and a note where it was guessed or is not what was declared."""

    text: str
    charset: str
    note: str | None = None


def decoded(body: bytes, content_type: str = "") -> Decoded:
    """Return what a page says; never raises."""
    for mark, name in MARKS:
        if body.startswith(mark):
            return Decoded(body.decode(name, "replace"), name.removesuffix("-sig"))
    named = list(declared(body, content_type))
    wide = _without_mark(body)
    if wide is not None:
        return wide
    if not body.isascii() and (text := _fits(body, "utf-8")) is not None:
        other = next((name for name in named if name != "utf-8"), None)
        return Decoded(text, "utf-8", f"charset: utf-8, although {other} is declared" if other else None)
    for name in named:
        if (text := _fits(body, name)) is not None:
            return Decoded(text, name)
    if body.isascii():
        return Decoded(body.decode("ascii"), "utf-8")
    return _guessed(body)


def declared(body: bytes, content_type: str) -> Iterator[str]:
    """Yield the character sets that the header and the page declare, as Python calls them."""
    for text in (content_type, body[:HEAD].decode("ascii", "replace")):
        for found in DECLARED.findall(text)[:3]:
            try:
                name = codecs.lookup(found).name
            except (LookupError, ValueError):
                continue
            if name.replace("_", "-") not in NEVER:
                yield WIDER.get(name, name)


def _fits(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except (LookupError, UnicodeError, ValueError):
        return None


def _without_mark(body: bytes) -> Decoded | None:
    """Read UTF-16 that forgot its mark: every second byte of its tags is zero."""
    start = body[:40]
    if start.count(0) <= len(start) // 3:
        return None
    name = "utf-16-le" if start[0::2].count(0) < start[1::2].count(0) else "utf-16-be"
    return Decoded(body.decode(name, "replace"), name, f"charset guessed: {name}")


def _guessed(body: bytes) -> Decoded:
    from charset_normalizer import from_bytes

    best = from_bytes(body[:SAMPLE]).best()
    name = best.encoding if best is not None else "cp1252"
    text = _fits(body, name)
    if text is None:
        name, text = "cp1252", body.decode("cp1252", "replace")
    return Decoded(text, name, f"charset guessed: {name}")
