"""What a real Mastodon server answered, as others recorded it: each exchange is read as we would read it."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.readers import mastodon
from tests import conformance
from tests.fault_server import FaultServer, Request, text
from tests.ingest.conftest import Desk

PACK = Path("/work/shared/conformance/mastodon")
pytestmark = pytest.mark.skipif(not PACK.exists(), reason="the conformance packs are not on this machine")


def exchanges(name: str) -> Iterator[tuple[str, str, int, str]]:
    """Yield method, path, status and body of each exchange of a cassette."""
    return conformance.exchanges(PACK / name)


def test_every_recorded_status_is_read_or_left_out_for_a_reason() -> None:
    recorded = conformance.recorded_statuses(PACK)
    assert len(recorded) > 25
    parsed = mastodon.parse_timeline(json.dumps(list(recorded.values())).encode())
    assert (parsed["problem"], parsed["refused"]) == ("", [])
    posts = {post["id"]: post for post in parsed["posts"]}
    assert set(posts) == set(recorded)
    for name, status in recorded.items():
        entry = posts[name]["entry"]
        if status["reblog"]:
            assert posts[name]["skipped"] == "boosts"
        elif status["visibility"] in ("private", "direct"):
            assert posts[name]["skipped"] == "not public"
        else:
            assert entry["title"] == (status["spoiler_text"] or None)
            assert entry["url"] == status["url"]
            assert entry["language"] == status["language"]
            assert entry["published"] == (status["edited_at"] or status["created_at"])
            assert "<" not in entry["content"]
            assert entry["author"] == status["account"]["acct"] + "@localhost"


def test_a_recorded_timeline_becomes_items_once(desk: Desk, server: FaultServer) -> None:
    ((_, _, _, body),) = [one for one in exchanges("test_list_timeline.yaml") if "timelines/list" in one[1]]
    server["*"] = text("[]", content_type="application/json")
    server["/api/v1/timelines/public?limit=40"] = text(body, content_type="application/json")
    desk.now = dt.datetime(2026, 8, 2, tzinfo=dt.UTC)
    desk.watch(server.url("/public"), kind="mastodon", interval_seconds=300)
    expected = [one for one in json.loads(body) if one["visibility"] in ("public", "unlisted") and not one["reblog"]]
    assert desk.poll() == len(expected) > 0
    assert desk.poll(dt.timedelta(minutes=10)) == 0
    assert "I have never stolen a ham in my life." in {item.content for item in desk.items()}
    assert all(item.language == "en" for item in desk.items())


def test_a_recorded_account_is_found_and_an_unknown_one_is_said(desk: Desk, server: FaultServer) -> None:
    lookups = {path: (status, body) for _, path, status, body in exchanges("test_account_lookup.yaml")}
    pinned = next(body for _, path, _, body in exchanges("test_account_pinned.yaml") if "pinned=1" in path)

    def script(request: Request) -> None:
        status, body = lookups.get(request.path, (200, pinned if "/statuses" in request.path else "[]"))
        text(body if "max_id" not in request.path else "[]", status, content_type="application/json")(request)

    server["*"] = script
    desk.now = dt.datetime(2026, 8, 2, tzinfo=dt.UTC)
    known = desk.watch(server.url("/@mastodonpy_test"), kind="mastodon")
    unknown = desk.watch(server.url("/@kljadklajsdkljlkjlkjlkjasdasd"), kind="mastodon")
    assert desk.poll() == 1
    assert [item.content for item in desk.items(known)] == ["Toot!"]
    assert desk.source(known).cursor["account"] == "117020565966271181"
    assert desk.source(unknown).state == "failing"
    assert "HTTP 404" in (desk.source(unknown).state_reason or "")


def test_a_status_that_is_recorded_as_missing_is_a_tombstone(desk: Desk, server: FaultServer) -> None:
    ((_, _, status, body),) = exchanges("test_status_missing.yaml")
    ((_, _, _, timeline),) = [one for one in exchanges("test_list_timeline.yaml") if "timelines/list" in one[1]]
    listed = json.loads(timeline)
    server["*"] = text(body, status, content_type="application/json")
    page = "/api/v1/timelines/public?limit=40"
    server[page] = text(timeline, content_type="application/json")
    server[f"{page}&max_id={listed[-1]['id']}"] = text("[]", content_type="application/json")
    desk.now = dt.datetime(2026, 8, 2, tzinfo=dt.UTC)
    desk.watch(server.url("/public"), kind="mastodon", interval_seconds=300)
    desk.poll()
    server[page] = text(json.dumps(listed[1:]), content_type="application/json")
    desk.poll(dt.timedelta(minutes=10))
    gone = [item for item in desk.items() if item.gone_at]
    assert [item.external_id for item in gone] == [listed[0]["id"]]
    assert server.hits(f"/api/v1/statuses/{listed[0]['id']}") == 1
