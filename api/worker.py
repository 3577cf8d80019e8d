"""Turn the five arrows of the flow, each at its own pace, until told to stop.

    Source --poll--> Item --extract--> Document --assess--> Assessment --raise--> Alert --deliver--> Delivery

Each turn leaves a heartbeat, also when it failed, so that a dead loop is seen. An arrow that moved something turns
again at once. Any number of workers may run against one database: the arrows claim what they work on.
"""

import datetime as dt
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.dialects import postgresql, sqlite

from api import accounts, webhooks
from api.errors import ApiError
from api.scoring import LazyScorer
from api.second_reader import second_read
from api.settings import Settings
from classify.assess import assess
from classify.errors import ClassifyError
from ingest.errors import IngestError
from ingest.extract import extract
from ingest.forget import forget
from ingest.http import Network
from ingest.log import append_waiting
from ingest.poll import poll
from ingest.quota import let_in
from models import claims
from models.base import is_sqlite
from models.claims import Heartbeat
from models.database import Sessions, writing
from models.delivery import Delivery
from models.document import Document
from models.item import Item
from models.source import Source
from warn.alerts import raise_alerts
from warn.errors import WarnError
from warn.memory import Memory
from warn.source_news import tell_of_sources

LOG = logging.getLogger(__name__)
FORESEEN = (ApiError, ClassifyError, IngestError, WarnError)
BEAT_STEP = 10.0  # seconds between heartbeats of an arrow that keeps moving nothing
TIDY_SECONDS = 3600
LOG_SECONDS = 3
SOURCES_SECONDS = 60
SECOND_READER_SECONDS = 30


@dataclass(frozen=True)
class Works:
    """What the arrows need, opened once per worker."""

    sessions: Sessions
    settings: Settings
    network: Network
    scorer: LazyScorer
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True)
class Arrow:
    """One step of the flow. `longest_seconds` is how long a turn on a full batch may well take."""

    name: str
    turn: Callable[[Works, dt.datetime], int]
    every_seconds: float
    longest_seconds: float


ARROWS = (
    Arrow("poll", lambda w, now: poll(w.sessions, w.network, w.settings.ingest, now), 5, 40),
    Arrow("extract", lambda w, now: extract(w.sessions, w.network, w.settings.ingest, now), 2, 30),
    Arrow("assess", lambda w, now: assess(w.sessions, w.scorer.get(), w.settings.classify, now), 2, 30),
    Arrow("raise", lambda w, now: raise_alerts(w.sessions, w.settings.warn, now, w.memory), 3, 20),
    Arrow("deliver", lambda w, now: webhooks.deliver(w.sessions, w.network, w.settings, now), 2, 20),
)


