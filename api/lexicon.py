"""The lexicon of one installation: the product's entries, those an operator keeps, and what both find in a text.

Looked up when a text is shown and never before: nothing here is stored with an assessment, so that an entry added today
speaks of yesterday's texts too, and none can have moved a score. Functions take a session and never commit.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api import audit
from api.errors import Conflict, Invalid, NotFound
from classify import folding, lexicon
from classify.errors import BadLexicon
from classify.lexicon import FIELDS, Entry, Hit
from models.lexicon import LexiconEntry

ORIGINS = ("product", "own", "changed")
NOTE = (
    "Terms that a reviewer should know about. Finding one proves nothing: it changed no score, no flag and no place in "
    "the queue."
)
_LISTS = ("languages", "variants", "countries", "consistent_with")
_COLUMNS = [getattr(LexiconEntry, name) for name in FIELDS]


@dataclass(frozen=True)
class Held:
    """One entry as it stands here. `origin` says whose it is; `version` is 0 while nobody here has changed it."""

    entry: Entry
    origin: str = "product"
    version: int = 0
    changed_at: dt.datetime | None = None


def every(session: Session) -> list[Held]:
    """Every entry, retired ones too: the operator's in place of the product's, by key."""
    held = {entry.key: Held(entry) for entry in lexicon.bundled()}
    shipped = set(held)
    # Columns and no mapped rows: nothing is changed here, and it is read with every passage that is opened.
    for row in session.execute(select(*_COLUMNS, LexiconEntry.version, LexiconEntry.changed_at)):
        *values, version, changed_at = row
        entry = entry_of(values)
        held[entry.key] = Held(entry, "changed" if entry.key in shipped else "own", version, changed_at)
    return sorted(held.values(), key=lambda one: one.entry.key)


def entry_of(values: Sequence[Any]) -> Entry:
    """What a row holds, in the order of FIELDS, as an entry."""
    made: list[Any] = [tuple(value) if isinstance(value, list) else value for value in values]
    return Entry(*made)


def one(session: Session, key: str) -> Held:
    """The entry under a key; raises NotFound."""
    found = next((held for held in every(session) if held.entry.key == key), None)
    if found is None:
        raise NotFound(f"there is no entry {key} in the lexicon")
    return found


def ready(session: Session) -> lexicon.Lexicon:
    """The active entries, ready to be looked for; made anew only when an entry has changed."""
    return lexicon.build(tuple(held.entry for held in every(session)))


def found_in(session: Session, text: str, language: str) -> list[Hit]:
    """The entries whose term stands in one text."""
    return lexicon.find(ready(session), text, language)


def counts(session: Session) -> dict[str, Any]:
    """How many entries are looked for, by language, and how many of them a native speaker has reviewed."""
    active = [held.entry for held in every(session) if held.entry.active]
    spoken = sorted({code for entry in active for code in entry.languages if code != lexicon.ANY})
    return {
        "entries": len(active),
        "natively_reviewed": sum(bool(entry.reviewed_by) for entry in active),
        "languages": {code: sum(code in entry.languages for entry in active) for code in spoken},
        "note": NOTE,
    }


# ------------------------------------------------------------------------------------------------- changing


def key_for(entry: Entry) -> str:
    """The key of a new entry: its first language and its folded term."""
    language = next(iter(code for code in entry.languages if code != lexicon.ANY), "")
    return f"{language}-{'-'.join(folding.words(entry.term))}"[:150]


def keep(session: Session, entry: Entry, version: int, account_id: int | None, now: dt.datetime) -> Held:
    """Keep an entry; without a key it is a new one. `version` is the one that was edited.

    Raises Invalid when something is missing, Conflict when there is such a term already, or somebody was faster.
    """
    new = not entry.key
    if new:
        entry = replace(entry, key=key_for(entry))
    try:
        lexicon.checked(entry)
    except BadLexicon as refused:
        raise Invalid(str(refused)) from None
    shipped = {shipped.key for shipped in lexicon.bundled()}
    row = session.scalars(select(LexiconEntry).where(LexiconEntry.key == entry.key).with_for_update()).one_or_none()
    if new and (row is not None or entry.key in shipped):
        raise Conflict(f"there is an entry {entry.key} in the lexicon already; change that one")
    if not new and row is None and entry.key not in shipped:
        raise NotFound(f"there is no entry {entry.key} in the lexicon")
    if version != (row.version if row else 0):
        raise Conflict(f"somebody changed the entry {entry.key} meanwhile; look at it again")
    changed = _changed(one(session, entry.key).entry if not new else None, entry)
    row = _write(session, row, entry, account_id, now)
    act = "add" if new else "edit"
    _note(session, account_id, now, entry.key, act, changed)
    return Held(entry, "changed" if entry.key in shipped else "own", row.version, now)


def set_active(session: Session, key: str, version: int, account_id: int | None, now: dt.datetime, *, to: bool) -> None:
    """Retire an entry, which is then looked for no more, or take it up again; raises NotFound and Conflict."""
    held = one(session, key)
    if held.version != version:
        raise Conflict(f"somebody changed the entry {key} meanwhile; look at it again")
    row = session.scalars(select(LexiconEntry).where(LexiconEntry.key == key).with_for_update()).one_or_none()
    _write(session, row, replace(held.entry, active=to), account_id, now)
    _note(session, account_id, now, key, "reinstate" if to else "retire", [])


def restore(session: Session, key: str, version: int, account_id: int | None, now: dt.datetime) -> None:
    """Let the product's own entry stand again; raises NotFound, and Conflict where there is none to stand."""
    held = one(session, key)
    if held.origin != "changed" or held.version != version:
        raise Conflict(f"somebody changed the entry {key} meanwhile; look at it again")
    row = session.scalars(select(LexiconEntry).where(LexiconEntry.key == key)).one()
    session.delete(row)
    session.flush()
    _note(session, account_id, now, key, "restore", [])


