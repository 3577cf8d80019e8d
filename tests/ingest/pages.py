"""Pages and sitemaps to serve in tests: `page` writes one with links, `sitemap` and `index` the two kinds of map."""

import datetime as dt


def page(*links: tuple[str, str], head: str = "", body: str = "") -> str:
    """Write a page that links to (address, words)."""
    anchors = "".join(f'<p><a href="{url}">{words}</a></p>' for url, words in links)
    return f"<html><head><title>The Marrok Post</title>{head}</head><body>{anchors}{body}</body></html>"


def article(words: str) -> str:
    """Write an article with enough words for an extractor."""
    paragraphs = "".join(f"<p>{words} The council of Marrok met at the well, part {n}.</p>" for n in range(6))
    return f"<html><head><title>News</title></head><body><nav>Home</nav><article>{paragraphs}</article></body></html>"


def sitemap(*pages: tuple[str, dt.datetime | None], news: bool = True) -> str:
    """Write a sitemap of (address, moment)."""
    rows = ""
    for number, (url, moment) in enumerate(pages):
        said = f"<news:publication_date>{moment.isoformat()}</news:publication_date>" if moment else ""
        name = "<news:name>The Marrok Post</news:name><news:language>sw</news:language>"
        publication = f"<news:publication>{name}</news:publication>"
        extra = f"<news:news>{publication}{said}<news:title>Headline {number} &amp; more</news:title></news:news>"
        plain = f"<lastmod>{moment.date().isoformat()}</lastmod>" if moment else ""
        rows += f"<url><loc>{url}</loc>{extra if news else plain}</url>"
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {spaces}>{rows}</urlset>'


def index(*maps: tuple[str, str]) -> str:
    """Write an index of (address, last change)."""
    rows = "".join(f"<sitemap><loc>{url}</loc><lastmod>{changed}</lastmod></sitemap>" for url, changed in maps)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</sitemapindex>'
