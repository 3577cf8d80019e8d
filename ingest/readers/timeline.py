"""One reader for every platform that shows the newest first; what differs is how its timeline is opened."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.http import Network
from ingest.readers import Batch, Gone, Keep, Place
from ingest.readers.platform import Asker
from ingest.readers.sweep import Page, sweep
from ingest.settings import IngestSettings


def nothing_gone(names: list[str]) -> tuple[Gone, ...]:  # noqa: ARG001
    """Say nothing about deletions: the platform cannot tell them from what it chooses not to show."""
    return ()


@dataclass(frozen=True)
class Timeline:
    """How to get a page by its token, how to find out what is gone, and what to remember beside the sweep."""

    page_at: Callable[[str | None], Page]
    confirm: Callable[[list[str]], tuple[Gone, ...]] = nothing_gone
    remember: dict[str, Any] = field(default_factory=dict)


class TimelineReader:
    """Reads the timeline that `open_timeline` opens."""

    def __init__(self, open_timeline: Callable[[Asker], Timeline]) -> None:
        self.open_timeline = open_timeline

    def read(
        self, place: Place, network: Network, keep: Keep, settings: IngestSettings, now: dt.datetime
    ) -> Iterator[Batch]:
        """Yield page after page; the cursor moves with the last one."""
        timeline = self.open_timeline(Asker(place, network, keep, settings, now))
        for batch in sweep(place.cursor, timeline.page_at, timeline.confirm, settings.max_pages, now):
            cursor = batch.remember.get("cursor")
            yield batch if cursor is None else replace(batch, remember={"cursor": cursor | timeline.remember})
