"""Jetstream: a bounded listening per poll, from where the last one ended, whatever happened in between."""

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from ingest.http import Network
from ingest.readers import jetstream
from ingest.settings import IngestSettings
from models.database import Sessions, reading, writing
from models.item import Refusal
from models.source import Source
from tests.fault_server import FaultServer, fault_server, text
from tests.ingest.conftest import Desk

SOON = dt.timedelta(minutes=10)
START_US = 1_773_390_000_000_000  # the day before the tests' now
PACK = Path("/work/shared/conformance/jetstream")
DID = "did:plc:keshu"


class Stream:
    """Jetstream on loopback: replays what happened since the cursor, then stays open or breaks off."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.asked: list[dict[str, list[str]]] = []
        self.headers: list[dict[str, str]] = []
        self.break_after: int | None = None
        self.server: Server | None = None

    def serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        self.asked.append(query)
        self.headers.append({name.lower(): value for name, value in connection.request.headers.raw_items()})
        since = int(query.get("cursor", ["0"])[0])
        due = [event for event in self.events if not event.startswith("{") or _time(event) >= since]
        try:
            for event in due[: self.break_after]:
                connection.send(event)
            if self.break_after is None:
                for _ in connection:
                    pass
        except ConnectionClosed:
            pass

    def say(self, *events: dict[str, Any]) -> None:
        self.events += [json.dumps(event) for event in events]

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.socket.getsockname()[1]}/subscribe"


def _time(event: str) -> int:
    try:
        return int(json.loads(event).get("time_us", 10**18))
    except (ValueError, OverflowError):
        return 10**18


@contextmanager
def streaming() -> Iterator[Stream]:
    stream = Stream()
    with serve(stream.serve, "127.0.0.1", 0, compression=None) as server:
        stream.server = server
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield stream
        server.shutdown()
        thread.join()


@pytest.fixture
def stream() -> Iterator[Stream]:
    with streaming() as running:
        yield running


@pytest.fixture
def settings(settings: IngestSettings) -> IngestSettings:
    return IngestSettings(**(vars(settings) | {"stream_seconds": 3.0}))


def event(second: int, words: str | None, operation: str = "create", key: str = "", **values: Any) -> dict[str, Any]:
    """Return one event about one post; `words` None leaves the record out."""
    commit: dict[str, Any] = {
        "rev": f"rev{second:06}",
        "operation": operation,
        "collection": "app.bsky.feed.post",
        "rkey": key or f"post{second}",
    }
    if words is not None:
        moment = dt.datetime.fromtimestamp(START_US / 1e6 + second, dt.UTC).isoformat()
        commit["record"] = {"text": words, "createdAt": moment, "langs": ["sw"]} | values
    return {"did": DID, "time_us": START_US + second * 1_000_000, "kind": "commit", "commit": commit}


def watch(desk: Desk, stream: Stream, query: str = "", **values: Any) -> int:
    return desk.watch(stream.url + query, kind="jetstream", interval_seconds=300, **values)


def said(desk: Desk) -> list[tuple[str, int, bool]]:
    return [(item.content, item.version, item.gone_at is not None) for item in desk.items()]


def test_posts_edits_and_deletions_are_items_versions_and_tombstones(desk: Desk, stream: Stream) -> None:
    stream.say(
        event(1, "first"),
        event(2, "second"),
        event(3, "first, edited", "update", "post1"),
        event(4, None, "delete", "post2"),
        event(5, "third"),
    )
    source_id = watch(desk, stream)
    assert desk.poll() == 4
    assert said(desk) == [("first", 1, False), ("second", 1, True), ("first, edited", 2, False), ("third", 1, False)]
    item = desk.items()[1]
    assert (item.gone_because, item.language) == ("deleted by its author", "sw")
    assert item.url == f"https://bsky.app/profile/{DID}/post/post2"
    source = desk.source(source_id)
    assert source.cursor["time_us"] == START_US + 5_000_000
    assert (source.state, source.state_reason) == ("ok", None)


def test_the_next_poll_begins_a_little_earlier_and_adds_nothing_twice(desk: Desk, stream: Stream) -> None:
    stream.say(event(1, "first"), event(2, "first, edited", "update", "post1"), event(3, None, "delete", "post1"))
    watch(desk, stream)
    desk.poll()
    before = said(desk)
    for _ in range(3):
        assert desk.poll(SOON) == 0
    assert said(desk) == before
    assert stream.asked[1]["cursor"] == [str(START_US + 3_000_000 - jetstream.REWIND_US)]
    assert stream.asked[0]["wantedCollections"] == ["app.bsky.feed.post"]
    assert "cursor" not in stream.asked[0]


def test_a_stream_that_breaks_off_has_been_good_until_then(desk: Desk, stream: Stream) -> None:
    stream.say(*(event(second, f"number {second}") for second in range(20)))
    source_id = watch(desk, stream)
    stream.break_after = 7
    assert desk.poll() == 7
    assert desk.source(source_id).state == "ok"
    stream.break_after = None
    assert desk.poll(SOON) == 13
    assert len({item.content for item in desk.items()}) == 20


def test_a_stream_that_says_nothing_and_ends_is_a_failure(desk: Desk, stream: Stream) -> None:
    source_id = watch(desk, stream)
    stream.break_after = 0
    desk.poll()
    assert desk.source(source_id).state == "failing"
    assert "before it said anything" in (desk.source(source_id).state_reason or "")


def test_an_account_that_ends_takes_its_posts_with_it(desk: Desk, stream: Stream) -> None:
    other = event(2, "of somebody else") | {"did": "did:plc:keshu2"}
    stream.say(event(1, "first"), other, account(3, "deactivated"), account(4, "takendown"))
    watch(desk, stream)
    desk.poll()
    assert said(desk) == [("first", 1, True), ("of somebody else", 1, False)]
    assert desk.items()[0].gone_because == "the account was takendown"


def account(second: int, status: str) -> dict[str, Any]:
    time_us = START_US + second * 1_000_000
    about = {"active": False, "did": DID, "status": status, "seq": second, "time": "2026-03-13T09:00:00Z"}
    return {"did": DID, "time_us": time_us, "kind": "account", "account": about}


def test_languages_are_filtered_by_us_and_edits_followed_all_the_same(desk: Desk, stream: Stream) -> None:
    stream.say(
        event(1, "one"),
        event(2, "two", langs=["de"]),
        event(3, "three", langs=["sw-KE"]),
        event(4, "one again", "update", "post1", langs=["de"]),
    )
    source_id = watch(desk, stream, "?lang=sw&wantedDids=did:plc:keshu")
    assert desk.poll() == 3
    assert [content for content, _, _ in said(desk)] == ["one", "three", "one again"]
    assert "lang" not in stream.asked[0]
    assert stream.asked[0]["wantedDids"] == [DID]
    assert desk.source(source_id).cursor["time_us"] == START_US + 4_000_000


def test_hostile_events_are_refused_one_by_one(desk: Desk, stream: Stream) -> None:
    stream.events += [
        "",
        "no json",
        '{"did": 7}',
        "[" * 50_000,
        '{"kind": "commit", "did": "did:plc:x", "time_us": 1e999}',
    ]
    stream.say(
        event(1, "a\x00b after the NUL"),
        event(2, "lone \ud800 after it"),
        event(3, "future") | {"time_us": START_US * 50},
        event(4, None),
        event(5, None, "explode"),
        {"did": DID, "time_us": True, "kind": "commit", "commit": []},
    )
    source_id = watch(desk, stream)
    assert desk.poll() == 3
    assert [item.content for item in desk.items()] == ["a\ufffdb after the NUL", "lone \ufffd after it", "future"]
    assert desk.source(source_id).cursor["time_us"] <= int((desk.now + SOON * 7).timestamp() * 1e6)
    assert len(refusals(desk)) == 5


def refusals(desk: Desk) -> list[str]:
    with reading(desk.sessions) as session:
        return [row.reason for row in session.scalars(select(Refusal))]


def test_a_kill_before_the_commit_loses_and_doubles_nothing(
    desk: Desk, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.say(*(event(second, f"number {second}") for second in range(1, 30)), event(30, "edited", "update", "post1"))
    monkeypatch.setattr(jetstream, "CHUNK", 8)
    source_id = watch(desk, stream)
    real, calls = jetstream.batches, []

    def dying(*args: Any) -> Iterator[Any]:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        yield from real(*args)

    monkeypatch.setattr(jetstream, "batches", dying)
    with pytest.raises(KeyboardInterrupt):
        desk.poll()
    assert 0 < len(desk.items()) < 30
    assert desk.source(source_id).cursor.get("time_us", 0) < START_US + 30_000_000
    free(desk.sessions)
    monkeypatch.setattr(jetstream, "batches", real)
    desk.poll(SOON)
    desk.poll(SOON)
    assert sorted(said(desk)) == sorted(
        [("edited", 2, False), *((f"number {second}", 1, False) for second in range(1, 30))]
    )


def free(sessions: Sessions) -> None:
    """Take the claim away that the killed one held."""
    with writing(sessions) as session:
        session.execute(update(Source).values(claimed_until=None, claim_token=None))


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (text("<html>Sign in</html>"), "no_feed"),
        (text("", 404), "failing"),
        (text("", 401), "refused"),
        (text("", 429, retry_after="600"), "throttled"),
        (text("", 302, location="http://127.0.0.2/subscribe"), "failing"),
    ],
)
def test_what_is_no_stream_is_a_state(desk: Desk, server: FaultServer, script: Callable[..., None], state: str) -> None:
    server["*"] = script
    with fault_server("127.0.0.2") as canary:
        source_id = desk.watch(server.url("/subscribe"), kind="jetstream")
        desk.poll()
        assert canary.ledger == []
    assert server.hits() == 1
    assert desk.source(source_id).state == state


def test_the_stream_goes_to_the_address_that_was_checked(desk: Desk, stream: Stream, settings: IngestSettings) -> None:
    stream.say(event(1, "first"))
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    network = Network(settings, resolve=lambda host, port: next(answers))
    desk.network = network
    port = urlsplit(stream.url).port
    source_id = desk.watch(f"http://stream.example:{port}/subscribe", kind="jetstream", interval_seconds=300)
    assert desk.poll() == 1
    assert stream.headers[0]["host"] == f"stream.example:{port}"
    desk.poll(SOON)
    source = desk.source(source_id)
    assert source.state == "refused"
    assert "127.0.0.2" in (source.state_reason or "")
    assert len(stream.asked) == 1


@pytest.mark.skipif(not PACK.exists(), reason="the conformance packs are not on this machine")
@pytest.mark.parametrize("name", ["golden_v1.jsonl", "expected_v1.jsonl"])
def test_recorded_events(desk: Desk, stream: Stream, name: str) -> None:
    lines = (PACK / name).read_text(encoding="utf-8").splitlines()
    recorded = [json.loads(line) for line in lines]
    posts = [e for e in recorded if e.get("commit", {}).get("collection") == "app.bsky.feed.post"]
    written = {
        f"at://{e['did']}/app.bsky.feed.post/{e['commit']['rkey']}": e["commit"]["record"]["text"]
        for e in posts
        if e["commit"]["operation"] == "create"
    }
    stream.events = lines
    desk.now = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
    source_id = watch(desk, stream)
    moved = desk.poll()
    kept = desk.items(source_id)
    assert moved == len(kept)
    wordless = {name for name, words in written.items() if not words.strip()}
    assert {item.external_id for item in kept} | wordless >= set(written)
    for item in kept:
        assert item.content.startswith(written[item.external_id].strip()[:20])
    assert refusals(desk) == []
    assert desk.source(source_id).cursor["time_us"] == max(e["time_us"] for e in recorded)
    assert desk.poll(SOON) == 0
