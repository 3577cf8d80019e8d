"""Politeness by host: how many of its sources are asked at a time, how soon after one another, and when it wants peace.

It opens no connection; how long a pause a server may ask for is decided in `schedule.py`.
"""

import datetime as dt
import time
import zlib
from collections import Counter
from urllib.parse import urlsplit

from sqlalchemy import select

from ingest.guard import is_address, is_allowed
from ingest.settings import IngestSettings
from models.database import Sessions, writing
from models.source import Source


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


def pause(sessions: Sessions, source_id: int, until: dt.datetime, now: dt.datetime) -> int:
    """Let the other sources of a host wait too when it asked for a pause; return how many do.

    A pause belongs to whoever is asked for by the same credential. Afterwards they come one after the other.
    """
    with writing(sessions) as session:
        asked = session.get_one(Source, source_id)
        parts = urlsplit(asked.url or "")
        others = select(Source).where(
            Source.id != source_id,
            Source.url.startswith(f"{parts.scheme}://{parts.netloc}/", autoescape=True),
            Source.credential.is_not_distinct_from(asked.credential),
            Source.next_due_at < until,
        )
        # Who is being asked at this moment decides for himself.
        waiting = session.scalars(others.order_by(Source.id).with_for_update(skip_locked=True)).all()
        for source in waiting:
            later = (until - now) * 0.1 * (zlib.crc32(source.name.encode()) / 2**32)
            source.next_due_at = until + later
            source.due_reason = "its host asked for a pause"
    return len(waiting)
