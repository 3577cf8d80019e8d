"""Find out whether one machine keeps up with many sources, memory stays flat, and nothing is lost or doubled.

A server in a process of its own gives each source a feed of 10 entries; every fifth answer has one that is new, and
whoever names the ETag of what it has gets "not modified", as in real life. The sources fall due spread over their 15
minutes. The clock is compressed: it runs as it does while a source is due, and jumps over the time in which none is. At
the end it jumps a day ahead: all are due together, as after a day offline. Prints `name<TAB>value` lines:

- `soak.sources`, `soak.seconds`: how many, and how long the machine worked
- `soak.covered_s`: seconds that passed on the compressed clock before the day offline; `soak.busy_share`: the part of
  them that was worked, 1 is the limit
- `soak.polls`, `soak.polls_per_s` and `soak.cpu_ms_per_poll`: of the poller without its reading processes
- `soak.lag_p50_s`, `_p95_s`, `_p99_s`, `_max_s`: from due to stored, before the day offline
- `soak.backlog_polls`, `soak.backlog_per_s`: how fast what waited for a day is drained
- `soak.rss_first_mb` (after the first 500 polls, or one of each source), `_last_mb`, `_most_mb`: memory of the poller
- `soak.entries`: different entries that the server gave out; `soak.lost` and `soak.doubled` of them must be 0

Loopback is the operator's own network, so the pauses between two requests to one host are not in it. Stops with an
error when something is lost or doubled or a source is not well. A whole machine: python bench/soak.py 5000 480

Run: python bench/soak.py [SOURCES] [SECONDS]
"""

import datetime as dt
import json
import logging
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

sys.path.insert(0, str(Path(__file__).parent.parent))

from sqlalchemy import func, select

import migrations
from ingest import poll as polling
from ingest.http import Network
from ingest.settings import IngestSettings
from models.database import Sessions, connect, open_sessions, reading, writing
from models.item import Item
from models.source import Source

START = dt.datetime.now(dt.UTC)
INTERVAL = 900
ENTRIES = 10
NEWS_EVERY = 5
BACKLOG_SHARE = 0.2  # of the time, kept for the day offline


@dataclass
class Clock:
    """Runs as time does, and jumps when told to."""

    ahead: dt.timedelta = dt.timedelta(0)
    started: float = field(default_factory=time.monotonic)

    def now(self) -> dt.datetime:
        """Return what the clock shows."""
        return START + self.ahead + dt.timedelta(seconds=self.worked())

    def worked(self) -> float:
        """Return the seconds that were not jumped over."""
        return time.monotonic() - self.started


@dataclass
class Soak:
    """One run: the clock, and what each poll took from due to stored."""

    sessions: Sessions
    clock: Clock
    lags: list[float] = field(default_factory=list)
    due_at: dict[int, dt.datetime] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self) -> None:
        """Note the lag of each poll as its thread ends."""
        read_source = polling.read_source

        def timed(*given: object) -> int:
            moved = read_source(*given)  # type: ignore[arg-type]
            with self.lock:
                self.lags.append((self.clock.now() - self.due_at[given[-1]]).total_seconds())  # type: ignore[index]
            return moved

        polling.read_source = timed

    def until(self, seconds: float, network: Network, settings: IngestSettings) -> bool:
        """Poll until so many seconds have been worked; return whether every source has been read by then."""
        while self.clock.worked() < seconds:
            left = max(1.0, min(10.0, seconds - self.clock.worked()))
            with reading(self.sessions) as session:
                # No source falls due twice within one turn.
                self.due_at = dict(session.execute(select(Source.id, Source.next_due_at)).all())  # type: ignore[arg-type]
            polling.poll(self.sessions, network, replace(settings, poll_turn_seconds=left), self.clock.now())
            with reading(self.sessions) as session:
                following = session.scalar(select(func.min(Source.next_due_at)))
                if following is not None and following > self.clock.now():
                    self.clock.ahead += following - self.clock.now()
        with reading(self.sessions) as session:
            return not session.scalar(select(func.count()).where(Source.last_success_at.is_(None)))


def main() -> None:
    sources = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    command = [sys.executable, __file__, "--serve"]
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as feeds:
        try:
            url = f"http://127.0.0.1:{int(feeds.stdout.readline())}"  # type: ignore[union-attr]
            run(database(Path(folder), url, sources), url, sources, seconds)
        finally:
            feeds.kill()


