"""Sources whose turn it is are asked, and everything about it is stored together."""

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import event, select
from sqlalchemy import text as sql
from sqlalchemy.exc import OperationalError

from api.sources import make_due
from ingest import poll as polling
from ingest.evidence import verify
from models import claims
from models.database import Sessions, connect, reading, writing
from models.evidence import RawBody
from models.source import Fetch, Source
from tests.fault_server import FaultServer, drip, redirect, sequence, text, with_etag
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss

HOUR = dt.timedelta(hours=1)


def fetches(desk: Desk, source_id: int) -> list[Fetch]:
    with reading(desk.sessions) as session:
        return list(session.scalars(select(Fetch).where(Fetch.source_id == source_id).order_by(Fetch.id)))


def test_a_feed_becomes_items_with_state_trail_raw_bytes_and_evidence(desk: Desk, server: FaultServer) -> None:
    body = rss(*(item(n) for n in range(5)))
    server["/feed"] = text(body, etag='"one"')
    source_id = desk.watch(server.url("/feed"))
    assert desk.poll() == 5
    source = desk.source(source_id)
    assert (source.state, source.failures, source.etag, source.last_success_at) == ("ok", 0, '"one"', desk.now)
    assert source.next_due_at is not None
    assert source.next_due_at > desk.now
    (fetch,) = fetches(desk, source_id)
    assert (fetch.outcome, fetch.status_code, fetch.entries, fetch.new_items) == ("ok", 200, 5, 5)
    with reading(desk.sessions) as session:
        raw = session.scalars(select(RawBody)).one()
    assert raw.size == len(body)
    assert {found.raw_sha256 for found in desk.items()} == {raw.sha256}
    assert verify(desk.sessions) == []


