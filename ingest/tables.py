"""Read files of many rows in pieces: CSV, JSON Lines and JSON documents, also as they unpack. It stores nothing.

A bad row is refused with its line number; the rest of the file is read.
"""

import csv
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from ingest import exports, packed
from ingest.entry import Entry
from ingest.errors import InputRefused
from ingest.rows import entry_of
from ingest.settings import IngestSettings

ROWS = 500
PIECE = 4 * 1024 * 1024
JSON_LINES = (".jsonl", ".ndjson")
SEPARATED = (".csv", ".tsv")
DOCUMENTS = (".json",)
PARQUET = (".parquet", ".pq")
DELIMITERS = ",;\t|"


@dataclass
class Chunk:
    """Some rows of a file: their bytes as they stand there, what they mean, and how far the file has been read.

    `member` is the file of an archive that they stand in; a refusal of line 0 is one of all of it.
    """

    raw: bytes = b""
    entries: list[Entry] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    position: int = 0
    member: str = ""
    media: str = "text/plain"

    def refusals(self, name: str) -> list[tuple[str, str]]:
        """Return (place, reason) of what was refused; `name` is that of the file."""
        label = f"{name}/{self.member}" if self.member else name
        return [(f"{label} line {line}" if line else label, reason) for line, reason in self.refused]


def is_table(name: str) -> bool:
    """Whether the name says that the file holds rows."""
    return name.lower().removesuffix(".gz").endswith(JSON_LINES + SEPARATED + DOCUMENTS) or is_parquet(name)


def is_parquet(name: str) -> bool:
    """Whether the name says that the file is Parquet."""
    return name.lower().endswith(PARQUET)


def chunks(file: BinaryIO, name: str, settings: IngestSettings) -> Iterator[Chunk]:
    """Yield the rows of an open file in pieces of at most 500 rows or 4 MiB; raises `InputRefused` or OSError.

    `file` holds the rows unpacked. Where a packed one ends too early, the whole rows before have been good; the last
    one, which may be half, is left out.
    """
    plain = name.lower().removesuffix(".gz")
    lines = _json_lines if plain.endswith(JSON_LINES) else _document if plain.endswith(DOCUMENTS) else _separated
    try:
        yield from lines(file, settings.max_text_characters)
    except InputRefused as error:
        raise InputRefused(packed.problem_of(file) or str(error)) from error
    if problem := packed.problem_of(file):
        raise InputRefused(problem)


def open_plain(path: Path) -> BinaryIO:
    """Open a regular file without following a link."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    return os.fdopen(handle, "rb")


def decoded(raw: bytes) -> tuple[str, tuple[str, ...]]:
    """Return bytes as text: UTF-8 or UTF-16 by its mark, else Windows-1252, noted as a guess."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace"), ()
    try:
        return raw.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), ("charset guessed: Windows-1252",)


def _json_lines(file: BinaryIO, max_characters: int) -> Iterator[Chunk]:
    chunk, raw, size = Chunk(), [], 0
    longest = max_characters * 6 + 65_536  # a character can take six bytes when it is escaped
    number = 0
    while line := file.readline(longest):
        number += 1
        raw.append(line)
        size += len(line)
        if len(line) == longest and not line.endswith(b"\n"):
            chunk.refused.append((number, f"the line is longer than {longest:,} bytes"))
            while (rest := file.readline(longest)) and not rest.endswith(b"\n"):
                pass
        elif line.strip(b"\xef\xbb\xbf \t\r\n") and not _half(file, line[-1:] == b"\n"):
            take(chunk, number, _json_row(line))
        if len(raw) >= ROWS or size >= PIECE:
            chunk.raw = b"".join(raw)
            yield chunk
            chunk, raw, size = Chunk(), [], 0
    if raw:
        chunk.raw = b"".join(raw)
        yield chunk


