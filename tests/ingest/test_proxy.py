"""The proxy that an operator names: everything goes through it, nothing around it, and its password goes to nobody."""

import datetime as dt
import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import Refused, Unreachable
from ingest.http import Network
from ingest.proxy import proxy_of
from ingest.settings import IngestSettings
from tests.certificates import certificate
from tests.fault_server import FaultServer, drip, fault_server, redirect, text
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss
from tests.ingest.readers.test_jetstream import Stream, event, streaming
from tests.loopback_proxy import LoopbackProxy, loopback_proxy

SITE = "http://radio.example.org"


def unasked(host: str, port: int) -> list[str]:
    """Stand for a resolver that must not be asked: the proxy resolves."""
    raise AssertionError(f"{host} was looked up here")


@pytest.fixture
def proxy(server: FaultServer) -> Iterator[LoopbackProxy]:
    with loopback_proxy(server.port) as running:
        yield running


@pytest.fixture
def through(proxy: LoopbackProxy, settings: IngestSettings) -> Callable[..., Network]:
    """Make a network that goes through the proxy and lets no address through of itself."""

    def make(secret: str = "", resolve: Callable[[str, int], list[str]] = unasked, **changes: object) -> Network:
        values = {"allowed_networks": (), "proxy": f"http://{secret}127.0.0.1:{proxy.port}"} | changes
        return Network(replace(settings, **values), resolve)  # type: ignore[arg-type]

    return make


def test_a_page_is_asked_of_the_proxy_by_its_whole_address(
    through: Callable[..., Network], proxy: LoopbackProxy, server: FaultServer
) -> None:
    server["/feed?x=1"] = text("hello", etag='"one"')
    answer = through().get(f"{SITE}/feed?x=1", {"if-none-match": '"zero"'})
    assert (answer.status, answer.body, answer.url) == (200, b"hello", f"{SITE}/feed?x=1")
    assert [one.line for one in proxy.asked] == [f"GET {SITE}/feed?x=1"]
    assert server.ledger[0].headers["host"] == "radio.example.org"
    assert server.ledger[0].headers["if-none-match"] == '"zero"'


def test_what_is_encrypted_goes_through_a_tunnel_and_the_certificate_counts(
    tmp_path: Path, settings: IngestSettings
) -> None:
    paths = certificate(tmp_path, "radio.example.org", dt.timedelta(hours=1))
    with fault_server() as secure, loopback_proxy(secure.port) as proxy:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*paths)
        secure.http.socket = context.wrap_socket(secure.http.socket, server_side=True)
        secure["*"] = text("hello")
        proxy.password = "desk:s3cret"
        settings = replace(settings, proxy=f"http://desk:s3cret@127.0.0.1:{proxy.port}")
        network = Network(settings, unasked, ssl.create_default_context(cafile=paths[0]))
        assert network.get("https://radio.example.org/feed").body == b"hello"
        assert network.post("https://radio.example.org/hook", b"{}", {}).body == b"hello"
        with pytest.raises(Unreachable, match="certificate"):
            network.get("https://other.example.org/feed")
        assert [one.line for one in proxy.asked][::2] == [
            "CONNECT radio.example.org:443",
            "CONNECT other.example.org:443",
        ]
        assert [served.method for served in secure.ledger] == ["GET", "POST"]
        assert all("proxy-authorization" not in served.headers for served in secure.ledger)


def test_the_password_goes_to_the_proxy_only_and_is_never_said(
    through: Callable[..., Network],
    proxy: LoopbackProxy,
    server: FaultServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    proxy.password = "desk:p@ss w0rd"
    network = through("desk:p%40ss%20w0rd@")
    server["*"] = text("hello")
    assert network.get(f"{SITE}/feed").body == b"hello"
    assert "proxy-authorization" not in server.ledger[0].headers
    said = [repr(network.settings), repr(network.proxy), str(network.proxy), caplog.text]
    for url in (f"{SITE}/feed", "https://radio.example.org/feed"):
        with pytest.raises(Unreachable, match="wants a name and a password") as caught:
            through("desk:wr0ng@").get(url)
        said.append(f"{caught.value!r} {caught.value.__cause__!r}")
    assert not any(secret in text for text in said for secret in ("w0rd", "wr0ng", "ZGVzazp"))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2/",
        "http://169.254.169.254/latest/",
        "https://10.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://user@radio.example.org/",
        "http://localhost/",
        "http://x.localhost./",
        "http://router/",
        "http://db.internal/",
        "http://printer.local/",
    ],
)
def test_what_lies_inside_by_its_address_or_name_is_not_asked_of_the_proxy(
    through: Callable[..., Network], proxy: LoopbackProxy, url: str
) -> None:
    network = through()
    for way in (network.get, lambda url: network.post(url, b"", {}), lambda url: network.open_socket(url, 2)):
        with pytest.raises(Refused):
            way(url)
    assert proxy.asked == []


def test_redirects_are_checked_as_ever(
    through: Callable[..., Network], proxy: LoopbackProxy, server: FaultServer
) -> None:
    server["/in"], server["/named"] = redirect("http://169.254.169.254/"), redirect("http://localhost:8080/")
    server["/on"], server["/end"] = redirect("http://other.example.org/end"), text("there")
    for path in ("/in", "/named"):
        with pytest.raises(Refused):
            through().get(SITE + path)
    assert through().get(f"{SITE}/on").body == b"there"
    assert [one.line.rpartition("/")[2] for one in proxy.asked] == ["in", "named", "on", "end"]


