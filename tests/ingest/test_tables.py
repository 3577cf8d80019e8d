"""Tables of any dialect are read row by row; a bad row is one refusal."""

import gzip
import json
from pathlib import Path

import pytest

from ingest import files, tables
from ingest.errors import InputRefused
from ingest.settings import IngestSettings

SETTINGS = IngestSettings(max_text_characters=300_000)


def read(folder: Path, name: str, body: bytes) -> tuple[list[str], list[tuple[int, str]]]:
    path = folder / name
    path.write_bytes(body)
    chunks = list(files.chunks(path, SETTINGS))
    assert (
        b"".join(chunk.raw for chunk in chunks).strip()
        == (gzip.decompress(body) if name.endswith(".gz") else body).strip()
    )
    entries = [entry.content for chunk in chunks for entry in chunk.entries]
    return entries, [refused for chunk in chunks for refused in chunk.refused]


def test_json_lines_and_their_bad_rows(tmp_path: Path) -> None:
    lines = [
        '{"text": "one", "id": 1}',
        "",
        "{broken",
        '["list"]',
        '{"text": "two \\ud800"}',
        '{"id": 5}',
        "[" * 50_000,
        '{"text": NaN}',
    ]
    entries, refused = read(tmp_path, "a.jsonl", "\n".join(lines).encode())
    assert entries == ["one", "two \ud800", "NaN"]
    assert [line for line, _ in refused] == [3, 4, 6, 7]
    assert "nested too deeply" in refused[3][1]


def test_packed_json_lines_in_many_chunks(tmp_path: Path) -> None:
    body = "\n".join(json.dumps({"text": f"row {n}"}) for n in range(1203)).encode()
    entries, refused = read(tmp_path, "a.jsonl.gz", gzip.compress(body))
    assert (len(entries), refused) == (1203, [])


def test_a_packed_file_without_its_end_is_refused_after_its_whole_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "row"}\n' * 5000)[:-10])
    chunks = files.chunks(path, SETTINGS)
    assert next(chunks).entries[0].content == "row"
    with pytest.raises(InputRefused, match="ends too early"):
        list(chunks)


@pytest.mark.parametrize(
    "body",
    [
        b"id,text\n1,hello\n2,world\n",
        b"\xef\xbb\xbfid;text\r\n1;hello\r\n2;world\r\n",
        b"id\ttext\r\n1\thello\n2\tworld",
        b'ID,"Text "\n1,"hello"\n\n2,"world"\n',
        "id,text\n1,hello\n2,world\n".encode("utf-16"),
    ],
    ids=["commas", "semicolons", "tabs", "quotes", "utf-16"],
)
def test_csv_of_any_dialect(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(body)
    (chunk,) = files.chunks(path, SETTINGS)
    assert [(entry.external_id, entry.content) for entry in chunk.entries] == [("1", "hello"), ("2", "world")]


def test_csv_with_a_huge_field_a_nul_broken_bytes_and_a_long_row(tmp_path: Path) -> None:
    huge = "x" * 250_000
    body = f'id,text\n1,"{huge}"\n2,a,b,c\n3,nul \x00 inside\n'.encode() + b"4,caf\xe9\n5,\n"
    entries, refused = read(tmp_path, "a.csv", body)
    assert entries == [huge, "nul � inside", "caf\udce9"]
    assert refused == [(3, "the row has 4 fields, the header 2"), (6, "there is no text: a field 'text' is expected")]


def test_quoted_lines_stay_in_one_row(tmp_path: Path) -> None:
    entries, _ = read(tmp_path, "a.csv", b'id,text\n1,"first\nsecond"\n')
    assert entries == ["first\nsecond"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text('{"text": "secret"}')
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    with pytest.raises(OSError, match="symbolic"):
        list(files.chunks(tmp_path / "link.jsonl", SETTINGS))


def test_plain_text_is_decoded_and_a_guess_is_said() -> None:
    assert tables.decoded("Grüße".encode()) == ("Grüße", ())
    assert tables.decoded("Grüße".encode("utf-16"))[0] == "Grüße"
    assert tables.decoded("Grüße".encode("cp1252")) == ("Grüße", ("charset guessed: Windows-1252",))
