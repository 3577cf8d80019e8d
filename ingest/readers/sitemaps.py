"""Turn the bytes of a sitemap into addresses: an index of sitemaps, or pages with what the news extension says of them.

Runs inside the sandbox; gzip is unpacked here, within a limit. It returns what can travel as JSON: `{"format", "name",
"maps": [{"url", "changed"}], "pages": [{"url", "title", "published", "language"}], "total"}`; `format` is index, pages
or empty when the bytes are no sitemap. It resolves no entity and fetches nothing.
"""

from typing import Any

from ingest.decoding import Inflate
from ingest.errors import TooLarge, Truncated

# The protocol's own limit (sitemaps.org): more in one file is no sitemap.
MOST = 50_000


def parse_sitemap(body: bytes, *, url: str, max_body: int) -> dict[str, Any]:
    """Parse a sitemap or an index of them; also a plain list of addresses, one on each line, as the protocol allows."""
    empty: dict[str, Any] = {"format": "", "name": None, "maps": [], "pages": [], "total": 0}
    if body[:2] == b"\x1f\x8b":
        try:
            unpack = Inflate("gzip", max_body, 1000)
            body = unpack.feed(body)
            unpack.finish()
        except (TooLarge, Truncated) as error:
            return empty | {"problem": str(error)}
    root = _root(body)
    if root is None:
        pages = _plain_list(body) if url.endswith((".txt", ".txt.gz")) else []
        return empty | {"format": "pages" if pages else "", "pages": pages, "total": len(pages)}
    kind = _name(root.tag)
    if kind == "sitemapindex":
        maps = [{"url": _text(node, "loc"), "changed": _text(node, "lastmod")} for node in _children(root, "sitemap")]
        maps = [one for one in maps if one["url"]]
        return empty | {"format": "index", "maps": maps, "total": len(maps)}
    if kind != "urlset":
        return empty
    pages, publisher = [], None
    for node in _children(root, "url"):
        news = next(iter(_children(node, "news")), None)
        publication = next(iter(_children(news, "publication")), None) if news is not None else None
        publisher = publisher or (_text(publication, "name") if publication is not None else None)
        page = {
            "url": _text(node, "loc"),
            "title": _text(news, "title") if news is not None else None,
            "published": (_text(news, "publication_date") if news is not None else None) or _text(node, "lastmod"),
            "language": _text(publication, "language") if publication is not None else None,
        }
        if page["url"]:
            pages.append(page)
    return empty | {"format": "pages", "name": publisher, "pages": pages, "total": len(pages)}


def _root(body: bytes) -> Any:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(body.strip(), parser)
    except (etree.LxmlError, ValueError):
        return None
    # A document type is no part of the protocol, and all it could bring is entities.
    return None if root is None or root.getroottree().docinfo.doctype else root


def _children(node: Any, name: str) -> list[Any]:
    found = []
    for child in node:
        if isinstance(child.tag, str) and _name(child.tag) == name:
            found.append(child)
            if len(found) >= MOST:
                break
    return found


def _text(node: Any, name: str) -> str | None:
    for child in _children(node, name):
        words = " ".join("".join(child.itertext()).split())
        return words[:2048] or None
    return None


def _name(tag: str) -> str:
    return tag.rsplit("}", 1)[-1].lower()


def _plain_list(body: bytes) -> list[dict[str, Any]]:
    lines = body.decode("utf-8", "replace").splitlines()[:MOST]
    urls = [line.strip() for line in lines if line.strip().startswith(("http://", "https://"))]
    return [{"url": url, "title": None, "published": None, "language": None} for url in urls]
