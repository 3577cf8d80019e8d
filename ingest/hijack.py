"""Is this still the same publisher? What a feed calls itself and what made it, compared with what it was. Pure.

A domain that ran out or was broken into often answers on with a feed, under another name and from another program. It
is flagged for a week, so that people look; then the new name is the known one.
"""

import datetime as dt
import re
from typing import Any

WORDS = re.compile(r"\w{2,}")
FLAGGED = dt.timedelta(days=7)
LONGEST = 200


def about(title: str | None, generator: str | None) -> dict[str, str]:
    """Return what is remembered of a feed: its name, and its program without version numbers."""
    program = re.sub(r"[\d.]+|\?.*", "", generator or "")
    return {"title": " ".join((title or "").split())[:LONGEST], "generator": " ".join(program.split())[:LONGEST]}


def compared(cursor: dict[str, Any], seen: dict[str, str], now: dt.datetime) -> tuple[dict[str, Any], str | None]:
    """Return the cursor to keep after a feed was `seen`, and what to say while a change is fresh."""
    known = cursor.get("about")
    changed = cursor.get("changed")
    if known is not None and differs(known, seen):
        changed = {"at": now.isoformat(), "was": known["title"], "is": seen["title"]}
    if changed and now - dt.datetime.fromisoformat(changed["at"]) > FLAGGED:
        changed = None
    if not seen["title"]:
        seen = known or seen  # a feed without a name says nothing, today either
    kept = cursor | {"about": seen, "changed": changed}
    if not changed:
        return kept, None
    day = changed["at"][:10]
    return (
        kept,
        f"since {day} it calls itself {changed['is']!r} and not {changed['was']!r}; is it still the same publisher?",
    )


def differs(known: dict[str, str], seen: dict[str, str]) -> bool:
    """Whether a feed has a name that shares no word with the old one, or another name and another program."""
    if not known["title"] or not seen["title"] or known["title"] == seen["title"]:
        return False
    old, new = (set(WORDS.findall(one["title"].casefold())) for one in (known, seen))
    programs = known["generator"], seen["generator"]
    return not old & new or (old != new and all(programs) and programs[0] != programs[1])
