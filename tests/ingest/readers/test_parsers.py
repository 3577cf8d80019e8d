"""What each platform's answers look like in detail, and that no shape of JSON makes a parser raise."""

import datetime as dt
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import AccessDenied, BadAnswer, Refused, Throttled
from ingest.http import Answer
from ingest.readers import bluesky, gdelt, mastodon, platform, reddit, telegram, youtube
from ingest.readers.social import checked_address, parse_social

NOW = dt.datetime(2026, 3, 14, 9, 30, tzinfo=dt.UTC)
ARGUMENTS: dict[str, dict[str, Any]] = {
    "mastodon": {},
    "mastodon_account": {},
    "bluesky": {"search": True},
    "jetstream": {"languages": ["sw"]},
    "telegram": {},
    "reddit": {"site": "https://forum.example"},
    "youtube": {},
    "gdelt": {"start": "20260313000000", "limit": 250},
}
NAMES = """
id reblog content account acct poll options posts post feed uri record text langs
embed images alt reason kind data children name selftext after items snippet topLevelComment replies
comments articles url title seendate did commit rkey operation collection time_us
"""
KEYS = st.sampled_from(NAMES.split())
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
SHAPES = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5))


@pytest.mark.parametrize("what", ARGUMENTS)
@given(shape=SHAPES)
def test_no_shape_of_json_makes_a_parser_raise(what: str, shape: Any) -> None:
    found = parse_social(json.dumps(shape).encode(), what=what, **ARGUMENTS[what])
    json.dumps(found)


@pytest.mark.parametrize("what", ARGUMENTS)
@given(body=st.binary(max_size=60))
def test_no_bytes_make_a_parser_raise(what: str, body: bytes) -> None:
    json.dumps(parse_social(body, what=what, **ARGUMENTS[what]))


def one(parsed: dict[str, Any]) -> dict[str, Any]:
    (post,) = parsed["posts"]
    entry: dict[str, Any] = post["entry"]
    return entry


def test_mastodon_text_as_a_person_reads_it() -> None:
    status = {
        "id": "5",
        "created_at": "2026-03-13T09:00:00Z",
        "edited_at": "2026-03-13T10:00:00Z",
        "spoiler_text": "About &amp; the market",
        "content": '<p>First line<br />second &lt;line&gt;</p><p>See <a href="https://news.example/a/long/path">'
        '<span class="invisible">https://</span><span class="ellipsis">news.example/a/lo</span>'
        '<span class="invisible">ng/path</span></a> <a href="#" class="mention hashtag">#<span>marrok</span></a></p>',
        "poll": {"options": [{"title": "Stay"}, {"title": "Leave"}]},
        "media_attachments": [{"description": "A stall with bread"}, {"description": None}],
        "account": {"acct": "keshu@other.example"},
        "url": "https://town.example/@keshu/5",
        "language": "sw",
    }
    entry = one(mastodon.parse_timeline(json.dumps([status]).encode()))
    assert entry["title"] == "About & the market"
    assert entry["content"] == (
        "First line\nsecond <line>\nSee https://news.example/a/long/path #marrok\n– Stay\n– Leave\nA stall with bread"
    )
    assert (entry["author"], entry["published"]) == ("keshu@other.example", "2026-03-13T10:00:00Z")


def test_telegram_keeps_the_words_of_the_post_and_leaves_out_those_of_others() -> None:
    page = """<html><body><div class="tgme_channel_info"></div>
    <div class="tgme_widget_message service_message" data-post="keshu_radio/7">
      <div class="js-message_text">pinned</div></div>
    <div class="tgme_widget_message text_not_supported_wrap js-widget_message" data-post="keshu_radio/8">
      <div class="tgme_widget_message_forwarded_from">Forwarded from <a>Another</a></div>
      <a class="tgme_widget_message_reply"><div class="tgme_widget_message_text js-message_text">quoted</div></a>
      <div class="tgme_widget_message_text js-message_text">One<br/>two <b>three</b><i class="emoji"><b>🥖</b></i></div>
      <div class="tgme_widget_message_poll"><div class="tgme_widget_message_poll_question">Where?</div>
        <div class="tgme_widget_message_poll_option_text">Marrok</div></div>
      <a class="tgme_widget_message_link_preview"><div class="link_preview_title">of a newspaper</div></a>
      <span class="tgme_widget_message_from_author">N. Signed</span>
      <time class="message_video_duration">0:10</time>
      <a class="tgme_widget_message_date"><time datetime="2026-03-13T09:00:00+00:00">9</time></a></div></body></html>"""
    parsed = telegram.parse_preview(page.encode())
    assert [(post["id"], post.get("skipped")) for post in parsed["posts"]] == [("8", None), ("7", "service messages")]
    entry = parsed["posts"][0]["entry"]
    assert entry["content"] == "One\ntwo three🥖\nWhere?\nMarrok"
    assert entry["author"] == "N. Signed"
    assert (entry["url"], entry["published"]) == ("https://t.me/keshu_radio/8", "2026-03-13T09:00:00+00:00")


def test_what_was_removed_on_reddit_is_gone_and_no_new_version() -> None:
    children = [
        {"kind": "t3", "data": {"name": "t3_a", "title": "x", "selftext": "[removed]", "created_utc": 1.77e9}},
        {"kind": "t1", "data": {"name": "t1_b", "body": "[deleted]"}},
        {"kind": "t3", "data": {"name": "t3_c", "title": "y", "removed_by_category": "moderator"}},
        {"kind": "t1", "data": {"name": "t1_d", "body": "said", "author": "[deleted]", "edited": 1.7735e9}},
    ]
    listing = json.dumps({"kind": "Listing", "data": {"children": children}}).encode()
    posts = reddit.parse_listing(listing, site="https://forum.example")["posts"]
    assert [post.get("gone") for post in posts] == [
        "removed at the source (removed)",
        "removed at the source (deleted)",
        "removed at the source (moderator)",
        None,
    ]
    assert (posts[3]["entry"]["author"], posts[3]["entry"]["published"]) == (None, "1773500000")


