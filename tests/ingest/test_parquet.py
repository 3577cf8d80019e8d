"""Parquet is read like any other table, by a process that may die of it; without pyarrow one sentence says so."""

import datetime as dt
import importlib.util
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ingest import files, imports, parquet, tables
from ingest.errors import InputRefused
from ingest.evidence import verify
from ingest.settings import IngestSettings
from models.database import Sessions, reading
from models.evidence import RawBody
from models.item import Item, Refusal
from tests.ingest.conftest import Desk

HOUR = dt.timedelta(hours=1)
LONGEST = 300_000
SETTINGS = IngestSettings(max_text_characters=LONGEST)
installed = pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed")


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    import pyarrow as pa
    from pyarrow import parquet as writer

    writer.write_table(pa.table(columns), path, **options)
    return path


def read(path: Path) -> tuple[list[tables.Chunk], list[Any]]:
    found = list(files.chunks(path, SETTINGS))
    return found, [entry for chunk in found for entry in chunk.entries]


@installed
def test_every_kind_of_column_is_understood(tmp_path: Path) -> None:
    import pyarrow as pa

    moment = dt.datetime(2026, 3, 14, 9, 30, tzinfo=dt.UTC)
    columns = {
        "ID": pa.array([1.0, 2.0, None]),
        "text": pa.array(["They met.", "سوق مَرّوك", " "]),
        "created_at": pa.array([moment, None, moment], pa.timestamp("ns", "UTC")),
        "lang": pa.array([b"en", b"ar", b"\xff"], pa.binary()),
        "price": pa.array([Decimal("1.50"), None, None]),
        "embedding": pa.array([[0.1, 0.2], None, []], pa.list_(pa.float32())),
        "score": pa.array([float("nan"), 1.0, 2.0]),
    }
    [chunk], entries = read(write(tmp_path / "posts.parquet", columns))
    assert [(entry.external_id, entry.content, entry.language) for entry in entries] == [
        ("1", "They met.", "en"),
        ("2", "سوق مَرّوك", "ar"),
    ]
    assert entries[0].published == moment.isoformat()
    assert chunk.refused == [(3, "there is no text: a field 'text' is expected")]
    assert b'"price": "1.50"' in chunk.raw
    assert b"embedding" not in chunk.raw


@installed
def test_a_time_that_python_cannot_hold_loses_no_row(tmp_path: Path) -> None:
    import pyarrow as pa

    columns = {"text": ["one", "two"], "date": pa.array([2**62, 0], pa.timestamp("us"))}
    _, entries = read(write(tmp_path / "far.parquet", columns))
    assert [entry.published for entry in entries] == [str(2**62), "1970-01-01T00:00:00"]


@installed
def test_row_groups_are_streamed_in_small_pieces_with_progress(
    sessions: Sessions, settings: IngestSettings, now: dt.datetime, tmp_path: Path
) -> None:
    columns = {"id": list(range(2600)), "text": [f"The market of Marrok opened, part {n}." for n in range(2600)]}
    path = write(tmp_path / "posts.parquet", columns, row_group_size=1000)
    seen: list[tuple[int, int]] = []
    result = imports.import_file(sessions, path, "Archive", settings, now, lambda *given: seen.append(given))
    assert (result.new, result.refused) == (2600, [])
    assert len(seen) >= 7
    assert seen == sorted(seen)
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
    again = imports.import_file(sessions, path, "Archive", settings, now + HOUR)
    assert (again.new, again.duplicates) == (0, 2600)
    assert verify(sessions) == []
    with reading(sessions) as session:
        assert all(session.get_one(RawBody, item.raw_sha256) for item in session.scalars(select(Item).limit(5)))


@installed
def test_long_rows_come_one_by_one_and_one_over_the_limit_is_refused(tmp_path: Path) -> None:
    texts = ["a" * 5_000_000, "b" * 100_000, "c"]
    found, entries = read(write(tmp_path / "long.parquet", {"text": texts}))
    assert [len(entry.content) for entry in entries] == [100_000, 1]
    assert [refused for chunk in found for refused in chunk.refused] == [(1, "the row is longer than a text may be")]
    assert len(found) > 1


@installed
def test_a_bomb_kills_the_reader_and_not_us(tmp_path: Path) -> None:
    import pyarrow as pa

    # One text of 64 MiB that a dictionary repeats 300 times: 19 GB of rows in a file of a few kilobytes.
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), pa.array(["x" * 64 * 1024**2]))
    path = write(tmp_path / "bomb.parquet", {"text": texts}, compression="zstd")
    assert path.stat().st_size < 100_000
    with path.open("rb") as file, pytest.raises(InputRefused, match="MiB of memory"):
        list(parquet.chunks(file, LONGEST, 1, memory_bytes=512 * 1024**2))


@installed
@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1" + b"\xff" * 200 + b"PAR1", b"{}"])
def test_what_is_no_parquet_is_one_sentence(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "no.parquet"
    path.write_bytes(body)
    with pytest.raises(InputRefused, match="cannot be read after row 0"):
        read(path)


@installed
def test_a_file_cut_or_damaged_anywhere_is_refused_and_its_whole_pieces_are_good(tmp_path: Path) -> None:
    columns = {"id": list(range(1500)), "text": [f"text {n} of Marrok" for n in range(1500)]}
    path = write(tmp_path / "posts.parquet", columns, row_group_size=500, compression="none", use_dictionary=False)
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle])
    with pytest.raises(InputRefused):
        read(path)
    path.write_bytes(whole[:middle] + b"\xff" * 64 + whole[middle + 64 :])
    entries: list[Any] = []
    try:
        for chunk in files.chunks(path, SETTINGS):
            entries += chunk.entries
    except InputRefused as refused:
        assert "after row" in str(refused)  # noqa: PT017  either is right: damage inside a text is not seen
    assert [entry.content for entry in entries[:500]] == columns["text"][:500]


def test_without_pyarrow_one_sentence_names_the_extra(
    sessions: Sessions, settings: IngestSettings, now: dt.datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet.importlib.util, "find_spec", lambda name: None)
    path = tmp_path / "posts.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(InputRefused, match=r"posts\.parquet: .* the extra 'parquet'"):
        imports.import_file(sessions, path, "Archive", settings, now)


@installed
def test_a_dropped_file_is_read_once_pyarrow_is_there(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    path = write(folder / "posts.parquet", {"text": ["They met at the well."]})
    os.utime(path, ((desk.now - HOUR).timestamp(),) * 2)
    desk.watch(str(folder), kind="folder")
    with monkeypatch.context() as patched:
        patched.setattr(parquet, "missing", lambda: parquet.MISSING)
        assert desk.poll() == 0
    with reading(desk.sessions) as session:
        assert session.scalars(select(Refusal.reason)).all() == [parquet.MISSING]
    assert desk.poll(HOUR) == 1
