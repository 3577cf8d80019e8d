"""Fault 57: what was read is moved with a report, whole and once, whoever is stopped when; else it stays, and why."""

import datetime as dt
import hashlib
import json
import os
from pathlib import Path

import pytest

from ingest import poll, put_away
from ingest.check import check_source
from models.database import writing
from models.source import Source
from tests.ingest.conftest import Desk
from tests.ingest.readers.test_folder import HOUR, Folder

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def folder(desk: Desk, tmp_path: Path) -> Folder:
    path = tmp_path / "drop"
    path.mkdir()
    return Folder(desk, path)


def lying(folder: Folder) -> list[str]:
    return sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file())


def report(folder: Folder, place: str) -> dict[str, object]:
    found = json.loads((folder.path / f"{place}.report.json").read_text())
    assert isinstance(found, dict)
    return found


def test_a_file_with_some_bad_rows_is_processed_and_its_report_says_so(folder: Folder) -> None:
    body = "id;text\n3;third\n4;\n"
    folder.drop("posts.csv", body)
    assert folder.desk.poll() == 1
    assert lying(folder) == ["processed/posts.csv", "processed/posts.csv.report.json"]
    assert report(folder, "processed/posts.csv") == {
        "file": "posts.csv",
        "source": folder.desk.source(folder.source_id).name,
        "read_at": folder.desk.now.isoformat(),
        "bytes": len(body),
        "sha256": hashlib.sha256(body.encode()).hexdigest(),
        "rows": 2,
        "stored": 1,
        "new_versions": 0,
        "known_already": 0,
        "erased_on_request_before": 0,
        "quarantined": 1,
        "first_reasons": [
            {"place": "posts.csv line 3", "reason": "there is no text: a field 'text' is expected"},
        ],
    }
    assert folder.refusals() == [("posts.csv line 3", "there is no text: a field 'text' is expected")]
    assert folder.desk.poll(HOUR) == 0
    assert folder.desk.source(folder.source_id).state_reason is None


def test_a_file_in_which_nothing_can_be_read_goes_to_the_failed_ones(folder: Folder) -> None:
    folder.drop("a.jsonl.gz", "this is not gzip")
    folder.drop("b.txt", "good")
    folder.drop("c.csv", "")
    assert folder.desk.poll() == 1
    assert [name for name in lying(folder) if "report" not in name] == [
        "failed/a.jsonl.gz",
        "processed/b.txt",
        "processed/c.csv",
    ]
    told = report(folder, "failed/a.jsonl.gz")
    assert (told["stored"], told["quarantined"]) == (0, 1)


def test_nothing_is_overwritten(folder: Folder) -> None:
    for number, name in enumerate(("posts.jsonl.gz", "posts.csv", "posts.csv", "posts.csv")):
        folder.drop(name, f"text\nnote number {number}\n")
        folder.desk.poll(HOUR)
    (folder.path / "processed" / "note.txt").write_text("somebody else's")
    folder.drop("note.txt", "ours")
    folder.desk.poll(HOUR)
    names = [name for name in lying(folder) if "report" not in name]
    assert names == [
        "failed/posts.jsonl.gz",
        *(f"processed/{name}" for name in ("note-2.txt", "note.txt", "posts-2.csv", "posts-3.csv", "posts.csv")),
    ]
    assert (folder.path / "processed" / "note.txt").read_text() == "somebody else's"
    assert report(folder, "processed/posts-3.csv")["file"] == "posts.csv"


@pytest.mark.parametrize("stopped", ["before it is stored", "before it is moved", "after it is moved"])
def test_a_worker_that_is_stopped_loses_and_doubles_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    class Killed(BaseException):
        """As by kill -9: nobody catches it."""

    def kill(*_: object, **__: object) -> None:
        raise Killed

    def moved_and_killed(*given: object, **named: object) -> None:
        really(*given, **named)  # type: ignore[arg-type]
        kill()

    really = os.rename
    folder.drop("posts.jsonl", "".join(f'{{"id": {n}, "text": "note number {n}"}}\n' for n in range(1200)))
    with monkeypatch.context() as patched:
        if stopped == "before it is stored":
            real, seen = poll._store, []
            patched.setattr(poll, "_store", lambda *a: kill() if len(seen) > 2 else (seen.append(1), real(*a))[1])
        elif stopped == "before it is moved":
            patched.setattr(put_away, "put_away", kill)
        else:
            patched.setattr(put_away.os, "rename", moved_and_killed)
        with pytest.raises(Killed):
            folder.desk.poll()
    assert ("processed/posts.jsonl" in lying(folder)) == (stopped == "after it is moved")
    # What the killed worker held is free once its lease is over.
    folder.desk.poll(2 * HOUR)
    assert [name for name in lying(folder) if "report" not in name] == ["processed/posts.jsonl"]
    assert sorted(int(item.external_id) for item in folder.desk.items()) == list(range(1200))
    told = report(folder, "processed/posts.jsonl")
    assert told["rows"] == 1200
    assert int(str(told["stored"])) + int(str(told["known_already"])) == 1200


