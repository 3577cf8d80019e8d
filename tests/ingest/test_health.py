"""An answer that can be read and is not well is said to be so: since when, why, and when it is asked again."""

import datetime as dt
import logging
from collections.abc import Callable

import pytest
from sqlalchemy import select

from ingest.entry import Entry
from ingest.health import look, oddity, outpaced, remembered
from ingest.readers.feed import fresh_seconds
from ingest.readers.markup import parse_feed
from ingest.schedule import Health, interval
from ingest.settings import IngestSettings
from models.database import reading, writing
from models.source import Fetch, Source, troubled
from tests import factories
from tests.fault_server import FaultServer, redirect, text
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss

DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
SETTINGS = IngestSettings()
RADIO = "<rss><channel><item><title>café</title></item></channel></rss>"


def looked(now: dt.datetime, count: int = 5, **values: object) -> dict[str, object]:
    defaults = {"unknown": 0, "renamed": 0, "charset": None, "first": False, "now": now}
    return look([Entry(content="words")] * count, **(defaults | values))  # type: ignore[arg-type]


def test_a_usual_answer_is_not_odd(now: dt.datetime) -> None:
    assert oddity([]) is None
    assert oddity([looked(now, unknown=1)] * 4) is None


def test_everything_new_three_times_in_a_row_is_odd(now: dt.datetime) -> None:
    new = looked(now, unknown=5)
    assert oddity([new, new]) is None
    state, sentence = oddity([new, new, new]) or ("", "")
    assert state == "unstable_ids"
    assert "some may be lost" in sentence
    renamed = looked(now, unknown=5, renamed=5)
    assert "recognised by address and words" in (oddity([renamed] * 3) or ("", ""))[1]
    assert oddity([new, looked(now, unknown=4), new, new]) is None


def test_the_first_answer_and_short_ones_say_nothing_about_identifiers(now: dt.datetime) -> None:
    assert oddity([looked(now, unknown=5)] * 2 + [looked(now, unknown=5, first=True)]) is None
    assert oddity([looked(now, count=2, unknown=2)] * 3) is None


def test_only_a_few_looks_are_remembered(now: dt.datetime) -> None:
    looks: list[dict[str, object]] = []
    for _ in range(20):
        looks = remembered(looked(now), looks)
    assert len(looks) == 4


def test_dates_ahead_are_odd_and_hours_are_not(now: dt.datetime) -> None:
    soon, far = now + 5 * HOUR, now + 400 * DAY
    one = look([Entry(published=soon.isoformat())], unknown=0, renamed=0, charset=None, first=False, now=now)
    assert oddity([one]) is None
    two = look(
        [Entry(published=at.isoformat()) for at in (soon, far)], unknown=0, renamed=0, charset="c", first=False, now=now
    )
    state, sentence = oddity([two]) or ("", "")
    assert state == "future_dates"
    assert sentence.startswith("1 of 2 entries are dated more than a day ahead, the furthest 2027-04-18")
    assert sentence.endswith("; c")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"cache-control": "public, max-age=3600"}, 3600),
        ({"cache-control": 'max-age="60"', "age": "20"}, 40),
        ({"cache-control": "max-age=10", "age": "20"}, 0),
        ({"cache-control": "no-cache, max-age=3600"}, 0),
        ({"cache-control": "max-age=" + "9" * 30}, 604_800),
        ({"expires": "Sat, 14 Mar 2026 10:30:00 GMT", "date": "Sat, 14 Mar 2026 09:30:00 GMT"}, 3600),
        ({"expires": "0", "date": "Sat, 14 Mar 2026 09:30:00 GMT"}, 0),
        ({"expires": "Thu, 01 Jan 1970 00:00:00 GMT", "date": "Sat, 14 Mar 2026 09:30:00 GMT"}, 0),
    ],
)
def test_a_server_may_say_how_long_its_answer_is_good(headers: dict[str, str], seconds: int) -> None:
    assert fresh_seconds(headers) == seconds


@pytest.fixture
def health(now: dt.datetime) -> Health:
    return Health("Radio Keshu", "ok", None, now - DAY, 0, 900, now - 30 * DAY)


