"""Archives that are dropped or imported: members are read as streams, and a hostile one costs no other."""

import collections
import datetime as dt
import gzip
import io
import json
import random
import resource
import stat
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from ingest import files, packed, tables
from ingest.errors import InputRefused
from ingest.evidence import verify
from ingest.imports import import_file
from ingest.settings import IngestSettings
from models.database import reading
from models.item import Refusal
from tests.ingest.conftest import Desk
from tests.ingest.pages import article
from tests.ingest.test_archives import write as write_warc

# warcio's writer, which only tests use, leaves its temporary files to be closed by the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
HOUR = dt.timedelta(hours=1)
GOOD = ("good.jsonl", b'{"id": 1, "text": "The market opened."}\n{"id": 2}\n')
SETTINGS = IngestSettings()


def zipped(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, body in members:
            archive.writestr(name, body)
    return path


def link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info, target.encode()


def said(path: Path, settings: IngestSettings = SETTINGS) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the texts of an archive and its refusals by place."""
    chunks = list(files.chunks(path, settings))
    return (
        [entry.content for chunk in chunks for entry in chunk.entries],
        [refusal for chunk in chunks for refusal in chunk.refusals(path.name)],
    )


def until_it_ends(path: Path) -> tuple[list[str], str]:
    """Return the texts of a file and why it was not read to its end."""
    found: list[str] = []
    try:
        for chunk in files.chunks(path, SETTINGS):
            found += [entry.content for entry in chunk.entries]
    except InputRefused as problem:
        return found, str(problem)
    return found, ""


def test_each_member_is_read_as_if_it_had_been_dropped_by_itself(desk: Desk, tmp_path: Path) -> None:
    warc = write_warc(tmp_path / "p.warc", ("https://post.test/1", article("A page.").encode(), "text/html", "200 OK"))
    path = zipped(
        tmp_path / "box.zip",
        GOOD,
        ("deep/er/posts.csv", "id;text\n3;Third\n".encode("utf-16")),
        ("note.txt", b"One whole text."),
        ("pages.warc", warc.read_bytes()),
        ("__MACOSX/good.jsonl", b"\x00\x05"),
        (".DS_Store", b"x"),
        ("photos/1.jpg", b"x"),
        ("photos/2.JPG", b"x"),
        ("README", b"x"),
    )
    result = import_file(desk.sessions, path, "Archive", desk.settings, desk.now)
    assert (result.new, result.refused) == (
        4,
        [
            ("box.zip/good.jsonl line 2", "there is no text: a field 'text' is expected"),
            ("box.zip", "3 files are of kinds that are not read (.jpg, no ending)"),
        ],
    )
    assert [found.external_id for found in desk.items()] == ["1", "3", "box.zip/note.txt", "https://post.test/1"]
    again = import_file(desk.sessions, path, "Archive", desk.settings, desk.now)
    assert (again.new, again.duplicates) == (0, 4)
    with reading(desk.sessions) as session:
        assert len(session.scalars(select(Refusal)).all()) == 2
    assert verify(desk.sessions) == []


def test_an_archive_is_dropped_once_like_any_file(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    zipped(folder / "box.zip", GOOD, ("more.jsonl.gz", gzip.compress(GOOD[1])))
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    desk.now = dt.datetime.now(dt.UTC) + HOUR
    source_id = desk.watch(str(folder), kind="folder", next_due_at=desk.now)
    assert desk.poll() == 1
    assert desk.poll(HOUR) == 0
    assert desk.source(source_id).state == "ok"
    with reading(desk.sessions) as session:
        places = {row.place: row.reason for row in session.scalars(select(Refusal))}
    assert set(places) == {"box.zip/good.jsonl line 2", "box.zip/more.jsonl.gz", "broken.zip"}
    assert "no zip archive" in places["broken.zip"]


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (("../../escape.csv", b"text\nx\n"), "leads out of the archive"),
        (("/etc/cron.d/x.csv", b"text\nx\n"), "leads out of the archive"),
        (("..\\escape.csv", b"text\nx\n"), "leads out of the archive"),
        (("C:\\x.csv", b"text\nx\n"), "leads out of the archive"),
        (("x\x01.csv", b"text\nx\n"), "control characters"),
        (link("secret.txt", "/etc/passwd"), "a link is not followed"),
        (("inner.zip", b"PK"), "inside an archive is not read"),
        (("inner.csv.gz", b"x"), "inside an archive is not read"),
        (("rows.parquet", b"PAR1"), "bring the file by itself"),
        (("bomb.csv", b"text\n" + b"0" * 40_000_000), "a compression bomb"),
        (("broken.json", b'[{"text": "a"}, {'), "ends in the middle"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) and isinstance(value[0], str) else None,
)
def test_a_member_that_is_refused_costs_no_other(
    tmp_path: Path, member: tuple[str | zipfile.ZipInfo, bytes], reason: str
) -> None:
    other = ("other.csv", b"text\nLast.\n")
    texts, refused = said(zipped(tmp_path / "box.zip", GOOD, member, other))
    assert (texts[0], texts[-1]) == ("The market opened.", "Last.")
    assert len(refused) == 2
    assert reason in refused[1][1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["box.zip"]


def test_what_is_encrypted_or_packed_in_a_rare_way_is_said(tmp_path: Path) -> None:
    body = zipped(tmp_path / "a.zip", GOOD, ("locked.csv", b"text\nx\n")).read_bytes()
    locked = bytearray(body)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = bytes(locked).rindex(mark)
        locked[place + at] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    texts, refused = said(tmp_path / "locked.zip")
    assert (texts, refused[1]) == (
        ["The market opened."],
        ("locked.zip/locked.csv", "it is encrypted; pack it without a password"),
    )
    rare = zipped(tmp_path / "rare.zip", ("x.csv", b"text\nx\n"), method=zipfile.ZIP_LZMA)
    assert "packed by method 14" in said(rare)[1][0][1]


def test_nothing_of_a_damaged_member_passes_for_its_words(tmp_path: Path) -> None:
    chance = random.Random(4)
    rows = "\n".join(f"{n},{chance.randbytes(300).hex()}" for n in range(2000))
    path = zipped(tmp_path / "box.zip", ("hurt.csv", f"id,text\n{rows}\n".encode()), GOOD)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    texts, refused = said(path)
    assert texts == ["The market opened."]
    assert [place for place, _ in refused] == ["box.zip/hurt.csv", "box.zip/good.jsonl line 2"]
    assert "damaged" in refused[0][1]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz", "a.txt.gz", "a.json.gz"])
def test_a_cut_gzip_file_keeps_its_whole_rows_only(tmp_path: Path, name: str) -> None:
    chance = random.Random(4)
    texts = [chance.randbytes(300).hex() for _ in range(300)]
    bodies = {
        "a.csv.gz": "text\n" + "\n".join(texts),
        "a.jsonl.gz": "\n".join(json.dumps({"text": text}) for text in texts),
        "a.json.gz": json.dumps([{"text": text} for text in texts]),
        "a.txt.gz": texts[0] * 20,
    }
    whole = gzip.compress(bodies[name].encode())
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    kept, problem = until_it_ends(tmp_path / name)
    assert "ends too early" in problem
    assert kept == texts[: len(kept)]
    assert (len(kept) > 50) == (name != "a.txt.gz")


def quoted_overlap(path: Path, members: int) -> Path:
    """Write an archive whose members all share one packed kernel, as the worst of zip bombs do."""
    kernel = io.BytesIO()
    with zipfile.ZipFile(kernel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.txt", random.Random(1).randbytes(5_000_000).hex()[:9_000_000])
    body = kernel.getvalue()
    start = body.index(b"PK\x01\x02")
    entry = body[start : body.index(b"PK\x05\x06")]
    listed = entry * members
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, members, members, len(listed), start, 0)
    path.write_bytes(body[:start] + listed + end)
    return path


def test_bombs_of_every_build_cost_little(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with gzip.open(tmp_path / "bomb.csv.gz", "wb", compresslevel=9) as bomb:
        bomb.write(b"text\n")
        for _ in range(100):
            bomb.write((b"x" * 9_999 + b"\n") * 100)
    with pytest.raises(InputRefused, match="a compression bomb"):
        collections.deque(files.chunks(tmp_path / "bomb.csv.gz", SETTINGS), maxlen=0)
    overlapping = quoted_overlap(tmp_path / "overlap.zip", 5000)
    with pytest.raises(InputRefused, match="unpacks to more than"):
        said(overlapping)
    many = zipped(tmp_path / "many.zip", *((f"{n}.txt", b"") for n in range(packed.MOST_MEMBERS + 1)))
    with pytest.raises(InputRefused, match="at most 10,000 are taken"):
        said(many)
    list_only = tmp_path / "list.zip"
    zipped(list_only, *((f"{'n' * 30_000}{n}.txt", b"") for n in range(150)))
    with pytest.raises(InputRefused, match="list of its members is longer"):
        said(list_only)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def test_how_much_an_archive_may_unpack_to_is_a_setting(tmp_path: Path) -> None:
    chance = random.Random(2)
    path = zipped(tmp_path / "box.zip", *((f"{n}.txt", chance.randbytes(500).hex().encode()) for n in range(30)))
    assert len(said(path)[0]) == 30
    with pytest.raises(InputRefused, match="TOCSIN_UNPACKED_MAX_BYTES"):
        said(path, replace(SETTINGS, unpacked_max_bytes=20_000))


@pytest.mark.parametrize("seed", range(3))
def test_no_damage_makes_an_archive_raise_anything_else(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    body = zipped(tmp_path / "box.zip", GOOD, ("a.csv", b"text\nx\n" * 50), ("b.txt", b"words " * 50)).read_bytes()
    refused = 0
    for _ in range(300):
        damaged = bytearray(body)
        for _ in range(chance.choice([1, 1, 4, 30])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path = tmp_path / "damaged.zip"
        path.write_bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])])
        try:
            refused += bool(said(path)[1])
        except InputRefused:
            refused += 1
    assert refused > 100


def test_the_bytes_of_a_member_are_kept_by_piece(tmp_path: Path) -> None:
    rows = b"".join(b'{"text": "row %d"}\n' % n for n in range(1203))
    chunks: list[tables.Chunk] = list(files.chunks(zipped(tmp_path / "box.zip", ("rows.jsonl", rows)), SETTINGS))
    assert [len(chunk.entries) for chunk in chunks] == [500, 500, 203]
    assert b"".join(chunk.raw for chunk in chunks) == rows
    size = (tmp_path / "box.zip").stat().st_size
    assert all(0 < chunk.position <= size for chunk in chunks)


def test_folders_take_web_archives(desk: Desk, tmp_path: Path, settings: IngestSettings) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    write_warc(folder / "p.warc.gz", ("https://post.test/1", article("A page.").encode(), "text/html", "200 OK"))
    desk.now = dt.datetime.now(dt.UTC) + HOUR
    desk.watch(str(folder), kind="folder", next_due_at=desk.now)
    assert desk.poll() == 1


def test_half_a_page_of_an_archive_is_not_stored_as_the_whole_one(tmp_path: Path) -> None:
    pages = [(f"https://post.test/{n}", article(f"Page {n}. " * 50).encode(), "text/html", "200 OK") for n in range(3)]
    whole = write_warc(tmp_path / "cut.warc", *pages).read_bytes()
    (tmp_path / "cut.warc").write_bytes(whole[: len(whole) - 60])
    found, problem = until_it_ends(tmp_path / "cut.warc")
    assert "in the middle of the page" in problem
    assert ["Page 0." in found[0], "Page 1." in found[1], len(found)] == [True, True, 2]
