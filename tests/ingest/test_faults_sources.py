"""What sources do to us in the wild: each gives a visible state with a reason, and nothing else stops.

The numbers are the rows of the project's list of faults.
"""

import datetime as dt
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ingest.evidence import verify
from ingest.extract import extract
from models.database import reading
from models.document import Document
from tests.fault_server import (
    FaultServer,
    drip,
    endless,
    fault_server,
    gzipped,
    half,
    redirect,
    reset,
    sequence,
    text,
    with_etag,
)
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss

HOUR = dt.timedelta(hours=1)
DATES = (
    "gestern",
    "0000-00-00",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "Sat, 14 Mar 2999 00:00:00 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Sat, 14 Mar 2026 09:00:00 +9999",
    "",
    "99999999999999999999",
)
GOOD = rss(item(1), item(2), item(3))


@pytest.fixture
def inner() -> Iterator[FaultServer]:
    """Serve on an address that nobody allowed; its ledger must stay empty."""
    with fault_server("127.0.0.2") as canary:
        canary["*"] = text("secret")
        yield canary
    assert canary.ledger == []


def watch_all(desk: Desk, server: FaultServer) -> dict[str, int]:
    """Watch every scripted path, and a healthy one beside them."""
    server["/healthy"] = text(GOOD)
    return {path: desk.watch(server.url(path), name=path) for path in server.scripts}


def states(desk: Desk, ids: dict[str, int]) -> dict[str, str]:
    return {path: desk.source(source_id).state for path, source_id in ids.items()}


