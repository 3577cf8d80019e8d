"""The way out: limits, deadlines, redirects, and the address that was checked."""

import ssl
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ingest.errors import DeadlinePassed, Refused, TooLarge, Truncated, Unreachable
from ingest.http import Network
from ingest.settings import IngestSettings
from tests.fault_server import (
    FaultServer,
    Script,
    drip,
    drip_headers,
    endless,
    fault_server,
    gzipped,
    half,
    redirect,
    reset,
    silence,
    text,
)


@pytest.fixture
def inner() -> Iterator[FaultServer]:
    """Serve on an address that nobody allowed; its ledger must stay empty."""
    with fault_server("127.0.0.2") as canary:
        canary["*"] = text("secret")
        yield canary
    assert canary.ledger == []


def test_an_answer_comes_with_status_headers_and_body(network: Network, server: FaultServer) -> None:
    server["/feed"] = text("hello", etag='"one"')
    answer = network.get(server.url("/feed"), {"If-None-Match": '"zero"'})
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, b"hello", '"one"')
    asked = server.ledger[0].headers
    assert asked["if-none-match"] == '"zero"'
    assert asked["user-agent"].startswith("Tocsin/")
    assert asked["host"] == f"127.0.0.1:{server.port}"
    assert asked["accept-encoding"] == "gzip, deflate"


def test_errors_of_a_server_are_answers(network: Network, server: FaultServer) -> None:
    server["/feed"] = text("broken", status=500)
    assert network.get(server.url("/feed")).status == 500


def test_packed_bodies_are_unpacked(network: Network, server: FaultServer) -> None:
    server["/feed"] = gzipped(b"hello " * 1000)
    assert network.get(server.url("/feed")).body == b"hello " * 1000


def test_redirects_are_followed_and_named(network: Network, server: FaultServer) -> None:
    server["/old"] = redirect("/new?x=1", 301)
    server["/new?x=1"] = text("here")
    answer = network.get(server.url("/old"))
    assert (answer.body, answer.url, answer.hops) == (b"here", server.url("/new?x=1"), (server.url("/old"),))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_an_inner_address_is_refused(
    network: Network, server: FaultServer, inner: FaultServer, status: int
) -> None:
    server["/feed"] = redirect(inner.url("/latest/meta-data"), status)
    with pytest.raises(Refused, match=r"127\.0\.0\.2"):
        network.get(server.url("/feed"))
    assert server.hits() == 1


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://u:p@127.0.0.1/", "http://[bad", "//127.0.0.2/"]
)
def test_a_redirect_is_checked_like_the_first_address(network: Network, server: FaultServer, target: str) -> None:
    server["/feed"] = redirect(target)
    with pytest.raises(Refused):
        network.get(server.url("/feed"))


def test_a_loop_of_redirects_ends(network: Network, server: FaultServer) -> None:
    server["/a"], server["/b"] = redirect("/b"), redirect("/a")
    with pytest.raises(Refused, match="more than 5 redirects"):
        network.get(server.url("/a"))
    assert server.hits() == 6


def test_a_name_that_changes_its_address_after_the_check_wins_nothing(
    settings: IngestSettings, server: FaultServer, inner: FaultServer
) -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    network = Network(settings, resolve=lambda host, port: next(answers))
    server["*"] = text("public")
    url = f"http://rebind.example.org:{server.port}/"
    assert network.get(url).body == b"public"
    assert server.ledger[0].headers["host"] == f"rebind.example.org:{server.port}"
    with pytest.raises(Refused, match=r"127\.0\.0\.2"):
        network.get(url)


def test_proxies_of_the_environment_are_ignored(
    network: Network, server: FaultServer, inner: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, inner.url())
    server["*"] = text("direct")
    assert network.get(server.url()).body == b"direct"


def test_a_drip_ends_at_the_deadline_of_the_whole_fetch(settings: IngestSettings, server: FaultServer) -> None:
    server["/feed"] = drip(20)
    network = Network(replace(settings, fetch_deadline_seconds=0.5))
    started = time.monotonic()
    with pytest.raises(DeadlinePassed):
        network.get(server.url("/feed"))
    assert time.monotonic() - started < 2
    assert server.ledger[0].sent > 2  # it was dripping, not silent


