"""The feeds that peers test themselves with, from a socket into the tables: every entry is stored, and once.

Skipped where the packs are not: they are other projects' data and stay out of the repository.
"""

import datetime as dt
import io
import json
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import feedparser
import pytest
from sqlalchemy import func, select

from ingest.evidence import verify
from ingest.extract import extract
from ingest.readers.markup import parse_feed
from models.database import reading, writing
from models.document import Document
from models.item import Item
from models.source import Source
from tests import factories
from tests.conformance import PACKS
from tests.fault_server import FaultServer, fault_server, text
from tests.ingest.conftest import Desk

FILES = sorted((PACKS / "feeds").rglob("*.xml"))
HEADER = re.compile(rb"Header:\s*(Content-Type|Content-Location|Content-Language):\s*(.*)", re.IGNORECASE)
# Cut on purpose: the pack holds them to see a parser survive; we keep whole entries only and say "truncated".
CONTROL = re.compile(r"[\x00-\x1f]")
CUT = {
    "bozo_invalid-bytes-with-bom.xml",
    "aaa_illformed.xml",
    "rdf_channel_empty_textinput.xml",
    "rss_incomplete_cdata.xml",
    "rss_item_link_corrupted_ampersands.xml",
}
# Channel Definition Format without a single entry is not told from a page.
NO_FEED = {
    "cdf/channel_abstract_map_description.xml",
    "cdf/channel_href_map_links.xml",
    "cdf/channel_lastmod.xml",
    "cdf/channel_lastmod_parsed.xml",
    "cdf/channel_title.xml",
}
# Two entries that say exactly the same, without anything to tell them apart, are one.
TWINS = {"atom10_arbitrary_element.xml", "atom10_id.xml", "entry_content_xml_lang_blank_3.xml"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PACKS.exists(), reason="the conformance packs are not here"),
]


def served(path: Path) -> dict[str, str]:
    """Return the headers a file of the pack wants to be served with."""
    head = {
        name.decode().lower().replace("-", "_"): value.decode().strip()
        for name, value in HEADER.findall(path.read_bytes()[:3000])
    }
    return {"content_type": "application/xml", **head}


def called(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def expected(path: Path) -> int:
    """Count the entries as feedparser alone reads them; a cut last one and an exact twin do not count."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        count = len(feedparser.parse(io.BytesIO(path.read_bytes())).entries)
    return count - (path.name in TWINS) - (path.name == "rss_incomplete_cdata.xml")


@pytest.fixture
def pack(desk_with: Callable[..., Desk]) -> Iterator[tuple[Desk, dict[int, Path]]]:
    """Serve every fourth file, and those that are special, and watch them."""
    desk = desk_with(poll_workers=8, poll_turn_seconds=300.0, fetch_deadline_seconds=20.0)
    files = [path for n, path in enumerate(FILES) if n % 4 == 0 or path.name in CUT | TWINS or called(path) in NO_FEED]
    with fault_server() as server, writing(desk.sessions) as session:
        watched: dict[int, Path] = {}
        for number, path in enumerate(files):
            server[f"/{number}"] = text(path.read_bytes(), **served(path))
            source = factories.add_source(session, name=f"{number}", url=server.url(f"/{number}"), created_at=desk.now)
            watched[source.id] = path
        session.commit()
        yield desk, watched


def test_every_entry_of_every_feed_is_found() -> None:
    for path in FILES:
        head = served(path)
        parsed = parse_feed(path.read_bytes(), url="", content_type=head["content_type"], max_entries=2000)
        twins = path.name in TWINS
        assert len(parsed["entries"]) - twins == expected(path), path.name
        assert parsed["cut"] == (path.name in CUT), path.name
        assert parsed["cut"] or bool(parsed["format"]) != (called(path) in NO_FEED), path.name


def test_every_entry_is_stored_once_and_read(pack: tuple[Desk, dict[int, Path]]) -> None:
    desk, watched = pack
    assert desk.poll() > 200
    with reading(desk.sessions) as session:
        stored = dict(session.execute(select(Item.source_id, func.count()).group_by(Item.source_id)).all())
        states = {source.id: source.state for source in session.scalars(select(Source))}
    wrong = {called(watched[key]): (stored.get(key, 0), expected(watched[key])) for key in watched}
    assert {name: pair for name, pair in wrong.items() if pair[0] != pair[1]} == {}
    assert {watched[key].name for key, state in states.items() if state == "truncated"} == CUT
    assert {called(watched[key]) for key, state in states.items() if state == "no_feed"} == NO_FEED
    assert set(states.values()) == {"ok", "truncated", "no_feed", "guessed_charset"}
    assert extract(desk.sessions, desk.network, desk.settings, desk.now) == sum(stored.values())
    with reading(desk.sessions) as session:
        assert session.scalar(select(func.count()).select_from(Document)) == sum(stored.values())
    assert verify(desk.sessions) == []
    assert desk.poll(dt.timedelta(hours=1)) == 0


def test_another_author_reads_as_many_entries_with_the_same_titles() -> None:
    compared = 0
    for path in sorted((PACKS / "feeds" / "gofeed").rglob("*.json")):
        theirs = json.loads(path.read_text())
        listed = theirs.get("items") or theirs.get("entries") if isinstance(theirs, dict) else None
        if not isinstance(listed, list) or not path.with_suffix(".xml").exists():
            continue
        body = path.with_suffix(".xml").read_bytes()
        ours = parse_feed(body, url="", content_type="", max_entries=2000)["entries"]
        assert len(ours) == len(listed), path.name
        compared += 1
        for our, their in zip(ours, listed, strict=True):
            if isinstance(their.get("title"), str) and "<" not in their["title"] and "&" not in their["title"]:
                assert CONTROL.sub("", our["title"] or "") == " ".join(their["title"].split()), path.name
    assert compared > 100


@pytest.mark.parametrize("path", sorted((PACKS / "xml_attacks").glob("*")), ids=lambda path: path.name)
def test_attacks_in_xml_are_refused_or_unexpanded(desk: Desk, server: FaultServer, path: Path) -> None:
    server["/feed"] = text(path.read_bytes())
    source_id = desk.watch(server.url("/feed"))
    assert desk.poll() == 0
    assert desk.source(source_id).state == "no_feed"
    assert server.hits() == 1
