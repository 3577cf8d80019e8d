"""Politeness within one turn: how many sources of one host are asked at a time, and how soon after one another.

It opens no connection; what a host itself asks for is decided in `schedule.py`.
"""

import time
from collections import Counter
from urllib.parse import urlsplit

from ingest.guard import is_address, is_allowed
from ingest.settings import IngestSettings


class Hosts:
    """Who may be asked now: few sources of one host at a time, with a pause; an operator's own hosts without."""

    def __init__(self, settings: IngestSettings) -> None:
        self.settings = settings
        self.busy: Counter[str] = Counter()
        self.ready_at: dict[str, float] = {}
        self.pause = 0.05

    def start(self, host: str) -> bool:
        """Take a place at `host` if there is one."""
        if self._own(host):
            return True
        clock = time.monotonic()
        if self.busy[host] >= self.settings.host_concurrency or clock < self.ready_at.get(host, 0):
            return False
        self.busy[host] += 1
        self.ready_at[host] = clock + self.settings.host_spacing_seconds
        return True

    def end(self, host: str) -> None:
        """Give the place back."""
        if not self._own(host):
            self.busy[host] -= 1

    def _own(self, host: str) -> bool:
        return not host or (is_address(host) and is_allowed(host, self.settings.allowed_networks))


def host_of(url: str | None) -> str:
    """Return the host that politeness counts by; a folder has none."""
    try:
        return (urlsplit(url or "").hostname or "").lower()
    except ValueError:
        return ""