@dataclass(frozen=True)
class Taken:
    """What an import came to."""

    added: int = 0
    changed: int = 0
    known: int = 0


def take_in(session: Session, entries: Sequence[Entry], account_id: int | None, now: dt.datetime) -> Taken:
    """Keep entries of a file under their keys; those that stand so already are left alone."""
    standing = {held.entry.key: held for held in every(session)}
    rows = {row.key: row for row in session.scalars(select(LexiconEntry))}
    added = changed = 0
    for entry in entries:
        before = standing.get(entry.key)
        if before is not None and before.entry == entry:
            continue
        _write(session, rows.get(entry.key), entry, account_id, now)
        act = "import"
        _note(session, account_id, now, entry.key, act, _changed(before.entry if before else None, entry))
        added, changed = added + (before is None), changed + (before is not None)
    return Taken(added, changed, len(entries) - added - changed)


def _write(
    session: Session, row: LexiconEntry | None, entry: Entry, account_id: int | None, now: dt.datetime
) -> LexiconEntry:
    if row is None:
        row = LexiconEntry(version=0)
        session.add(row)
    for name in FIELDS:
        value = getattr(entry, name)
        setattr(row, name, list(value) if name in _LISTS else value)
    row.version += 1
    row.changed_at, row.changed_by = now, account_id
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(f"somebody changed the entry {entry.key} meanwhile; look at it again") from None
    return row


def _changed(before: Entry | None, after: Entry) -> list[str]:
    """The names of the fields that differ, for the audit log, which holds no texts."""
    return [name for name in FIELDS if before is None or getattr(before, name) != getattr(after, name)]


def _note(
    session: Session, account_id: int | None, now: dt.datetime, key: str, act: str, changed: Sequence[str]
) -> None:
    details = {"key": key, "act": act} | ({"changed": list(changed)} if changed else {})
    audit.note(session, account_id, "lexicon.changed", now, details=details)
