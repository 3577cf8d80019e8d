"""Small platforms on loopback: each shows the same posts in its own way, the newest first, page by page.

They serve fictional posts and follow the public descriptions of the platforms' calls. The tests in `test_platforms.py`
run on each of them.
"""

import base64
import datetime as dt
import html
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.fault_server import Request, Script, text

START = dt.datetime(2026, 3, 13, 12, 0, tzinfo=dt.UTC)


@dataclass
class Post:
    """One post; `number` gives it its place in time, `repost` makes it somebody else's."""

    number: int
    words: str
    repost: bool = False
    warning: str = ""

    @property
    def moment(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.number * 200)

    @property
    def iso(self) -> str:
        return self.moment.isoformat().replace("+00:00", "Z")


@dataclass
class Platform:
    """What is published, and how much fits on a page."""

    size: int = 4
    posts: dict[int, Post] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)

    kind = ""
    path = ""
    credential: ClassVar[str | None] = None
    edits = deletions = True

    def publish(self, *numbers: int, words: str = "The market of Marrok opened at eight, says note {}.") -> None:
        self.posts |= {number: Post(number, words.format(number)) for number in numbers}

    def remove(self, number: int) -> None:
        self.removed.add(number)

    def shown(self) -> list[Post]:
        """Return what is public now, the newest first."""
        return sorted((p for n, p in self.posts.items() if n not in self.removed), key=lambda p: -p.number)

    def newest(self, below: Callable[[Post], bool] = lambda post: True) -> tuple[list[Post], bool]:
        """Return a page of posts that are `below`, and whether there are more."""
        fitting = [post for post in self.shown() if below(post)]
        return fitting[: self.size], len(fitting) > self.size

    def script(self) -> Script:
        def script(request: Request) -> None:
            parts = urlsplit(request.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            status, body = self.answer(parts.path, query)
            kind = "text/html" if isinstance(body, str) else "application/json"
            text(body if isinstance(body, str) else json.dumps(body), status, content_type=kind)(request)

        return script

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        raise NotImplementedError


class Mastodon(Platform):
    kind, path = "mastodon", "/@keshu"

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if path == "/api/v1/accounts/lookup":
            return 200, {"id": "77", "acct": query["acct"]}
        if path.startswith("/api/v1/statuses/"):
            number = int(path.rpartition("/")[2])
            known = number in self.posts and number not in self.removed
            return (200, self.status(self.posts[number])) if known else (404, {"error": "Record not found"})
        assert path in ("/api/v1/accounts/77/statuses", "/api/v1/timelines/public", "/api/v1/timelines/tag/marrok")
        page, _ = self.newest(lambda post: post.number < int(query.get("max_id", 10**9)))
        return 200, [self.status(post) for post in page]

    def status(self, post: Post) -> dict[str, Any]:
        own = {
            "id": str(post.number),
            "created_at": post.iso,
            "visibility": "public",
            "language": "sw",
            "spoiler_text": post.warning,
            "content": f"<p>{html.escape(post.words)}</p>",
            "url": f"https://town.example/@keshu/{post.number}",
            "account": {"acct": "keshu", "url": "https://town.example/@keshu"},
            "reblog": None,
        }
        return own | {"content": "", "reblog": {"id": "1", "content": "<p>again</p>"}} if post.repost else own


class Bluesky(Platform):
    kind, path, edits = "bluesky", "/xrpc/app.bsky.feed.getAuthorFeed?actor=keshu.example", False

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if path.endswith("getPosts"):
            return 200, {"posts": [self.view(post) for post in self.shown()]}
        page, more = self.newest(lambda post: post.number < int(query.get("cursor", 10**9)))
        feed = [{"post": self.view(p), **({"reason": {"$type": "#reasonRepost"}} if p.repost else {})} for p in page]
        return 200, {"feed": feed} | ({"cursor": str(page[-1].number)} if more else {})

    def view(self, post: Post) -> dict[str, Any]:
        return {
            "uri": f"at://did:plc:keshu/app.bsky.feed.post/{post.number}",
            "author": {"did": "did:plc:keshu", "handle": "keshu.example"},
            "record": {"text": post.words, "createdAt": post.iso, "langs": ["sw"]},
            "indexedAt": post.iso,
        }


class BlueskySearch(Bluesky):
    path, deletions = "/xrpc/app.bsky.feed.searchPosts?q=marrok", True

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if path.endswith("getPosts"):
            return super().answer(path, query)
        page, more = self.newest(lambda post: "until" not in query or post.moment < _moment(query["until"]))
        return 200, {"posts": [self.view(post) for post in page]} | ({"cursor": "4"} if more else {})


class Telegram(Platform):
    kind, path = "telegram", "/s/keshu_radio"

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        assert path == self.path
        page, _ = self.newest(lambda post: post.number < int(query.get("before", 10**9)))
        posts = "".join(self.message(post) for post in reversed(page))
        return 200, f'<html><body><div class="tgme_channel_info">Keshu</div><section>{posts}</section></body></html>'

    def message(self, post: Post) -> str:
        words = html.escape(post.words).replace("\n", "<br/>")
        return (
            f'<div class="tgme_widget_message_wrap"><div class="tgme_widget_message js-widget_message" '
            f'data-post="keshu_radio/{post.number}"><div class="tgme_widget_message_bubble">'
            '<a class="tgme_widget_message_reply" href="#"><div class="js-message_reply_text">other words</div></a>'
            f'<div class="tgme_widget_message_text js-message_text" dir="auto">{words}</div>'
            f'<a class="tgme_widget_message_date" href="#"><time datetime="{post.moment.isoformat()}">9:00</time></a>'
            "</div></div></div>"
        )


class Reddit(Platform):
    kind, path, deletions = "reddit", "/r/marrok", False

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        assert path == "/r/marrok/new.json"
        below = int(query["after"].removeprefix("t3_"), 36) if "after" in query else 10**9
        page, more = self.newest(lambda post: post.number < below)
        after = f"t3_{_base36(page[-1].number)}" if more else None
        return 200, {"kind": "Listing", "data": {"after": after, "children": [self.child(post) for post in page]}}

    def child(self, post: Post) -> dict[str, Any]:
        name = _base36(post.number)
        data = {
            "name": f"t3_{name}",
            "title": f"Note {post.number}",
            "selftext": post.words,
            "author": "keshu",
            "created_utc": post.moment.timestamp(),
            "edited": False,
            "permalink": f"/r/marrok/comments/{name}/note/",
        }
        return {"kind": "t3", "data": data | ({"crosspost_parent": "t3_zz"} if post.repost else {})}


class Youtube(Platform):
    kind, path, deletions, credential = "youtube", "/youtube/v3/commentThreads?videoId=keshu", False, "tube"

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        below = int(base64.b64decode(query["pageToken"])) if "pageToken" in query else 10**9
        page, more = self.newest(lambda post: post.number < below)
        token = {"nextPageToken": base64.b64encode(str(page[-1].number).encode()).decode()} if more else {}
        return 200, {"kind": "youtube#commentThreadListResponse", "items": [self.thread(p) for p in page]} | token

    def thread(self, post: Post) -> dict[str, Any]:
        snippet = {
            "videoId": "keshu",
            "textOriginal": post.words,
            "authorDisplayName": "@keshu",
            "authorChannelId": {"value": "UCkeshu"},
            "publishedAt": post.iso,
        }
        return {
            "id": f"thread-{post.number}",
            "snippet": {"topLevelComment": {"id": f"c{post.number}", "snippet": snippet}},
        }


class Gdelt(Platform):
    kind, path, edits, deletions = "gdelt", "/api/v2/doc/doc?query=marrok", False, False

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        start, end = (query[name] for name in ("startdatetime", "enddatetime"))
        fitting = [p for p in self.shown() if start <= f"{p.moment:%Y%m%d%H%M%S}" <= end]
        articles = [
            {
                "url": f"https://news.example/{post.number}",
                "title": post.words,
                "seendate": f"{post.moment:%Y%m%dT%H%M%SZ}",
                "domain": "news.example",
                "language": "Swahili",
            }
            for post in fitting[: int(query["maxrecords"])]
        ]
        return 200, {"articles": articles} if articles else {}


PLATFORMS: tuple[type[Platform], ...] = (Mastodon, Bluesky, BlueskySearch, Telegram, Reddit, Youtube, Gdelt)


def _moment(written: str) -> dt.datetime:
    return dt.datetime.fromisoformat(written)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"
