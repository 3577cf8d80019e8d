"""Several workers at once: everything is stored once, nobody waits for ever, and the chain holds."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from ingest.evidence import verify
from ingest.extract import extract
from ingest.http import Network
from ingest.poll import poll
from ingest.read import push
from ingest.settings import IngestSettings
from models.database import Sessions, reading, writing
from models.document import Cluster, Document
from models.item import Item
from tests import factories
from tests.fault_server import FaultServer, text
from tests.ingest.feeds import item, rss


def count(sessions: Sessions, table: type) -> int:
    with reading(sessions) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_partners_pushing_the_same_items_at_once(
    sessions: Sessions, settings: IngestSettings, now: dt.datetime
) -> None:
    items = [{"id": str(n), "text": f"text {n}"} for n in range(150)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: push(sessions, "Partner", items, settings, now), range(4)))
    assert sum(result.accepted for result in results) == 150
    assert count(sessions, Item) == 150
    assert verify(sessions) == []


def test_workers_polling_and_extracting_at_once(
    sessions: Sessions, network: Network, settings: IngestSettings, server: FaultServer, now: dt.datetime
) -> None:
    stories = (" ".join(f"{letter}{n}{letter}" for letter in "abcdefghijklmnop") for n in range(20))
    server["*"] = text(rss(*(item(n, story) for n, story in enumerate(stories))))
    with writing(sessions) as session:
        for n in range(12):
            factories.add_source(session, url=server.url(f"/{n}"))

    def work(_: int) -> None:
        poll(sessions, network, settings, now)
        extract(sessions, network, settings, now)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    work(0)
    assert server.hits() == 12
    assert (count(sessions, Item), count(sessions, Document), count(sessions, Cluster)) == (240, 240, 20)
    assert verify(sessions) == []
