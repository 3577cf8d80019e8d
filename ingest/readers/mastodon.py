"""Read public timelines of Mastodon and of servers that speak its API: all, local, one hashtag, one account.

The address is the one people see: https://HOST/public, /public/local, /tags/NAME or /@ACCOUNT. Boosts are left out:
who boosts is not another voice. Posts that are not public are left out too, whatever a credential may see.
"""

import re
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx

from ingest.errors import Refused
from ingest.readers import Gone
from ingest.readers.loose import at, list_at, loaded, name_at, paragraphs, plain, text_at
from ingest.readers.platform import Asker
from ingest.readers.sweep import Page
from ingest.readers.timeline import Timeline

LIMIT = 40
CONFIRMED_AT_ONCE = 5
PUBLIC = ("public", "unlisted")
PATHS = re.compile(r"/(?:(?P<public>public(?P<local>/local)?)|tags/(?P<tag>[^/]+)|@(?P<account>[^/]+))/?")


def open_timeline(asker: Asker) -> Timeline:
    """Find the API behind the address people see."""
    found = parts(asker.url)
    if secret := asker.secret():
        asker.headers = {"authorization": f"Bearer {secret}"}
    query: dict[str, Any] = {"limit": LIMIT}
    account = asker.place.cursor.get("account")
    remember: dict[str, Any] = {}
    if found["account"]:
        account = account or _account(asker, found["account"])
        remember = {"account": account}
        path = f"/api/v1/accounts/{quote(account, safe='')}/statuses"
        query["exclude_reblogs"] = "true"
    elif found["tag"]:
        path = f"/api/v1/timelines/tag/{quote(found['tag'], safe='')}"
    else:
        path = "/api/v1/timelines/public"
        query |= {"local": "true"} if found["local"] else {}
    first = asker.url.copy_with(path=path, query=None, fragment=None)

    def page_at(token: str | None) -> Page:
        return asker.page(first.copy_merge_params(query | ({"max_id": token} if token else {})), "mastodon")

    return Timeline(page_at, partial(_confirm, asker), remember)


def parts(url: httpx.URL) -> re.Match[str]:
    """Take the address apart; raises `Refused` for one that is none of the four."""
    found = PATHS.fullmatch(url.path)
    if found is None:
        raise Refused("a Mastodon address ends in /public, /public/local, /tags/NAME or /@ACCOUNT")
    return found


def _account(asker: Asker, name: str) -> str:
    url = asker.url.copy_with(path="/api/v1/accounts/lookup", query=None, fragment=None)
    _, found, _ = asker.read(url.copy_merge_params({"acct": name}), "mastodon_account")
    return str(found["account"])


def _confirm(asker: Asker, names: list[str]) -> tuple[Gone, ...]:
    """Ask for statuses that the timeline no longer shows: only what the server has no more is gone."""
    gone = []
    for name in names[:CONFIRMED_AT_ONCE]:
        local = name
        url = asker.url.copy_with(path=f"/api/v1/statuses/{quote(local, safe='')}", query=None, fragment=None)
        if asker.fetch(url).status in (404, 410):
            gone.append(Gone(name, "the server no longer has this post"))
    return tuple(gone)


def parse_account(body: bytes) -> dict[str, Any]:
    """Return `{"account"}`, the identifier of an account; runs in the sandbox."""
    value, problem = loaded(body)
    account = name_at(value, "id")
    return {"account": account, "problem": problem or ("" if account else "no account in it")}


def parse_timeline(body: bytes) -> dict[str, Any]:
    """Return the posts of one page and the `max_id` of the next; runs in the sandbox."""
    value, problem = loaded(body)
    if problem or not isinstance(value, list):
        return {"problem": problem or "no list of posts in it", "posts": []}
    posts, refused = [], []
    for index, status in enumerate(value):
        local = name_at(status, "id")
        if local is None:
            refused.append((f"post {index}", "a post without an identifier"))
        else:
            posts.append(_post(status, local))
    oldest = next((name_at(status, "id") for status in reversed(value) if name_at(status, "id")), None)
    return {"problem": "", "posts": posts, "refused": refused, "next": oldest}


def _post(status: Any, local: str) -> dict[str, Any]:
    post = {"id": local, "created": text_at(status, "created_at"), "entry": None}
    if at(status, "reblog"):
        return post | {"skipped": "boosts"}
    if (text_at(status, "visibility") or "public") not in PUBLIC:
        return post | {"skipped": "not public"}
    options = [f"– {plain(text_at(option, 'title'))}" for option in list_at(status, "poll", "options")]
    pictures = [text_at(medium, "description") for medium in list_at(status, "media_attachments")]
    url = text_at(status, "url") or text_at(status, "uri")
    entry = {
        "url": url,
        "title": plain(text_at(status, "spoiler_text")) or None,
        "content": paragraphs(plain(text_at(status, "content")), *options, *pictures),
        "author": _author(status, url),
        "published": text_at(status, "edited_at") or text_at(status, "created_at"),
        "language": text_at(status, "language"),
    }
    return post | {"entry": entry}


def _author(status: Any, url: str | None) -> str | None:
    """Return the full handle: local accounts come without their host."""
    name = text_at(status, "account", "acct")
    if name is None or "@" in name:
        return name
    try:
        return f"{name}@{httpx.URL(text_at(status, 'account', 'url') or url or '').host}"
    except httpx.InvalidURL:
        return name
