"""Files that people drop or import: which kinds are read, and what is in one, piece by piece. It stores nothing.

Rows (CSV, JSON, Parquet), web archives and plain texts; gzip where a name ends so, and zip archives of them.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ingest import archives, packed, parquet, tables
from ingest.entry import Entry
from ingest.errors import InputRefused
from ingest.settings import IngestSettings

TEXTS = (".txt", ".md", ".text")
ZIPPED = ".zip"
KINDS = "use .csv, .tsv, .jsonl, .json, .txt, .md or .warc (also .gz), .parquet, or a .zip of them"


def objection(name: str) -> str | None:
    """Say why a file of this name is not read, or None."""
    if not is_known(name) and not name.lower().endswith(ZIPPED):
        return f"this kind of file is not read; {KINDS}"
    return parquet.missing() if tables.is_parquet(name) else None


def is_known(name: str) -> bool:
    """Whether the name says that the file holds rows, pages or a text."""
    plain = name.lower().removesuffix(".gz")
    return tables.is_table(name) or archives.is_archive(name) or plain.endswith(TEXTS)


def chunks(path: Path, settings: IngestSettings, name: str = "") -> Iterator[tables.Chunk]:
    """Yield what is in a file; raises `InputRefused` or OSError, and the pieces before have been good.

    `name` says what kind it is, where the path does not.

    Of an archive each member is read by itself: what is wrong with one is a refusal of it, and the next one follows.
    """
    name = name or path.name
    with tables.open_plain(path) as file:
        if not name.lower().endswith(ZIPPED):
            for chunk in _pieces(file, name, name, settings):
                chunk.position = chunk.position or file.tell()
                yield chunk
            return
        for member in packed.members(file, settings, is_known):
            try:
                if member.objection:
                    raise InputRefused(member.objection)  # noqa: TRY301  as of a member that turns out bad
                if tables.is_parquet(member.name):
                    raise InputRefused("Parquet is not read inside an archive; bring the file by itself")  # noqa: TRY301
                with member.open() as stream:
                    for chunk in _pieces(stream, member.name, f"{name}/{member.name}", settings):
                        chunk.member, chunk.position = member.name, file.tell()
                        yield chunk
            except InputRefused as error:
                yield tables.Chunk(refused=[(0, str(error))], member=member.name)


def _pieces(file: BinaryIO, name: str, label: str, settings: IngestSettings) -> Iterator[tables.Chunk]:
    """Yield what is in an open file of this name; `label` is what a text is known by."""
    if archives.is_archive(name):
        yield from archives.chunks(file, name)
    elif tables.is_parquet(name):
        yield from parquet.chunks(file, settings.max_text_characters, os.fstat(file.fileno()).st_size)
    else:
        stream = packed.gunzipped(file, settings) if name.lower().endswith(".gz") else file
        yield from tables.chunks(stream, name, settings) if tables.is_table(name) else _text(stream, label, settings)


def _text(file: BinaryIO, label: str, settings: IngestSettings) -> Iterator[tables.Chunk]:
    raw = file.read(settings.max_body_bytes + 1)
    if problem := packed.problem_of(file):
        raise InputRefused(problem)
    if len(raw) > settings.max_body_bytes:
        raise InputRefused(f"the file is longer than {settings.max_body_bytes:,} bytes")
    text, notes = tables.decoded(raw)
    yield tables.Chunk(raw=raw, entries=[Entry(content=text, external_id=label, notes=notes)])
