"""A web server on loopback that behaves as badly as a test tells it to, and remembers what it served.

A script is a function that gets the request and answers through it; `text`, `drip` and the others make scripts. The
ledger is the ground truth: what was really asked and answered.
"""

import contextlib
import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """One request and what went out for it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    sent: int = 0


Script = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request, given to the script of its path."""

    server: "FaultServer"
    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        names = {name.lower(): value for name, value in self.headers.items()}
        self.served = Served(self.command, self.path, names, self.rfile.read(length))
        with self.server.lock:
            self.server.ledger.append(self.served)
        self.close_connection = True
        script = self.server.script_of(self.path)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            script(self)

    do_GET = do_POST = do_HEAD = handle_one  # noqa: N815  the names http.server calls

    def start(self, status: int, headers: dict[str, str]) -> None:
        """Send the status line and the headers."""
        self.served.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, piece: bytes) -> None:
        """Send a piece of the body."""
        self.wfile.write(piece)
        self.wfile.flush()
        self.served.sent += len(piece)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@dataclass
class FaultServer:
    """Serves `scripts` by path on a port of its own; `server[path] = script` sets one, `server.url(path)` names it."""

    host: str = "127.0.0.1"
    scripts: dict[str, Script] = field(default_factory=dict)
    ledger: list[Served] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer((self.host, 0), Request)
        self.http.daemon_threads = True
        self.http.lock = self.lock  # type: ignore[attr-defined]
        self.http.ledger = self.ledger  # type: ignore[attr-defined]
        self.http.script_of = self.script_of  # type: ignore[attr-defined]
        self.http.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def __setitem__(self, path: str, script: Script) -> None:
        self.scripts[path] = script

    def script_of(self, path: str) -> Script:
        return self.scripts.get(path) or self.scripts.get("*") or text("not here", status=404)

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}:{self.port}{path}"

    def hits(self, path: str | None = None) -> int:
        return len([served for served in self.ledger if path in (None, served.path)])

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@contextlib.contextmanager
def fault_server(host: str = "127.0.0.1") -> Iterator[FaultServer]:
    """Serve while the block lasts."""
    server = FaultServer(host)
    try:
        yield server
    finally:
        server.close()


def text(body: str | bytes, status: int = 200, **headers: str) -> Script:
    """Answer properly; header names are written with underscores."""
    content = body.encode() if isinstance(body, str) else body
    names = {"content-type": "application/rss+xml"} | {name.replace("_", "-"): value for name, value in headers.items()}

    def script(request: Request) -> None:
        bodiless = request.command == "HEAD" or status == 304
        request.start(status, names if status == 304 else names | {"content-length": str(len(content))})
        if not bodiless:
            request.send(content)

    return script


def redirect(target: str, status: int = 302) -> Script:
    """Send the client elsewhere."""
    return text("", status=status, location=target)


def with_etag(body: str, etag: str = '"one"') -> Script:
    """Answer 304 to whoever knows the ETag."""

    def script(request: Request) -> None:
        known = request.headers.get("if-none-match") == etag
        (text("", status=304, etag=etag) if known else text(body, etag=etag))(request)

    return script


def gzipped(body: bytes, **headers: str) -> Script:
    """Answer with a compressed body."""
    return text(gzip.compress(body), content_encoding="gzip", **headers)


def drip(seconds: float, piece: bytes = b" ", every: float = 0.05) -> Script:
    """Send a byte now and then, for `seconds`."""

    def script(request: Request) -> None:
        request.start(200, {"content-type": "application/rss+xml", "content-length": "100000000"})
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            request.send(piece)
            time.sleep(every)

    return script


def drip_headers(seconds: float) -> Script:
    """Send one header after the other and never come to the body."""

    def script(request: Request) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            request.send(b"x-more: yes\r\n")
            time.sleep(0.05)

    return script


def silence(seconds: float) -> Script:
    """Send the headers and then nothing."""

    def script(request: Request) -> None:
        request.start(200, {"content-type": "application/rss+xml", "content-length": "1000"})
        time.sleep(seconds)

    return script


def endless(piece: bytes = b"x" * 65536) -> Script:
    """Send a chunked body that never ends."""

    def script(request: Request) -> None:
        request.start(200, {"content-type": "application/rss+xml", "transfer-encoding": "chunked"})
        while True:
            request.send(b"%x\r\n%s\r\n" % (len(piece), piece))

    return script


def half(body: bytes, **headers: str) -> Script:
    """Promise the whole body and send half of it."""

    def script(request: Request) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request.start(200, {"content-type": "application/rss+xml", "content-length": str(len(body))} | names)
        request.send(body[: len(body) // 2])

    return script


def reset(after: bytes = b"") -> Script:
    """Break the connection with a reset, after the headers and some bytes."""

    def script(request: Request) -> None:
        request.start(200, {"content-type": "application/rss+xml", "content-length": "1000000"})
        request.send(after)
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.close()

    return script


def sequence(*scripts: Script) -> Script:
    """Use one script after the other, and the last one from then on."""
    left = list(scripts)

    def script(request: Request) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(request)

    return script
