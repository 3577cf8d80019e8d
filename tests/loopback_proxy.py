"""An HTTP proxy on loopback that takes every name to one address, and remembers what it was asked for.

It forwards whole addresses and opens tunnels, as Squid and its like do; `password` makes it ask who is there.
"""

import base64
import contextlib
import selectors
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Asked:
    """One request to the proxy: `CONNECT host:port` or `GET http://...`, and its headers."""

    line: str
    headers: dict[str, str]


@dataclass
class LoopbackProxy:
    """Takes all to `target`, whatever it is called; `refuse` is a status with which tunnels are refused."""

    target: tuple[str, int] = ("127.0.0.1", 0)
    password: str | None = None
    refuse: int | None = None
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    def serve(self, client: socket.socket) -> None:
        """Answer one connection."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                return
            head += piece
        lines = head.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        self.asked.append(Asked(lines[0].rpartition(" ")[0], headers))
        wanted = "Basic " + base64.b64encode((self.password or "").encode()).decode()
        if self.password is not None and headers.get("proxy-authorization") != wanted:
            client.sendall(b"HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n")
            return
        method, address = lines[0].split(" ")[:2]
        if method == "CONNECT" and self.refuse:
            client.sendall(b"HTTP/1.1 %d No\r\n\r\n" % self.refuse)
            return
        with socket.create_connection(self.target) as beyond:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = "/" + address.split("/", 3)[3]
                kept = [line for line in lines[1:] if not line.lower().startswith("proxy-")]
                rest = head.partition(b"\r\n\r\n")[2]
                beyond.sendall("\r\n".join([f"{method} {path} HTTP/1.1", *kept, "", ""]).encode() + rest)
            _pass_on(client, beyond)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                piece = key.fileobj.recv(65536)  # type: ignore[union-attr]
                if not piece:
                    return
                key.data.sendall(piece)


@contextlib.contextmanager
def loopback_proxy(target_port: int) -> Iterator[LoopbackProxy]:
    """Run a proxy for the length of the block."""
    proxy = LoopbackProxy(("127.0.0.1", target_port))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                proxy.serve(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield proxy
        server.shutdown()
