"""The process that reads a Parquet file from stdin and writes its rows to stdout, and may be killed.

Each line is `{"rows", "share"}`: some rows as plain values, and how much of the file has been read. The last is
`{"end"}`, or `{"problem"}` with what is wrong. It has no network, no database and no settings beyond its limits.
"""

import datetime as dt
import json
import math
import resource
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

ROWS = 500
PIECE = 4 * 1024 * 1024
MOST_COLUMNS = 200


def main() -> None:
    """Read the file; arguments are the seconds of processor time for one piece, and the bytes of memory."""
    seconds, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout, out = sys.stderr, sys.stdout
    try:
        for answer in pieces(sys.stdin.buffer):
            _allow(seconds)
            # Escaped, because a text may hold half a pair of surrogates, which UTF-8 has no bytes for.
            out.write(json.dumps(answer) + "\n")
            out.flush()
        last: dict[str, Any] = {"end": True}
    except MemoryError:
        last = {"problem": f"it needs more than {memory_bytes // 1024**2} MiB of memory"}
    except Exception as error:  # noqa: BLE001  whatever a stranger's file can cause is one sentence
        last = {"problem": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
    out.write(json.dumps(last) + "\n")
    out.flush()


def pieces(file: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of each row group, read a few pages at a time; columns that hold lists or records are left out."""
    import pyarrow as pa
    from pyarrow import parquet

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    table = parquet.ParquetFile(file, pre_buffer=False)
    columns = [field.name for field in table.schema_arrow if not pa.types.is_nested(field.type)][:MOST_COLUMNS]
    total, done = max(table.metadata.num_rows, 1), 0
    for group in range(table.metadata.num_row_groups):
        about = table.metadata.row_group(group)
        # Rows of long texts come one by one, those of short ones together.
        width = max(about.total_byte_size // max(about.num_rows, 1), 1)
        rows = min(max(PIECE // width, 1), ROWS)
        for batch in table.iter_batches(rows, row_groups=[group], columns=columns, use_threads=False):
            done += batch.num_rows
            cells = [values_of(column) for column in batch.columns]
            read = [dict(zip(batch.schema.names, row, strict=True)) for row in zip(*cells, strict=True)]
            yield {"rows": read, "share": min(done / total, 1.0)}


def values_of(column: Any) -> list[Any]:
    """Return the cells of a column; a time that Python cannot hold is given as the number it is stored as."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    try:
        return [value_of(value) for value in column.to_pylist()]
    except (ValueError, OverflowError, LookupError):
        return [_alone(cell) for cell in column]


def _alone(cell: Any) -> Any:
    try:
        return value_of(cell.as_py())
    except (ValueError, OverflowError, LookupError):
        return str(getattr(cell, "value", cell))


def value_of(value: Any) -> Any:
    """Return a cell as JSON can hold it: times as ISO 8601, bytes as text, and nothing for what is no number."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        # A column of whole numbers with gaps is stored as fractions: an identifier 17.0 is meant as 17.
        return None if not math.isfinite(value) else int(value) if value.is_integer() else value
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, str | int | bool | None) else str(value)


def _allow(seconds: int) -> None:
    """Set the processor time that the next piece may take; the limit counts the whole life of the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, resource.RLIM_INFINITY))
