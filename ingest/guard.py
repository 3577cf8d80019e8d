"""Where we may connect to: one parser for URLs, and our own list of addresses that are not the public internet.

The guard judges addresses, not names: a name is only as good as every address it resolves to. It opens no connection.
"""

import re
import socket
from collections.abc import Callable, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from ingest.errors import Refused, Unreachable

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

MAX_URL = 2048
DENIED_V4 = tuple(
    IPv4Network(cidr)
    for cidr in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and the metadata service of one cloud
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and the metadata service of one cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast included
    )
)
# Of IPv6 only global unicast may be reached at all: that leaves out loopback, link-local, unique local, multicast,
# v4-mapped and NAT64. Within it, everything that carries an IPv4 address or is not routed is denied.
GLOBAL_V6 = IPv6Network("2000::/3")
DENIED_V6 = tuple(
    IPv6Network(cidr)
    for cidr in (
        "2001::/23",  # Teredo, ORCHID, benchmarking
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?")
ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")


def system_resolve(host: str, port: int) -> list[str]:
    """Ask the operating system for the addresses of `host`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def checked_url(text: str) -> httpx.URL:
    """Return `text` parsed, or raise `Refused`: whatever two parsers could read differently is not read at all."""
    if len(text) > MAX_URL:
        raise Refused(f"the address is {len(text)} characters long; at most {MAX_URL} are taken")
    if "\\" in text or any(character <= " " or character == "\x7f" for character in text):
        raise Refused("the address holds a space, a control character or a backslash")
    try:
        url = httpx.URL(text)
        host = url.raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise Refused(f"{text[:200]!r} is no address that can be read") from None
    if url.scheme not in ("http", "https"):
        raise Refused(f"only http and https are fetched, not {url.scheme or 'an address without a scheme'!r}")
    if url.userinfo or "@" in re.split("[/?#]", text.partition("//")[2], maxsplit=1)[0]:
        raise Refused("the address carries a user name or password")
    if url.port is not None and not 0 < url.port < 65536:
        raise Refused(f"{url.port} is no port")
    if not (is_address(host) or HOST.fullmatch(host)):
        raise Refused(f"{host[:200]!r} is no host name")
    if not is_address(host) and ENDS_IN_NUMBER.fullmatch(host):
        raise Refused(f"{host[:200]!r} is a number that can be read as several addresses; write it as a.b.c.d")
    return url


def addresses_of(host: str, port: int, resolve: Resolve, allowed: Sequence[str]) -> list[str]:
    """Return the addresses of `host` that may be connected to.

    One denied address refuses the host, unless the operator allowed another one: then that one is meant. Raises
    `Refused` or `Unreachable`.
    """
    try:
        found = list(dict.fromkeys([host] if is_address(host) else resolve(host, port)))
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"the name {host!r} has no address ({error})") from error
    if not found:
        raise Unreachable(f"the name {host!r} has no address")
    named = [text for text in found if is_allowed(text, tuple(allowed))]
    if named:
        return named
    for text in found:
        reason = denial(text)
        if reason is not None:
            raise Refused(
                f"{host!r} leads to {text}, {reason}; if that is meant, add its network to TOCSIN_ALLOWED_NETWORKS"
            )
    return found


def denial(text: str) -> str | None:
    """Say why an address is not the public internet, or None when it is."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return "which is no address"
    if isinstance(address, IPv4Address):
        denied = next((network for network in DENIED_V4 if address in network), None)
        return f"which is not public ({denied})" if denied else None
    if address not in GLOBAL_V6:
        return "which is not public (outside 2000::/3)"
    inside = next((network for network in DENIED_V6 if address in network), None)
    return f"which is not public ({inside})" if inside else None


def is_allowed(text: str, allowed: tuple[str, ...]) -> bool:
    """Whether the operator named a network that holds the address; a v4-mapped one counts as its IPv4 address."""
    try:
        address: Address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == network.version and address in network for network in _networks(allowed))


def is_address(host: str) -> bool:
    """Whether `host` is an address in its one canonical way of writing, not a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return isinstance(address, IPv6Address) or str(address) == host


@cache
def _networks(allowed: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(cidr) for cidr in allowed)
