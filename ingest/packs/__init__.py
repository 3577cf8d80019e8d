"""Packs of sources: one file each, shipped with us or written by an operator.

A pack lists publishers and, for the bundled sample, the texts themselves. Loading one twice changes nothing, and what
an operator changed on a source stays changed.
"""

import datetime as dt
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.entry import Entry
from ingest.errors import InputRefused, Refused
from ingest.evidence import keep_raw
from ingest.read import store_entries
from ingest.readers.social import checked_address
from ingest.settings import IngestSettings
from models.database import Sessions, writing
from models.source import POLLED_KINDS, SOURCE_KINDS, Source

HERE = Path(__file__).parent
FIELDS = {
    "name": str,
    "kind": str,
    "url": str,
    "language": str,
    "country": str,
    "region": str,
    "interval_seconds": int,
    "fetch_articles": bool,
    "move_files": bool,
    "items_per_day": int,
    "credential": str,
}


@dataclass(frozen=True)
class Pack:
    """A list of sources; `texts` are entries with the name of their source and their age in hours."""

    name: str
    title: str
    description: str
    sources: tuple[dict[str, Any], ...]
    texts: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class LoadResult:
    """How many sources were added, how many were there already, and how many items came with them."""

    added: int
    known: int
    items: int


def list_packs() -> list[Pack]:
    """Return the packs we ship, by name."""
    return [read_pack(path.stem) for path in sorted(HERE.glob("*.toml"))]


def read_pack(name_or_path: str) -> Pack:
    """Return a shipped pack by its name, or the pack in a file; raises `InputRefused` with what is wrong in it."""
    path = HERE / f"{name_or_path}.toml"
    if not name_or_path.replace("-", "").isalnum() or not path.is_file():
        path = Path(name_or_path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        shipped = ", ".join(sorted(path.stem for path in HERE.glob("*.toml")))
        raise InputRefused(f"there is no pack {name_or_path!r}; shipped are {shipped}; or name a .toml file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputRefused(f"the pack {path} cannot be read: {error}") from error
    sources = content.get("sources", [])
    if not isinstance(sources, list) or not sources:
        raise InputRefused(f"the pack {path} lists no [[sources]]")
    checked = tuple(_checked(source, number, path) for number, source in enumerate(sources, start=1))
    texts: tuple[dict[str, Any], ...] = ()
    if path.parent == HERE and "texts" in content:
        lines = (HERE / str(content["texts"])).read_text(encoding="utf-8").splitlines()
        texts = tuple(json.loads(line) for line in lines)
    title = str(content.get("title", path.stem))
    return Pack(path.stem, title, str(content.get("description", "")), checked, texts)


def load_pack(
    sessions: Sessions, name_or_path: str, now: dt.datetime, settings: IngestSettings | None = None
) -> LoadResult:
    """Add the sources of a pack that are not there yet, due at once, and its texts dated from `now`."""
    pack = read_pack(name_or_path)
    added = items = 0
    with writing(sessions) as session:
        for fields in pack.sources:
            source = _add(session, pack.name, fields, now)
            if source is not None:
                added += 1
                items += _add_texts(session, source, pack, settings or IngestSettings(), now)
    return LoadResult(added=added, known=len(pack.sources) - added, items=items)


def _add(session: Session, pack: str, fields: dict[str, Any], now: dt.datetime) -> Source | None:
    """Add a source, or return None when its name is taken: what an operator has is left alone."""
    if session.scalar(select(Source.id).where(Source.name == fields["name"])) is not None:
        return None
    polled = fields["kind"] in POLLED_KINDS
    state = {} if polled else {"state": "ok", "state_since": now}
    due = {"next_due_at": now, "due_reason": "asked for the first time"} if polled else {}
    source = Source(**fields, **state, **due, pack=pack, created_at=now)
    session.add(source)
    session.flush()
    return source


def _add_texts(session: Session, source: Source, pack: Pack, settings: IngestSettings, now: dt.datetime) -> int:
    """Store the texts a pack brings for a source; those marked `edit` come after, as later versions."""
    own = [text for text in pack.texts if text["source"] == source.name]
    items = 0
    for edited in (False, True):
        texts = [text for text in own if text.get("edit", False) == edited]
        if texts:
            raw = "\n".join(json.dumps(text, ensure_ascii=False) for text in texts).encode()
            raw_sha256 = keep_raw(session, raw, "application/jsonl", now, source.id)
            entries = [_entry(text, now) for text in texts]
            stored = store_entries(session, source, entries, raw_sha256, now, settings)
            items += stored.new + stored.versions
    return items


def _entry(text: dict[str, Any], now: dt.datetime) -> Entry:
    return Entry(
        content=text["text"],
        external_id=text["id"],
        title=text.get("title"),
        url=text.get("url"),
        language=text.get("language"),
        published=(now - dt.timedelta(hours=text["hours_ago"])).isoformat(),
    )


def _checked(source: Any, number: int, path: Path) -> dict[str, Any]:
    """Return the fields of one source, or raise `InputRefused` with the place and what would be right."""
    place = f"{path.name}, source {number}"
    if not isinstance(source, dict) or not str(source.get("name", "")).strip():
        raise InputRefused(f"{place}: a source needs a name")
    unknown = sorted(set(source) - set(FIELDS))
    if unknown:
        raise InputRefused(f"{place}: unknown field {unknown[0]!r}; known are {', '.join(FIELDS)}")
    for name, value in source.items():
        if type(value) is not FIELDS[name]:
            raise InputRefused(f"{place}: {name} must be {FIELDS[name].__name__}, not {value!r}")
    fields = {"kind": "feed", **source}
    if fields["kind"] not in SOURCE_KINDS:
        raise InputRefused(f"{place}: kind {fields['kind']!r} is unknown; use one of {', '.join(SOURCE_KINDS)}")
    if fields["kind"] in POLLED_KINDS and fields["kind"] != "folder":
        try:
            fields["url"] = checked_address(fields["kind"], fields.get("url", ""))
        except Refused as error:
            raise InputRefused(f"{place}: {error}") from error
    return fields