def test_youtube_replies_come_with_their_thread() -> None:
    comment = {"id": "c1", "snippet": {"textDisplay": "a &amp; <b>b</b>", "publishedAt": "2026-03-13T09:00:00Z"}}
    reply = {"id": "c1.r1", "snippet": {"textOriginal": "a reply", "videoId": "v"}}
    thread = {"id": "t", "snippet": {"topLevelComment": comment}, "replies": {"comments": [reply]}}
    posts = youtube.parse_threads(json.dumps({"items": [thread]}).encode())["posts"]
    assert [(post["id"], post["entry"]["content"]) for post in posts] == [("c1.r1", "a reply"), ("c1", "a & b")]
    assert posts[0]["entry"]["url"] == "https://www.youtube.com/watch?v=v&lc=c1.r1"


@pytest.mark.parametrize(
    ("reason", "error", "wait"),
    [
        ("quotaExceeded", Throttled, 21 * 3600 + 30 * 60 + 60),
        ("rateLimitExceeded", Throttled, 60),
        ("commentsDisabled", BadAnswer, None),
        ("keyInvalid", AccessDenied, None),
    ],
)
def test_youtube_says_why_it_refuses(reason: str, error: type[BadAnswer], wait: int | None) -> None:
    body = json.dumps({"error": {"code": 403, "errors": [{"reason": reason}]}}).encode()
    with pytest.raises(error) as caught:
        youtube.refuse(Answer(403, "https://api.example", {}, body, 1), NOW)
    assert caught.value.retry_after == (None if wait is None else str(wait))


def test_gdelt_speaks_odd_json_and_plain_text() -> None:
    title = rb'"It\'s a \"market\" "'
    body = (
        rb'{"articles": [{"url": "https://news.example/1", "seendate": "20260313T090000Z", "title": ' + title + b"}]}"
    )
    assert one(gdelt.parse_articles(body, start="1", limit=9))["title"] == 'It\\\'s a "market" '
    said = gdelt.parse_articles(b"Your query was too short.\n", start="1", limit=9)
    assert said["problem"] == "it says 'Your query was too short.'"


def test_bluesky_searches_before_the_oldest_without_losing_its_moment() -> None:
    post = {"uri": "at://did:plc:k/app.bsky.feed.post/1", "indexedAt": "2026-03-13T09:00:00.500Z"}
    parsed = bluesky.parse_posts(json.dumps({"posts": [post], "cursor": "1"}).encode(), search=True)
    assert parsed["next"] == "2026-03-13T09:00:00.501000Z"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "30"}, "30"),
        ({"x-ratelimit-reset": "2026-03-14T09:35:00.123Z"}, "301"),
        ({"ratelimit-reset": str(int(NOW.timestamp()) + 90)}, "91"),
        ({"x-ratelimit-reset": "412.0"}, "413"),
        ({"x-ratelimit-reset": "2020-01-01T00:00:00Z"}, None),
        ({"x-ratelimit-reset": "soon"}, None),
        ({}, None),
    ],
)
def test_every_way_of_asking_for_a_pause_is_understood(headers: dict[str, str], wait: str | None) -> None:
    assert platform.wait_of(Answer(429, "", headers, b"", 1), NOW) == wait


@pytest.mark.parametrize(
    ("kind", "address", "becomes"),
    [
        ("mastodon", "https://town.example/tags/marrok", "https://town.example/tags/marrok"),
        ("mastodon", "https://town.example/@keshu@other.example", "https://town.example/@keshu@other.example"),
        ("mastodon", "https://town.example/about", None),
        ("telegram", "https://t.example/keshu_radio", "https://t.example/keshu_radio"),
        ("telegram", "https://t.example/s/a/b", None),
        ("reddit", "https://forum.example/r/marrok/comments", "https://forum.example/r/marrok/comments"),
        ("reddit", "https://forum.example/user/keshu", None),
        ("bluesky", "https://api.example/xrpc/app.bsky.feed.searchPosts?q=a", "https://api.example/xrpc/app.bsky.feed.searchPosts?q=a"),
        ("bluesky", "https://api.example/xrpc/com.atproto.server.createSession", None),
        ("youtube", "https://video.example/watch?v=abc", "https://video.example/watch?v=abc"),
        ("youtube", "https://video.example/about", None),
        ("gdelt", "https://api.example/doc?query=a", "https://api.example/doc?query=a"),
        ("gdelt", "https://api.example/doc", None),
        ("jetstream", "wss://stream.example/subscribe", "https://stream.example/subscribe"),
        ("jetstream", "https://stream.example/", None),
    ],
)  # fmt: skip
def test_addresses_are_checked_when_a_source_is_added(kind: str, address: str, becomes: str | None) -> None:
    if becomes is None:
        with pytest.raises(Refused, match=r"a [A-Z]|the address"):
            checked_address(kind, address)
    else:
        assert checked_address(kind, address) == becomes


def test_a_key_in_the_address_is_not_sent_on() -> None:
    url = youtube.call_of(httpx.URL("https://api.example/youtube/v3/commentThreads?videoId=a&key=secret"))
    assert "secret" not in str(url)
