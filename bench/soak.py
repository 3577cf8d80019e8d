"""Does one machine keep up with many sources, and does memory stay flat? All sources at once, round after round.

A server in a process of its own gives each source a feed of 20 entries of which one is new in each round. Every round
makes all sources due together, as after a day offline, and polls until none is left. Prints `name<TAB>value` lines:

- `soak.sources`, `soak.rounds`
- `soak.sources_per_s`: sources read and stored per second, and `soak.cpu_ms_per_source`: processor time of the poller
- `soak.share_of_interval`: the part of a 15-minute interval that one round takes; above 1 means falling behind
- `soak.lag_p50_s`, `_p95_s`, `_p99_s`, `_max_s`: from due to stored in the last round, the whole backlog at once
- `soak.rss_first_mb`, `soak.rss_last_mb`: memory after the first and the last round; flat means no growth with rounds

Stops with an error when what is stored is not what was served. The day's whole number: python bench/soak.py 5000 4

Run: python bench/soak.py [SOURCES] [ROUNDS]
"""

import datetime as dt
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent))

from sqlalchemy import func, select, update

import migrations
from ingest.http import Network
from ingest.poll import poll
from ingest.settings import IngestSettings
from models.database import Sessions, connect, open_sessions, reading, writing
from models.item import Item
from models.source import Fetch, Source, due

START = dt.datetime.now(dt.UTC)
INTERVAL = 900
ENTRIES = 20


@dataclass(frozen=True)
class Round:
    """One round: seconds on the clock and of the processor, the lag of each source in order, memory after it."""

    seconds: float
    busy: float
    lags: list[float]
    memory_mb: float


def main() -> None:
    sources = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    command = [sys.executable, __file__, "--serve"]
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as feeds:
        try:
            url = f"http://127.0.0.1:{int(feeds.stdout.readline())}"  # type: ignore[union-attr]
            sessions = database(Path(folder), url, sources)
            ran = [one_round(sessions, sources, number) for number in range(rounds)]
        finally:
            feeds.kill()
    last = ran[-1]
    print(f"soak.sources\t{sources}")
    print(f"soak.rounds\t{rounds}")
    print(f"soak.sources_per_s\t{sources / last.seconds:.1f}")
    print(f"soak.cpu_ms_per_source\t{1000 * last.busy / sources:.1f}")
    print(f"soak.share_of_interval\t{last.seconds / INTERVAL:.3f}")
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)):
        print(f"soak.lag_{name}_s\t{last.lags[min(sources - 1, int(share * sources))]:.1f}")
    print(f"soak.rss_first_mb\t{ran[0].memory_mb:.0f}")
    print(f"soak.rss_last_mb\t{last.memory_mb:.0f}")


def database(folder: Path, url: str, sources: int) -> Sessions:
    """Return a fresh database that watches `sources` feeds."""
    place = f"sqlite:///{folder / 'soak.sqlite'}"
    engine = connect(place)
    migrations.upgrade(engine)
    engine.dispose()
    sessions = open_sessions(place)
    with writing(sessions) as session:
        session.add_all(
            Source(name=f"source {n}", kind="feed", url=f"{url}/{n}?round=-1", created_at=START, country="XA")
            for n in range(sources)
        )
    return sessions


def one_round(sessions: Sessions, sources: int, number: int) -> Round:
    """Make all sources due and poll until none is left; raises SystemExit when something is missing afterwards."""
    now = START + number * dt.timedelta(days=1)
    settings = replace(IngestSettings(), allowed_networks=("127.0.0.1/32",))
    with writing(sessions) as session:
        url = func.replace(Source.url, f"round={number - 1}", f"round={number}")
        session.execute(update(Source).values(next_due_at=now, url=url))
    started, busy = time.monotonic(), time.process_time()
    lags: list[float] = []
    watch = threading.Thread(target=watch_lags, args=(sessions, now, sources, started, lags), daemon=True)
    watch.start()
    network = Network(settings)
    while True:
        poll(sessions, network, settings, now)
        with reading(sessions) as session:
            if not session.scalar(select(func.count()).where(due(now))):
                break
    seconds, busy = time.monotonic() - started, time.process_time() - busy
    watch.join(10)
    with reading(sessions) as session:
        stored = session.scalar(select(func.count()).select_from(Item)) or 0
        states = set(session.scalars(select(Source.state).distinct()))
    if stored != sources * (ENTRIES + number) or states != {"ok"} or len(lags) != sources:
        raise SystemExit(f"round {number}: {stored} items of {sources} sources, {len(lags)} fetches, states {states}")
    return Round(seconds, busy, lags, rss_mb())


def watch_lags(sessions: Sessions, now: dt.datetime, sources: int, started: float, lags: list[float]) -> None:
    """Note when each fetch of this round was stored, to a fifth of a second."""
    while len(lags) < sources:
        time.sleep(0.2)
        with reading(sessions) as session:
            done = session.scalar(select(func.count()).select_from(Fetch).where(Fetch.at == now)) or 0
        lags += [time.monotonic() - started] * (done - len(lags))


def rss_mb() -> float:
    """Return the memory this process holds now, without its children."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1024**2


class Feeds(BaseHTTPRequestHandler):
    """Gives each path a feed of its own, one entry further in each round."""

    def do_GET(self) -> None:
        """Answer with the feed of this path and round."""
        parts = urlsplit(self.path)
        first = int(parts.query.removeprefix("round=") or 0)
        items = "".join(
            f"<item><guid>{parts.path}-{n}</guid><title>Note {n} of {parts.path}</title>"
            f"<description>{'The market of Marrok opened at eight and the council met. ' * 5}{n}</description></item>"
            for n in range(first, first + ENTRIES)
        )
        body = f'<rss version="2.0"><channel><title>Feed</title>{items}</channel></rss>'.encode()
        self.send_response(200)
        self.send_header("content-type", "application/rss+xml")
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
