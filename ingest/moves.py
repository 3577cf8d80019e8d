"""Follow a publisher to a new address, once a redirect "for good" has said the same for a while.

A captive portal, a blocking order or a mistake can answer "moved for good" for an hour; a real move stays.
"""

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

from models.source import Source

TIMES = 3
FOR_AT_LEAST = dt.timedelta(days=1)


def follow(source: Source, moved_to: str | None, now: dt.datetime) -> dict[str, Any]:
    """Count an answer that came from `moved_to`, or straight (None); return what to note of it.

    After three answers from the same place, a day apart from first to last, the source's address becomes the new one;
    what was remembered of the last answers came from there already and stays good.
    """
    if moved_to is None or moved_to == source.url or _downgrade(source.url or "", moved_to):
        source.moved_to, source.moved_seen, source.moved_since = None, 0, None
        return {}
    if moved_to != source.moved_to or source.moved_since is None:
        source.moved_to, source.moved_seen, source.moved_since = moved_to, 1, now
        return {}
    source.moved_seen += 1
    if source.moved_seen < TIMES or now - source.moved_since < FOR_AT_LEAST:
        return {}
    before = source.url
    source.url = moved_to
    source.moved_to, source.moved_seen, source.moved_since = None, 0, None
    return {"adopted": moved_to, "instead_of": before}


def _downgrade(before: str, after: str) -> bool:
    """Whether the new address would give up encryption."""
    return urlsplit(before).scheme == "https" and urlsplit(after).scheme != "https"