@pytest.mark.parametrize("script", [silence(10), drip_headers(10)], ids=["silence", "headers"])
def test_silence_and_headers_without_an_end_stop_at_the_deadline(
    settings: IngestSettings, server: FaultServer, script: Script
) -> None:
    server["/feed"] = script
    network = Network(replace(settings, fetch_deadline_seconds=0.5))
    started = time.monotonic()
    with pytest.raises((DeadlinePassed, Unreachable)):
        network.get(server.url("/feed"))
    assert time.monotonic() - started < 2


def test_a_body_without_an_end_stops_at_the_limit(settings: IngestSettings, server: FaultServer) -> None:
    server["/feed"] = endless()
    network = Network(replace(settings, max_wire_bytes=1_000_000))
    with pytest.raises(TooLarge, match="1,000,000"):
        network.get(server.url("/feed"))


def test_a_bomb_is_refused_while_it_unpacks(network: Network, server: FaultServer) -> None:
    server["/feed"] = gzipped(b"\0" * 40_000_000)
    with pytest.raises(TooLarge, match="bomb"):
        network.get(server.url("/feed"))


def test_half_a_body_is_truncated(network: Network, server: FaultServer) -> None:
    server["/feed"] = half(b"x" * 10_000)
    with pytest.raises(Truncated):
        network.get(server.url("/feed"))


def test_a_reset_is_said_in_a_sentence(network: Network, server: FaultServer) -> None:
    server["/feed"] = reset(b"abc")
    with pytest.raises(Unreachable, match="broke"):
        network.get(server.url("/feed"))


def test_nobody_listening_is_unreachable(network: Network, server: FaultServer) -> None:
    url = server.url("/feed")
    server.close()
    with pytest.raises(Unreachable, match="no connection"):
        network.get(url)


def test_an_encrypted_address_that_is_not_is_unreachable(network: Network, server: FaultServer) -> None:
    with pytest.raises(Unreachable):
        network.get(server.url("/feed").replace("http:", "https:"))


def test_certificates_are_checked(network: Network) -> None:
    assert network.tls.verify_mode == ssl.CERT_REQUIRED
    assert network.tls.check_hostname


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_post_never_follows_a_redirect(
    network: Network, server: FaultServer, inner: FaultServer, status: int
) -> None:
    server["/hook"] = redirect(inner.url("/steal"), status)
    answer = network.post(server.url("/hook"), b'{"alert": 1}', {"webhook-signature": "v1,abc"})
    assert answer.status == status
    assert server.ledger[0].body == b'{"alert": 1}'
    assert server.ledger[0].headers["webhook-signature"] == "v1,abc"


def test_a_post_reads_only_so_much_of_an_answer(network: Network, server: FaultServer) -> None:
    server["/hook"] = endless(b"thank you")
    answer = network.post(server.url("/hook"), b"{}", {}, max_response=1000)
    assert (answer.status, len(answer.body), answer.cut) == (200, 1000, True)


def test_a_post_has_one_deadline(network: Network, server: FaultServer) -> None:
    server["/hook"] = drip(20)
    with pytest.raises(DeadlinePassed):
        network.post(server.url("/hook"), b"{}", {}, timeout=0.4)


def test_a_header_cannot_smuggle_another(network: Network, server: FaultServer) -> None:
    server["/hook"] = text("ok")
    with pytest.raises(Refused):
        network.post(server.url("/hook"), b"{}", {"x-note": "a\r\nx-admin: yes"})
    assert server.hits() == 0


def test_a_secret_does_not_follow_a_redirect_to_another_host(network: Network, server: FaultServer) -> None:
    with fault_server() as other:
        server["/here"] = redirect("/there")
        server["/there"] = redirect(other.url("/elsewhere"))
        other["*"] = text("ok")
        network.get(
            server.url("/here"), {"Authorization": "Bearer s3cret", "X-Goog-Api-Key": "k", "accept": "text/plain"}
        )
        assert [one.headers.get("authorization") for one in server.ledger] == ["Bearer s3cret"] * 2
        (asked,) = other.ledger
    assert {"authorization", "x-goog-api-key"} & set(asked.headers) == set()
    assert asked.headers["accept"] == "text/plain"
