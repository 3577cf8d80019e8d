"""The process in which hostile bytes are parsed. It reads requests from stdin, answers on stdout, and may be killed.

It has no database, no network of its own making and no settings beyond its limits.
"""

import json
import resource
import struct
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Serve requests until stdin ends; arguments are the seconds per request and the bytes of memory."""
    cpu_seconds, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout, out = sys.stderr, sys.stdout.buffer
    while (request := _receive(sys.stdin.buffer)) is not None:
        _allow(cpu_seconds)
        arguments, body = request
        try:
            answer = json.dumps(_answer(arguments, body)).encode()
        except Exception as error:  # noqa: BLE001  the top of the loop: the parent is told, and the next request comes
            answer = json.dumps({"defect": f"{type(error).__name__}: {error}"[:300]}).encode()
        out.write(struct.pack("!I", len(answer)) + answer)
        out.flush()


def _answer(arguments: dict[str, Any], body: bytes) -> dict[str, Any]:
    from ingest.readers.markup import parse_feed
    from ingest.readers.pages import article_links, feed_links
    from ingest.readers.sitemaps import parse_sitemap
    from ingest.readers.social import parse_social
    from ingest.robots import allowed
    from ingest.text import article_text, page_text

    operations: dict[str, Callable[..., dict[str, Any]]] = {
        "feed": parse_feed,
        "article": article_text,
        "page_text": page_text,
        "robots": allowed,
        "feed_links": feed_links,
        "article_links": article_links,
        "sitemap": parse_sitemap,
        "social": parse_social,
    }
    return operations[arguments.pop("op")](body, **arguments)


def _receive(pipe: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    sizes = pipe.read(8)
    if len(sizes) < 8:
        return None
    head, body = struct.unpack("!II", sizes)
    return json.loads(pipe.read(head)), pipe.read(body)


def _allow(seconds: int) -> None:
    """Set the processor time this request may take; the limit counts the whole life of the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
