"""A worker that is killed at any moment and started again leaves what a worker leaves that nobody touched.

Real processes, real SIGKILL, a real feed server and a real receiver; only the scorer is a fake.
"""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.alert import Alert
from models.assessment import Assessment
from models.database import Sessions, open_sessions, reading, writing
from models.delivery import Delivery
from models.document import Document
from models.item import Item
from models.source import Source
from models.tally import StaleHour, TallyHour
from tests.factories import add_rule, add_source, add_webhook
from tests.fault_server import FaultServer, fault_server, text

ROOT = Path(__file__).parent.parent
FEEDS, ENTRIES, KILLS = 12, 15, 8
PATIENCE = 120.0

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]


def feed(number: int) -> str:
    entries = "".join(
        f"<item><guid>{number}-{i}</guid><title>Note {number}-{i}</title>"
        f"<description>{sentence(number, i)}</description><pubDate>{day(i)}</pubDate></item>"
        for i in range(ENTRIES)
    )
    return f'<rss version="2.0"><channel><title>Feed {number}</title>{entries}</channel></rss>'


def sentence(number: int, i: int) -> str:
    """Every fifth entry is the same call in every feed; the others have nothing in common, so clusters are certain."""
    words = random.Random(i if i % 5 == 0 else f"{number}-{i}")
    filler = " ".join("".join(words.choices("abdeghiklmnoprstu", k=7)) for _ in range(14))
    return f"The Varni are RATS, BURN {filler}." if i % 5 == 0 else f"The well was mended {filler}."


def day(i: int) -> str:
    return f"{1 + i % 14:02d} Mar 2026 {i % 24:02d}:00:00 GMT"


@pytest.fixture
def world() -> Iterator[FaultServer]:
    with fault_server() as server:
        for number in range(FEEDS):
            server[f"/feed/{number}"] = text(feed(number))
        server["/hook"] = text("thank you")
        yield server


def set_up(sessions: Sessions, world: FaultServer, now: Any) -> None:
    with writing(sessions) as session:
        for number in range(FEEDS):
            add_source(session, name=f"feed {number}", url=world.url(f"/feed/{number}"), next_due_at=now, language="en")
        add_rule(session, name="violence", min_severity=60)
        add_webhook(session, url=world.url("/hook"))


def start(url: str, home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.kill_worker", url, str(home)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


def settled(sessions: Sessions) -> bool:
    """Whether everything that was served has gone all the way."""
    with reading(sessions) as session:
        assessed = len(session.scalars(select(Assessment.id)).all())
        unruled = session.scalars(select(Assessment.id).where(Assessment.ruled_at.is_(None))).first()
        stale = session.scalars(select(StaleHour.hour)).first()
        owed = session.scalars(select(Delivery.id).where(Delivery.state != "delivered")).first()
    return assessed == FEEDS * ENTRIES and unruled is None and stale is None and owed is None


def wait_until_settled(sessions: Sessions) -> None:
    end = time.monotonic() + PATIENCE
    while not settled(sessions):
        assert time.monotonic() < end, f"the flow did not end within {PATIENCE} seconds"
        time.sleep(0.2)


def content(sessions: Sessions) -> dict[str, Counter[Any]]:
    """What the tables say, without numbers and moments that differ from run to run."""
    with reading(sessions) as session:
        names = {row.id: row.name for row in session.execute(select(Source.id, Source.name))}
        items = session.execute(select(Item.source_id, Item.external_id, Item.version, Item.content_sha256)).all()
        documents = session.execute(
            select(Document.source_id, Item.external_id, Document.text_sha256, Document.current).join(
                Item, Item.id == Document.item_id
            )
        ).all()
        assessments = session.execute(
            select(
                Assessment.source_id, Item.external_id, Assessment.flagged_now, Assessment.severity, Assessment.current
            )
            .join(Document, Document.id == Assessment.document_id)
            .join(Item, Item.id == Document.item_id)
        ).all()
        tallies = session.execute(select(TallyHour).where(TallyHour.dimension != "source")).scalars().all()
        alerts = session.scalars(select(Alert)).all()
        quarantined = [
            row
            for table in (Source, Item, Document, Delivery)
            for row in session.scalars(select(table.id).where(table.quarantined_at.is_not(None)))
        ]
    return {
        "items": Counter((names[source], *rest) for source, *rest in items),
        "documents": Counter((names[source], *rest) for source, *rest in documents),
        "assessments": Counter((names[source], *rest) for source, *rest in assessments),
        "tallies": Counter(
            (t.label, t.dimension, t.value, t.country, t.hour, t.documents, t.voices, t.confirmed) for t in tallies
        ),
        "alerts": Counter((a.kind, a.title, a.severity, a.count) for a in alerts),
        "quarantined": Counter(quarantined),
    }


def test_killing_the_worker_changes_nothing(
    database_url: str, sqlite_template: Path, world: FaultServer, now: Any, tmp_path: Path
) -> None:
    calm = tmp_path / "calm.sqlite"
    shutil.copyfile(sqlite_template, calm)
    expected = run_through(f"sqlite:///{calm}", world, now, tmp_path / "calm", kills=0)
    world.ledger.clear()
    found = run_through(database_url, world, now, tmp_path / "killed", kills=KILLS)
    assert found == expected

    sessions = open_sessions(database_url)
    with reading(sessions) as session:
        owed = set(session.scalars(select(Delivery.message_id)))
    received = {served.headers["webhook-id"] for served in world.ledger if served.path == "/hook"}
    assert received == owed
    sessions.kw["bind"].dispose()


def run_through(url: str, world: FaultServer, now: Any, home: Path, kills: int) -> dict[str, Counter[Any]]:
    sessions = open_sessions(url)
    set_up(sessions, world, now)
    chance = random.Random(20260314)
    died = 0
    for _ in range(kills):
        if settled(sessions):
            break
        worker = start(url, home)
        time.sleep(chance.uniform(1.0, 3.0))
        worker.send_signal(signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL
        died += 1
    assert died >= min(kills, 2), "the work was done before anything could be killed"
    worker = start(url, home)
    try:
        wait_until_settled(sessions)
        return content(sessions)
    finally:
        worker.kill()
        worker.wait()
        sessions.kw["bind"].dispose()
