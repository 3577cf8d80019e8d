"""Find addresses in a page: the feeds it names, and the articles it links to.

Runs inside the sandbox. Pure: it fetches nothing; what it returns can travel as JSON. Addresses are made absolute and
kept only when they are http or https; the rest (mail, scripts, files) leads nowhere that we go.
"""

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from ingest.identity import canonical_url

FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json")
XML_TYPES = ("application/xml", "text/xml", "application/json")
# What the address of a feed looks like where the page does not say so.
FEEDISH = re.compile(r"(?:^|[/._=?&-])(?:rss|atom|feeds?|rdf|xml)(?:[/._=?&-]|\d|$)", re.IGNORECASE)
# Pages that are about the site and not about the world.
CHROME = re.compile(
    r"/(?:tags?|categor(?:y|ies)|topics?|authors?|about|contact|privacy|terms|login|register|search|page|wp-admin)(?:/|$)",
    re.IGNORECASE,
)
OTHER_FILES = re.compile(r"\.(?:jpe?g|png|gif|svg|webp|css|js|pdf|zip|mp[34]|ico|woff2?)$", re.IGNORECASE)
DATE_IN_PATH = re.compile(r"/(?:19|20)\d\d(?:/|-)\d{1,2}(?:/|-|$)")
NUMBER_IN_PATH = re.compile(r"\d{4,}")
LONG_TEXT = 24
MANY_LINKS = 2000


def feed_links(body: bytes, *, url: str) -> dict[str, Any]:
    """Return `{"title", "declared", "linked"}`: feeds the page's head names, and links that look like feeds.

    Each is a list of `{"url", "title"}`, in the page's order, without repetitions.
    """
    tree = _tree(body)
    if tree is None:
        return {"title": None, "declared": [], "linked": []}
    base = _base(tree, url)
    declared, linked = [], []
    for link in tree.iter("link", "{*}link"):
        words = (link.get("rel") or "").lower().split()
        kind = (link.get("type") or "").split(";")[0].strip().lower()
        feedish = kind in FEED_TYPES or (kind in XML_TYPES and bool(FEEDISH.search(link.get("href") or "")))
        if "alternate" in words and feedish:
            declared.append({"url": _absolute(base, link.get("href")), "title": link.get("title")})
    for anchor in _anchors(tree):
        target = _absolute(base, anchor.get("href"))
        if target and FEEDISH.search(urlsplit(target).path + "?" + urlsplit(target).query):
            linked.append({"url": target, "title": _words(anchor)})
    return {"title": _words(tree.find(".//title")), "declared": _once(declared), "linked": _once(linked)}


def article_links(body: bytes, *, url: str) -> dict[str, Any]:
    """Return `{"title", "links"}`: links of a page that look like articles of the same site, in the page's order.

    An article's address has a date, a long number or a slug of several words, or its link text is a headline; pages
    about tags, authors and the site itself are left out, as is the page itself.
    """
    tree = _tree(body)
    if tree is None:
        return {"title": None, "links": []}
    base, here = _base(tree, url), canonical_url(url)
    found: dict[str, dict[str, Any]] = {}
    for anchor in _anchors(tree):
        target = _absolute(base, anchor.get("href"))
        if target is None or _site(target) != _site(url):
            continue
        address = canonical_url(target)
        text = _words(anchor) or ""
        if address == here or not _looks_like_an_article(address, text):
            continue
        known = found.setdefault(address, {"url": address, "title": text})
        # A picture and a headline often lead to the same place; the headline tells more.
        known["title"] = max(known["title"], text, key=len)[:500]
    return {"title": _words(tree.find(".//title")), "links": list(found.values())}


def _looks_like_an_article(address: str, text: str) -> bool:
    path = urlsplit(address).path
    if OTHER_FILES.search(path) or CHROME.search(path) or path in ("", "/"):
        return False
    last = path.rstrip("/").rsplit("/", 1)[-1]
    told_by_address = DATE_IN_PATH.search(path) or NUMBER_IN_PATH.search(path) or last.count("-") + last.count("_") >= 3
    return bool(told_by_address) or len(text) >= LONG_TEXT


def _tree(body: bytes) -> Any:
    from lxml import etree, html

    try:
        return html.document_fromstring(body, parser=html.HTMLParser(no_network=True, huge_tree=False))
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def _anchors(tree: Any) -> Any:
    for number, anchor in enumerate(tree.iter("a")):
        if number >= MANY_LINKS:
            return
        if "nofollow" not in (anchor.get("rel") or "").lower().split():
            yield anchor


def _base(tree: Any, url: str) -> str:
    node = tree.find(".//base[@href]")
    return _absolute(url, node.get("href")) or url if node is not None else url


def _absolute(base: str, link: str | None) -> str | None:
    try:
        target = urljoin(base, (link or "").strip())
        scheme, host = urlsplit(target).scheme, urlsplit(target).hostname
    except ValueError:
        return None
    return target.split("#")[0] if link and host and scheme in ("http", "https") and len(target) <= 2048 else None


def _site(url: str) -> str:
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
    return host.removeprefix("www.")


def _words(node: Any) -> str | None:
    if node is None:
        return None
    return " ".join("".join(node.itertext()).split())[:500] or None


def _once(links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({link["url"]: link for link in reversed(links) if link["url"]}.values())[::-1]
