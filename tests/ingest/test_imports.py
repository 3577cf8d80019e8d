"""A file comes in once, however often it is imported, and every bad row is named."""

import datetime as dt
import gzip
import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ingest.errors import InputRefused
from ingest.evidence import verify
from ingest.imports import import_file
from ingest.settings import IngestSettings
from models.database import Sessions, reading
from models.item import Item, Refusal
from models.source import Source

SHARED = Path(__file__).parents[3] / "shared" / "data"


def counts(sessions: Sessions) -> tuple[int, int]:
    with reading(sessions) as session:
        return (
            session.scalar(select(func.count()).select_from(Item)) or 0,
            session.scalar(select(func.count()).select_from(Refusal)) or 0,
        )


def test_a_file_is_imported_once_with_its_refusals(
    sessions: Sessions, settings: IngestSettings, now: dt.datetime, tmp_path: Path
) -> None:
    path = tmp_path / "posts.jsonl"
    rows = [json.dumps({"id": f"p{n}", "text": f"text {n}", "lang": "sw"}) for n in range(1100)]
    rows[700] = "{broken"
    path.write_text("\n".join(rows))
    seen: list[tuple[int, int]] = []
    result = import_file(sessions, path, "Archive", settings, now, lambda done, total: seen.append((done, total)))
    assert (result.new, result.duplicates, [place for place, _ in result.refused]) == (
        1099,
        0,
        ["posts.jsonl line 701"],
    )
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
    assert seen == sorted(seen)
    again = import_file(sessions, path, "Archive", settings, now + dt.timedelta(hours=1))
    assert (again.new, again.duplicates) == (0, 1099)
    assert counts(sessions) == (1099, 1)
    assert verify(sessions) == []
    with reading(sessions) as session:
        source = session.scalars(select(Source)).one()
    assert (source.kind, source.next_due_at) == ("import", None)


@pytest.mark.parametrize("name", ["a.pdf", "missing.csv", "folder.jsonl"])
def test_what_cannot_be_imported_is_said_in_a_sentence(
    sessions: Sessions, settings: IngestSettings, now: dt.datetime, tmp_path: Path, name: str
) -> None:
    (tmp_path / "a.pdf").write_text("x")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(InputRefused):
        import_file(sessions, tmp_path / name, "Archive", settings, now)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the data folder is not here")
def test_the_files_of_the_field_import_as_they_are(
    sessions: Sessions, settings: IngestSettings, now: dt.datetime, tmp_path: Path
) -> None:
    path = tmp_path / "sample.jsonl.gz"
    with gzip.open(SHARED / "negatives" / "ag_news.jsonl.gz") as whole, gzip.open(path, "wb") as part:
        part.writelines(line for _, line in zip(range(1000), whole, strict=False))
    result = import_file(sessions, path, "ag_news", settings, now)
    assert (result.new, result.refused) == (1000, [])
