"""Read a folder of files as they are dropped into it: rows, texts, web archives, and zip archives of them.

A file is read once it has stopped changing, and again when it changes. Nothing outside the folder is opened: no links,
no subfolders, no devices.
"""

import datetime as dt
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest import files
from ingest.errors import FolderUnreadable, InputRefused
from ingest.http import Network
from ingest.readers import Batch, Keep, Place
from ingest.settings import IngestSettings


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
        """Yield the batches of every new file; a file counts as read together with its last batch."""
        folder = Path(place.url.removeprefix("file://"))
        if not folder.is_absolute() or ".." in folder.parts:
            raise FolderUnreadable(f"{folder} is no full path; write it from the root, without '..'")
        seen: dict[str, Any] = dict(place.cursor.get("files", {}))
        present, refused = settled_files(folder, settings, now)
        remembered = {name: mark for name, mark in seen.items() if name in present}
        news = sorted(name for name, mark in present.items() if remembered.get(name) != mark)
        complaints = [(name, reason) for name, reason in refused if seen.get(name) != reason]
        remembered |= dict(refused)
        for name in news:
            last: Batch | None = None
            for batch in read_file(folder / name, keep, settings):
                if last is not None:
                    yield last
                last = batch
            remembered[name] = present[name]
            if last is not None:
                yield Batch(last.entries, last.raw_sha256, last.refused, {"cursor": {"files": dict(remembered)}})
        outcome = "ok" if news else "unchanged"
        yield Batch(refused=tuple(complaints), remember={"cursor": {"files": remembered}}, outcome=outcome)


def settled_files(
    folder: Path, settings: IngestSettings, now: dt.datetime
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return {name: [size, changed]} of files that rest, and (name, reason) of what is not read at all."""
    present: dict[str, Any] = {}
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


def read_file(path: Path, keep: Keep, settings: IngestSettings) -> Iterator[Batch]:
    """Yield the batches of one file; a file that cannot be read to its end is one refusal."""
    try:
        for chunk in files.chunks(path, settings):
            sha256 = keep(chunk.raw, chunk.media) if chunk.raw else None
            yield Batch(tuple(chunk.entries), sha256, tuple(chunk.refusals(path.name)))
    except (InputRefused, OSError) as error:
        yield Batch(refused=((path.name, str(error)),))
