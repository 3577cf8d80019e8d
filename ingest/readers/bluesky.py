"""Read the public calls of Bluesky: search, one author's posts, a feed, a list.

The address is that of the call: https://HOST/xrpc/app.bsky.feed.searchPosts?q=..., getAuthorFeed?actor=...,
getFeed?feed=at://..., getListFeed?list=at://... Reposts are left out: who reposts is not another voice.
"""

import datetime as dt
from functools import partial
from typing import Any

import httpx

from ingest import dates
from ingest.errors import NoFeed, Refused
from ingest.readers import Gone
from ingest.readers.loose import at, list_at, loaded, paragraphs, text_at
from ingest.readers.platform import Asker
from ingest.readers.sweep import Page
from ingest.readers.timeline import Timeline

CALLS = ("searchPosts", "getAuthorFeed", "getFeed", "getListFeed")
PREFIX = "/xrpc/app.bsky.feed."
LIMIT = 100
CONFIRMED_AT_ONCE = 25
POST = "app.bsky.feed.post"


def open_timeline(asker: Asker) -> Timeline:
    """Make the call, page after page."""
    call = call_of(asker.url)
    if secret := asker.secret():
        asker.headers = {"authorization": f"Bearer {secret}"}
    search = call == "searchPosts"
    first = asker.url.copy_merge_params({"limit": LIMIT} | ({"sort": "latest"} if search else {}))

    def page_at(token: str | None) -> Page:
        more = {("until" if search else "cursor"): token} if token else {}
        return asker.page(first.copy_merge_params(more), "bluesky", search=search)

    return Timeline(page_at, partial(_confirm, asker))


def call_of(url: httpx.URL) -> str:
    """Return the name of the call; raises `Refused` for another one."""
    call = url.path.removeprefix(PREFIX)
    if call not in CALLS or call == url.path:
        raise Refused(f"a Bluesky address is a call of {PREFIX}NAME, with NAME one of {', '.join(CALLS)}")
    return call


def _confirm(asker: Asker, names: list[str]) -> tuple[Gone, ...]:
    """Ask for posts that the timeline no longer shows: those the network does not return are gone."""
    asked = names[:CONFIRMED_AT_ONCE]
    url = asker.url.copy_with(path=f"{PREFIX}getPosts", query=None).copy_merge_params({"uris": asked})
    try:
        _, found, _ = asker.read(url, "bluesky", search=False)
    except NoFeed:
        return ()
    there = {post["id"] for post in found["posts"]}
    return tuple(Gone(name, "the network no longer has this post") for name in asked if name not in there)


def parse_posts(body: bytes, *, search: bool) -> dict[str, Any]:
    """Return the posts of one page and the token of the next; runs in the sandbox.

    A search is paged by time, because its own cursors are positions, which shift while posts come in.
    """
    value, problem = loaded(body)
    listed = at(value, "posts") if at(value, "posts") is not None else at(value, "feed")
    if problem or not isinstance(listed, list):
        return {"problem": problem or "no list of posts in it", "posts": []}
    posts, refused = [], []
    for index, element in enumerate(listed):
        view = at(element, "post") if at(element, "post") is not None else element
        uri = text_at(view, "uri")
        if uri is None:
            refused.append((f"post {index}", "a post without an address"))
        elif at(element, "reason") is not None:
            kind = text_at(element, "reason", "$type") or ""
            # Neither stands at the time of the post: a pinned or reposted one says nothing about where we are.
            posts.append({"id": uri, "created": None, "skipped": "pinned" if "reasonPin" in kind else "reposts"})
        else:
            posts.append({"id": uri, "created": sorted_by(view)} | taken(at(view, "record"), uri, _author(view)))
    token = text_at(value, "cursor")
    return {"problem": "", "posts": posts, "refused": refused, "next": _before(posts) if search and token else token}


def sorted_by(view: Any) -> str | None:
    """Return the time a post is sorted by: when it was written, or indexed where it claims a later one."""
    written, indexed = (dates.understood(text_at(view, *path)) for path in (("record", "createdAt"), ("indexedAt",)))
    moments = [moment for moment in (written, indexed) if moment is not None]
    return min(moments).isoformat() if moments else None


def taken(record: Any, uri: str, author: str | None) -> dict[str, Any]:
    """Return the entry of a post's record, as the streams and the calls both carry it."""
    images = [*list_at(record, "embed", "images"), *list_at(record, "embed", "media", "images")]
    entry = {
        "url": web_address(uri),
        "content": paragraphs(text_at(record, "text"), *(text_at(image, "alt") for image in images)),
        "author": author,
        "published": text_at(record, "createdAt"),
        "language": text_at(record, "langs", 0),
    }
    return {"entry": entry}


def web_address(uri: str) -> str | None:
    """Return the page people see of a post at://DID/app.bsky.feed.post/KEY."""
    did, collection, key = [*uri.removeprefix("at://").split("/"), "", "", ""][:3]
    return f"https://bsky.app/profile/{did}/post/{key}" if collection == POST and key else None


def _author(view: Any) -> str | None:
    return text_at(view, "author", "did") or text_at(view, "author", "handle")


def _before(posts: list[dict[str, Any]]) -> str | None:
    """Return the time to search before, a millisecond late: posts of the same moment must not be lost."""
    moment = next((found for post in reversed(posts) if (found := dates.understood(post["created"]))), None)
    return (moment + dt.timedelta(milliseconds=1)).isoformat().replace("+00:00", "Z") if moment else None
