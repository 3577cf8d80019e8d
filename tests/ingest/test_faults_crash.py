"""A worker killed at any point of a turn, and the next one: the tables end as if nobody had died."""

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ingest.evidence import verify
from models.database import reading
from models.document import Cluster, Document
from models.item import Item
from tests.fault_server import FaultServer, with_etag
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss

WORKER = """
import datetime as dt, os, signal, sys
from ingest import evidence, extract, poll, read
from ingest.http import Network
from ingest.settings import IngestSettings
from models import claims
from models.database import open_sessions
url, now, point = sys.argv[1], dt.datetime.fromisoformat(sys.argv[2]), sys.argv[3]
places = {
    "claim": (claims, "claim"), "raw": (evidence, "keep_raw"), "items": (read, "store_entries"),
    "links": (evidence, "append"), "release": (claims, "release_row"), "held": (claims, "held_row"),
    "document": (extract, "_add_documents"), "none": (os, "getpid"),
}
module, name = places[point]
inner = getattr(module, name)
def die(*given, **named):
    inner(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
if point != "none":
    setattr(module, name, die)
sessions, settings = open_sessions(url), IngestSettings(allowed_networks=("127.0.0.1/32",), fetch_deadline_seconds=5.0)
network = Network(settings)
poll.poll(sessions, network, settings, now)
extract.extract(sessions, network, settings, now)
"""


def work(url: str, now: dt.datetime, point: str) -> int:
    command = [sys.executable, "-c", WORKER, url, now.isoformat(), point]
    return subprocess.run(command, check=False, env=os.environ | {"PYTHONPATH": str(Path.cwd())}).returncode


@pytest.mark.slow
@pytest.mark.parametrize("point", ["claim", "raw", "items", "links", "held", "release", "document"])
def test_a_kill_loses_nothing_and_doubles_nothing(
    desk: Desk, database_url: str, server: FaultServer, point: str
) -> None:
    server["/feed"] = with_etag(rss(*(item(n) for n in range(8))))
    desk.watch(server.url("/feed"))
    assert work(database_url, desk.now, point) == -signal.SIGKILL
    assert work(database_url, desk.now + dt.timedelta(hours=1), "none") == 0
    with reading(desk.sessions) as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (Item, Document, Cluster)]
    assert counts[:2] == [8, 8]
    assert verify(desk.sessions) == []