class Worker:
    """Runs arrows in threads of its own."""

    def __init__(self, works: Works, clock: Callable[[], dt.datetime], arrows: Collection[Arrow] = ARROWS) -> None:
        self.works, self.clock, self.arrows = works, clock, tuple(arrows)
        self.name = f"{socket.gethostname()[:48]}:{os.getpid()}"
        self.stopping = threading.Event()
        self.ending: threading.Thread | None = None
        self.beaten: dict[str, tuple[float, str | None]] = {}
        self.scheduler = BackgroundScheduler(
            timezone=dt.UTC, executors={"default": ThreadPoolExecutor(len(self.arrows) + 4)}
        )

    def start(self) -> None:
        """Begin; each arrow takes its first turn at once."""
        free_what_the_dead_held(self.works.sessions)
        settings = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        for arrow in self.arrows:
            self.scheduler.add_job(
                self.run,
                "interval",
                [arrow],
                seconds=arrow.every_seconds,
                id=arrow.name,
                next_run_time=dt.datetime.now(dt.UTC),
                **settings,
            )
        self.scheduler.add_job(self.keep_log, "interval", seconds=LOG_SECONDS, id="log", **settings)
        self.scheduler.add_job(self.tidy, "interval", seconds=TIDY_SECONDS, id="tidy", **settings)
        if self.works.settings.ingest.source_trouble_hours:
            self.scheduler.add_job(self.tell_of_sources, "interval", seconds=SOURCES_SECONDS, id="sources", **settings)
        if self.works.settings.assist.second_reader_url:
            every = {"seconds": SECOND_READER_SECONDS, "id": "second reader"}
            self.scheduler.add_job(self.ask_second_reader, "interval", **every, **settings)
        self.scheduler.start()

    def stop(self, patience: dt.timedelta = dt.timedelta(seconds=30)) -> bool:
        """Let running turns end; return whether all did in time. What they held is taken up again later."""
        self.stopping.set()
        if self.ending is None:
            self.ending = threading.Thread(target=self.scheduler.shutdown, daemon=True)
            self.ending.start()
        self.ending.join(patience.total_seconds())
        return not self.ending.is_alive()

    def run(self, arrow: Arrow) -> None:
        """Turn one arrow until it moves nothing, fails, or we stop."""
        self.beat(arrow, 0, self.beaten.get(arrow.name, (0.0, None))[1])
        while not self.stopping.is_set():
            moved, error = self.turn(arrow)
            self.beat(arrow, moved, error)
            if error is not None or not moved:
                return

    def turn(self, arrow: Arrow) -> tuple[int, str | None]:
        """Take one turn; return how many it moved and what went wrong."""
        try:
            return arrow.turn(self.works, self.clock()), None
        except FORESEEN as error:
            # Repeated every few seconds until somebody mends it: said once, then kept in the heartbeat.
            if self.beaten.get(arrow.name, (0.0, None))[1] != str(error):
                LOG.warning("the arrow %s cannot turn: %s", arrow.name, error)
            return 0, str(error)
        except Exception as error:  # the loop's top: the other arrows and the next turn go on
            LOG.exception("the arrow %s failed", arrow.name)
            return 0, f"{type(error).__name__}; the log of {self.name} tells where"

    def beat(self, arrow: Arrow, moved: int, error: str | None) -> None:
        """Leave a sign of life; one that says nothing new is left out for a few seconds."""
        last, said = self.beaten.get(arrow.name, (0.0, None))
        if not moved and error == said and time.monotonic() - last < BEAT_STEP and last:
            return
        try:
            write_beat(self.works.sessions, arrow, self.name, self.clock(), moved=moved, error=error)
        except Exception:  # the database is away; the missing beat says so
            LOG.exception("the arrow %s could not leave a heartbeat", arrow.name)
        else:
            self.beaten[arrow.name] = (time.monotonic(), error)

    def keep_log(self, *, whole: bool = False) -> None:
        """Enter into the evidence log what has no entry yet; whichever worker comes first does it."""
        try:
            while not self.stopping.is_set() and append_waiting(self.works.sessions, self.clock(), whole=whole):
                pass
        except Exception:  # the loop's top, as above; `tocsin verify` names what stays without an entry
            LOG.exception("the evidence log could not be written")

    def tell_of_sources(self) -> None:
        """Tell operational endpoints which sources have long been in trouble, and which are well again."""
        lasting = dt.timedelta(hours=self.works.settings.ingest.source_trouble_hours)
        try:
            tell_of_sources(self.works.sessions, lasting, self.clock())
        except Exception:  # the loop's top, as above
            LOG.exception("the operator could not be told of the sources")

    def ask_second_reader(self) -> None:
        """Ask about borderline passages; what fails here keeps no arrow from turning."""
        try:
            second_read(self.works.sessions, self.works.network, self.works.settings.assist, self.clock())
        except Exception:  # the loop's top, as above
            LOG.exception("the second reader could not be asked")

    def tidy(self) -> None:
        """Let in what quotas leave room for; forget sign-ins that are over, and what is past its age or budget."""
        self.keep_log(whole=True)
        try:
            accounts.forget_ended(self.works.sessions, self.clock())
            freed = let_in(self.works.sessions, self.works.settings.ingest, self.clock())
            if freed:
                LOG.info("let in %d items that were over the quotas of their sources", freed)
            forgotten = forget(self.works.sessions, self.works.settings.ingest, self.clock())
            if forgotten:
                LOG.info("forgot %d texts and raw answers past their age or budget", forgotten)
        except Exception:  # the loop's top, as above
            LOG.exception("tidying up failed")


def free_what_the_dead_held(sessions: Sessions) -> None:
    """End the claims of processes of this host that were killed, so that a restart need not wait for their leases."""
    with writing(sessions) as session:
        freed = sum(claims.release_dead(session, table) for table in (Source, Item, Document, Delivery))
    if freed:
        LOG.info("%d rows that a killed worker held are free again", freed)


def write_beat(
    sessions: Sessions, arrow: Arrow, worker: str, now: dt.datetime, *, moved: int, error: str | None
) -> None:
    """Remember an arrow's last turn."""
    values = {
        "worker": worker,
        "beat_at": now,
        "every_seconds": max(arrow.every_seconds, arrow.longest_seconds),
        "moved": moved,
        "error": error,
    }
    with writing(sessions) as session:
        insert = sqlite.insert if is_sqlite(session) else postgresql.insert
        statement = insert(Heartbeat).values(arrow=arrow.name, **values)
        session.execute(statement.on_conflict_do_update(index_elements=[Heartbeat.arrow], set_=values))
