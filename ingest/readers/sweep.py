"""Read a timeline that shows the newest first, page by page, so that nothing between two polls is skipped.

A poll reads from the top down to where an earlier one began. When the budget of pages ends before that, the gap is
remembered with the address of its next page and read by later polls. The first page is read at every poll anyway, so
edits, late arrivals and deletions among the newest are seen. It asks no network: a function gives it the pages.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.errors import AccessDenied, BadAnswer, IngestError, Throttled
from ingest.readers import Batch, Gone

MAX_GAPS = 8
# How far beyond the known a sweep goes, because platforms do not sort to the second.
SLACK = 120.0
WINDOW = 100


@dataclass(frozen=True)
class Page:
    """One page: its batch, the address of the next older one, and the names and times of all it shows, in order."""

    batch: Batch
    next: str | None = None
    shown: tuple[tuple[str, float], ...] = ()
    last: bool = False  # whether to stop asking for now: the platform said that its patience is used up


@dataclass
class Sweep:
    """What is remembered between polls. `mark` is the newest time seen; `gaps` are [next page, time to stop at]."""

    mark: float | None = None
    gaps: list[list[Any]] = field(default_factory=list)
    window: list[list[Any]] = field(default_factory=list)

    @classmethod
    def of(cls, cursor: dict[str, Any]) -> "Sweep":
        """Return what a source's cursor says."""
        return cls(
            cursor.get("mark"),
            [list(gap) for gap in cursor.get("gaps", [])],
            [list(one) for one in cursor.get("window", [])],
        )

    def cursor(self) -> dict[str, Any]:
        """Return what the source's cursor becomes."""
        return {"mark": self.mark, "gaps": self.gaps, "window": self.window}


def sweep(
    cursor: dict[str, Any],
    page_at: Callable[[str | None], Page],
    confirm: Callable[[list[str]], tuple[Gone, ...]],
    pages: int,
    now: dt.datetime,
) -> Iterator[Batch]:
    """Yield the batches of one poll; the cursor moves with the last one. `page_at(None)` is the newest page.

    `confirm` says which of some items, that were shown and now are not, are gone.
    """
    state = Sweep.of(cursor)
    floor = state.mark
    page = page_at(None)
    # One page is always there for what earlier polls left, or a busy day would never be made up for.
    left = pages - 1
    reserve = 1 if state.gaps else 0
    gone = _missing(state, page, confirm)
    top = min(max((moment for _, moment in page.shown), default=0.0), now.timestamp())
    state.window = [[name, moment] for name, moment in page.shown[:WINDOW]]
    held = replace(page.batch, gone=(*page.batch.gone, *gone))
    asked: set[str] = set()
    following = None if _passed(page, floor, SLACK) else page.next
    patient = not page.last
    while following and following not in asked and left > reserve and patient:
        yield held
        asked.add(following)
        page, left = page_at(following), left - 1
        held, patient = page.batch, not page.last
        following = None if _passed(page, floor, SLACK) else page.next
    if following and following not in asked and floor is not None and not _passed(page, floor):
        state.gaps.append([following, floor])
    # A new source begins with its newest pages; what was said before it was watched is not a gap.
    state.mark = max(top, floor or 0.0) or None
    left = max(left, reserve)
    while state.gaps and left > 0 and patient:
        yield held
        following, stop = state.gaps.pop()
        left -= 1
        try:
            page = page_at(following)
        except (Throttled, AccessDenied):
            raise
        except BadAnswer as error:
            # The address of an old page may have expired; the newest pages must not wait for it for ever.
            held = Batch(reason=f"an older stretch could not be read and was given up: {error}")
            continue
        held, patient = page.batch, not page.last
        if page.next and page.next not in asked and page.next != following and not _passed(page, stop):
            asked.add(page.next)
            state.gaps.append([page.next, stop])
    reason = held.reason
    if len(state.gaps) > MAX_GAPS:
        dropped = len(state.gaps) - MAX_GAPS
        state.gaps = state.gaps[dropped:]
        reason = f"more is published than is read: {dropped} older stretches were given up; raise TOCSIN_MAX_PAGES"
    elif state.gaps:
        reason = reason or f"more pages wait to be read ({len(state.gaps)} stretches); they are read at the next polls"
    outcome = "ok" if held.entries or page.shown else "unchanged"
    yield replace(held, remember={"cursor": state.cursor()} | held.remember, reason=reason, outcome=outcome)


def _passed(page: Page, floor: float | None, further: float = 0.0) -> bool:
    """Whether a page ends before what was read earlier, and so much `further`; one without times says nothing."""
    if not page.shown:
        return page.next is None
    return floor is not None and page.shown[-1][1] < floor - further


def _missing(state: Sweep, page: Page, confirm: Callable[[list[str]], tuple[Gone, ...]]) -> tuple[Gone, ...]:
    """Look for what the newest page showed last time and no longer shows, though it shows older ones."""
    if not page.shown:
        return ()
    oldest = min(moment for _, moment in page.shown) if page.next else 0.0
    present = {name for name, _ in page.shown}
    missing = [name for name, moment in state.window if name not in present and moment > oldest]
    try:
        return confirm(missing) if missing else ()
    except IngestError:
        # What came in matters more than what went: an answer that fails here must not hold up the news.
        return ()
