"""Trying a source says what would happen and stores nothing."""

import datetime as dt

from sqlalchemy import select

from ingest.check import check_source
from ingest.http import Network
from ingest.settings import IngestSettings
from models.evidence import RawBody
from models.source import Source
from tests.fault_server import FaultServer, text
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss


def source(url: str, kind: str = "feed") -> Source:
    return Source(name="Radio Keshu", kind=kind, url=url)


def test_a_good_feed(server: FaultServer, network: Network, settings: IngestSettings, now: dt.datetime) -> None:
    server["/feed"] = text(rss(item(1), item(2)))
    check = check_source(network, settings, source(server.url("/feed")), now)
    assert check.good
    assert check.sentence == "2 entries, the newest of 2026-03-14 02:00 UTC"


def test_a_page_that_is_no_feed(
    server: FaultServer, network: Network, settings: IngestSettings, now: dt.datetime
) -> None:
    server["/feed"] = text("<html>Sign in</html>")
    check = check_source(network, settings, source(server.url("/feed")), now)
    assert (check.good, check.state) == (False, "no_feed")


def test_sources_that_are_not_asked(network: Network, settings: IngestSettings, now: dt.datetime) -> None:
    assert check_source(network, settings, source("", "push"), now).good


def test_nothing_is_stored(server: FaultServer, desk: Desk) -> None:
    server["/feed"] = text(rss(item(1)))
    check_source(desk.network, desk.settings, source(server.url("/feed")), desk.now)
    with desk.sessions() as session:
        assert session.scalars(select(RawBody)).all() == []
