"""Read Parquet files in pieces: in a process of its own that may die, because the reader is a large library in C++.

Parquet needs pyarrow, which is optional. What the file says of itself is not believed: a few bytes can unpack to
gigabytes, so the limits are the process's memory and processor time. It stores nothing; `parquet_child.py` reads.
"""

import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

from ingest import tables
from ingest.errors import InputRefused

MISSING = "reading Parquet needs the optional package pyarrow; install Tocsin with the extra 'parquet'"
CHILD = [sys.executable, "-c", "from ingest.parquet_child import main; main()"]
MEMORY_BYTES = 1024**3  # address space of the reading process; pyarrow alone takes 300 MiB of it
SECONDS = 60  # for one piece of 500 rows at most
LONGEST_ANSWER = 256 * 1024 * 1024


def missing() -> str | None:
    """Say what to install when Parquet cannot be read here, or None."""
    return None if importlib.util.find_spec("pyarrow") else MISSING


def chunks(file: BinaryIO, max_characters: int, size: int, memory_bytes: int = MEMORY_BYTES) -> Iterator[tables.Chunk]:
    """Yield the rows of an open file in pieces; the rows count as lines, and their JSON is kept as their raw bytes.

    `size` is the length of the file. Raises `InputRefused` for a damaged or hostile file, or without pyarrow; the
    pieces before have been good.
    """
    if reason := missing():
        raise InputRefused(reason)
    number = 0
    for answer in _answers(file, memory_bytes):
        if "problem" in answer:
            raise InputRefused(f"the Parquet file cannot be read after row {number} ({answer['problem']})")
        chunk, raw = tables.Chunk(), []
        for row in answer["rows"]:
            number += 1
            raw.append(json.dumps(row, ensure_ascii=False))
            long = len(raw[-1]) > max_characters * 6 + 65_536
            tables.take(chunk, number, ValueError("the row is longer than a text may be") if long else row)
        chunk.raw = "\n".join(raw).encode("utf-8", "surrogatepass")
        chunk.position = int(size * answer["share"])
        yield chunk


def _answers(file: BinaryIO, memory_bytes: int) -> Iterator[dict[str, Any]]:
    """Yield what the child reads, and `{"problem"}` when it dies; it is never left behind."""
    child = subprocess.Popen(  # noqa: S603  our own interpreter and module
        [*CHILD, str(SECONDS), str(memory_bytes)],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Nothing of our environment: it may hold secrets. The plain allocator obeys the limit of memory.
        env={"PYTHONPATH": ":".join(path for path in sys.path if path), "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )
    answers = cast("IO[bytes]", child.stdout)
    try:
        while True:
            clock = threading.Timer(SECONDS * 4, child.kill)
            clock.start()
            try:
                line = answers.readline(LONGEST_ANSWER)
            finally:
                clock.cancel()
            if not line.endswith(b"\n"):
                mib = memory_bytes // 1024**2
                yield {"problem": f"it took more than {SECONDS} seconds or {mib} MiB of memory and was stopped"}
                return
            answer = json.loads(line)
            if answer.get("end"):
                return
            yield answer
    finally:
        child.kill()
        answers.close()
        child.wait()
