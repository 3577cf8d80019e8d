"""Ask a site's robots.txt before fetching its pages. Feeds are meant for programs and are not asked about.

A site without rules allows everything; one whose rules cannot be had right now allows nothing (RFC 9309). Rules are
kept for one turn and matched in the sandbox, because a hostile pattern can take for ever.
"""

import re
import threading
from typing import Any
from urllib.parse import urlsplit

from ingest.errors import IngestError
from ingest.http import Network
from ingest.readers import sandbox
from ingest.settings import IngestSettings

AGENT = "Tocsin"
MAX_RULES = 500 * 1024
SITEMAP = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(https?://[^\s#]{1,2000})", re.IGNORECASE | re.MULTILINE)


class Robots:
    """The rules of the sites that one turn fetches from."""

    def __init__(self, network: Network, settings: IngestSettings) -> None:
        self.network, self.settings = network, settings
        self.rules: dict[str, bytes | str] = {}
        self.locks: dict[str, threading.Lock] = {}
        self.lock = threading.Lock()

    def objection(self, url: str) -> str | None:
        """Say why `url` must not be fetched, or None."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        with self.lock:
            waiting = self.locks.setdefault(site, threading.Lock())
        with waiting:
            if site not in self.rules:
                self.rules[site] = self._fetch(site)
            rules = self.rules[site]
        if isinstance(rules, str):
            return rules
        if not rules.strip():
            return None
        box = sandbox.shared(self.settings.parse_cpu_seconds, self.settings.parse_memory_bytes)
        return None if box.ask("robots", rules, url=url)["allowed"] else "the site's robots.txt asks us not to"

    def sitemaps(self, site: str) -> list[str]:
        """Return the sitemaps that the robots.txt of `site` names, at most a few; none when it cannot be had."""
        rules = self._fetch(site)
        return SITEMAP.findall(rules.decode("utf-8", "replace"))[:10] if isinstance(rules, bytes) else []

    def _fetch(self, site: str) -> bytes | str:
        """Return the rules, or why there is nothing to go by."""
        try:
            answer = self.network.get(f"{site}/robots.txt", deadline=self.settings.article_deadline_seconds)
        except IngestError as error:
            return f"the site's robots.txt cannot be read now ({error})"
        if answer.status == 200:
            return answer.body[:MAX_RULES]
        if answer.status >= 500 or answer.status == 429:
            return f"the site's robots.txt cannot be read now (HTTP {answer.status})"
        return b""


def allowed(body: bytes, *, url: str) -> dict[str, Any]:
    """Return `{"allowed"}` for a page under the rules in `body`; runs inside the sandbox."""
    from protego import Protego

    return {"allowed": Protego.parse(body.decode("utf-8", "replace")).can_fetch(url, AGENT)}