def every(now: dt.datetime, pause: dt.timedelta) -> tuple[dt.datetime, ...]:
    return tuple(now - n * pause for n in range(20))


def test_a_slow_source_is_asked_seldom_and_a_quick_one_as_set(health: Health, now: dt.datetime) -> None:
    def pause(arrivals: tuple[dt.datetime, ...], fresh: dt.timedelta = 0 * DAY, **values: object) -> dt.timedelta:
        changed = Health(**{**health.__dict__, "arrivals": arrivals, **values})
        return interval(changed, SETTINGS, fresh)[0]

    assert pause(every(now, 20 * MINUTE)) == 15 * MINUTE
    assert pause(every(now, 80 * MINUTE)) == 40 * MINUTE
    assert pause(every(now, 5 * DAY)) == HOUR
    assert pause(every(now, 5 * DAY)[:4]) == 15 * MINUTE
    assert pause((), fresh=30 * MINUTE) == 30 * MINUTE
    assert pause((), fresh=30 * DAY) == HOUR
    # An operator who sets a longer pause is obeyed.
    assert pause(every(now, DAY), fresh=30 * DAY, interval_seconds=7200) == 2 * HOUR
    new = looked(now, unknown=5)
    assert pause(every(now, 5 * DAY), looks=(new,)) == 7.5 * MINUTE
    assert pause((), looks=(new,), interval_seconds=60) == MINUTE
    assert outpaced([new])
    assert not outpaced([looked(now, unknown=5, renamed=5)])


def test_each_oddity_is_a_state_with_since_when_why_and_next_try(desk: Desk, server: FaultServer) -> None:
    bodies = {
        "future_dates": rss(item(1, pubDate="Sat, 14 Mar 2037 09:00:00 GMT"), item(2)).encode(),
        "guessed_charset": rss(item(1, "café à Marrok")).replace("?>", ' encoding="utf-8"?>').encode("cp1252"),
        "ok": rss(item(1, "café à Marrok")).encode(),
    }
    watched = {}
    for state, body in bodies.items():
        server[f"/{state}"] = text(body)
        watched[state] = desk.watch(server.url(f"/{state}"), name=state)
    desk.poll()
    began = desk.now
    # Nothing new and nothing to look at: the state stays, with its beginning.
    desk.poll(HOUR)
    for state, source_id in watched.items():
        source = desk.source(source_id)
        assert (source.state, source.state_since, source.failures) == (state, began, 0)
        assert bool(source.state_reason) == (state != "ok")
        assert source.next_due_at is not None
        assert source.next_due_at > desk.now
    server["/future_dates"] = text(rss(item(3)))
    desk.poll(HOUR)
    assert desk.source(watched["future_dates"]).state == "ok"


