"""What the tests of collecting share: a bad server, settings that let loopback through, and short deadlines."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from ingest.http import Network
from ingest.poll import poll
from ingest.readers import sandbox
from ingest.settings import IngestSettings
from models.database import Sessions, reading, writing
from models.item import Item
from models.source import Source
from tests import factories
from tests.fault_server import FaultServer, fault_server


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """Serve what the test scripts, on 127.0.0.1."""
    with fault_server() as running:
        yield running


@pytest.fixture
def settings() -> IngestSettings:
    """Let 127.0.0.1 through and nothing else; wait two seconds at most."""
    return IngestSettings(
        allowed_networks=("127.0.0.1/32",),
        fetch_deadline_seconds=2.0,
        article_deadline_seconds=1.0,
        author_key="pepper",
        poll_workers=8,
    )


@pytest.fixture
def network(settings: IngestSettings) -> Network:
    return Network(settings)


@pytest.fixture(scope="session", autouse=True)
def _children() -> Iterator[None]:
    """Leave no reading process behind."""
    yield
    sandbox.close_shared()


class Desk:
    """Adds sources, polls them, and looks at what came of it."""

    def __init__(self, sessions: Sessions, network: Network, settings: IngestSettings, now: dt.datetime) -> None:
        self.sessions, self.network, self.settings, self.now = sessions, network, settings, now

    def watch(self, url: str, **values: object) -> int:
        """Add a feed source that is due."""
        with writing(self.sessions) as session:
            return factories.add_source(session, url=url, **values).id

    def poll(self, after: dt.timedelta = dt.timedelta(0)) -> int:
        """Poll, some time later than the last time."""
        self.now += after
        return poll(self.sessions, self.network, self.settings, self.now)

    def source(self, source_id: int) -> Source:
        with reading(self.sessions) as session:
            return session.get_one(Source, source_id)

    def items(self, source_id: int | None = None) -> list[Item]:
        with reading(self.sessions) as session:
            query = select(Item).order_by(Item.id)
            return list(session.scalars(query.where(Item.source_id == source_id) if source_id else query))


@pytest.fixture
def desk(sessions: Sessions, network: Network, settings: IngestSettings, now: dt.datetime) -> Desk:
    return Desk(sessions, network, settings, now)


@pytest.fixture
def desk_with(sessions: Sessions, now: dt.datetime, settings: IngestSettings) -> Callable[..., Desk]:
    """Make a desk with some settings changed."""

    def make(**changes: object) -> Desk:
        changed = replace(settings, **changes)  # type: ignore[arg-type]
        return Desk(sessions, Network(changed), changed, now)

    return make
