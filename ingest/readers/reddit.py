"""Read a listing of Reddit as JSON: https://HOST/r/NAME (its newest posts) or /r/NAME/comments (its newest comments).

Crossposts are left out: they repeat another voice. What moderators or authors removed becomes a tombstone.
"""

import re
from typing import Any

import httpx

from ingest.errors import Refused
from ingest.readers.loose import at, list_at, loaded, number_at, text_at
from ingest.readers.platform import Asker
from ingest.readers.sweep import Page
from ingest.readers.timeline import Timeline

PATH = re.compile(r"(/r/[A-Za-z0-9_+]{2,200})(?:/(new|comments))?(?:/|/?\.json)?")
REMOVED = frozenset({"[removed]", "[deleted]"})


def open_timeline(asker: Asker) -> Timeline:
    """Find the listing behind the address."""
    first = listing_of(asker.url).copy_merge_params({"limit": 100, "raw_json": 1})
    if secret := asker.secret():
        asker.headers = {"authorization": f"Bearer {secret}"}
    site = f"{asker.url.scheme}://{asker.url.netloc.decode('ascii')}"

    def page_at(token: str | None) -> Page:
        return asker.page(first.copy_merge_params({"after": token} if token else {}), "reddit", site=site)

    return Timeline(page_at)


def listing_of(url: httpx.URL) -> httpx.URL:
    """Return the address of the listing; raises `Refused` for another page."""
    found = PATH.fullmatch(url.path)
    if found is None:
        raise Refused("a Reddit address ends in /r/NAME or /r/NAME/comments")
    return url.copy_with(path=f"{found[1]}/{found[2] or 'new'}.json", query=None, fragment=None)


def parse_listing(body: bytes, *, site: str) -> dict[str, Any]:
    """Return the posts or comments of one page and the name to go on after; runs in the sandbox."""
    value, problem = loaded(body)
    if problem or at(value, "kind") != "Listing":
        return {"problem": problem or "no listing in it", "posts": []}
    posts, refused = [], []
    for index, child in enumerate(list_at(value, "data", "children")):
        thing = at(child, "data")
        name = text_at(thing, "name")
        if name is None:
            refused.append((f"post {index}", "a post without a name"))
        else:
            posts.append(_post(thing, name, site))
    return {"problem": "", "posts": posts, "refused": refused, "next": text_at(value, "data", "after")}


def _post(thing: Any, name: str, site: str) -> dict[str, Any]:
    created, edited = number_at(thing, "created_utc"), number_at(thing, "edited")
    words = text_at(thing, "selftext") or text_at(thing, "body") or ""
    post = {"id": name, "created": _seconds(created), "entry": None}
    if words.strip() in REMOVED or text_at(thing, "removed_by_category"):
        by = text_at(thing, "removed_by_category") or words.strip("[] ")
        return post | {"gone": f"removed at the source ({by[:40]})"}
    if text_at(thing, "crosspost_parent"):
        return post | {"skipped": "crossposts"}
    author = text_at(thing, "author")
    entry = {
        "url": site + (text_at(thing, "permalink") or f"/by_id/{name}"),
        "title": text_at(thing, "title"),
        "content": words,
        "author": None if author in REMOVED else author,
        "published": _seconds(edited or created),
    }
    return post | {"entry": entry}


def _seconds(value: float | None) -> str | None:
    return None if value is None or not 0 < value < 1e11 else f"{value:.0f}"
