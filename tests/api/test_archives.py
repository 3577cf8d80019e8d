"""A WACZ holds what its specification asks for, and a reader of archives finds each capture where the index says."""

import datetime as dt
import gzip
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from api.archives import Capture, is_http, sort_key, wacz
from tests.conftest import NOW

PAGE = "<title>Сводка</title><p>Words that came.</p>".encode()
CAPTURES = [
    Capture("https://www.radio.example.org/b?z=1&a=2", NOW, "text/html; charset=utf-8", PAGE, "Évening"),
    Capture("http://radio.example.org:8080/feed", NOW - dt.timedelta(days=1), "application/rss+xml", b"<rss/>"),
]


def unpacked(packed: bytes) -> tuple[zipfile.ZipFile, dict[str, Any]]:
    """Open a WACZ after checking everything that the specification says MUST hold."""
    archive = zipfile.ZipFile(io.BytesIO(packed))
    names = archive.namelist()
    assert archive.testzip() is None
    assert len(names) == len(set(names))
    package = json.loads(archive.read("datapackage.json"))
    assert (package["profile"], package["wacz_version"]) == ("data-package", "1.1.1")
    listed = {one["path"]: one for one in package["resources"]}
    # Every file but the two that describe the others is a resource, with its true checksum and size.
    assert set(listed) == set(names) - {"datapackage.json", "datapackage-digest.json"}
    for path, one in listed.items():
        data = archive.read(path)
        assert (one["hash"], one["bytes"]) == (f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))
        assert one["name"]
    digest = json.loads(archive.read("datapackage-digest.json"))
    assert digest == {
        "path": "datapackage.json",
        "hash": f"sha256:{hashlib.sha256(archive.read('datapackage.json')).hexdigest()}",
    }
    for name in names:
        if name.startswith(("archive/", "indexes/")):
            assert archive.getinfo(name).compress_type == zipfile.ZIP_STORED, name
    return archive, package


def index_of(archive: zipfile.ZipFile) -> list[tuple[str, str, dict[str, str]]]:
    lines = archive.read("indexes/index.cdx").decode().splitlines()
    assert lines == sorted(lines)
    split = [line.split(" ", 2) for line in lines]
    return [(key, at, json.loads(block)) for key, at, block in split]


def test_a_reader_finds_each_capture_where_the_index_says() -> None:
    archive, package = unpacked(wacz(CAPTURES, "Alert 7", NOW))
    assert package["title"] == "Alert 7"
    written = archive.read("archive/data.warc.gz")
    bodies = {one.address: one for one in CAPTURES}
    index = index_of(archive)
    assert len(index) == 2
    for _key, at, block in index:
        part = written[int(block["offset"]) : int(block["offset"]) + int(block["length"])]
        (record,) = list(ArchiveIterator(io.BytesIO(part), check_digests=True))
        assert record.rec_type == "resource"
        assert record.rec_headers.get_header("WARC-Target-URI") == block["url"]
        again = ArchiveIterator(io.BytesIO(part))
        assert next(iter(again)).content_stream().read() == bodies[block["url"]].body
        assert at == f"{bodies[block['url']].at:%Y%m%d%H%M%S}"
        assert block["digest"] == f"sha256:{hashlib.sha256(bodies[block['url']].body).hexdigest()}"


def test_the_whole_file_is_read_from_its_beginning() -> None:
    archive, _ = unpacked(wacz(CAPTURES, "Alert 7", NOW))
    read = [one.rec_type for one in ArchiveIterator(io.BytesIO(archive.read("archive/data.warc.gz")))]
    assert read == ["warcinfo", "resource", "resource"]
    assert gzip.decompress(archive.read("archive/data.warc.gz")).startswith(b"WARC/1.1\r\nWARC-Type: warcinfo\r\n")


def test_pages_are_listed_with_address_time_and_title() -> None:
    archive, _ = unpacked(wacz(CAPTURES, "Alert 7", NOW))
    head, first, second = map(json.loads, archive.read("pages/pages.jsonl").splitlines())
    assert (head["format"], head["id"]) == ("json-pages-1.0", "pages")
    assert (first["url"], first["title"]) == (CAPTURES[0].address, "Évening")
    assert dt.datetime.fromisoformat(first["ts"]) == NOW
    assert first["id"] != second["id"]


def test_the_same_case_gives_the_same_file() -> None:
    assert wacz(CAPTURES, "Alert 7", NOW) == wacz(CAPTURES, "Alert 7", NOW)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://www.Example.org", "org,example)/"),
        ("http://a.example.org:80/Path?b=2&a=1", "org,example,a)/path?a=1&b=2"),
        ("http://example.org:8080/x y\n", "org,example:8080)/xy"),
        ("http://127.0.0.1:81/", "127.0.0.1:81)/"),
    ],
)
def test_addresses_are_sorted_by_host_from_the_end(address: str, key: str) -> None:
    assert sort_key(address) == key


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://a.example/x", True),
        ("wss://a.example/x", False),
        ("http:///x", False),
        ("http://a.example:x/", False),
        ("http://[", False),
        (None, False),
    ],
)
def test_only_http_counts(address: str | None, said: bool) -> None:
    assert is_http(address) is said
