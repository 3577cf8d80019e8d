"""Read the comments under one video or a whole channel by YouTube's Data API v3; a key is needed.

The address is the video's or the channel's page, or the call itself: .../youtube/v3/commentThreads?videoId=... Each
thread comes with a few of its replies; the others are not asked for, because every call costs of a daily quota.
"""

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from ingest.errors import AccessDenied, BadAnswer, CredentialMissing, Refused, Throttled
from ingest.http import Answer
from ingest.readers.loose import at, list_at, loaded, paragraphs, plain, text_at
from ingest.readers.platform import Asker
from ingest.readers.sweep import Page
from ingest.readers.timeline import Timeline

CALL = "https://www.googleapis.com/youtube/v3/commentThreads"
CHANNEL = re.compile(r"/channel/([\w-]{10,64})(?:/.*)?")
REASON = re.compile(rb'"reason"\s*:\s*"(\w{1,60})"')
QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded"})
BAD_KEY = frozenset({"keyInvalid", "keyExpired", "badRequest", "API_KEY_INVALID"})
# The daily quota begins anew at midnight there.
QUOTA_ZONE = ZoneInfo("America/Los_Angeles")


def open_timeline(asker: Asker) -> Timeline:
    """Find the call behind the address; raises `Refused` for another page and `CredentialMissing` without a key."""
    secret = asker.secret()
    if secret is None:
        raise CredentialMissing("YouTube needs a key: put it into TOCSIN_CREDENTIALS and name it as the credential")
    # In a header, because addresses end up in logs.
    asker.headers = {"x-goog-api-key": secret}
    asker.refuse = refuse
    first = call_of(asker.url).copy_merge_params(
        {"part": "snippet,replies", "maxResults": 100, "order": "time", "textFormat": "plainText"}
    )

    def page_at(token: str | None) -> Page:
        return asker.page(first.copy_merge_params({"pageToken": token} if token else {}), "youtube")

    return Timeline(page_at)


def call_of(url: httpx.URL) -> httpx.URL:
    """Return the call for the page that people see, or the call itself."""
    if url.path.endswith("/youtube/v3/commentThreads"):
        return url.copy_remove_param("key")
    if url.path == "/watch" and url.params.get("v"):
        return httpx.URL(CALL, params={"videoId": url.params["v"]})
    if found := CHANNEL.fullmatch(url.path):
        return httpx.URL(CALL, params={"allThreadsRelatedToChannelId": found[1]})
    raise Refused("a YouTube address is https://HOST/watch?v=VIDEO or https://HOST/channel/ID")


def refuse(answer: Answer, now: dt.datetime) -> None:
    """Tell a used-up quota, a wrong key and closed comments apart: all three come as 400 or 403."""
    found = {reason.decode() for reason in REASON.findall(answer.body[:20_000])}
    if found & QUOTA:
        wait = str(int(until_midnight(now).total_seconds())) if not found & {"rateLimitExceeded"} else "60"
        raise Throttled("the quota of the key is used up; it begins anew at midnight Pacific time", answer.status, wait)
    if "commentsDisabled" in found:
        raise BadAnswer("comments are switched off there (HTTP 403)", answer.status)
    if found & BAD_KEY:
        raise AccessDenied(f"the key or the request is not accepted (HTTP {answer.status})", answer.status)


def until_midnight(now: dt.datetime) -> dt.timedelta:
    """Return how long it is until the quota begins anew, and a minute."""
    there = now.astimezone(QUOTA_ZONE)
    midnight = dt.datetime.combine(there.date() + dt.timedelta(days=1), dt.time(), QUOTA_ZONE)
    return midnight.astimezone(dt.UTC) - now + dt.timedelta(minutes=1)


def parse_threads(body: bytes) -> dict[str, Any]:
    """Return comments and replies of one page and the token of the next; runs in the sandbox."""
    value, problem = loaded(body)
    items = at(value, "items")
    if problem or not isinstance(items, list):
        return {"problem": problem or "no comments in it", "posts": []}
    posts, refused = [], []
    for index, thread in enumerate(items):
        for comment in comments_of(thread):
            if (name := text_at(comment, "id")) is None:
                refused.append((f"comment {index}", "a comment without an identifier"))
            else:
                created = text_at(comment, "snippet", "publishedAt")
                posts.append({"id": name, "created": created, "entry": entry_of(comment, name)})
    return {"problem": "", "posts": posts, "refused": refused, "next": text_at(value, "nextPageToken")}


def comments_of(thread: Any) -> list[Any]:
    """Return the comments of a thread, the one that opened it last: threads are sorted by it."""
    first = at(thread, "snippet", "topLevelComment")
    return [*list_at(thread, "replies", "comments"), thread if first is None else first]


def entry_of(comment: Any, name: str) -> dict[str, Any]:
    """Return the entry of one comment as the API writes it."""
    snippet = at(comment, "snippet")
    video = text_at(snippet, "videoId")
    return {
        "url": str(httpx.URL("https://www.youtube.com/watch", params={"v": video, "lc": name})) if video else None,
        "content": paragraphs(text_at(snippet, "textOriginal") or plain(text_at(snippet, "textDisplay"))),
        "author": text_at(snippet, "authorChannelId", "value") or text_at(snippet, "authorDisplayName"),
        "published": text_at(snippet, "updatedAt") or text_at(snippet, "publishedAt"),
    }
