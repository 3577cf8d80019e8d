"""The shipped packs can be loaded as they are, twice, and wrong ones are refused with the place."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import select

from ingest.errors import InputRefused
from ingest.evidence import verify
from ingest.extract import extract
from ingest.http import Network
from ingest.packs import LoadResult, list_packs, load_pack, read_pack
from ingest.settings import IngestSettings
from models.database import Sessions, reading, writing
from models.item import Item
from models.source import Source

COUNTRIES = {"kenya", "syria", "sudan", "ethiopia", "myanmar", "rwanda-drc"}


def test_the_countries_of_the_field_and_a_sample_are_shipped() -> None:
    packs = {pack.name: pack for pack in list_packs()}
    assert set(packs) == COUNTRIES | {"sample"}
    for name in COUNTRIES:
        sources = packs[name].sources
        assert len(sources) >= 10
        assert all(source["url"].startswith("https://") and source["country"] for source in sources)
        assert len({source["url"] for source in sources}) == len({source["name"] for source in sources}) == len(sources)
        assert len({source["language"] for source in sources}) >= 2


def test_no_source_has_the_name_of_another_packs() -> None:
    names = [source["name"] for pack in list_packs() for source in pack.sources]
    assert len(names) == len(set(names))


def test_loading_twice_adds_once_and_leaves_the_operators_changes(sessions: Sessions, now: dt.datetime) -> None:
    first = load_pack(sessions, "kenya", now)
    assert (first.added, first.known) == (14, 0)
    with writing(sessions) as session:
        session.scalars(select(Source).where(Source.name == "KBC")).one().enabled = False
    assert load_pack(sessions, "kenya", now) == LoadResult(added=0, known=14, items=0)
    with reading(sessions) as session:
        kbc = session.scalars(select(Source).where(Source.name == "KBC")).one()
    assert (kbc.enabled, kbc.kind, kbc.next_due_at, kbc.pack) == (False, "feed", now, "kenya")


def test_the_sample_needs_no_network_and_shows_a_curve_a_storm_and_an_edit(
    sessions: Sessions, now: dt.datetime
) -> None:
    result = load_pack(sessions, "sample", now)
    assert 80 <= result.items <= 120
    assert load_pack(sessions, "sample", now).items == 0
    settings = IngestSettings()
    assert (
        extract(sessions, Network(settings, resolve=lambda host, port: pytest.fail("no network")), settings, now)
        == result.items
    )
    with reading(sessions) as session:
        items = session.scalars(select(Item)).all()
    assert max(item.version for item in items) == 2
    assert {item.language for item in items} == {"en", "ar", "fr", "am", "sw"}
    assert {(now - item.event_at).days for item in items} >= set(range(13))
    assert verify(sessions) == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "lists no"),
        ("[[sources]\n", "cannot be read"),
        ('[[sources]]\nurl = "https://example.org/"', "source 1: a source needs a name"),
        ('[[sources]]\nname = "a"\nurl = "file:///etc/passwd"', "only http and https"),
        ('[[sources]]\nname = "a"\nurl = 5', "url must be str"),
        ('[[sources]]\nname = "a"\nkind = "magic"', "kind 'magic' is unknown"),
        ('[[sources]]\nname = "a"\ncolour = "red"', "unknown field 'colour'"),
    ],
)
def test_a_wrong_pack_is_refused_with_what_is_wrong(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(content)
    with pytest.raises(InputRefused, match=complaint):
        read_pack(str(path))


def test_a_pack_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(InputRefused, match="shipped are ethiopia, kenya"):
        read_pack("atlantis")


def test_an_operator_may_write_a_pack(sessions: Sessions, now: dt.datetime, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        '[[sources]]\nname = "Radio Keshu"\nurl = "https://radio.example.org/feed"\ninterval_seconds = 300\n'
    )
    assert load_pack(sessions, str(path), now).added == 1
