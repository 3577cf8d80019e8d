"""Move a file that has been read out of a watched folder, and leave a report beside it.

It reads a file only to hash it, and knows no database.
What is moved is the file that was read: it must still be the one that was listed, of the same size and time. Nothing
is overwritten, no link is followed, and a move is a rename within one file system, so that a file is always in one
place whole.
"""

import datetime as dt
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.readers import Batch

if TYPE_CHECKING:
    from ingest.read import Stored

PROCESSED, FAILED = "processed", "failed"
REPORT = ".report.json"
REASONS = 20  # of the refusals that a report names; all of them are in the database
NAMES = 1000  # of one file before we stop looking for a free one
PIECE = 1024 * 1024
# What a file is known by while it rests: its size in bytes and when it changed, in nanoseconds.
Mark = list[int]


@dataclass
class Account:
    """What became of the rows of one file. All that was read is new, a new version, known, erased or refused."""

    rows: int = 0
    new: int = 0
    versions: int = 0
    known: int = 0
    erased: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    unreadable: str | None = None  # the system would not let us read on: no fault of the file

    def taking(self, batch: Batch) -> Batch:
        """Count the rows of a batch and what in it was refused, have the rest told, and return it."""
        self.rows += len(batch.entries)
        self.refused += batch.refused
        return replace(batch, after=self.add)

    def add(self, stored: "Stored") -> None:
        """Count what became of some of its rows."""
        self.new += stored.new
        self.versions += stored.versions
        self.known += stored.duplicates
        self.erased += len(stored.erased)

    @property
    def folder(self) -> str:
        """Where the file belongs: with those that failed when nothing in it could be read."""
        return FAILED if self.refused and not self.rows else PROCESSED

    def told(self) -> dict[str, Any]:
        """Return the account as a report tells it."""
        return {
            "rows": self.rows + len(self.refused),
            "stored": self.new + self.versions,
            "new_versions": self.versions,
            "known_already": self.known,
            "erased_on_request_before": self.erased,
            "quarantined": len(self.refused),
            "first_reasons": [{"place": place, "reason": reason} for place, reason in self.refused[:REASONS]],
        }


def obstacle(folder: Path) -> str | None:
    """Say why nothing can be moved within `folder`, or None. It changes nothing."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the folder {folder} is read-only for us"
    for name in (PROCESSED, FAILED):
        try:
            found = (folder / name).lstat()
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(found.st_mode):
            return f"{folder / name} is no folder"
        if found.st_dev != folder.stat().st_dev:
            return f"{folder / name} lies on another file system"
        if not os.access(folder / name, os.W_OK | os.X_OK):
            return f"the folder {folder / name} is read-only for us"
    return None


def put_away(folder: Path, name: str, mark: Mark, account: Account, source: str, now: dt.datetime) -> str | None:
    """Move a file that was read, with a report beside it; return where it lies now, below `folder`.

    Returns None when it has changed since it was listed: it will be read again. Raises OSError when it cannot be moved.
    """
    with _opened(folder) as here:
        with suppress(FileExistsError):
            os.mkdir(account.folder, 0o777, dir_fd=here)
        there = os.open(account.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
        try:
            sha256 = _hashed(here, name)
            if mark_of(name, here) != mark:
                return None
            told = {"file": name, "source": source, "read_at": now.isoformat(), "bytes": mark[0], "sha256": sha256}
            kept = _reported(there, name, told | account.told())
            try:
                os.rename(name, kept, src_dir_fd=here, dst_dir_fd=there)
            except OSError:
                os.unlink(kept + REPORT, dir_fd=there)
                raise
        finally:
            os.close(there)
    return f"{account.folder}/{kept}"


def bring_back(folder: Path, place: str, name: str) -> str:
    """Move a file back into `folder` that went on being written; return its name there. Raises OSError."""
    with _opened(folder) as here:
        free = next(one for one in names(name) if not _exists(here, one))
        os.rename(place, free, src_dir_fd=here, dst_dir_fd=here)
    return free


def mark_of(name: str | Path, here: int | None = None) -> Mark | None:
    """Return the mark of a plain file, None where there is none; `here` is the folder of a bare name."""
    try:
        found = os.lstat(name, dir_fd=here)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns] if stat.S_ISREG(found.st_mode) else None


def names(name: str) -> Iterator[str]:
    """Yield `name`, then the same with numbers before its ending: posts.csv, posts-2.csv, posts-3.csv."""
    stem, dot, ending = name.partition(".") if name.lower().endswith(".gz") else name.rpartition(".")
    yield name
    for number in range(2, NAMES):
        yield f"{stem}-{number}{dot}{ending}"


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield here
    finally:
        os.close(here)


def _hashed(here: int, name: str) -> str:
    digest = hashlib.sha256()
    with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=here), "rb") as file:  # noqa: PTH123  by its descriptor
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _reported(there: int, name: str, report: dict[str, Any]) -> str:
    """Write the report under the first name that is free and return that name.

    Making the report reserves the name among workers: two of them never get the same one.
    """
    for free in names(name):
        if _exists(there, free):
            continue
        try:
            report_fd = os.open(
                free + REPORT, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=there
            )
        except FileExistsError:
            continue
        with open(report_fd, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123  by its descriptor
            json.dump(report, file, ensure_ascii=False, indent=2)
            file.write("\n")
        return free
    raise FileExistsError(f"{NAMES} files called {name} lie there already")


def _exists(there: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=there)
    except FileNotFoundError:
        return False
    return True


def in_a_sentence(why: str | None, stuck: Mapping[str, str]) -> str | None:
    """Say why files stay in the folder, or None when none does."""
    if why:
        return f"files stay in the folder after they are read: {why}"
    if not stuck:
        return None
    first = min(stuck)
    if len(stuck) == 1:
        return f"one file stays in the folder after it was read, {first!r}: {stuck[first]}"
    return f"{len(stuck)} files stay in the folder after they were read, the first of them {first!r}: {stuck[first]}"
