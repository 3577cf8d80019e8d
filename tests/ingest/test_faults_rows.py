"""Further rows of the list of faults, each proven to have fired; the first ones stand in `test_faults_sources.py`."""

import datetime as dt
import json
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from ingest.extract import extract
from ingest.http import Network
from ingest.readers.markup import parse_feed
from models.database import reading
from models.document import Cluster, Document
from models.source import Fetch
from tests.certificates import certificate
from tests.fault_server import FaultServer, fault_server, sequence, text
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss

HOUR = dt.timedelta(hours=1)
BOMBS = Path(__file__).parents[3] / "shared" / "conformance" / "compressed"


def hourly(numbers: range) -> list[str]:
    """Write entries one hour apart, the lowest number the oldest."""
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    return [item(n, pubDate=f"{start + n * HOUR:%a, %d %b %Y %H:%M:%S} GMT") for n in numbers]


def fetch_of(desk: Desk, source_id: int) -> Fetch:
    with reading(desk.sessions) as session:
        return session.scalars(select(Fetch).where(Fetch.source_id == source_id).order_by(Fetch.id.desc())).first()


def documents(desk: Desk) -> list[Document]:
    extract(desk.sessions, desk.network, desk.settings, desk.now)
    with reading(desk.sessions) as session:
        return list(session.scalars(select(Document).order_by(Document.id)))


def test_2_a_frozen_feed_is_silent_by_its_own_rhythm_and_says_so(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text(rss(*hourly(range(300, 320))))
    source_id = desk.watch(server.url("/feed"), interval_seconds=1800)
    desk.poll()
    assert desk.source(source_id).state == "ok"
    for _ in range(14):
        desk.poll(HOUR)
    source = desk.source(source_id)
    assert (source.state, source.last_success_at) == ("silent", desk.now)
    assert source.state_since is not None
    assert source.state_since < desk.now
    assert "nothing new for" in (source.state_reason or "")
    assert source.next_due_at is not None
    assert source.next_due_at > desk.now
    server["/feed"] = text(rss(*hourly(range(300, 321))))
    assert desk.poll(HOUR) == 1
    assert desk.source(source_id).state == "ok"


@pytest.mark.skipif(not BOMBS.exists(), reason="the packs are not here")
@pytest.mark.parametrize(
    ("name", "coding"), [("bomb-br.bin", "br"), ("bomb-zstd.bin", "zstd"), ("bomb-gzip.bin", "gzip")]
)
def test_4_bombs_of_every_coding_are_too_large(desk: Desk, server: FaultServer, name: str, coding: str) -> None:
    server["/feed"] = text((BOMBS / name).read_bytes(), content_encoding=coding)
    source_id = desk.watch(server.url("/feed"))
    assert desk.poll() == 0
    assert server.hits("/feed") == 1
    assert desk.source(source_id).state == "too_large"


@pytest.mark.parametrize(
    ("host", "ends", "state"),
    [
        ("radio.example.org", HOUR, "ok"),
        ("radio.example.org", -HOUR, "failing"),
        ("other.example.org", HOUR, "failing"),
    ],
)
def test_9_a_certificate_must_be_in_date_and_of_the_host(
    desk: Desk, tmp_path: Path, host: str, ends: dt.timedelta, state: str
) -> None:
    paths = certificate(tmp_path, host, ends)
    trusting = ssl.create_default_context(cafile=paths[0])
    desk.network = Network(desk.settings, lambda *_: ["127.0.0.1"], trusting)
    with fault_server() as secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*paths)
        secure.http.socket = context.wrap_socket(secure.http.socket, server_side=True)
        secure["*"] = text(rss(item(1)))
        source_id = desk.watch(f"https://radio.example.org:{secure.port}/feed")
        assert desk.poll() == (state == "ok")
    source = desk.source(source_id)
    assert source.state == state
    assert state == "ok" or "certificate" in (source.state_reason or "").lower()