def _document(file: BinaryIO, max_characters: int) -> Iterator[Chunk]:
    """Read one long document of JSON; rows are counted, because its lines mean nothing."""
    chunk, raw, size = Chunk(), list[str](), 0
    problem: InputRefused | None = None
    numbered = enumerate(exports.rows_of(file, max_characters * 6 + 65_536), start=1)
    while problem is None:
        try:
            number, (row, text) = next(numbered)
        except StopIteration:
            break
        except InputRefused as error:
            problem = error  # the whole elements before it are good
            continue
        if row is not None:
            take(chunk, number, row)
            raw.append(text)
            size += len(text)
        if len(raw) >= ROWS or size >= PIECE:
            chunk.raw = "\n".join(raw).encode("utf-8", "surrogateescape")
            yield chunk
            chunk, raw, size = Chunk(), [], 0
    if raw:
        chunk.raw = "\n".join(raw).encode("utf-8", "surrogateescape")
        yield chunk
    if problem is not None:
        raise problem


def _json_row(line: bytes) -> object:
    text, _ = decoded(line)
    try:
        return json.loads(text, parse_constant=str)
    except RecursionError:
        return ValueError("the JSON is nested too deeply")
    except ValueError as error:
        return ValueError(f"this is no JSON ({error})")


def _separated(file: BinaryIO, max_characters: int) -> Iterator[Chunk]:
    csv.field_size_limit(max(max_characters, 131_072))
    sample = file.peek(65_536)[:65_536] if isinstance(file, io.BufferedReader) else b""
    encoding = "utf-16" if sample.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")
    tee = Tee(text, max_characters + 65_536)
    reader = csv.reader(tee, delimiter=_delimiter(sample))
    header: list[str] | None = None
    chunk = Chunk()
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            take(chunk, reader.line_num, ValueError(f"this row cannot be read ({error})"))
            reader = csv.reader(tee, delimiter=reader.dialect.delimiter)
            continue
        if header is None:
            header = [name.strip().lstrip("\ufeff").lower() for name in row]
            continue
        if any(cell.strip() for cell in row) and not _half(file, tee.ended):
            take(chunk, tee.lines, _csv_row(header, row))
        if len(chunk.entries) + len(chunk.refused) >= ROWS or tee.size >= PIECE:
            chunk.raw = tee.taken()
            yield chunk
            chunk = Chunk()
    chunk.raw = tee.taken()
    if chunk.entries or chunk.refused:
        yield chunk
    text.detach()


class Tee:
    """Passes lines on and keeps them, because raw bytes are kept with what was read from them."""

    def __init__(self, text: io.TextIOWrapper, longest: int) -> None:
        self.text, self.longest, self.size, self.lines = text, longest, 0, 0
        self.kept: list[str] = []
        self.ended = True  # whether the last line did, and the row in it

    def __iter__(self) -> Self:
        """Give the lines, one by one."""
        return self

    def __next__(self) -> str:
        """Return the next line, or a piece of one that is longer than any may be."""
        line = self.text.readline(self.longest)
        if not line:
            self.ended = False  # nobody asks for more but a row that goes on
            raise StopIteration
        self.lines += 1
        self.ended = line.endswith("\n")
        self.kept.append(line)
        self.size += len(line)
        return line.replace("\x00", "\ufffd")  # the csv module stops at a NUL

    def taken(self) -> bytes:
        """Return the bytes of the lines since the last call."""
        raw = "".join(self.kept).encode("utf-8", "surrogateescape")
        self.kept, self.size = [], 0
        return raw


def _half(file: BinaryIO, ended: bool) -> bool:
    """Whether the last row that was read may be half: its line did not end, and what it stands in is damaged."""
    return not ended and bool(packed.problem_of(file))


def _csv_row(header: list[str], row: list[str]) -> object:
    if len(row) > len(header):
        return ValueError(f"the row has {len(row)} fields, the header {len(header)}")
    return dict(zip(header, row, strict=False))


def _delimiter(sample: bytes) -> str:
    """Return the separator that the first line uses most."""
    first = decoded(sample)[0].split("\n", 1)[0]
    return max(DELIMITERS, key=first.count)


def take(chunk: Chunk, line: int, row: object) -> None:
    """Add what a row means to a piece; a ValueError stands for a row that cannot be read."""
    for one in exports.unfolded(row):
        understood = one if isinstance(one, Entry) else str(one) if isinstance(one, ValueError) else entry_of(one)
        if isinstance(understood, Entry):
            chunk.entries.append(understood)
        else:
            chunk.refused.append((line, understood))
