"""Add, change and remove watched publishers; the API, the console and the command line all come here.

It checks what is said of a source and knows nothing of how one is read.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api import audit
from api.errors import Conflict, Invalid, NotFound
from ingest import hijack
from ingest.errors import Refused
from ingest.readers.social import checked_address as checked_social
from ingest.schedule import BY_HAND
from models.item import Item, Refusal
from models.source import CHANGED, POLLED_KINDS, SOURCE_KINDS, Fetch, Source

# Names are short and plain; a pasted secret usually is not, and must not end up in the database.
CREDENTIAL = re.compile(r"[a-z][a-z0-9_-]{0,31}")
EVERYBODY = 10**10
MOST_ITEMS = 10**9
SHORTEST_INTERVAL, LONGEST_INTERVAL = 60, 7 * 24 * 3600
CHANGEABLE = (
    "name",
    "url",
    "interval_seconds",
    "language",
    "country",
    "region",
    "audience",
    "enabled",
    "fetch_articles",
    "move_files",
    "items_per_day",
    "credential",
)


def create_source(session: Session, values: Mapping[str, Any], now: dt.datetime) -> Source:
    """Watch a new source; it is due at once. Raises Invalid or Conflict with one sentence."""
    given = {name: value for name, value in values.items() if value is not None}
    kind = given.pop("kind", "feed")
    if kind not in SOURCE_KINDS:
        raise Invalid(f"kind: it must be one of {', '.join(SOURCE_KINDS)}; got {kind!r}")
    checked = checked_values(kind, {"url": None} | given)
    if session.scalar(select(Source.id).where(Source.name == checked.get("name"))) is not None:
        raise Conflict(f"there is a source called {checked['name']!r} already")
    polled = kind in POLLED_KINDS
    source = Source(
        **checked,
        kind=kind,
        created_at=now,
        state="new" if polled else "ok",
        state_since=now,
        next_due_at=now if polled else None,
        due_reason="new" if polled else None,
    )
    session.add(source)
    session.flush()
    return source


def change_source(session: Session, source_id: int, values: Mapping[str, Any], now: dt.datetime) -> Source:
    """Change what is said of a source; one that is switched on or moved is due at once."""
    source = session.get(Source, source_id)
    if source is None:
        raise NotFound(f"there is no source {source_id}")
    checked = checked_values(source.kind, values)
    other = select(Source.id).where(Source.name == checked.get("name"), Source.id != source_id)
    if "name" in checked and session.scalar(other) is not None:
        raise Conflict(f"there is a source called {checked['name']!r} already")
    wakes = checked.get("enabled", False) and not source.enabled
    moves = "url" in checked and checked["url"] != source.url
    for name, value in checked.items():
        setattr(source, name, value)
    if moves:
        source.etag = source.last_modified = source.body_sha256 = None
        source.cursor = {}
        source.identity = {}
    if (wakes or moves) and source.kind in POLLED_KINDS:
        source.next_due_at, source.due_reason = now, "changed"
        source.state, source.state_reason, source.state_since, source.failures = "new", None, now, 0
    return source


def delete_source(session: Session, source_id: int) -> None:
    """Forget a source that never brought anything; one with items is evidence, and is switched off instead."""
    source = session.get(Source, source_id)
    if source is None:
        raise NotFound(f"there is no source {source_id}")
    if session.scalar(select(Item.id).where(Item.source_id == source_id).limit(1)) is not None:
        raise Conflict(
            f"{source.name!r} has brought items, which are evidence; switch it off instead with "
            f'PATCH /v1/sources/{source_id} {{"enabled": false}}'
        )
    for table in (Fetch, Refusal):
        session.execute(delete(table).where(table.source_id == source_id))
    session.delete(source)


def acknowledge(session: Session, source_id: int, by: str, account_id: int, now: dt.datetime) -> Source:
    """Sign that a person has looked at what changed about a source; raises NotFound, or Conflict when nothing did."""
    source = session.get(Source, source_id, with_for_update=True)
    if source is None:
        raise NotFound(f"there is no source {source_id}")
    waiting = hijack.waiting(source.identity)
    if not waiting:
        raise Conflict(f"nothing has changed about {source.name!r} that nobody has looked at")
    source.identity = hijack.acknowledged(source.identity, by, now)
    if source.state == CHANGED:
        source.state, source.state_reason, source.state_since = "ok", None, now
    audit.note(session, account_id, "source.acknowledged", now, about=("source", source_id), details=waiting[0])
    return source


def make_due(session: Session, names: Sequence[str], now: dt.datetime) -> int:
    """Make the enabled sources called `names` (all when empty) due now; return how many.

    Raises NotFound naming the first that does not exist.
    """
    for name in names:
        if session.scalar(select(Source.id).where(Source.name == name)) is None:
            raise NotFound(f"there is no source called {name!r}; `tocsin sources list` shows those that exist")
    due = (
        update(Source)
        .where(Source.enabled, Source.kind.in_(POLLED_KINDS))
        .values(next_due_at=now, due_reason=BY_HAND)
        .returning(Source.id)
        .execution_options(synchronize_session=False)
    )
    if names:
        due = due.where(Source.name.in_(names))
    return len(session.scalars(due).all())


def checked_values(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in their usual form; raises Invalid naming the field that is wrong."""
    unknown = sorted(set(values) - set(CHANGEABLE))
    if unknown:
        raise Invalid(f"{unknown[0]}: this cannot be set; {', '.join(CHANGEABLE)} can")
    checked = dict(values)
    for name, longest in (("name", 200), ("language", 16), ("region", 100), ("credential", 32)):
        if isinstance(checked.get(name), str):
            checked[name] = checked[name].strip() or None
            if checked[name] and len(checked[name]) > longest:
                raise Invalid(f"{name}: at most {longest} characters")
    if "name" in checked and (not checked["name"] or not checked["name"].isprintable()):
        raise Invalid("name: 1 to 200 printable characters")
    if checked.get("country"):
        checked["country"] = _country(checked["country"])
    if checked.get("credential") and not CREDENTIAL.fullmatch(checked["credential"]):
        raise Invalid("credential: the name under which TOCSIN_CREDENTIALS holds it, never the secret itself")
    if "interval_seconds" in checked and not SHORTEST_INTERVAL <= checked["interval_seconds"] <= LONGEST_INTERVAL:
        raise Invalid(f"interval_seconds: between {SHORTEST_INTERVAL} and {LONGEST_INTERVAL}")
    _check_numbers(checked.get("audience"), checked.get("items_per_day"))
    if "url" in checked:
        checked["url"] = checked_address(kind, checked["url"])
    return checked


def _check_numbers(people: int | None, items: int | None) -> None:
    if people is not None and not 0 <= people <= EVERYBODY:
        raise Invalid(f"audience: between 0 and {EVERYBODY}")
    if items is not None and not 0 <= items <= MOST_ITEMS:
        raise Invalid(f"items_per_day: between 0 (any number) and {MOST_ITEMS}, or null for what the settings say")


def _country(code: str) -> str:
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise Invalid("country: two letters of ISO 3166, for example KE")
    return code.upper()


def checked_address(kind: str, url: str | None) -> str | None:
    """Return where a source is read from, None for a kind that is not read by us; raises Invalid."""
    if kind not in POLLED_KINDS:
        return None
    if not url:
        raise Invalid("url: a polled source needs its address, a folder its path")
    if kind == "folder":
        return url
    try:
        return checked_social(kind, url)
    except (Refused, httpx.InvalidURL) as error:
        raise Invalid(f"url: {error}") from None
