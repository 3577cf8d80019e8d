"""Read the text out of markup: all of a fragment, or the article of a page. It knows no item and no database."""

import html as entities
import re
from typing import Any

from lxml import etree

from ingest.charset import Decoded, decoded

# A longer page is mostly not an article, and an extractor that builds trees of trees needs minutes for it.
EXTRACTED = 4 * 1024 * 1024
# fmt: off
BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "dialog", "dir", "div",
        "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
        "hr", "legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody",
        "td", "textarea", "tfoot", "th", "thead", "tr", "ul", "video",
    )
)
# fmt: on
HIDDEN = frozenset(("script", "style", "template", "head", "noframes"))
SPACES = re.compile(r"[^\S\n]+")
LINES = re.compile(r" *\n[ \n]*")
TAGS = re.compile(r"<[^<>]*>")
# Whole elements that a browser obeys and nobody reads; one that does not end is read, so that it hides nothing.
PROGRAMS = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
MARKUP = re.compile(r"<[a-zA-Z/!]|&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")
PAGE = re.compile(r"<(?:html|body)[\s>]", re.IGNORECASE)


class TextTarget:
    """Collects the readable text of a stream of tags. Streaming has no depth limit, as trees have."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.hidden = 0

    def start(self, tag: str, attributes: object) -> None:  # noqa: ARG002
        """Break the line before a block; begin to skip what nobody reads."""
        if tag in HIDDEN:
            self.hidden += 1
        elif tag in BLOCKS:
            self.parts.append("\n")

    def end(self, tag: str) -> None:
        """Break the line after a block."""
        if tag in HIDDEN:
            self.hidden = max(self.hidden - 1, 0)
        elif tag in BLOCKS:
            self.parts.append("\n")

    def data(self, text: str) -> None:
        """Keep text that is read."""
        if not self.hidden:
            self.parts.append(text)

    def close(self) -> str:
        """Return all of it."""
        return "".join(self.parts)


def dump_text(markup: str) -> tuple[str, bool]:
    """Return all readable text of `markup`, and whether the fallback was needed: tags cut out of broken markup."""
    text = ""
    if markup.strip():
        parser = etree.HTMLParser(huge_tree=True, recover=True, encoding="utf-8", target=TextTarget())
        try:
            text = tidy(etree.fromstring(markup.encode("utf-8", "replace"), parser))
        except (etree.LxmlError, ValueError):
            text = ""
    if text:
        return text, False
    rest = tidy(entities.unescape(TAGS.sub(" ", PROGRAMS.sub(" ", markup))))
    return rest, bool(rest)


def plain_title(markup: str) -> str:
    """Return a title as one line of plain text."""
    if not MARKUP.search(markup):
        return " ".join(markup.split())
    text, _ = dump_text(markup)
    return " ".join(text.split())


def tidy(text: str) -> str:
    """Collapse spaces and empty lines."""
    return LINES.sub("\n", SPACES.sub(" ", text)).strip()


def is_page(markup: str) -> bool:
    """Whether markup is a whole page, with menus and footers around its article, not a fragment."""
    return PAGE.search(markup[:4000]) is not None


def article_text(page: bytes, *, url: str = "", content_type: str = "") -> dict[str, Any]:
    """Return `{"text", "how", "notes"}` of a page: its article by trafilatura, else all of its text; `how` says which.

    Runs inside the sandbox, because a hostile page can make any extractor run for minutes.
    """
    import trafilatura

    if len(page) > EXTRACTED:
        return page_text(page, content_type=content_type)
    found = decoded(page, content_type)
    article = trafilatura.extract(found.text, url=url or None, include_comments=False, include_tables=True)
    if article and article.strip():
        return {"text": tidy(article), "how": "article", "notes": _said(found)}
    return page_text(page, content_type=content_type)


def page_text(page: bytes, *, content_type: str = "") -> dict[str, Any]:
    """Return all text of a page, as `article_text` does; in time that grows with its length and no faster."""
    found = decoded(page, content_type)
    text, _ = dump_text(found.text)
    return {"text": text, "how": "fallback", "notes": _said(found)}


def _said(found: Decoded) -> list[str]:
    if found.note:
        return [found.note]
    return [] if found.charset == "utf-8" else [f"charset: {found.charset}, as declared"]