def test_without_the_proxy_nobody_goes_out(settings: IngestSettings, server: FaultServer) -> None:
    with loopback_proxy(server.port) as closed:
        pass
    network = Network(replace(settings, proxy=f"http://127.0.0.1:{closed.port}"), lambda *_: ["127.0.0.1"])
    for url in (f"{SITE}:{server.port}/", f"https://radio.example.org:{server.port}/"):
        with pytest.raises(Unreachable, match=rf"the proxy 127\.0\.0\.1:{closed.port} cannot be reached"):
            network.get(url)
    assert server.ledger == []


def test_own_addresses_and_named_exceptions_are_reached_directly(
    through: Callable[..., Network], proxy: LoopbackProxy, server: FaultServer
) -> None:
    server["*"] = text("hello")
    allowed = {"allowed_networks": ("127.0.0.1/32",)}
    assert through(**allowed).get(server.url("/own")).body == b"hello"
    near = through(resolve=lambda *_: ["127.0.0.1"], proxy_exceptions=("Example.org",), **allowed)
    assert near.get(f"{SITE}:{server.port}/named").body == b"hello"
    assert proxy.asked == []
    inside = through(resolve=lambda *_: ["127.0.0.2"], proxy_exceptions=("example.org",), **allowed)
    with pytest.raises(Refused, match=r"127\.0\.0\.2"):
        inside.get(f"{SITE}/")
    assert near.get("http://notexample.org/").body == b"hello"
    assert len(proxy.asked) == 1


def test_a_proxy_is_found_by_its_name(
    through: Callable[..., Network], proxy: LoopbackProxy, server: FaultServer
) -> None:
    server["*"] = text("hello")
    named = {"proxy": f"http://proxy.example.org:{proxy.port}"}
    looked_up: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    assert through(resolve=resolve, **named).get(f"{SITE}/").body == b"hello"
    assert looked_up == ["proxy.example.org"]

    def nobody(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(Unreachable, match=r"the proxy proxy\.example\.org:\d+ cannot be found"):
        through(resolve=nobody, **named).get(f"{SITE}/")


def test_limits_hold_behind_a_proxy(through: Callable[..., Network], proxy: LoopbackProxy, server: FaultServer) -> None:
    server["*"] = drip(10)
    with pytest.raises(Unreachable, match="no complete answer within"):
        through(fetch_deadline_seconds=0.5).get(f"{SITE}/")
    proxy.refuse = 503
    with pytest.raises(Unreachable, match=r"did not connect us to radio\.example\.org:443 \(HTTP 503\)"):
        through().get("https://radio.example.org/")


def test_a_source_is_read_through_the_proxy_and_says_when_there_is_none(
    desk: Desk, proxy: LoopbackProxy, server: FaultServer
) -> None:
    desk.settings = replace(desk.settings, proxy=f"http://127.0.0.1:{proxy.port}")
    desk.network = Network(desk.settings, unasked)
    server["/feed"] = text(rss(item(1), item(2)))
    source_id = desk.watch(f"{SITE}/feed")
    assert desk.poll() == 2
    proxy.password = "desk:other"
    desk.poll(dt.timedelta(hours=1))
    source = desk.source(source_id)
    assert source.state == "failing"
    assert "wants a name and a password" in (source.state_reason or "")


def test_a_stream_goes_through_a_tunnel(desk: Desk) -> None:
    with streaming() as stream:
        _listen_through_a_proxy(desk, stream)


def _listen_through_a_proxy(desk: Desk, stream: Stream) -> None:
    assert stream.server is not None
    with loopback_proxy(stream.server.socket.getsockname()[1]) as proxy:
        proxy.password = "desk:s3cret"
        address = f"http://desk:s3cret@127.0.0.1:{proxy.port}"
        desk.settings = replace(desk.settings, proxy=address, stream_seconds=2.0)
        desk.network = Network(desk.settings, unasked)
        stream.say(event(1, "Watu wa Keshu wanasema habari."))
        desk.watch("http://stream.example.org/subscribe", kind="jetstream")
        assert desk.poll() == 1
        assert [one.line for one in proxy.asked] == ["CONNECT stream.example.org:80"]
        assert "proxy-authorization" not in stream.headers[0]


@pytest.mark.parametrize(
    "written",
    [
        "127.0.0.1:3128",
        "socks5://127.0.0.1:9050",
        "https://proxy.example.org:3128",
        "http://proxy.example.org",
        "http://s3cret@:3128",
        "http://desk:s3cret@proxy.example.org:99999",
        "http://desk:s3cret@proxy.example.org:3128/path",
        "http://desk:s3cret@2130706433x!:3128",
    ],
)
def test_a_proxy_that_cannot_be_is_refused_at_start_without_its_password(written: str) -> None:
    with pytest.raises(ValueError, match=r"^proxy: .* write http://HOST:PORT") as caught:
        IngestSettings(proxy=written)
    assert "s3cret" not in str(caught.value)


def test_exceptions_are_names() -> None:
    with pytest.raises(ValueError, match="proxy_exceptions"):
        IngestSettings(proxy_exceptions=("*.example.org",))
    assert proxy_of("") is None
