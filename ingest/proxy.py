"""The HTTP proxy that an operator names: what leaves through it, and how a connection is asked of it.

The proxy resolves names, so here only what an address says by itself can be judged: numbers are checked as ever, and
names that mean this machine or its own network are refused. It reads no environment, and its password is never said.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import httpcore

from ingest.errors import Refused, Unreachable
from ingest.guard import HOST, denial, is_address, is_allowed

WRITTEN = "write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"
LONGEST_HEAD = 16 * 1024
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
ASKS_WHO = 407
# Names that lead inside wherever they are resolved (RFC 6761, 6762, 8375 and what resolvers of companies serve).
LOCAL = ("localhost", "local", "internal", "intranet", "lan", "home.arpa")


@dataclass(frozen=True)
class Proxy:
    """Where the proxy is, what it wants to know of us, and which hosts are reached without it."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)
    exceptions: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say which proxy it is, and nothing that it is told in confidence."""
        return f"the proxy {self.host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What goes to the proxy only."""
        return {"proxy-authorization": self.authorization} if self.authorization else {}

    def carries(self, host: str, allowed: Sequence[str]) -> bool:
        """Whether a host is reached through it: all are but the exceptions, and addresses of allowed networks."""
        if is_address(host):
            return not is_allowed(host, tuple(allowed))
        return not _within(host, self.exceptions)

    def check(self, host: str) -> None:
        """Raise `Refused` for a host that by what it is called lies inside; others are the proxy's to resolve."""
        reason = denial(host) if is_address(host) else None
        if reason is not None:
            raise Refused(f"{host!r} is an address {reason}; if it is meant, add it to TOCSIN_ALLOWED_NETWORKS")
        name = host.rstrip(".")
        if not is_address(host) and ("." not in name or _within(name, LOCAL)):
            raise Refused(
                f"{host!r} is a name of a local network, which the proxy would look up in its own; "
                "if it is meant, add it to TOCSIN_PROXY_EXCEPTIONS"
            )

    def tunnel(self, stream: httpcore.NetworkStream, host: str, port: int) -> None:
        """Have the proxy connect `stream` to the host; raises `Unreachable` when it does not."""
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"host: {target}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        stream.write("\r\n".join([*lines, "", ""]).encode("ascii"))
        head = b""
        while b"\r\n\r\n" not in head:
            piece = stream.read(4096)
            head += piece
            if not piece or len(head) > LONGEST_HEAD:
                raise Unreachable(f"{self} ended the connection without an answer")
        found = STATUS.match(head)
        status = int(found[1]) if found else 0
        if status == ASKS_WHO:
            raise self.unknown()
        # Nobody speaks before he is spoken to: what follows the answer is no part of the connection asked for.
        if not 200 <= status < 300 or not head.endswith(b"\r\n\r\n"):
            said = f"HTTP {status}" if status else "no HTTP"
            raise Unreachable(f"{self} did not connect us to {target[:200]} ({said})")

    def unknown(self) -> Unreachable:
        """Return what to raise when the proxy asks who we are."""
        return Unreachable(f"{self} wants a name and a password, or other ones (HTTP 407); see TOCSIN_PROXY")


def proxy_of(url: str, exceptions: Sequence[str] = ()) -> Proxy | None:
    """Return the proxy that the settings name, None without one; raises ValueError without repeating the value."""
    names = tuple(name.strip().lower().strip(".") for name in exceptions)
    for name in names:
        if not HOST.fullmatch(name):
            raise ValueError(f"proxy_exceptions: {name!r} is no host name; write for example id.example.org")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(f"proxy: it is no address; {WRITTEN}") from None
    if parts.scheme != "http" or not port or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"proxy: it must be an HTTP proxy with its port, and nothing behind it; {WRITTEN}")
    if not (is_address(host) or HOST.fullmatch(host)):
        raise ValueError(f"proxy: it has no host name; {WRITTEN}")
    if parts.username is None:
        return Proxy(host, port, exceptions=names)
    secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(host, port, "Basic " + base64.b64encode(secret.encode()).decode("ascii"), names)


def _within(host: str, names: Sequence[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)
