"""A partner's endpoint on loopback that keeps what it is sent and answers as the test says."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What the endpoint got, and how it answers: a status, headers, a body, seconds of silence before each."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thanks"
    silence: float = 0.0
    received: list[Received] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """The message ids, in the order of arrival."""
        return [one.headers["webhook-id"] for one in self.received]


@contextmanager
def receiving(address: str = "127.0.0.1") -> Iterator[Receiver]:
    """Run a receiver for the length of the block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            receiver.received.append(Received({k.lower(): v for k, v in self.headers.items()}, body))
            time.sleep(receiver.silence)
            try:
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(receiver.body)))
                self.end_headers()
                self.wfile.write(receiver.body)
            except OSError:
                pass  # the sender had heard enough

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((address, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    receiver.url = f"http://{address}:{server.server_address[1]}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