def test_1_a_login_page_in_place_of_the_feed(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = sequence(
        text(GOOD), text(GOOD), text("<html><form>Sign in</form></html>", content_type="text/html")
    )
    source_id = desk.watch(server.url("/feed"))
    desk.poll()
    desk.poll(HOUR)
    before = desk.source(source_id)
    desk.poll(HOUR)
    source = desk.source(source_id)
    assert (before.state, source.state, source.state_since) == ("ok", "no_feed", desk.now)
    assert "answers, but with no feed" in (source.state_reason or "")
    assert "text/html" in (source.state_reason or "")
    assert source.body_sha256 == before.body_sha256
    assert len(desk.items()) == 3


def test_3_bombs_cost_little_memory_and_delay_nobody(desk: Desk, server: FaultServer) -> None:
    import gzip

    server["/bomb"] = gzipped(b"\0" * 300_000_000)
    server["/double"] = text(gzip.compress(gzip.compress(b"\0" * 3_000_000)), content_encoding="gzip, gzip")
    ids = watch_all(desk, server)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert desk.poll() == 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes
    assert states(desk, ids) == {"/bomb": "too_large", "/double": "too_large", "/healthy": "ok"}


def test_5_a_packed_body_cut_in_half_is_never_stored_as_whole(desk: Desk, server: FaultServer) -> None:
    import gzip

    packed = gzip.compress(GOOD.encode())
    server["/cut"] = text(packed[: len(packed) // 2], content_encoding="gzip")
    server["/short"] = half(packed, content_encoding="gzip")
    ids = watch_all(desk, server)
    desk.poll()
    assert states(desk, ids) == {"/cut": "truncated", "/short": "truncated", "/healthy": "ok"}
    assert desk.items(ids["/cut"]) == []


def test_6_a_feed_cut_in_an_item_keeps_the_whole_ones_and_gets_the_rest_later(desk: Desk, server: FaultServer) -> None:
    at = GOOD.index("market of Marrok opened at 3")
    server["/feed"] = sequence(text(GOOD[:at], etag='"one"'), with_etag(GOOD, '"one"'))
    source_id = desk.watch(server.url("/feed"))
    assert desk.poll() == 2
    assert desk.source(source_id).state == "truncated"
    assert desk.source(source_id).etag is None
    assert desk.poll(HOUR) == 1
    assert [found.version for found in desk.items()] == [1, 1, 1]


def test_7_twenty_drips_do_not_delay_a_healthy_source(desk_with: Callable[..., Desk], server: FaultServer) -> None:
    desk = desk_with(poll_workers=24, fetch_deadline_seconds=1.5)
    for n in range(20):
        server[f"/drip/{n}"] = drip(30)
    ids = watch_all(desk, server)
    started = time.monotonic()
    assert desk.poll() == 3
    assert time.monotonic() - started < 8
    reasons = {desk.source(source_id).state_reason for path, source_id in ids.items() if "drip" in path}
    assert reasons == {"no complete answer within 1.5 seconds"}
    assert sum(served.sent > 5 for served in server.ledger) >= 20  # they were really dripping


def test_8_and_9_endless_bodies_resets_and_silence_on_the_line(
    desk_with: Callable[..., Desk], server: FaultServer
) -> None:
    desk = desk_with(max_wire_bytes=500_000)
    server["/endless"], server["/reset"] = endless(), reset(b"<rss>")
    ids = watch_all(desk, server)
    assert desk.poll() == 3
    assert states(desk, ids) == {"/endless": "too_large", "/reset": "failing", "/healthy": "ok"}


@pytest.mark.slow
def test_9_a_certificate_nobody_signed_is_an_error_and_never_a_fallback(desk: Desk, tmp_path: Path) -> None:
    import shutil
    import ssl

    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    with fault_server() as secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        secure.http.socket = context.wrap_socket(secure.http.socket, server_side=True)
        secure["*"] = text(GOOD)
        source_id = desk.watch(secure.url("/feed").replace("http:", "https:"))
        assert desk.poll() == 0
        assert secure.ledger == []
    source = desk.source(source_id)
    assert source.state == "failing"
    assert "certificate" in (source.state_reason or "").lower()


@pytest.mark.slow
def test_11_an_element_with_fifty_thousand_attributes_is_stopped(
    desk_with: Callable[..., Desk], server: FaultServer
) -> None:
    attributes = " ".join(f'a{n}="x"' for n in range(50_000))
    desk = desk_with(parse_cpu_seconds=1)
    server["/hostile"] = text(f"<rss><channel><item {attributes}><guid>1</guid></item></channel></rss>")
    ids = watch_all(desk, server)
    assert desk.poll() == 3
    assert states(desk, ids) == {"/hostile": "failing", "/healthy": "ok"}
    assert "1 seconds of processor time" in (desk.source(ids["/hostile"]).state_reason or "")


def test_12_entities_lead_nowhere(desk: Desk, server: FaultServer, inner: FaultServer) -> None:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    declared = {
        "/laughs": f'<!ENTITY l0 "ha">{laughs}<!ENTITY x "&l9;">',
        "/file": '<!ENTITY x SYSTEM "file:///etc/passwd">',
        "/web": f'<!ENTITY x SYSTEM "{inner.url("/dtd")}">',
    }
    for path, entities in declared.items():
        server[path] = text(f"<!DOCTYPE rss [{entities}]>" + rss(item(1)).replace("Note 1", "Note &x;").split("?>")[1])
    watch_all(desk, server)
    desk.poll()
    for found in desk.items():
        assert "root:" not in (found.title or "")
        assert "haha" not in (found.title or "")


def test_15_and_16_poison_in_one_item_hides_nothing(desk: Desk, server: FaultServer) -> None:
    notes = [{"id": str(n), "content_text": f"note {n}"} for n in range(64)]
    notes[20]["content_text"] = "before\x00after the nul \ud800 and the surrogate"
    import json

    server["/feed"] = text(json.dumps({"version": "https://jsonfeed.org/version/1", "items": notes}))
    desk.watch(server.url("/feed"))
    assert desk.poll() == 64
    assert extract(desk.sessions, desk.network, desk.settings, desk.now) == 64
    with reading(desk.sessions) as session:
        found = session.scalars(select(Document).where(Document.text.contains("after the nul"))).one()
        assert "and the surrogate" in found.text
        noted = select(func.count()).select_from(Document).where(Document.text.contains("\ufffd"))
        assert session.scalar(noted) == 1
    assert "replaced by U+FFFD" in found.notes[0]


def test_20_an_edit_is_a_new_version(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = sequence(text(rss(item(1, "They met."))), text(rss(item(1, "They met and fought."))))
    desk.watch(server.url("/feed"))
    assert (desk.poll(), desk.poll(HOUR)) == (1, 1)
    assert [(found.version, found.content) for found in desk.items()] == [(1, "They met."), (2, "They met and fought.")]
    assert verify(desk.sessions) == []


def test_22_identity_without_guid_with_one_guid_and_with_new_guids(desk: Desk, server: FaultServer) -> None:
    server["/none"] = text(rss(*(item(n, guid="", link="") for n in range(3))))
    server["/same"] = text(rss(*(item(n, guid="same") for n in range(3))))
    server["/fresh"] = sequence(
        *(text(rss(*(item(n, guid=f"poll-{poll}-{n}") for n in range(3)))) for poll in range(2))
    )
    watch_all(desk, server)
    assert desk.poll() == 12
    assert desk.poll(HOUR) == 0
    assert server.hits() == 8


def test_24_dates_that_lie_crash_nothing(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text(rss(*(item(n, pubDate=date) for n, date in enumerate(DATES))))
    desk.watch(server.url("/feed"))
    assert desk.poll() == len(DATES)
    assert all(found.event_at <= desk.now for found in desk.items())
    assert all(found.event_at > desk.now - dt.timedelta(days=7) for found in desk.items())


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("30", 30),
        ("120", 120),
        ("1000000000", 86_400),
        ("Sat, 14 Mar 2026 10:30:00 GMT", 3600),
        ("abc", None),
        ("-5", None),
    ],
)
def test_27_a_server_may_ask_for_a_pause(desk: Desk, server: FaultServer, header: str, pause: int | None) -> None:
    server["/feed"] = text("busy", status=429, retry_after=header)
    source_id = desk.watch(server.url("/feed"))
    desk.poll()
    source = desk.source(source_id)
    assert source.next_due_at is not None
    waits = (source.next_due_at - desk.now).total_seconds()
    assert waits == pause if pause else 600 < waits < 1200
    assert source.state == "throttled"
    assert "less often" in (source.state_reason or "")


def test_28_and_29_redirects_are_followed_only_outside(desk: Desk, server: FaultServer, inner: FaultServer) -> None:
    server["/chain"], server["/next"], server["/loop"] = (
        redirect("/next", 301),
        redirect("/healthy", 308),
        redirect("/loop"),
    )
    server["/file"], server["/metadata"] = redirect("file:///etc/passwd"), redirect("http://169.254.169.254/latest/")
    server["/inner"] = redirect(inner.url("/"), 307)
    server["/login"], server["/signin"] = redirect("/signin"), text("<html>Sign in</html>")
    ids = watch_all(desk, server)
    desk.poll()
    found = states(desk, ids)
    assert {path for path, state in found.items() if state == "refused"} == {"/loop", "/file", "/metadata", "/inner"}
    assert (found["/chain"], found["/login"]) == ("ok", "no_feed")
    assert "127.0.0.2" in (desk.source(ids["/inner"]).state_reason or "")


def test_30_a_name_that_leads_inside_is_refused_at_every_poll(
    desk: Desk, server: FaultServer, inner: FaultServer
) -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2", "93.184.216.34"]])
    desk.network.resolve = lambda host, port: next(answers)
    server["/feed"] = text(GOOD)
    source_id = desk.watch(f"http://rebind.example.org:{server.port}/feed")
    assert desk.poll() == 3
    for _ in range(2):
        assert desk.poll(24 * HOUR) == 0
        assert desk.source(source_id).state == "refused"


@pytest.mark.parametrize(
    "url", ["http://example.org\\@127.0.0.2/", "http://user@127.0.0.1/", "ftp://127.0.0.1/", "http://2130706434/"]
)
def test_31_addresses_that_can_be_read_in_two_ways(desk: Desk, inner: FaultServer, url: str) -> None:
    source_id = desk.watch(url)
    desk.poll()
    assert desk.source(source_id).state == "refused"


def test_69_an_article_behind_a_feed_cannot_lead_inside(desk: Desk, server: FaultServer, inner: FaultServer) -> None:
    server["/feed"] = text(rss(item(1, link=inner.url("/admin")), item(2, link=server.url("/to"))))
    server["/to"] = redirect(inner.url("/admin"))
    desk.watch(server.url("/feed"), fetch_articles=True)
    assert desk.poll() == 2
    assert extract(desk.sessions, desk.network, desk.settings, desk.now) == 2
    with reading(desk.sessions) as session:
        for document in session.scalars(select(Document)):
            assert "127.0.0.2" in document.notes[0]
