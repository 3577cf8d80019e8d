"""Web archives come in page by page, and a damaged one says after which record."""

import io
from pathlib import Path

import pytest
from sqlalchemy import select
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from ingest.errors import InputRefused
from ingest.evidence import raw_bytes, verify
from ingest.extract import extract
from ingest.imports import import_file
from models.database import reading
from models.document import Document
from models.evidence import RawBody
from tests.ingest.conftest import Desk
from tests.ingest.pages import article


def write(path: Path, *pages: tuple[str, bytes, str, str]) -> Path:
    """Write (address, body, content type, status) as an archive."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=path.name.endswith(".gz"))
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "a test"}))
        for url, body, kind, status in pages:
            headers = StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.1")
            record = writer.create_warc_record(
                url,
                "response",
                payload=io.BytesIO(body),
                http_headers=headers,
                warc_headers_dict={"WARC-Date": "2026-03-01T10:00:00Z"},
            )
            writer.write_record(record)
    return path


# warcio's writer, which only these tests use, leaves its temporary files to be closed by the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


@pytest.mark.parametrize("name", ["pages.warc", "pages.warc.gz"])
def test_pages_of_an_archive_become_texts(desk: Desk, tmp_path: Path, name: str) -> None:
    body = article("Café à Marrok.").encode("cp1252")
    path = write(
        tmp_path / name,
        ("https://post.test/1", body, "text/html; charset=windows-1252", "200 OK"),
        ("https://post.test/2", b"gone", "text/html", "404 Not Found"),
        ("https://post.test/3", b"\x89PNG", "image/png", "200 OK"),
        ("https://post.test/4", b"Plain words of a page.", "text/plain", "200 OK"),
    )
    result = import_file(desk.sessions, path, "Archive", desk.settings, desk.now)
    assert (result.new, result.refused) == (2, [])
    again = import_file(desk.sessions, path, "Archive", desk.settings, desk.now)
    assert (again.new, again.duplicates) == (0, 2)
    first = desk.items()[0]
    assert (first.url, first.event_at.isoformat()) == ("https://post.test/1", "2026-03-01T10:00:00+00:00")
    extract(desk.sessions, desk.network, desk.settings, desk.now)
    with reading(desk.sessions) as session:
        texts = session.scalars(select(Document.text).order_by(Document.id)).all()
        assert raw_bytes(session.get_one(RawBody, first.raw_sha256)) == body
    assert "Café à Marrok." in texts[0]
    assert texts[1] == "Plain words of a page."
    assert verify(desk.sessions) == []


def test_a_cut_archive_keeps_its_whole_pages_and_says_so(desk: Desk, tmp_path: Path) -> None:
    pages = [(f"https://post.test/{n}", article(f"Page {n}.").encode(), "text/html", "200 OK") for n in range(5)]
    path = write(tmp_path / "cut.warc.gz", *pages)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3] + b"\x00garbage" * 20)
    with pytest.raises(InputRefused, match="cannot be read after record"):
        import_file(desk.sessions, path, "Archive", desk.settings, desk.now)
    assert 0 < len(desk.items()) < 5


@pytest.mark.parametrize("body", [b"", b"no archive at all", b"\x1f\x8b broken"])
def test_what_is_no_archive_is_one_sentence(desk: Desk, tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(body)
    with pytest.raises(InputRefused):
        import_file(desk.sessions, path, "Archive", desk.settings, desk.now)
    assert desk.items() == []
