"""`tocsin import`: take a file of texts into a source, in batches, as often as you like: nothing comes in twice."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from ingest import evidence, files, quota, read, tables
from ingest.errors import InputRefused
from ingest.settings import IngestSettings
from models.database import Sessions, writing

Progress = Callable[[int, int], None]


@dataclass
class ImportResult:
    """What became of the rows of a file; `refused` holds (place, reason), `erased` counts those kept out on request.

    `held` counts new ones that are held back: only where the operator has set a quota for the source.
    """

    new: int = 0
    duplicates: int = 0
    versions: int = 0
    erased: int = 0
    held: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def import_file(
    sessions: Sessions,
    path: Path,
    source_name: str,
    settings: IngestSettings,
    now: dt.datetime,
    progress: Progress = lambda done, total: None,  # noqa: ARG005
) -> ImportResult:
    """Import a file of rows, pages or text, or a zip archive of some; `progress(done, total)` counts bytes of the file.

    Raises `InputRefused` when the file cannot be taken as a whole; bad rows are only counted and kept as refusals.
    """
    if reason := files.objection(path.name):
        raise InputRefused(f"{path.name}: {reason}")
    try:
        total = path.stat().st_size
        result = ImportResult()
        for chunk in files.chunks(path.resolve(), settings, path.name):
            stored = _store(sessions, chunk, path.name, source_name, settings, now)
            result.new += stored.new
            result.duplicates += stored.duplicates
            result.versions += stored.versions
            result.erased += len(stored.erased)
            result.held += stored.held
            result.refused += chunk.refusals(path.name)
            result.refused += [(path.name, quota.AWAY_BECAUSE)] * len(stored.turned_away)
            progress(chunk.position, total)
    except OSError as error:
        raise InputRefused(f"{path} cannot be read ({error.strerror}); check path and rights") from error
    progress(total, total)
    return result


def _store(
    sessions: Sessions, chunk: tables.Chunk, name: str, source_name: str, settings: IngestSettings, now: dt.datetime
) -> read.Stored:
    for attempt in (1, 2):
        try:
            with writing(sessions) as session:
                source = read.source_called(session, source_name, "import", now)
                raw_sha256 = evidence.keep_raw(session, chunk.raw, chunk.media, now, source.id) if chunk.raw else None
                stored = read.store_entries(session, source, chunk.entries, raw_sha256, now, settings)
                read.refuse(session, source.id, chunk.refusals(name), raw_sha256, now)
                quota.show(session, source, settings, now)
                return stored
        except IntegrityError:
            # The same file is being imported twice at once; the second time its rows are known.
            if attempt == 2:
                raise
    raise AssertionError("unreachable")