@pytest.mark.parametrize("order", [range(40), range(39, -1, -1)], ids=["oldest first", "newest first"])
@pytest.mark.parametrize("form", ["xml", "json"])
def test_10_of_too_many_items_the_newest_are_read_and_the_rest_is_counted(
    desk_with: Callable[..., Desk], server: FaultServer, order: range, form: str
) -> None:
    desk = desk_with(max_entries=10)
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    notes = [
        {"id": f"note-{n}", "content_text": f"{n}", "date_published": (start + n * HOUR).isoformat()} for n in order
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": notes}
    server["/feed"] = text(json.dumps(feed) if form == "json" else rss(*hourly(order)))
    source_id = desk.watch(server.url("/feed"))
    assert desk.poll() == 10
    assert {found.external_id.rpartition("/")[2] for found in desk.items()} == {f"note-{n}" for n in range(30, 40)}
    assert fetch_of(desk, source_id).reason == "30 of 40 entries dropped: more than 10 in one answer"
    assert desk.source(source_id).state_reason == fetch_of(desk, source_id).reason


def test_10_a_long_feed_that_is_cut_shows_its_newest_whole_items() -> None:
    body = rss(*hourly(range(40)))[: -len("</item></channel></rss>") - 5]
    parsed = parse_feed(body.encode(), url="http://radio.example.org/", content_type="", max_entries=10)
    names = [entry["external_id"].rpartition("/")[2] for entry in parsed["entries"]]
    assert names == [f"note-{n}" for n in range(29, 39)]
    assert parsed["cut"]


@pytest.mark.slow
def test_14_the_end_of_an_article_of_fifty_megabytes_is_read(
    desk_with: Callable[..., Desk], server: FaultServer
) -> None:
    desk = desk_with(article_deadline_seconds=120.0, fetch_deadline_seconds=30.0, parse_cpu_seconds=60)
    filler = f'<p data-x="{"y" * 1500}">The council of Marrok met at the well and spoke of water.</p>\n' * 32_000
    page = f"<html><body>{filler}<p>The needle lies at the very end.</p></body></html>"
    assert len(page) > 50_000_000
    server["/long"] = text(page, content_type="text/html; charset=utf-8")
    server["/feed"] = text(rss(item(1, "Read on.", link=server.url("/long"))))
    desk.watch(server.url("/feed"), fetch_articles=True)
    desk.poll()
    (document,) = documents(desk)
    assert document.text.endswith("The needle lies at the very end.")
    assert document.extraction == "fallback"
    assert document.article_sha256 is not None


def test_14_a_text_over_the_cap_says_where_it_was_cut(desk_with: Callable[..., Desk], server: FaultServer) -> None:
    desk = desk_with(max_text_characters=5_000)
    page = "<html><body>" + "<p>The council of Marrok met at the well.</p>" * 400 + "</body></html>"
    server["/long"] = text(page, content_type="text/html")
    server["/feed"] = text(rss(item(1, "Read on.", link=server.url("/long"))))
    desk.watch(server.url("/feed"), fetch_articles=True)
    desk.poll()
    (document,) = documents(desk)
    assert len(document.text) == 5_000
    assert any(note.startswith("text: cut from") for note in document.notes)


def test_17_an_article_is_read_in_the_characters_its_server_names(desk: Desk, server: FaultServer) -> None:
    words = "Совет Маррока говорил о воде. " * 30
    page = f"<html><body><article><p>{words}</p></article></body></html>".encode("koi8-r")
    server["/named"] = text(page, content_type="text/html; charset=koi8-r")
    server["/silent"] = text(page, content_type="text/html")
    links = [item(n, "Read on.", link=server.url(path)) for n, path in enumerate(("/named", "/silent"))]
    server["/feed"] = text(rss(*links))
    desk.watch(server.url("/feed"), fetch_articles=True)
    desk.poll()
    named, silent = documents(desk)
    assert "Совет Маррока" in named.text
    assert "charset: koi8-r, as declared" in named.notes
    assert any(note.startswith("charset guessed: ") for note in silent.notes)


def test_21_a_page_that_is_gone_for_good_is_a_tombstone_and_stays(desk: Desk, server: FaultServer) -> None:
    page = "<html><body><article>" + "<p>The council of Marrok met at the well.</p>" * 6 + "</article></body></html>"
    server["/page"] = sequence(text(page, content_type="text/html"), text("gone", status=410))
    source_id = desk.watch(server.url("/page"), kind="page")
    assert desk.poll() == 1
    desk.poll(25 * HOUR)
    (found,) = desk.items(source_id)
    assert (found.gone_at, found.gone_because) == (desk.now, "the page answers that it is gone for good (HTTP 410)")
    assert "council of Marrok" in found.content
    assert desk.source(source_id).state == "failing"


def test_27_a_pause_that_a_host_asks_for_holds_for_all_its_sources(desk: Desk, server: FaultServer) -> None:
    desk.network.resolve = lambda host, port: ["127.0.0.1"]
    server["/busy"] = text("busy", status=429, retry_after="7200")
    server["*"] = text(rss(item(1)))
    site = f"http://radio.example.org:{server.port}"
    desk.watch(f"{site}/busy")
    same = desk.watch(f"{site}/b", next_due_at=desk.now + HOUR)
    other_key = desk.watch(f"{site}/c", next_due_at=desk.now + HOUR, credential="tube")
    other_host = desk.watch(f"http://radio.example.org.test:{server.port}/d", next_due_at=desk.now + HOUR)
    desk.poll()
    waiting = desk.source(same)
    assert waiting.due_reason == "its host asked for a pause"
    assert waiting.next_due_at is not None
    assert 2 * HOUR <= waiting.next_due_at - desk.now <= 2.2 * HOUR
    assert desk.poll(HOUR) == 2
    assert [desk.source(one).state for one in (same, other_key, other_host)] == ["new", "ok", "ok"]
    assert desk.poll(1.5 * HOUR) == 1
    assert server.hits("/b") == 1


@pytest.mark.parametrize("jump", [-24 * HOUR, 24 * HOUR])
def test_25_a_clock_that_jumps_stalls_nobody_and_doubles_nothing(
    desk: Desk, server: FaultServer, jump: dt.timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    server["/feed"] = sequence(text(rss(item(1))), text(rss(item(1), item(2))), text(rss(item(1), item(2), item(3))))
    source_id = desk.watch(server.url("/feed"))
    assert desk.poll() == 1
    assert desk.poll(jump) == 1
    assert ("the clock went back" in caplog.text) == (jump < dt.timedelta(0))
    assert desk.poll() == 0  # not again at once
    assert server.hits("/feed") == 2
    assert desk.poll(HOUR) == 1
    assert desk.source(source_id).state == "ok"


def test_26_a_date_of_change_in_the_future_hides_nothing_for_longer_than_a_day(desk: Desk, server: FaultServer) -> None:
    ahead = "Fri, 14 Mar 2036 09:00:00 GMT"
    server["/feed"] = text(rss(item(1)), last_modified=ahead)
    desk.watch(server.url("/feed"))
    desk.poll()

    def lies(request: object) -> None:
        asked = getattr(request, "headers", {}).get("if-modified-since")
        (text("", status=304) if asked else text(rss(item(1), item(2)), last_modified=ahead))(request)  # type: ignore[arg-type]

    server["/feed"] = lies
    assert desk.poll(HOUR) == 0
    assert server.ledger[-1].status == 304
    assert desk.poll(24 * HOUR) == 1


def test_30_a_resolver_that_hangs_holds_up_nobody(desk_with: Callable[..., Desk], server: FaultServer) -> None:
    desk = desk_with(fetch_deadline_seconds=1.0)
    asked, answer = threading.Event(), threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        if host == "hangs.example.org":
            asked.set()
            answer.wait(30)
        return ["127.0.0.1"]

    desk.network.resolve = resolve
    server["*"] = text(rss(item(1)))
    bad = desk.watch(f"http://hangs.example.org:{server.port}/feed")
    good = desk.watch(f"http://radio.example.org:{server.port}/feed")
    started = time.monotonic()
    try:
        assert desk.poll() == 1
    finally:
        answer.set()
    assert asked.is_set()
    assert time.monotonic() - started < 15
    assert (desk.source(bad).state, desk.source(good).state) == ("failing", "ok")
    assert "was not resolved in time" in (desk.source(bad).state_reason or "")


def test_68_a_flood_of_near_copies_is_one_voice_and_is_counted(
    desk_with: Callable[..., Desk], server: FaultServer
) -> None:
    desk = desk_with(max_entries=20)
    words = "The council of Marrok met at the well and spoke of water, roads, schools and the price of grain all day"
    server["/flood"] = text(rss(*(item(n, f"{words}, part {n}.", title="", pubDate="") for n in range(200))))
    server["/calm"] = text(rss(item(1, "Something else happened in the hills.", title="")))
    flood, calm = desk.watch(server.url("/flood")), desk.watch(server.url("/calm"))
    assert desk.poll() == 21
    assert fetch_of(desk, flood).details["dropped"] == 180
    clusters = {document.cluster_id for document in documents(desk) if document.source_id == flood}
    assert len(clusters) == 1
    with reading(desk.sessions) as session:
        assert session.get_one(Cluster, clusters.pop()).size == 20
    assert len(desk.items(calm)) == 1


def test_70_the_address_of_a_look_alike_is_shown_as_it_is_spelled() -> None:
    from ingest.readers.social import checked_address

    assert checked_address("feed", "https://rаdio.example/feed").startswith(
        "https://xn--rdio-53d.example"
    )  # а is Cyrillic
