"""A drop folder: files are read once they rest, and nothing outside the folder is opened."""

import datetime as dt
import os
from pathlib import Path

import pytest
from sqlalchemy import select

from models.database import reading
from models.item import Refusal
from tests.ingest.conftest import Desk

HOUR = dt.timedelta(hours=1)


class Folder:
    """A watched folder; files dropped into it are an hour old unless said otherwise."""

    def __init__(self, desk: Desk, path: Path) -> None:
        self.desk, self.path = desk, path
        self.source_id = desk.watch(str(path), kind="folder", interval_seconds=1800)

    def drop(self, name: str, content: str, age: dt.timedelta = HOUR) -> Path:
        file = self.path / name
        file.write_text(content)
        moment = (self.desk.now - age).timestamp()
        os.utime(file, (moment, moment))
        return file

    def refusals(self) -> list[tuple[str, str]]:
        with reading(self.desk.sessions) as session:
            return [(row.place, row.reason) for row in session.scalars(select(Refusal).order_by(Refusal.id))]


@pytest.fixture
def folder(desk: Desk, tmp_path: Path) -> Folder:
    path = tmp_path / "drop"
    path.mkdir()
    return Folder(desk, path)


def test_files_of_each_kind_become_items_once(folder: Folder) -> None:
    folder.drop("note.txt", "One whole text.")
    folder.drop("posts.jsonl", '{"id": 1, "text": "first"}\n{"id": 2, "text": "second"}\n')
    folder.drop("posts.csv", "id;text\n3;third\n4;\n")
    assert folder.desk.poll() == 4
    assert folder.desk.poll(HOUR) == 0
    assert [item.content for item in folder.desk.items()] == ["One whole text.", "third", "first", "second"]
    assert folder.refusals() == [("posts.csv line 3", "there is no text: a field 'text' is expected")]
    assert folder.desk.source(folder.source_id).state == "ok"


def test_a_file_that_is_still_written_is_waited_for(folder: Folder) -> None:
    folder.drop("note.txt", "half a te", age=dt.timedelta(seconds=1))
    assert folder.desk.poll() == 0
    folder.drop("note.txt", "half a text, and the rest")
    assert folder.desk.poll(HOUR) == 1


def test_a_changed_file_is_read_again_as_a_new_version(folder: Folder) -> None:
    folder.drop("note.txt", "one")
    folder.desk.poll()
    folder.desk.now += HOUR
    folder.drop("note.txt", "two", age=dt.timedelta(minutes=1))
    assert folder.desk.poll() == 1
    assert [(item.version, item.content) for item in folder.desk.items()] == [(1, "one"), (2, "two")]


def test_links_and_strange_files_are_refused_once_and_not_opened(folder: Folder, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (folder.path / "link.txt").symlink_to(secret)
    (folder.path / "tool.exe").write_bytes(b"MZ")
    (folder.path / ".hidden.txt").write_text("hidden")
    (folder.path / "deeper.txt").mkdir()
    os.mkfifo(folder.path / "pipe.txt")
    assert folder.desk.poll() == 0
    folder.desk.poll(HOUR)
    assert [place for place, _ in folder.refusals()] == ["link.txt", "tool.exe"]
    assert folder.desk.items() == []


@pytest.mark.parametrize(("name", "reason"), [("nowhere", "cannot be read"), ("drop/../..", "no full path")])
def test_a_folder_that_cannot_be_read_is_a_visible_state(desk: Desk, tmp_path: Path, name: str, reason: str) -> None:
    source_id = desk.watch(f"{tmp_path}/{name}", kind="folder")
    desk.poll()
    source = desk.source(source_id)
    assert source.state == "failing"
    assert reason in (source.state_reason or "")


def test_a_damaged_file_is_one_refusal_and_the_others_are_read(folder: Folder) -> None:
    folder.drop("a.jsonl.gz", "this is not gzip")
    folder.drop("b.txt", "good")
    assert folder.desk.poll() == 1
    assert [place for place, _ in folder.refusals()] == ["a.jsonl.gz"]