def test_a_file_whose_writer_had_only_paused_is_brought_back_and_read_to_its_end(folder: Folder) -> None:
    file = folder.drop("posts.csv", "id,text\n1,one\n")
    with file.open("a") as writer:
        folder.desk.poll()
        writer.write("2,two\n")
    os.utime(folder.path / "processed" / "posts.csv", (folder.desk.now.timestamp(), folder.desk.now.timestamp()))
    assert folder.desk.poll(HOUR) == 1
    assert [item.content for item in folder.desk.items()] == ["one", "two"]
    assert [name for name in lying(folder) if "report" not in name] == ["processed/posts-2.csv"]


def test_a_file_that_changes_while_it_is_read_is_read_again_before_it_is_moved(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = put_away._hashed

    def written_to(here: int, name: str) -> str:
        sha256 = real(here, name)
        folder.drop("posts.csv", "id,text\n1,one\n2,two\n", age=MINUTE)
        return sha256

    folder.drop("posts.csv", "id,text\n1,one\n")
    with monkeypatch.context() as patched:
        patched.setattr(put_away, "_hashed", written_to)
        folder.desk.poll()
    assert lying(folder) == ["posts.csv"]
    assert folder.desk.poll(HOUR) == 1
    assert report(folder, "processed/posts.csv")["rows"] == 2


def test_links_and_unknown_kinds_stay_where_they_are(folder: Folder, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (folder.path / "link.txt").symlink_to(secret)
    folder.drop("upload.csv.part", "half")
    folder.desk.poll()
    assert (folder.path / "link.txt").is_symlink()
    assert (folder.path / "upload.csv.part").exists()
    assert secret.read_text() == "secret"


@pytest.mark.parametrize("obstacle", ["link", "file", "read-only"])
def test_where_nothing_can_be_moved_files_are_read_all_the_same_and_the_source_says_why(
    folder: Folder, tmp_path: Path, obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if obstacle == "link":
        (folder.path / "processed").symlink_to(elsewhere)
    elif obstacle == "file":
        (folder.path / "processed").write_text("no folder")
    else:  # root may write everywhere, so the answer of the system is put in its place
        monkeypatch.setattr(put_away.os, "access", lambda *_: False)
    folder.drop("note.txt", "text")
    assert folder.desk.poll() == 1
    assert folder.desk.poll(HOUR) == 0
    assert (folder.path / "note.txt").exists()
    assert list(elsewhere.iterdir()) == []
    source = folder.desk.source(folder.source_id)
    assert source.state == "ok"
    assert "files stay in the folder after they are read" in (source.state_reason or "")


def test_one_file_that_cannot_be_moved_is_read_once_and_named(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    reads: list[Path] = []
    real = put_away.put_away
    monkeypatch.setattr(put_away, "put_away", lambda *a: (reads.append(a[1]), real(*a))[1])
    monkeypatch.setattr(put_away.os, "rename", refuse)
    folder.drop("note.txt", "text")
    assert [folder.desk.poll(HOUR), folder.desk.poll(HOUR), len(reads)] == [1, 0, 1]
    assert lying(folder) == ["note.txt"]
    reason = folder.desk.source(folder.source_id).state_reason
    assert reason == "one file stays in the folder after it was read, 'note.txt': Operation not permitted"


def test_an_operator_may_have_files_left_where_they_are(folder: Folder) -> None:
    with writing(folder.desk.sessions) as session:
        session.get_one(Source, folder.source_id).move_files = False
    folder.drop("note.txt", "text")
    assert [folder.desk.poll(), folder.desk.poll(HOUR)] == [1, 0]
    assert lying(folder) == ["note.txt"]
    with writing(folder.desk.sessions) as session:
        session.get_one(Source, folder.source_id).move_files = True
    assert folder.desk.poll(HOUR) == 0
    assert report(folder, "processed/note.txt")["known_already"] == 1


def test_a_check_moves_nothing(folder: Folder) -> None:
    folder.drop("note.txt", "text")
    source = folder.desk.source(folder.source_id)
    assert check_source(folder.desk.network, folder.desk.settings, source, folder.desk.now).entries == 1
    assert lying(folder) == ["note.txt"]