def test_nothing_is_asked_before_its_turn(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text(rss(item(1)))
    desk.watch(server.url("/feed"))
    desk.watch(server.url("/feed"), enabled=False)
    desk.watch("", kind="push")
    assert (desk.poll(), desk.poll()) == (1, 0)
    assert server.hits() == 1


def test_an_answer_not_modified_is_good_news(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = with_etag(rss(item(1)))
    source_id = desk.watch(server.url("/feed"))
    desk.poll()
    assert desk.poll(HOUR) == 0
    assert [fetch.outcome for fetch in fetches(desk, source_id)] == ["ok", "not_modified"]
    assert desk.source(source_id).last_success_at == desk.now


def test_the_same_bytes_again_are_not_parsed_again(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text(rss(item(1)))
    source_id = desk.watch(server.url("/feed"))
    desk.poll()
    assert desk.poll(HOUR) == 0
    assert [fetch.outcome for fetch in fetches(desk, source_id)] == ["ok", "unchanged"]


def test_a_lying_etag_is_ignored_once_a_day(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = with_etag(rss(item(1)), etag='"for ever"')
    desk.watch(server.url("/feed"))
    desk.poll()
    server["/feed"] = with_etag(rss(item(1), item(2)), etag='"for ever"')
    assert desk.poll(HOUR) == 0
    assert desk.poll(24 * HOUR) == 1


def test_not_modified_without_a_condition_is_a_failure(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text("", status=304)
    source = desk.source(desk.watch(server.url("/feed")))
    desk.poll()
    source = desk.source(source.id)
    assert source.state == "failing"
    assert "not modified although we asked for everything" in (source.state_reason or "")


def test_the_trail_keeps_the_latest_fetches_only(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text("gone", status=500)
    source_id = desk.watch(server.url("/feed"), interval_seconds=60)
    for _ in range(polling.TRAIL + 3):
        desk.poll(25 * HOUR)
    assert len(fetches(desk, source_id)) == polling.TRAIL
    assert desk.source(source_id).failures == polling.TRAIL + 3


def test_where_a_redirect_led_is_remembered(desk: Desk, server: FaultServer) -> None:
    server["/old"], server["/new"] = redirect("/new", 301), text(rss(item(1)))
    source_id = desk.watch(server.url("/old"))
    assert desk.poll() == 1
    assert fetches(desk, source_id)[0].details["redirected_to"] == server.url("/new")


def test_a_worker_that_lost_its_claim_writes_nothing(
    desk: Desk, server: FaultServer, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    server["/feed"] = text(rss(item(1)))
    source_id = desk.watch(server.url("/feed"))

    def taken_over(*_: object) -> tuple[object, object]:
        found = look_up(sessions, source_id)
        with writing(sessions) as session:
            session.get_one(Source, source_id).claim_token = "another worker"
        return found

    look_up = polling._look_up
    monkeypatch.setattr(polling, "_look_up", taken_over)
    assert desk.poll() == 0
    assert desk.items() == []
    assert desk.source(source_id).etag is None


def test_a_source_that_falls_due_while_another_drips_does_not_wait(
    desk_with: Callable[..., Desk], server: FaultServer
) -> None:
    desk = desk_with(fetch_deadline_seconds=4.0)
    server["/drip"], server["/feed"] = drip(30), text(rss(item(1)))
    desk.watch(server.url("/drip"))
    desk.watch(server.url("/feed"), next_due_at=desk.now + dt.timedelta(seconds=1))
    assert desk.poll() == 1
    assert [served.path for served in server.ledger] == ["/drip", "/feed"]


def test_a_source_that_kills_its_worker_rests_for_an_hour_and_is_not_given_up(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text(rss(item(1)))
    source_id = desk.watch(server.url("/feed"), attempts=polling.DEADLY_ATTEMPTS)
    assert desk.poll() == 0
    source = desk.source(source_id)
    assert (source.state, source.next_due_at, source.quarantined_at) == ("failing", desk.now + HOUR, None)
    assert desk.poll(2 * HOUR) == 1
    assert desk.source(source_id).failures == 0


def test_a_defect_of_a_reader_is_a_visible_state(
    desk: Desk, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server["/good"] = text(rss(item(1)))
    bad, good = desk.watch(server.url("/bad"), name="bad"), desk.watch(server.url("/good"))

    def breaks(kind: str) -> object:
        raise ZeroDivisionError

    read = polling.read_source
    reader = polling.reader_for
    monkeypatch.setattr(
        polling,
        "read_source",
        lambda *given: (
            monkeypatch.setattr(polling, "reader_for", breaks if given[-1] == bad else reader),
            read(*given),
        )[1],
    )
    desk.settings = desk.settings.__class__(**(desk.settings.__dict__ | {"poll_workers": 1}))
    assert desk.poll() == 1
    assert "our defect (ZeroDivisionError)" in (desk.source(bad).state_reason or "")
    assert desk.source(good).state == "ok"


def test_hosts_are_asked_one_after_the_other_with_a_pause(desk_with: Callable[..., Desk], server: FaultServer) -> None:
    desk = desk_with(host_spacing_seconds=0.2, host_concurrency=1)
    desk.network.resolve = lambda host, port: ["127.0.0.1"]
    server["*"] = text(rss(item(1)))
    for n in range(3):
        desk.watch(f"http://radio.example.org:{server.port}/{n}")
    import time

    started = time.monotonic()
    assert desk.poll() == 3
    assert time.monotonic() - started >= 0.4


def test_what_a_turn_cannot_begin_is_given_back(desk_with: Callable[..., Desk], server: FaultServer) -> None:
    desk = desk_with(host_spacing_seconds=60.0, poll_turn_seconds=0.3)
    desk.network.resolve = lambda host, port: ["127.0.0.1"]
    server["*"] = text(rss(item(1)))
    ids = [desk.watch(f"http://radio.example.org:{server.port}/{n}") for n in range(3)]
    assert desk.poll() == 1
    waiting = [source for source in map(desk.source, ids) if source.last_polled_at is None]
    assert len(waiting) == 2
    assert all((source.claim_token, source.attempts) == (None, 0) for source in waiting)


def test_a_poll_by_hand_that_fails_does_not_lengthen_the_pause(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text("down", status=500)
    source_id = desk.watch(server.url("/feed"), name="Radio Keshu")
    desk.poll()
    for _ in range(5):
        with writing(desk.sessions) as session:
            assert make_due(session, ["Radio Keshu"], desk.now) == 1
        desk.poll()
    source = desk.source(source_id)
    assert (server.hits(), source.failures) == (6, 1)
    assert source.next_due_at is not None
    assert source.next_due_at - desk.now < HOUR


def test_the_state_follows_what_the_source_does(desk: Desk, server: FaultServer) -> None:
    good, news = rss(item(1, pubDate="")), rss(item(1, pubDate=""), item(2, pubDate=""))
    server["/feed"] = sequence(
        text(good), text("<html>Sign in</html>"), text("busy", status=503), text(news), text(news)
    )
    source_id = desk.watch(server.url("/feed"))
    states = []
    for _ in range(5):
        desk.poll(25 * HOUR)
        states.append(desk.source(source_id).state)
    assert states == ["ok", "no_feed", "failing", "ok", "ok"]


def test_a_busy_database_is_no_fault_of_the_source(
    desk: Desk, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server["/feed"] = text(rss(item(1)))
    source_id = desk.watch(server.url("/feed"))

    def locked(*_: object) -> str:
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))

    with monkeypatch.context() as patched:
        patched.setattr(polling.evidence, "keep_raw", locked)
        assert desk.poll() == 0
    assert (desk.source(source_id).state, desk.source(source_id).failures, server.hits()) == ("new", 0, 1)
    assert desk.poll(HOUR) == 1
    assert desk.source(source_id).state == "ok"


def test_a_poll_without_news_asks_little_of_the_database(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = with_etag(rss(item(1)))
    source_id = desk.watch(server.url("/feed"))
    desk.poll()
    with writing(desk.sessions) as session:
        token, _ = claims.claim(
            session, Source, Source.id == source_id, order_by=Source.id, limit=1, lease=HOUR, now=desk.now
        )
    statements: list[str] = []
    engine = desk.sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert polling.read_source(desk.sessions, desk.network, desk.settings, desk.now + HOUR, token, source_id) == 0
    assert 3 < len(statements) <= 8, statements
    assert server.ledger[-1].status == 304
    assert desk.source(source_id).claim_token is None


def test_a_poll_does_not_look_through_the_history_of_its_source(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    query = polling.LATEST.params(source=1).compile(engine, compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        plan = connection.execute(sql(f"EXPLAIN QUERY PLAN {query}")).all()
    engine.dispose()
    assert [row[3] for row in plan] == ["SEARCH items USING COVERING INDEX ix_items_source_id_id (source_id=?)"]
