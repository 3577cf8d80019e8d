"""Read a folder of files as they are dropped into it: rows, texts, web archives, and zip archives of them.

A file is read once it has stopped changing. Then it is moved to `processed/` or `failed/`, with a report beside it;
where that is not wanted or not possible it stays, and is read again when it changes. Nothing outside the folder is
opened: no links, no subfolders, no devices.
"""

import datetime as dt
import logging
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest import files, put_away
from ingest.errors import FolderUnreadable, InputRefused
from ingest.http import Network
from ingest.put_away import Account, Mark
from ingest.readers import Batch, Keep, Place
from ingest.settings import IngestSettings

if TYPE_CHECKING:
    from ingest.read import Stored

log = logging.getLogger(__name__)

# How long, and how many of, the files that were moved are looked at again: somebody may still be writing to them.
WATCHED = dt.timedelta(days=1)
MOST_WATCHED = 100


class FolderReader:
    """One folder, named by a path or a file: URL."""

    def read(
        self,
        place: Place,
        network: Network,  # noqa: ARG002  a folder needs none
        keep: Keep,
        settings: IngestSettings,
        now: dt.datetime,
    ) -> Iterator[Batch]:
        """Yield the batches of every new file; a file counts as read together with its last batch.

        Where files are moved, one that still lies there was not dealt with to its end, because a worker was stopped:
        it is read again, which stores nothing twice, and then moved.
        """
        folder = Path(place.url.removeprefix("file://"))
        if not folder.is_absolute() or ".." in folder.parts:
            raise FolderUnreadable(f"{folder} is no full path; write it from the root, without '..'")
        drop = Drop(folder, place, now)
        drop.bring_back_changed()
        present, refused = settled_files(folder, settings, now)
        complaints = [(name, reason) for name, reason in refused if drop.seen.get(name) != reason]
        news = drop.news(present, dict(refused))
        for name in news:
            account = Account()
            last = Batch()
            for batch in read_file(folder / name, keep, settings, account):
                yield last
                last = batch
            drop.seen[name] = present[name]
            after = drop.ending(name, present[name], account) if drop.moving else None
            yield replace(last, remember={"cursor": drop.cursor()}, after=after)
        if news and drop.moving:
            yield Batch()  # with it the last file is stored and moved, so that the cursor can tell
        outcome = "ok" if news else "unchanged"
        yield Batch(
            refused=tuple(complaints), remember={"cursor": drop.cursor()}, outcome=outcome, reason=drop.why_files_stay()
        )


class Drop:
    """What is remembered of a folder from poll to poll, and what is moved in it.

    `seen` holds the marks of files that were read and of what is not read at all, `stuck` why a file that was read
    could not be moved, `moved` those that were lately: {place: [name, mark, when]}.
    """

    def __init__(self, folder: Path, place: Place, now: dt.datetime) -> None:
        self.folder, self.source, self.now = folder, place.name, now
        self.obstacle = put_away.obstacle(folder) if place.move_files else None
        self.moving = place.move_files and self.obstacle is None
        self.seen: dict[str, Any] = dict(place.cursor.get("files", {}))
        self.stuck: dict[str, Any] = dict(place.cursor.get("stuck", {}))
        self.moved: dict[str, Any] = dict(place.cursor.get("moved", {}))

    def cursor(self) -> dict[str, Any]:
        """Return what to remember now."""
        recent = list(self.moved.items())[-MOST_WATCHED:]
        return {"files": dict(self.seen), "stuck": dict(self.stuck), "moved": dict(recent)}

    def news(self, present: dict[str, Mark], refused: dict[str, str]) -> list[str]:
        """Return the names of files to read; what is no longer there is forgotten."""
        self.stuck = {name: one for name, one in self.stuck.items() if present.get(name) == one["mark"]}
        known = {name: mark for name, mark in self.seen.items() if name in present}
        self.seen = known | refused
        done = {name: one["mark"] for name, one in self.stuck.items()} if self.moving else known
        return sorted(name for name, mark in present.items() if done.get(name) != mark)

    def ending(self, name: str, mark: Mark, account: Account) -> "Callable[[Stored], None]":
        """Return what to do once the last of a file is stored."""

        def end(stored: "Stored") -> None:
            account.add(stored)
            try:
                if account.unreadable:
                    raise OSError(account.unreadable)  # noqa: TRY301  as a file that cannot be moved
                place = put_away.put_away(self.folder, name, mark, account, self.source, self.now)
            except OSError as error:
                self.stuck[name] = {"mark": mark, "reason": error.strerror or str(error)}
            else:
                if place is not None:
                    self.seen.pop(name)
                    self.moved[place] = [name, mark, self.now.isoformat()]

        return end

    def bring_back_changed(self) -> None:
        """Have files read again that went on being written after they were moved: their writer had only paused."""
        for place, (name, mark, at) in list(self.moved.items()):
            found = put_away.mark_of(self.folder / place)
            if self.moving and found not in (mark, None):
                try:
                    put_away.bring_back(self.folder, place, name)
                except OSError as error:
                    log.warning("%s was changed in %s and cannot be brought back: %s", place, self.folder, error)
                    continue
            if found != mark or self.now - dt.datetime.fromisoformat(at) > WATCHED:
                del self.moved[place]

    def why_files_stay(self) -> str | None:
        """Say why files are not moved that should be, or None."""
        return put_away.in_a_sentence(self.obstacle, {name: one["reason"] for name, one in self.stuck.items()})


def settled_files(
    folder: Path, settings: IngestSettings, now: dt.datetime
) -> tuple[dict[str, Mark], list[tuple[str, str]]]:
    """Return {name: [size, changed]} of files that rest, and (name, reason) of what is not read at all."""
    present: dict[str, Mark] = {}
    refused: list[tuple[str, str]] = []
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise FolderUnreadable(f"the folder {folder} cannot be read ({error.strerror}); check path, rights") from error
    for name in names:
        if name.startswith("."):
            continue
        try:
            status = (folder / name).lstat()
            name.encode()
        except (OSError, UnicodeEncodeError):
            continue
        if stat.S_ISLNK(status.st_mode):
            refused.append((name, "a link is not followed; put the file itself into the folder"))
        elif stat.S_ISREG(status.st_mode):
            if reason := files.objection(name):
                refused.append((name, reason))
            elif now.timestamp() - status.st_mtime >= settings.file_settle_seconds:
                present[name] = [status.st_size, status.st_mtime_ns]
    return present, refused


def read_file(path: Path, keep: Keep, settings: IngestSettings, account: Account) -> Iterator[Batch]:
    """Yield the batches of one file, counted into `account`; one that cannot be read to its end is one refusal."""
    try:
        for chunk in files.chunks(path, settings):
            sha256 = keep(chunk.raw, chunk.media) if chunk.raw else None
            yield account.taking(Batch(tuple(chunk.entries), sha256, tuple(chunk.refusals(path.name))))
    except InputRefused as error:
        yield account.taking(Batch(refused=((path.name, str(error)),)))
    except OSError as error:
        account.unreadable = error.strerror or str(error)
        yield account.taking(Batch(refused=((path.name, str(error)),)))
