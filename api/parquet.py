"""Write an export as Parquet: the columns of the CSV with types and whole texts, one row group for each batch of rows.

It needs pyarrow, which is optional; `ingest/parquet.py` says what to install. It knows no query and no HTTP.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from models.codebook import SIGNALS

if TYPE_CHECKING:
    import pyarrow as pa

WHOLE = frozenset({"id", "document_id", "severity", "stage", "count"})
TRUTHS = frozenset({"flag", "flagged_now", "abstained", "reviewed"})
LISTS = frozenset({"target_names", "labels_now", "indicators"})


class Taken:
    """A file to write to whose bytes are taken away as they come."""

    closed = False

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Keep a piece; pyarrow counts the position itself."""
        self.parts.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        """Return what was written since the last call."""
        taken, self.parts = b"".join(self.parts), []
        return taken

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""


def pieces(columns: Sequence[str], batches: Iterable[Sequence[dict[str, Any]]]) -> Iterator[bytes]:
    """Yield the bytes of a file, a batch of rows at a time; without rows it is a table of none."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, _type(name)) for name in columns])
    sink = Taken()
    with parquet.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for rows in batches:
            cells = {name: [_cell(name, row.get(name)) for row in rows] for name in columns}
            writer.write_table(pa.table(cells, schema=schema))
            yield sink.take()
    yield sink.take()


def _type(name: str) -> "pa.DataType":
    import pyarrow as pa

    if name in WHOLE:
        return pa.int64()
    if name in TRUTHS:
        return pa.bool_()
    if name in LISTS:
        return pa.list_(pa.string())
    if name in SIGNALS:
        return pa.float64()
    return pa.timestamp("us", "UTC") if name.endswith("_at") else pa.string()


def _cell(name: str, value: Any) -> Any:
    if name.endswith("_at") and isinstance(value, str):
        return dt.datetime.fromisoformat(value)
    return value
