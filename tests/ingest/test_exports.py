"""Exports of platforms: whole messages, public ones only, at any length."""

import datetime as dt
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import exports
from ingest.entry import Entry
from ingest.errors import InputRefused
from ingest.imports import import_file
from ingest.settings import IngestSettings
from models.database import Sessions
from tests.ingest.conftest import Desk


def message(number: int, text: Any, **values: Any) -> dict[str, Any]:
    own = {"id": number, "type": "message", "date": "2026-03-13T12:00:00", "date_unixtime": "1773392400"}
    return own | {"from": "Keshu Radio", "from_id": "channel77", "text": text} | values


def export(*messages: dict[str, Any], kind: str = "public_channel") -> dict[str, Any]:
    return {"name": 'Keshu "messages": [1] Radio', "type": kind, "id": 77, "messages": list(messages)}


MESSAGES = (
    message(1, "One whole text."),
    message(2, ["See ", {"type": "link", "text": "news.example"}, " and ", {"type": "bold", "text": "read"}, 7, None]),
    message(3, "", type="service", action="pin_message"),
    message(4, "", photo="photos/1.jpg"),
    message(5, "edited", edited_unixtime="1773396000"),
    message(6, "of a deleted account", **{"from": None, "from_id": None}),
    message(7, "", poll={"question": "Where?", "answers": [{"text": "Marrok"}, {"text": "Keshu"}]}),
)


def read(document: Any, indent: int | None = 1) -> list[Any]:
    body = io.BytesIO(json.dumps(document, indent=indent).encode())
    return [row for row, _ in exports.rows_of(body, 100_000) if row is not None]


def test_a_channel_exported_by_telegram_desktop() -> None:
    entries = read(export(*MESSAGES))
    assert [entry.content for entry in entries] == [
        "One whole text.",
        "See news.example and read",
        "edited",
        "of a deleted account",
        "Where?\n– Marrok\n– Keshu",
    ]
    assert entries[0] == Entry(
        content="One whole text.", external_id="77/1", author="channel77", published="1773392400"
    )
    assert (entries[2].published, entries[3].author) == ("1773396000", None)


def test_private_chats_of_an_export_are_left_out_and_said() -> None:
    chats = [export(MESSAGES[0], kind="personal_chat"), export(MESSAGES[4]), export(MESSAGES[0], kind="private_group")]
    rows = read({"about": "Here is the data", "chats": {"about": "x", "list": chats}})
    assert [row.content for row in rows if isinstance(row, Entry)] == ["edited"]
    assert [str(row) for row in rows if isinstance(row, ValueError)] == [
        "a personal chat was left out: only public ones are read",
        "a private group was left out: only public ones are read",
    ]


@given(
    texts=st.lists(st.text(max_size=60) | st.lists(st.text(max_size=9), max_size=3), max_size=12),
    indent=st.none() | st.integers(0, 2),
    piece=st.integers(1, 200),
)
def test_any_export_is_read_the_same_in_pieces_of_any_size(texts: list[Any], indent: int | None, piece: int) -> None:
    document = export(*(message(number, text) for number, text in enumerate(texts)))
    expected = [exports.telegram_entry(one, "77") for one in document["messages"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exports, "READ", piece)
        patch.setattr(exports.Scanner._more, "__defaults__", (piece,))
        assert read(document, indent) == [entry for entry in expected if entry is not None]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"a": 1}', b"hello", b"\xff\xfe\x00", b'"messages"'])
def test_another_document_is_refused(body: bytes) -> None:
    with pytest.raises(InputRefused, match="neither"):
        list(exports.rows_of(io.BytesIO(body), 1000))


@pytest.mark.parametrize("body", [b'[{"text": "a"}, {"text', b"[[[[" * 50_000, b'[{"text": "' + b"x" * 999_999])
def test_a_cut_or_hostile_document_keeps_what_was_whole(body: bytes) -> None:
    rows = []
    with pytest.raises(InputRefused):
        rows.extend(exports.rows_of(io.BytesIO(body), 1000))


def test_exports_are_imported_once(
    sessions: Sessions, desk: Desk, settings: IngestSettings, now: dt.datetime, tmp_path: Path
) -> None:
    path = tmp_path / "result.json.gz"
    path.write_bytes(gzip.compress(json.dumps(export(*MESSAGES)).encode()))
    first = import_file(sessions, path, "Keshu Radio", settings, now)
    again = import_file(sessions, path, "Keshu Radio", settings, now)
    assert (first.new, again.new, again.duplicates) == (5, 0, 5)
    assert {item.published_at for item in desk.items()} >= {dt.datetime(2026, 3, 13, 9, tzinfo=dt.UTC)}


def test_youtube_comments_exported_as_lines(
    sessions: Sessions, desk: Desk, settings: IngestSettings, now: dt.datetime, tmp_path: Path
) -> None:
    comment = {"id": "c1", "snippet": {"textOriginal": "a comment", "publishedAt": "2026-03-13T09:00:00Z"}}
    reply = {"id": "c2", "snippet": {"textOriginal": "a reply"}}
    rows = [
        {"kind": "youtube#commentThread", "snippet": {"topLevelComment": comment}, "replies": {"comments": [reply]}},
        {"kind": "youtube#comment", "id": "c3", "snippet": {"textOriginal": "another"}},
        {"cid": "c4", "text": "by a downloader", "time": "2 days ago", "time_parsed": 1773392400.0, "author": "@keshu"},
        {"kind": "youtube#comment", "id": "c5", "snippet": {}},
    ]
    path = tmp_path / "comments.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    result = import_file(sessions, path, "Comments", settings, now)
    assert (result.new, len(result.refused)) == (4, 1)
    assert {item.external_id: item.content for item in desk.items()} == {
        "c1": "a comment",
        "c2": "a reply",
        "c3": "another",
        "c4": "by a downloader",
    }
