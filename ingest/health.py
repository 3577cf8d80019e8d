"""What the latest answers of a source look like, and which of it is odd enough to be its state. Pure.

An answer can be read and still not be well: everything in it is new each time, its dates lie in the future, its
characters had to be guessed. A "not modified" says nothing of it, so the last few looks are remembered.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from ingest import dates
from ingest.entry import Entry

LOOKS = 4
FEW = 3  # entries below which "all of them are new" says nothing
IN_A_ROW = 3
AHEAD = dt.timedelta(days=1)  # zones and clocks are wrong by hours; a day is no such mistake


def look(
    entries: Sequence[Entry],
    *,
    unknown: int,
    renamed: int,
    charset: str | None,
    first: bool,
    now: dt.datetime,
) -> dict[str, Any]:
    """Return what is remembered of one answer; `unknown` and `renamed` as `read.Stored` counts them.

    `charset` says how the characters were guessed, if they were; `first` that the source had no item before.
    """
    moments = [moment for entry in entries if (moment := dates.understood(entry.published)) is not None]
    ahead = [moment for moment in moments if moment > now + AHEAD]
    return {
        "at": now.isoformat(),
        "entries": len(entries),
        "unknown": 0 if first else unknown,
        "renamed": 0 if first else renamed,
        "ahead": len(ahead),
        "furthest": max(ahead).isoformat() if ahead else None,
        "charset": charset,
    }


def remembered(new: dict[str, Any], looks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the looks to keep, the newest first."""
    return [new, *looks][:LOOKS]


def oddity(looks: Sequence[dict[str, Any]]) -> tuple[str, str] | None:
    """Return the state and the sentence of the worst that is odd, or None while all is well."""
    if not looks:
        return None
    latest = looks[0]
    sentences = {
        "unstable_ids": _unstable(looks),
        "future_dates": _future(latest),
        "guessed_charset": latest.get("charset"),
    }
    found = [(state, sentence) for state, sentence in sentences.items() if sentence]
    return (found[0][0], "; ".join(sentence for _, sentence in found)) if found else None


def outpaced(looks: Sequence[dict[str, Any]]) -> bool:
    """Whether all of the latest answer was news, so that something may have been missed since the one before."""
    return bool(looks) and _all_unknown(looks[0]) and not looks[0]["renamed"]


def _all_unknown(one: dict[str, Any]) -> bool:
    return bool(one["entries"] >= FEW and one["unknown"] == one["entries"])


def _unstable(looks: Sequence[dict[str, Any]]) -> str | None:
    if len(looks) < IN_A_ROW or not all(_all_unknown(one) for one in looks[:IN_A_ROW]):
        return None
    start = f"all entries had a new identifier in each of the last {IN_A_ROW} answers"
    if any(one["renamed"] for one in looks[:IN_A_ROW]):
        return f"{start}; they are recognised by address and words, and edits of them are not"
    return f"{start}: it changes identifiers, or publishes more between two polls than its feed holds; some may be lost"


def _future(latest: dict[str, Any]) -> str | None:
    if not latest["ahead"]:
        return None
    furthest = latest["furthest"][:10]
    return (
        f"{latest['ahead']} of {latest['entries']} entries are dated more than a day ahead, the furthest {furthest}; "
        "they count by when they were fetched"
    )
