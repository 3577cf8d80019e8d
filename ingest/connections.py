"""Connections to addresses that were checked, with one deadline for everything that is waited for on them.

Which addresses those are is decided in `http.py`.
"""

import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpcore

from ingest.errors import DeadlinePassed, Unreachable
from ingest.proxy import Proxy

CONNECT_SECONDS = 15.0


@dataclass
class Limits:
    """What one fetch may take, all of its requests together."""

    ends_at: float
    wire_bytes: int
    body_bytes: int
    ratio: int
    stop_at_limit: bool = False
    seconds: float = field(init=False)

    def __post_init__(self) -> None:
        """Remember the length of the deadline for the message."""
        self.seconds = self.ends_at - time.monotonic()

    def left(self) -> float:
        """Return the seconds left; raises `DeadlinePassed` when there are none."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise DeadlinePassed(f"no complete answer within {round(self.seconds, 1):g} seconds")
        return left


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to the addresses that were checked, whatever the name resolves to by now."""

    def __init__(self, addresses: list[str], limits: Limits) -> None:
        self.addresses, self.limits = addresses, limits
        self.sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  the name has been resolved and must not be again
        port: int,
        timeout: float | None = None,  # noqa: ARG002  the deadline of the whole fetch counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Try the addresses in turn."""
        last: Exception | None = None
        for address in self.addresses[:4]:
            seconds = min(CONNECT_SECONDS, self.limits.left())
            try:
                stream = self.sockets.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return DeadlineStream(stream, self.limits)
        raise last or httpcore.ConnectError("no address")


class ProxiedBackend(CheckedBackend):
    """Connects to the proxy, and has it connect us through where there is somewhere to go `beyond`."""

    def __init__(self, addresses: list[str], limits: Limits, proxy: Proxy, beyond: tuple[str, int] | None) -> None:
        super().__init__(addresses, limits)
        self.proxy, self.beyond = proxy, beyond

    def connect_tcp(
        self,
        host: str,
        port: int,  # noqa: ARG002  the host's; the proxy has its own
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Try the proxy's addresses in turn; there is no other way than through it."""
        try:
            stream = super().connect_tcp(host, self.proxy.port, timeout, local_address, socket_options)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            self.limits.left()
            raise Unreachable(f"{self.proxy} cannot be reached ({error})") from error
        if self.beyond is not None:
            try:
                self.proxy.tunnel(stream, *self.beyond)
            except Exception:
                stream.close()
                raise
        return stream


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline of the whole fetch, so that dripping bytes win no time."""

    def __init__(self, stream: httpcore.NetworkStream, limits: Limits) -> None:
        self.stream, self.limits = stream, limits

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Read within what is left."""
        return self.stream.read(max_bytes, self.limits.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Write within what is left."""
        self.stream.write(buffer, self.limits.left())

    def close(self) -> None:
        """Close the connection."""
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Encrypt; the certificate must be that of the name."""
        seconds = min(CONNECT_SECONDS, self.limits.left())
        return DeadlineStream(self.stream.start_tls(ssl_context, server_hostname, seconds), self.limits)

    def get_extra_info(self, info: str) -> Any:
        """Whatever the socket knows."""
        return self.stream.get_extra_info(info)