def test_a_feed_with_new_identifiers_each_time_is_seen(
    desk: Desk, server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    source_id = desk.watch(server.url("/feed"), interval_seconds=7200)
    for poll in range(5):
        server["/feed"] = text(rss(*(item(n, guid=f"{poll}-{n}") for n in range(5)), title=f"Radio {poll}"))
        desk.poll(3 * HOUR)
        assert desk.source(source_id).state == ("unstable_ids" if poll >= 3 else "ok")
    assert len(desk.items(source_id)) == 5
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len([line for line in warned if "is now unstable_ids" in line]) == 1


def test_trouble_can_be_asked_for_by_its_length(desk: Desk) -> None:
    with writing(desk.sessions) as session:
        for name, state, hours in (("a", "failing", 5), ("b", "silent", 1), ("c", "ok", 9), ("d", "new", 9)):
            factories.add_source(session, name=name, state=state, state_since=desk.now - hours * HOUR)
        factories.add_source(session, name="off", state="failing", state_since=desk.now - DAY, enabled=False)
    with reading(desk.sessions) as session:
        names = [session.scalars(select(Source.name).where(troubled(desk.now, n * HOUR))).all() for n in (0, 3)]
    assert names == [["a", "b"], ["a"]]


def fetched(desk: Desk, source_id: int) -> list[Fetch]:
    with reading(desk.sessions) as session:
        return list(session.scalars(select(Fetch).where(Fetch.source_id == source_id).order_by(Fetch.id)))


def test_a_move_for_good_is_followed_once_it_has_lasted(desk: Desk, server: FaultServer) -> None:
    server["/old"], server["/new"] = redirect("/new", 308), text(rss(item(1)))
    source_id = desk.watch(server.url("/old"))
    for poll in range(5):
        desk.poll(5 * HOUR)
        source = desk.source(source_id)
        assert (source.url, source.moved_seen) == (server.url("/old"), poll + 1)
    desk.poll(5 * HOUR)
    source = desk.source(source_id)
    assert (source.url, source.moved_to, source.moved_seen) == (server.url("/new"), None, 0)
    assert fetched(desk, source_id)[-1].details["instead_of"] == server.url("/old")
    hits = server.hits("/old")
    desk.poll(5 * HOUR)
    assert server.hits("/old") == hits


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_move_for_now_is_never_followed(desk: Desk, server: FaultServer, status: int) -> None:
    server["/old"], server["/new"] = redirect("/new", status), text(rss(item(1)))
    source_id = desk.watch(server.url("/old"))
    for _ in range(6):
        desk.poll(DAY)
    assert desk.source(source_id).url == server.url("/old")
    assert desk.source(source_id).moved_seen == 0


def test_a_captive_portal_that_says_for_good_is_not_followed(desk: Desk, server: FaultServer) -> None:
    server["/feed"], server["/portal"] = redirect("/portal", 301), text(rss(item(9), title="Please sign in"))
    source_id = desk.watch(server.url("/feed"))
    for _ in range(5):
        desk.poll(3 * HOUR)
    server["/feed"] = text(rss(item(1)))
    desk.poll(3 * HOUR)
    source = desk.source(source_id)
    assert (source.url, source.moved_to, source.moved_seen) == (server.url("/feed"), None, 0)


def test_a_chain_with_one_move_for_now_is_none_for_good(desk: Desk, server: FaultServer) -> None:
    server["/a"], server["/b"], server["/c"] = redirect("/b", 301), redirect("/c", 302), text(rss(item(1)))
    source_id = desk.watch(server.url("/a"))
    desk.poll()
    assert desk.source(source_id).moved_seen == 0
    assert fetched(desk, source_id)[0].details["redirected_to"] == server.url("/c")


def test_a_move_is_never_a_way_out_of_encryption(now: dt.datetime) -> None:
    from ingest.moves import follow

    source = Source(url="https://radio.example.org/feed", moved_seen=0)
    for day in range(9):
        assert follow(source, "http://radio.example.org/feed", now + day * DAY) == {}
    assert source.url == "https://radio.example.org/feed"


@pytest.mark.parametrize(
    ("body", "content_type", "guessed"),
    [
        (RADIO.encode(), "text/xml", False),
        (f'<?xml version="1.0" encoding="windows-1252"?>{RADIO}'.encode("cp1252"), "application/xml", False),
        (RADIO.encode("cp1252"), "application/xml", True),
    ],
)
def test_a_charset_is_guessed_only_where_none_fits(body: bytes, content_type: str, guessed: bool) -> None:
    parsed = parse_feed(body, url="", content_type=content_type, max_entries=10)
    assert parsed["entries"][0]["title"] == "café"
    assert bool(parsed["charset"]) == guessed


def test_a_feed_may_say_how_long_it_is_good(desk_with: Callable[..., Desk], server: FaultServer) -> None:
    desk = desk_with()
    server["/feed"] = text(rss(item(1)).replace("<channel>", "<channel><ttl>45</ttl>"))
    source_id = desk.watch(server.url("/feed"))
    desk.poll()
    source = desk.source(source_id)
    assert source.next_due_at is not None
    assert 42 * MINUTE < source.next_due_at - desk.now < 48 * MINUTE
    assert source.due_reason == "asked every 45 minutes: its server calls an answer good for 45 minutes"
