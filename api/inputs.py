"""Read texts out of what a person hands to `tocsin classify`: lines, CSV or JSONL, gzip too.

It knows nothing of what happens to the texts.
"""

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterator
from pathlib import PurePath
from typing import BinaryIO, cast

from api.errors import BadInput

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


def read_texts(file: BinaryIO, form: str | None, column: str) -> Iterator[str]:
    """Yield one text per line (text), row (csv) or object (jsonl).

    A row without the column is an error, because the results would no longer stand beside their inputs. Bytes that
    are not UTF-8 become U+FFFD. Raises BadInput with the line's number.
    """
    name = PurePath(getattr(file, "name", ""))
    packed = name.suffix == ".gz"
    form = form or FORMATS.get((PurePath(name.stem) if packed else name).suffix, "text")
    binary = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
    lines = io.TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline="" if form == "csv" else None)
    return {"text": _plain, "csv": _csv, "jsonl": _jsonl}[form](lines, column)


def _plain(lines: io.TextIOWrapper, _column: str) -> Iterator[str]:
    for line in lines:
        yield line.rstrip("\n")


def _csv(lines: io.TextIOWrapper, column: str) -> Iterator[str]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    rows = csv.DictReader(lines)
    if column not in (rows.fieldnames or []):
        found = ", ".join(rows.fieldnames or []) or "none"
        raise BadInput(f"the CSV has no column {column!r} (it has: {found}); name the right one with --column")
    for row in rows:
        yield row[column] or ""


def _jsonl(lines: io.TextIOWrapper, column: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadInput(f"line {number} is not JSON ({error}); one object per line is expected") from error
        if not isinstance(row, dict) or not isinstance(row.get(column), str):
            raise BadInput(f"line {number} has no text under {column!r}; name the right key with --column")
        yield row[column]
