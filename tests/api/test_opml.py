"""Lists of sources come in and go out, by hand and over HTTP, and one bad line costs no other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.cli import main
from api.opml import give_out, take_in
from api.settings import Settings
from ingest.errors import InputRefused
from ingest.opml import MAX_OUTLINES, Outline, read_opml, write_opml
from ingest.settings import IngestSettings
from models.database import Sessions, open_sessions, reading, writing
from models.source import Source
from tests.conftest import NOW
from tests.factories import add_source
from tests.fault_server import FaultServer, fault_server, text
from tests.ingest.feeds import item, rss
from tests.ingest.pages import page

LIST = b"""<?xml version="1.0"?><OPML version="1.0"><head><title>Mine</title></head><body>
<outline text="Kenya"><outline text="Radio &amp; Keshu" type="rss" xmlUrl="https://radio.example.org/feed"/>
<outline title="Post" XMLURL="https://post.example.org/feed"/></outline>
<outline text="Again" xmlUrl="https://post.example.org/feed"/><outline text="Folder only"/>
<outline text="Inside" xmlUrl="file:///etc/passwd"/></body></OPML>"""


def test_a_list_of_another_program_is_understood() -> None:
    assert [(one.name, one.url) for one in read_opml(LIST)] == [
        ("Radio & Keshu", "https://radio.example.org/feed"),
        ("Post", "https://post.example.org/feed"),
        ("Inside", "file:///etc/passwd"),
    ]


def test_a_list_that_we_wrote_comes_back_whole() -> None:
    outlines = [
        Outline('A "quoted" <name> & more', "https://a.example.org/?x=1&y=2", "feed", "sw", "KE", "Marrok", 600),
        Outline("الأخبار", "https://b.example.org/", "section"),
        Outline("line\nbreak\x00", "https://c.example.org/"),
    ]
    back = read_opml(write_opml(outlines, "<mine>").encode())
    assert back[:2] == outlines[:2]
    assert back[2].url == "https://c.example.org/"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html/>",
        b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><body>&x;</body></opml>',
        b"<opml><body>" + b'<outline xmlUrl="u"/>' * (MAX_OUTLINES + 1) + b"</body></opml>",
        b"<opml>" + b" " * 6_000_000 + b"</opml>",
    ],
)
def test_what_is_no_list_is_one_sentence(body: bytes) -> None:
    with pytest.raises(InputRefused):
        read_opml(body)


def test_sources_of_a_list_are_watched_once(sessions: Sessions) -> None:
    with writing(sessions) as session:
        add_source(session, name="Post")
        taken = take_in(session, LIST, NOW)
    assert (taken.added, taken.known) == (2, 0)
    assert [name for name, _ in taken.refused] == ["Inside"]
    with writing(sessions) as session:
        assert take_in(session, LIST, NOW).known == 2
        rows = {row.name: row for row in session.scalars(select(Source))}
    assert {"Post", "Post (2)", "Radio & Keshu"} == set(rows)
    assert rows["Post (2)"].next_due_at == NOW


def test_folders_stay_at_home_in_both_directions(sessions: Sessions) -> None:
    with writing(sessions) as session:
        add_source(session, name="Drop", kind="folder", url="/var/drop")
        add_source(session, name="Partner", kind="push", url=None)
        add_source(session, name="Radio")
        written = give_out(session)
        assert "Drop" not in written
        assert "Partner" not in written
        taken = take_in(session, write_opml([Outline("Root", "/", "folder")], "x").encode(), NOW)
    assert (taken.added, len(taken.refused)) == (0, 1)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server() as running:
        running["/"] = text(
            page(head='<link rel="alternate" type="application/rss+xml" href="/f">'), content_type="text/html"
        )
        running["/f"] = text(rss(item(1)))
        yield running


@pytest.fixture
def settings() -> Settings:
    return Settings(ingest=IngestSettings(allowed_networks=("127.0.0.1/32",), fetch_deadline_seconds=5))


def test_over_http(admin: TestClient, analyst: TestClient, server: FaultServer) -> None:
    found = admin.post("/v1/sources/discover", json={"url": server.url("/")}).json()
    assert [(one["url"], one["kind"]) for one in found["found"]] == [(server.url("/f"), "feed")]
    assert admin.post("/v1/sources/discover", json={"url": "http://127.0.0.2/"}).status_code == 422
    taken = admin.post("/v1/sources/opml", json={"opml": LIST.decode()}).json()
    assert (taken["added"], [one["name"] for one in taken["refused"]]) == (2, ["Inside"])
    assert admin.post("/v1/sources/opml", json={"opml": "<x/>"}).status_code == 422
    listed = analyst.get("/v1/sources/opml")
    assert listed.headers["content-type"].startswith("text/x-opml")
    assert len(read_opml(listed.content)) == 2
    assert analyst.post("/v1/sources/opml", json={"opml": "<x/>"}).status_code == 403


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Callable[..., Result]:
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOCSIN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TOCSIN_ALLOWED_NETWORKS", "127.0.0.1/32")
    return lambda *words: CliRunner().invoke(main, ["sources", *words])


def test_by_hand(run: Callable[..., Result], server: FaultServer, tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "list.opml").write_bytes(LIST)
    assert run("import", str(tmp_path / "list.opml")).stdout == "2 sources added, 0 were there already, 1 refused\n"
    assert run("export", "--out", str(tmp_path / "out.opml")).exit_code == 0
    assert len(read_opml((tmp_path / "out.opml").read_bytes())) == 2
    assert run("find", server.url("/")).stdout.startswith(f"feed     {server.url('/f')}  Radio Keshu")
    assert "no page at this address" in run("find", server.url("/nothing")).stderr
    # An address alone is enough: its feed is found, and named after itself.
    assert f"added Radio Keshu ({server.url('/f')})" in run("add", server.url("/")).stdout
    with reading(open_sessions(sqlite_url)) as session:
        added = session.scalars(select(Source).where(Source.name == "Radio Keshu")).one()
    assert (added.kind, added.url) == ("feed", server.url("/f"))
    assert run("add").exit_code == 2
