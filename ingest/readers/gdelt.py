"""Ask GDELT DOC 2.0 for news articles that match a query: https://HOST/api/v2/doc/doc?query=...

It knows titles and addresses, not texts: with `fetch_articles` the articles themselves are read.
"""

import datetime as dt
import re
from typing import Any

import httpx

from ingest import dates
from ingest.errors import Refused
from ingest.readers.loose import at, list_at, loaded, text_at
from ingest.readers.platform import Asker
from ingest.readers.sweep import Page
from ingest.readers.timeline import Timeline

LIMIT = 250
FIRST = dt.timedelta(days=1)
OVERLAP = dt.timedelta(hours=1)
STAMP = "%Y%m%d%H%M%S"
# GDELT does not escape every backslash of a title.
STRAY = re.compile(rb'\\(?!["\\/bfnrtu])')
# fmt: off
LANGUAGES = {
    "Amharic": "am", "Arabic": "ar", "Bengali": "bn", "Burmese": "my", "Chinese": "zh", "English": "en", "French": "fr",
    "German": "de", "Hausa": "ha", "Hebrew": "he", "Hindi": "hi", "Igbo": "ig", "Indonesian": "id", "Italian": "it",
    "Kinyarwanda": "rw", "Kurdish": "ku", "Malay": "ms", "Oromo": "om", "Persian": "fa", "Portuguese": "pt",
    "Russian": "ru", "Somali": "so", "Spanish": "es", "Swahili": "sw", "Tamil": "ta", "Tigrinya": "ti", "Turkish": "tr",
    "Ukrainian": "uk", "Urdu": "ur", "Yoruba": "yo",
}
# fmt: on


def open_timeline(asker: Asker) -> Timeline:
    """Complete the query."""
    query = query_of(asker.url)
    mark = asker.place.cursor.get("mark")
    since = asker.now - FIRST if mark is None else dt.datetime.fromtimestamp(mark, dt.UTC) - OVERLAP
    given = {"query": query, "mode": "artlist", "format": "json", "maxrecords": LIMIT, "sort": "datedesc"}
    first = asker.url.copy_with(params=given, fragment=None)

    def page_at(token: str | None) -> Page:
        # A page of a gap is named by both of its ends.
        start, _, end = (token or f"{since:{STAMP}}-{asker.now:{STAMP}}").partition("-")
        span = {"startdatetime": start, "enddatetime": end}
        return asker.page(first.copy_merge_params(span), "gdelt", start=start, limit=LIMIT)

    return Timeline(page_at)


def query_of(url: httpx.URL) -> str:
    """Return what is searched for; raises `Refused` when nothing is."""
    query: str = url.params.get("query", "").strip()
    if not query:
        raise Refused("a GDELT address ends in /api/v2/doc/doc?query=WORDS")
    return query


def parse_articles(body: bytes, *, start: str, limit: int) -> dict[str, Any]:
    """Return the articles of one page and the span of the next; runs in the sandbox."""
    if body.strip() in (b"", b"{}"):
        return {"problem": "", "posts": []}
    value, problem = loaded(STRAY.sub(rb"\\\\", body))
    if problem or not isinstance(at(value, "articles"), list):
        said = body[:200].decode("utf-8", "replace").strip()
        what = f"it says {' '.join(said.split())!r}" if said[:1] not in ("<", "{", "[") else problem
        return {"problem": "cut" if problem == "cut" else what or "no articles in it", "posts": []}
    posts: list[dict[str, Any]] = []
    refused = []
    articles = list_at(value, "articles")
    for index, article in enumerate(articles):
        url, seen = text_at(article, "url"), text_at(article, "seendate")
        if url is None:
            refused.append((f"article {index}", "an article without an address"))
            continue
        language = text_at(article, "language")
        entry = {
            "url": url,
            "title": text_at(article, "title"),
            "author": text_at(article, "domain"),
            "published": seen,
            "language": LANGUAGES.get(language or ""),
        }
        posts.append({"id": url, "created": seen, "entry": entry})
    oldest = min((moment for post in posts if (moment := dates.understood(post["created"]))), default=None)
    more = f"{start}-{oldest:{STAMP}}" if oldest and len(articles) >= limit else None
    return {"problem": "", "posts": posts, "refused": refused, "next": more}