def run(sessions: Sessions, url: str, sources: int, seconds: float) -> None:
    """Work for so many seconds and print what came; raises SystemExit when something is lost, doubled or ill."""
    settings = replace(IngestSettings(), allowed_networks=("127.0.0.1/32",))
    network, clock = Network(settings), Clock()
    soak, busy = Soak(sessions, clock), time.process_time()
    soak.watch()
    logging.getLogger("ingest").setLevel(logging.ERROR)  # who is silent after a day is no news here
    threading.Thread(target=remember_memory, args=(soak, sources), daemon=True).start()
    whole = soak.until(seconds * (1 - BACKLOG_SHARE), network, settings)
    steady, worked, covered = sorted(soak.lags), clock.worked(), (clock.now() - START).total_seconds()
    cpu = time.process_time() - busy
    print(f"soak.sources\t{sources}")
    print(f"soak.covered_s\t{covered:.0f}")
    print(f"soak.busy_share\t{worked / covered:.2f}")
    print(f"soak.polls\t{len(steady)}")
    print(f"soak.polls_per_s\t{len(steady) / worked:.1f}")
    print(f"soak.cpu_ms_per_poll\t{1000 * cpu / len(steady):.1f}")
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)):
        print(f"soak.lag_{name}_s\t{steady[min(len(steady) - 1, int(share * len(steady)))]:.1f}")
    ill = states_of(sessions) - {"ok", "new"}
    if ill:
        raise SystemExit(f"before the day offline some sources were {', '.join(sorted(ill))}")
    if not whole:
        print("soak.warning\tnot every source was reached; give it more seconds", file=sys.stderr)
    clock.ahead += dt.timedelta(days=1)
    soak.until(seconds, network, settings)
    print(f"soak.backlog_polls\t{len(soak.lags) - len(steady)}")
    print(f"soak.backlog_per_s\t{(len(soak.lags) - len(steady)) / (clock.worked() - worked):.1f}")
    print(f"soak.seconds\t{clock.worked():.0f}")
    for name in ("first", "last", "most"):
        print(f"soak.rss_{name}_mb\t{MEMORY.get(name, 0.0):.0f}")
    compare(sessions, url)


def compare(sessions: Sessions, url: str) -> None:
    """Compare what is stored with what the server says it gave out."""
    with urllib.request.urlopen(f"{url}/ledger", timeout=60) as answer:  # noqa: S310  our own server on loopback
        served = {f"/{name}-{n}" for name, entries in json.load(answer).items() for n in range(entries)}
    with reading(sessions) as session:
        stored = Counter(
            name.partition("//")[2].partition("/")[2] for name in session.scalars(select(Item.external_id))
        )
    stored = Counter({f"/{name}": count for name, count in stored.items()})
    lost, doubled = len(served - set(stored)), stored.total() - len(stored)
    print(f"soak.entries\t{len(served)}")
    print(f"soak.lost\t{lost}")
    print(f"soak.doubled\t{doubled}")
    # Four of five have nothing new after the day offline: they are silent, and that is true.
    ill = states_of(sessions) - {"ok", "new", "silent"}
    if lost or doubled or set(stored) - served or ill:
        raise SystemExit(f"{lost} lost, {doubled} doubled, {len(set(stored) - served)} from nowhere, ill: {ill}")


def states_of(sessions: Sessions) -> set[str]:
    """Return the states that sources are in."""
    with reading(sessions) as session:
        return set(session.scalars(select(Source.state).distinct()))


def database(folder: Path, url: str, sources: int) -> Sessions:
    """Return a fresh database that watches `sources` feeds, due one after the other within one interval."""
    place = f"sqlite:///{folder / 'soak.sqlite'}"
    engine = connect(place)
    migrations.upgrade(engine)
    engine.dispose()
    sessions = open_sessions(place)
    with writing(sessions) as session:
        session.add_all(
            Source(
                name=f"source {n}",
                kind="feed",
                url=f"{url}/{n}",
                created_at=START,
                country="XA",
                next_due_at=START + dt.timedelta(seconds=INTERVAL * n / sources),
            )
            for n in range(sources)
        )
    return sessions


MEMORY: dict[str, float] = {}


def remember_memory(soak: Soak, sources: int) -> None:
    """Note the memory of this process, without its children: early, now and at most."""
    while True:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        MEMORY["last"] = pages * 4096 / 1024**2
        MEMORY["most"] = max(MEMORY.get("most", 0.0), MEMORY["last"])
        if len(soak.lags) >= min(sources, 500):
            MEMORY.setdefault("first", MEMORY["last"])
        time.sleep(1)


class Feeds(BaseHTTPRequestHandler):
    """Gives each path a feed of its own, one entry further at every fifth request, and tells what it gave out."""

    asked: ClassVar[Counter[str]] = Counter()
    given: ClassVar[Counter[str]] = Counter()
    lock = threading.Lock()

    def do_GET(self) -> None:
        """Answer with the feed of this path, or with the ledger."""
        if self.path == "/ledger":
            self.answer(json.dumps(self.given).encode(), "")
            return
        name = self.path.strip("/")
        with self.lock:
            self.asked[name] += 1
            # Not all have news in the same round.
            last = ENTRIES + (self.asked[name] + int(name)) // NEWS_EVERY - (1 + int(name)) // NEWS_EVERY
        mark = f'"{last}"'
        if self.headers.get("if-none-match") == mark:
            self.answer(b"", mark, 304)
            return
        items = "".join(
            f"<item><guid>{name}-{n}</guid><title>Note {n} of {name}</title>"
            f"<description>{'The market of Marrok opened at eight and the council met. ' * 5}{n}</description></item>"
            for n in range(last - ENTRIES, last)
        )
        self.answer(f'<rss version="2.0"><channel><title>Feed</title>{items}</channel></rss>'.encode(), mark)
        with self.lock:
            self.given[name] = max(self.given[name], last)

    def answer(self, body: bytes, mark: str, status: int = 200) -> None:
        """Send one answer."""
        self.send_response(status)
        self.send_header("content-type", "application/rss+xml")
        self.send_header("etag", mark)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Feeds)
    server.socket.listen(1024)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve() if "--serve" in sys.argv else main()
