"""The one guarded way out to the network, for feeds, articles and webhooks alike.

The address that is connected to is the address that was checked, at every redirect; a fetch has one deadline for all it
does, and limits on what it reads. Proxies and passwords of the environment are ignored. Through the proxy that an
operator names, what an address says by itself is checked, and no way leads around it. It knows no feed.
"""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpcore
import httpx

from ingest.connections import CONNECT_SECONDS, CheckedBackend, Limits, ProxiedBackend
from ingest.decoding import unpacker
from ingest.errors import IngestError, Refused, TooLarge, Truncated, Unreachable
from ingest.guard import Resolve, addresses_of, checked_url, is_address, system_resolve
from ingest.proxy import ASKS_WHO, Proxy, proxy_of
from ingest.settings import IngestSettings

REDIRECTS = frozenset({301, 302, 303, 307, 308})
FOR_GOOD = frozenset({301, 308})
# What tells who we are stays with the host it was meant for.
SECRET_HEADERS = frozenset({"authorization", "cookie", "x-goog-api-key"})


@dataclass(frozen=True)
class Answer:
    """What came back: `headers` have lower-case names, `body` is unpacked, `hops` are the redirects followed."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    elapsed_ms: int
    wire_bytes: int = 0
    hops: tuple[str, ...] = ()
    cut: bool = False  # only of a post: the rest of a long answer was not read
    moved: bool = False  # every redirect on the way said "for good"
    certificate: bytes | None = None  # the server's, in DER; None without encryption


class Network:
    """Opens every connection of the application. `resolve(host, port)` gives addresses; tests inject their own."""

    def __init__(
        self,
        settings: IngestSettings,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings
        self.resolve = resolve
        self.tls = tls or httpx.create_ssl_context(trust_env=False)
        self.proxy = proxy_of(settings.proxy or "", settings.proxy_exceptions)

    def get(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        deadline: float | None = None,
        most_bytes: int | None = None,
    ) -> Answer:
        """Fetch `url` and return any answer, errors of the server included; redirects are followed and checked.

        `most_bytes` takes the place of both limits of length, on the wire and unpacked.
        Raises `Refused`, `Unreachable`, `DeadlinePassed`, `TooLarge` or `Truncated`.
        """
        limits = Limits(
            time.monotonic() + (deadline or self.settings.fetch_deadline_seconds),
            most_bytes or self.settings.max_wire_bytes,
            most_bytes or self.settings.max_body_bytes,
            self.settings.max_compression_ratio,
        )
        own = {"user-agent": self.settings.user_agent, "accept-encoding": "gzip, deflate"}
        sent = own | {name.lower(): value for name, value in (headers or {}).items()}
        return self._follow(url, sent, limits)

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout: float = 15.0,
        max_response: int = 64 * 1024,
    ) -> Answer:
        """Send `body` once and return any answer; a redirect is an answer, never followed.

        At most `max_response` bytes of the answer are read, as they came. Raises like `get`.
        """
        limits = Limits(time.monotonic() + timeout, max_response, max_response, 1, stop_at_limit=True)
        own = {"user-agent": self.settings.user_agent, "accept-encoding": "identity"}
        sent = own | {name.lower(): value for name, value in headers.items()}
        return self._once("POST", checked_url(url), sent, body, limits)

    def open_socket(self, url: str, seconds: float) -> socket.socket:
        """Connect to the host of `url`, to an address that was checked, for a protocol of its own; not encrypted yet.

        Through a proxy it is a tunnel to the host. Raises `Refused` or `Unreachable`.
        """
        parsed = checked_url(url)
        host, port = _place(parsed)
        limits = Limits(time.monotonic() + seconds, 0, 0, 0)
        backend = self._backend(host, port, limits, tunnel=True)
        with _plain_errors(url, limits):
            opened: socket.socket = backend.connect_tcp(host, port).get_extra_info("socket")
        return opened

    def _backend(self, host: str, port: int, limits: Limits, *, tunnel: bool) -> CheckedBackend:
        """Return what connects to the host: at addresses that were checked, or at those of the proxy that carries it.

        `tunnel` says that the proxy shall connect us through; else it is told the whole address with the request.
        """
        proxy = self.carrier(host)
        if proxy is None:
            return CheckedBackend(self._addresses(host, port, limits.left()), limits)
        proxy.check(host)

        def look_up() -> Sequence[str]:
            return [proxy.host] if is_address(proxy.host) else self.resolve(proxy.host, proxy.port)

        try:
            addresses = self._resolved(proxy.host, limits.left(), look_up)
        except Unreachable as error:
            raise Unreachable(f"{proxy} cannot be found ({error})") from error
        return ProxiedBackend(addresses, limits, proxy, (host, port) if tunnel else None)

    def carrier(self, host: str) -> Proxy | None:
        """Return the proxy through which a host is reached, or None."""
        carries = self.proxy is not None and self.proxy.carries(host, self.settings.allowed_networks)
        return self.proxy if carries else None

    def _addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """Return the addresses of a host that were checked, in time."""
        return self._resolved(
            host, seconds, lambda: addresses_of(host, port, self.resolve, self.settings.allowed_networks)
        )

    def _resolved(self, host: str, seconds: float, look_up: Callable[[], Sequence[str]]) -> list[str]:
        """Return what `look_up` finds, in time: the system's resolver cannot be interrupted.

        One that hangs keeps a thread of its own, and nobody waits for it.
        """
        found: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                found.put(list(look_up()))
            except Exception as error:  # noqa: BLE001  raised again where it is waited for
                found.put(error)

        if is_address(host):
            ask()
        else:
            threading.Thread(target=ask, name="resolve", daemon=True).start()
        try:
            answer = found.get(timeout=min(CONNECT_SECONDS, seconds))
        except queue.Empty:
            raise Unreachable(f"the name {host[:200]!r} was not resolved in time") from None
        if isinstance(answer, (OSError, UnicodeError)):
            raise Unreachable(f"the name {host[:200]!r} has no address ({answer})") from answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _follow(self, text: str, headers: dict[str, str], limits: Limits) -> Answer:
        hops: list[str] = []
        for_good = True
        url = checked_url(text)
        while True:
            answer = self._once("GET", url, headers, None, limits, tuple(hops))
            target = answer.headers.get("location")
            if answer.status not in REDIRECTS or not target:
                return replace(answer, moved=bool(hops) and for_good)
            hops.append(str(url))
            for_good = for_good and answer.status in FOR_GOOD
            if len(hops) > self.settings.max_redirects:
                raise Refused(f"more than {self.settings.max_redirects} redirects, the last one to {target[:200]!r}")
            before = (url.scheme, url.raw_host, url.port)
            try:
                url = checked_url(str(url.join(target.strip())))
            except httpx.InvalidURL:
                raise Refused(f"a redirect leads to {target[:200]!r}, which cannot be read") from None
            if (url.scheme, url.raw_host, url.port) != before:
                headers = {name: value for name, value in headers.items() if name not in SECRET_HEADERS}

    def _once(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        body: bytes | None,
        limits: Limits,
        hops: tuple[str, ...] = (),
    ) -> Answer:
        started = time.monotonic()
        host, port = _place(url)
        secure = url.scheme == "https"
        backend = self._backend(host, port, limits, tunnel=secure)
        # Only what is not encrypted is given to the proxy to fetch; its password goes nowhere else.
        proxy = None if secure else self.carrier(host)
        raw = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        if proxy is not None:
            whole = url.raw_scheme + b"://" + url.netloc + url.raw_path
            raw = httpcore.URL(scheme="http", host=proxy.host, port=proxy.port, target=whole)
            headers = {**headers, **proxy.headers}
        request = httpcore.Request(method, raw, headers=_wire_headers(url, headers, body), content=body)
        connection = httpcore.HTTPConnection(raw.origin, ssl_context=self.tls, network_backend=backend)
        with _plain_errors(str(url), limits), connection:
            response = connection.handle_request(request)
            try:
                certificate = _certificate(response)
                names = _read_headers(response.headers)
                content, wire, cut = _read_body(response.iter_stream(), names.get("content-encoding", ""), limits)
            finally:
                # The connection is not used again; close it now instead of reading a body without an end.
                connection.close()
        if proxy is not None and response.status == ASKS_WHO:
            raise proxy.unknown()
        elapsed = int((time.monotonic() - started) * 1000)
        return Answer(response.status, str(url), names, content, elapsed, wire, hops, cut, False, certificate)


def _certificate(response: httpcore.Response) -> bytes | None:
    """Return the certificate of the server that answers, in DER."""
    tls = response.extensions["network_stream"].get_extra_info("ssl_object")
    return tls.getpeercert(True) if tls is not None else None  # it takes no keyword


def _place(url: httpx.URL) -> tuple[str, int]:
    """Return host and port of an address that was checked."""
    return url.raw_host.decode("ascii").strip("[]"), url.port or (443 if url.scheme == "https" else 80)


def _read_body(pieces: Iterator[bytes], coding: str, limits: Limits) -> tuple[bytes, int, bool]:
    """Read and unpack a body; return it, the bytes on the wire, and whether it was cut at the limit."""
    unpack = unpacker("" if limits.stop_at_limit else coding, limits.body_bytes, limits.ratio)
    body, wire = bytearray(), 0
    for piece in pieces:
        limits.left()
        wire += len(piece)
        if limits.stop_at_limit and wire >= limits.wire_bytes:
            body += piece
            return bytes(body[: limits.wire_bytes]), wire, True
        if wire > limits.wire_bytes:
            raise TooLarge(f"the answer is longer than {limits.wire_bytes:,} bytes")
        body += unpack.feed(piece)
        if len(body) > limits.body_bytes:
            raise TooLarge(f"the answer is longer than {limits.body_bytes:,} bytes")
    unpack.finish()
    return bytes(body), wire, False


def _wire_headers(url: httpx.URL, headers: Mapping[str, str], body: bytes | None) -> list[tuple[bytes, bytes]]:
    sent = [(b"host", url.netloc), (b"connection", b"close")]
    try:
        sent += [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    except UnicodeEncodeError:
        raise Refused("a header to be sent holds characters that HTTP does not allow") from None
    if body is not None:
        sent.append((b"content-length", str(len(body)).encode()))
    return sent


def _read_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        names[key] = f"{names[key]}, {text}" if key in names else text
    return names


@contextmanager
def _plain_errors(url: str, limits: Limits) -> Iterator[None]:
    """Say in our words what the connection reports in its own."""
    try:
        yield
    except IngestError:
        raise
    except httpcore.TimeoutException as error:
        limits.left()
        raise Unreachable(f"no connection to {url[:200]} in time") from error
    except httpcore.RemoteProtocolError as error:
        if "incomplete" in str(error) or "peer closed connection" in str(error):
            raise Truncated(f"the connection to {url[:200]} ended before the answer did") from error
        raise Unreachable(f"{url[:200]} does not speak HTTP ({error})") from error
    except (httpcore.ReadError, httpcore.WriteError) as error:
        raise Unreachable(f"the connection to {url[:200]} broke ({error})") from error
    except httpcore.LocalProtocolError as error:
        raise Refused(f"the request to {url[:200]} cannot be sent ({error})") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
        raise Unreachable(f"no connection to {url[:200]} ({error})") from error
