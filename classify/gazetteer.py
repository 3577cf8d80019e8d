"""Names of groups in a text: evidence beside the model, never a verdict.

Entries come from `gazetteer.jsonl` and, where an operator wants more, from a file of their own. A name found says that
a group is mentioned, not that anything is said against it. Knows no model.
"""

import functools
import json
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from classify.errors import BadGazetteer
from models.codebook import TARGETS

BUNDLED = Path(__file__).parent / "gazetteer.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One group; `aliases` by language code, `*` for names that any language uses."""

    name: str
    target: str
    aliases: dict[str, list[str]]
    region: str = ""
    source: str = ""
    native_review: str = "none"
    benign: str = ""
    does_not_prove: str = "that anything is said against this group"


@dataclass(frozen=True, slots=True)
class Mention:
    """A group's name at a place of the text as sent."""

    name: str
    target: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Entries and one pattern over all of their aliases."""

    entries: dict[str, Entry]
    owners: dict[str, tuple[tuple[str, str], ...]] = field(repr=False)  # alias to (name, language)
    pattern: re.Pattern[str] = field(repr=False)


def load(extra: Path | None = None) -> Gazetteer:
    """The bundled entries, and those of `extra` over them. Raises BadGazetteer with file and line.

    It is read once, and again when the file has changed.
    """
    try:
        changed = extra.stat().st_mtime_ns if extra else 0
    except OSError:
        changed = 0  # reading it says what is wrong
    return _loaded(extra, changed)


@functools.lru_cache(maxsize=4)
def _loaded(extra: Path | None, _changed: int) -> Gazetteer:
    entries = {entry.name: entry for path in (BUNDLED, extra) if path for entry in read(path)}
    owners: dict[str, list[tuple[str, str]]] = {}
    for entry in entries.values():
        for language, aliases in entry.aliases.items():
            for alias in [*aliases, *([entry.name] if language == "*" else [])]:
                owners.setdefault(_plain(alias), []).append((entry.name, language))
    names = sorted(owners, key=len, reverse=True)
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, names)) + r")(?!\w)")
    return Gazetteer(entries, {alias: tuple(found) for alias, found in owners.items()}, pattern)


def read(path: Path) -> list[Entry]:
    """The entries of a JSON Lines file; blank lines and lines with `#` first are comments."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadGazetteer(f"The gazetteer {path} cannot be read: {error}.") from error
    return [
        _entry(line, f"{path}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("#")
    ]


def write(path: Path, entries: Iterable[Entry]) -> None:
    """Replace the entries of a file at once, comments kept; raises BadGazetteer, and leaves it, where one is wrong.

    Whoever reads meanwhile sees the old file or the new one, never half of one.
    """
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    lines = [*kept, *(json.dumps(asdict(entry), ensure_ascii=False) for entry in entries)]
    made = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        made.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        read(made)
        made.replace(path)
    except OSError as error:
        raise BadGazetteer(f"The gazetteer {path} cannot be written: {error}.") from error
    finally:
        made.unlink(missing_ok=True)


def _entry(line: str, place: str) -> Entry:
    try:
        told: dict[str, Any] = json.loads(line)
        entry = Entry(**told)
    except (ValueError, TypeError) as error:
        raise BadGazetteer(f"{place} is not a gazetteer entry: {error}.") from error
    if entry.target not in TARGETS:
        raise BadGazetteer(f"{place}: target must be one of {', '.join(TARGETS)}; got {entry.target!r}.")
    if not isinstance(entry.aliases, dict) or not all(isinstance(a, list) and a for a in entry.aliases.values()):
        raise BadGazetteer(f"{place}: aliases must map a language code, or *, to a list of names.")
    return entry


def find(gazetteer: Gazetteer, text: str, language: str) -> list[Mention]:
    """Every name in the text whose language is this text's or any; in text order."""
    return list(_mentions(gazetteer, text, language))


def _mentions(gazetteer: Gazetteer, text: str, language: str) -> Iterable[Mention]:
    for match in gazetteer.pattern.finditer(_plain(text)):
        for name, spoken in gazetteer.owners[match.group()]:
            if spoken in {"*", language}:
                yield Mention(name, gazetteer.entries[name].target, match.start(), match.end())


def _plain(text: str) -> str:
    """Lower case, character by character, so that every offset stays what it was."""
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)
