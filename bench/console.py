"""How fast the console leads a reviewer on, and how heavy its pages are, over a year of assessments in SQLite.

Prints `name<TAB>value` lines:

- `console.assessments`: how many rows stand behind the pages
- `console.next_p50_ms`, `console.next_p95_ms`: over loopback, from sending a verdict to having the whole page of the
  next passage: the decision is written, the next free passage is leased, its page is made and read
- `console.key_p50_ms`, `console.key_p95_ms`: in Chromium, from the key to the load of the next page, drawing included;
  left out where there is no Chromium
- `console.PAGE.kb`, `console.PAGE.packed_kb`, `console.PAGE.ms`: each page's HTML, plain and as gzip would send it, and
  the median of three requests; `console.assets_kb` is what is loaded once

The rows are those of `bench/trends.py`, with texts and marked passages for what is flagged. Server and client share the
machine, and one process.

Run: python bench/console.py [ASSESSMENTS] [VERDICTS] [SQLITE_FILE]
A file that is there already is asked as it is, so that a large one is filled once.
"""

import gzip
import http.client
import platform
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parent.parent))

import uvicorn
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from trends import NOW, fill, quantile

import migrations
from api import auth
from api.app import create_app
from api.console.rendering import ASSETS, FOLDER
from api.settings import Settings
from models.alert import Alert, AlertAssessment, Rule
from models.assessment import Assessment
from models.database import Sessions, connect, open_sessions, reading, writing
from models.document import Document
from tests.browser import CHROMIUM, Tab, opened

COUNT, VERDICTS, WARM = 1_000_000, 200, 5
WORDS = (
    "In the morning they said the Varni are ants who should be driven away, and nobody in the hall objected. "
    "A trader asked what would become of the market, and was told that it would be shared out among the others. "
)
PASSAGE = [{"start": 24, "end": 66, "signals": {}, "highlights": [{"start": 38, "end": 42, "weight": 0.9}]}]
# The name of a line, and its page.
PAGES = {
    "overview": "/",
    "queue": "/queue",
    "passage": "/assessments/{worst}",
    "trends": "/trends",
    "trends_compared": "/trends?label=any&label=signal:incitement&days=90",
    "trends_by_country": "/trends?by=country",
    "alerts": "/alerts",
    "alert": "/alerts/1",
    "sources": "/sources",
    "partners": "/webhooks",
    "deliveries": "/deliveries",
    "directory": "/contacts",
    "agreement": "/agreement",
    "training": "/training",
    "precision": "/precision",
    "thresholds": "/thresholds",
    "gazetteer": "/gazetteer",
    "people": "/people",
    "audit": "/audit",
    "settings": "/settings",
    "about": "/about",
    "codebook": "/codebook",
    "lexicon": "/lexicon",
    "rules": "/rules",
    "silences": "/silences",
    "escalation": "/trends/escalation",
    "quarantine": "/quarantine",
}


class Client:
    """A browser without a screen: one kept connection, one cookie, the secret of its forms."""

    def __init__(self, port: int, link: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookie = self.csrf = ""
        self.send("POST", "/sign-in", {"key": link.partition("key=")[2]})
        self.send("GET", "/about")

    def send(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Return status, where it leads and the page."""
        body = urlencode({"csrf": self.csrf} | fields) if fields is not None else None
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        if cookie := answer.getheader("set-cookie"):
            self.cookie = cookie.partition(";")[0]
        if found := re.search(r'name="csrf" value="(\w+)"', page):
            self.csrf = found[1]
        return answer.status, answer.getheader("location") or "", page


def main() -> None:
    """Fill once, then ask."""
    given = sys.argv[1:]
    count, verdicts = (int(given[at]) if len(given) > at else usual for at, usual in ((0, COUNT), (1, VERDICTS)))
    print(f"machine\t{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(given[2]) if len(given) > 2 else Path(folder) / "bench.sqlite"
        sessions = filled(path, count)
        with reading(sessions) as session:
            flagged = select(Assessment.id).where(Assessment.current, Assessment.flagged_now)
            worst = session.scalars(flagged.order_by(Assessment.severity.desc(), Assessment.id.desc())).first()
        with served(sessions) as port:
            client = Client(port, auth.create_sign_in_link(sessions, "bench", ["admin"], NOW))
            weigh(client, str(worst))
            print_times("next", decide(client, verdicts))
            if CHROMIUM is not None:
                link = auth.create_sign_in_link(sessions, "bench 2", ["review"], NOW)
                with opened() as tab:
                    print_times("key", press(tab, f"http://127.0.0.1:{port}{link}", verdicts))


def filled(path: Path, count: int) -> Sessions:
    """Open the database, filling it first where there is none."""
    url, there = f"sqlite:///{path}", path.exists()
    engine, sessions = connect(url), open_sessions(url)
    if not there:
        began = time.perf_counter()
        migrations.upgrade(engine)
        fill(engine, sessions, count)
        with writing(sessions) as session:
            add_words(session)
        print(f"console.fill_s\t{time.perf_counter() - began:.0f}", flush=True)
    with reading(sessions) as session:
        print(f"console.assessments\t{session.scalar(select(func.max(Assessment.id)))}", flush=True)
    return sessions


def add_words(session: Session) -> None:
    """Give what is flagged a text with a marked passage, and one alert that rests on it."""
    flagged = select(Assessment.document_id).where(Assessment.flagged_now)
    session.execute(update(Document).where(Document.id.in_(flagged)).values(text=WORDS * 4))
    session.execute(update(Assessment).where(Assessment.flagged_now).values(passages=PASSAGE))
    rule = Rule(name="bench", kind="item", created_at=NOW, min_severity=70)
    session.add(rule)
    session.flush()
    alert = Alert(rule_id=rule.id, kind="item", group_key="bench", title="A case", summary="Of the bench.", severity=90,
                  opened_at=NOW, last_event_at=NOW, count=50)  # fmt: skip
    session.add(alert)
    session.flush()
    some = session.scalars(select(Assessment.id).where(Assessment.flagged_now).limit(50))
    session.add_all([AlertAssessment(alert_id=alert.id, assessment_id=one, added_at=NOW) for one in some])


@contextmanager
def served(sessions: Sessions) -> Iterator[int]:
    """Serve the whole application on a free port of loopback."""
    listening = socket.socket(proto=socket.IPPROTO_TCP)  # as `api.run.listen` does
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    app = create_app(Settings(), sessions, clock=lambda: NOW)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def weigh(client: Client, worst: str) -> None:
    """Print the size of each page, and how long it took."""
    for name, path in PAGES.items():
        times = []
        for _ in range(3):
            began = time.perf_counter()
            status, _where, page = client.send("GET", path.format(worst=worst))
            times.append(1000 * (time.perf_counter() - began))
            if status != 200:
                raise SystemExit(f"{path} answered {status}: {page[:300]}")
        sent = page.encode()
        print(f"console.{name}.kb\t{len(sent) / 1000:.1f}")
        print(f"console.{name}.packed_kb\t{len(gzip.compress(sent)) / 1000:.1f}")
        print(f"console.{name}.ms\t{statistics.median(times):.0f}", flush=True)
    print(f"console.assets_kb\t{sum(len((FOLDER / 'static' / name).read_bytes()) for name in ASSETS) / 1000:.1f}")


def decide(client: Client, verdicts: int) -> list[float]:
    """Decide through the queue, each verdict followed by the next passage's page; return milliseconds."""
    where = client.send("POST", "/queue/next", {})[1]
    client.send("GET", where)
    times = []
    for number in range(verdicts + WARM):
        seen = {"verdict": "confirmed" if number % 3 else "rejected", "last_review_id": "0"}
        began = time.perf_counter()
        _status, following, _page = client.send("POST", where, seen)
        status, _where, page = client.send("GET", following)
        took = 1000 * (time.perf_counter() - began)
        if status != 200 or 'id="decide"' not in page:
            raise SystemExit(f"after {where} came {following} with {status}; are fewer passages flagged than asked?")
        times.append(took)
        where = following
    return times[WARM:]


def press(tab: Tab, link: str, verdicts: int) -> list[float]:
    """Do the same with keys in a browser."""
    tab.go(link)
    tab.run("document.querySelector('form button').click()")
    tab.wait_for("Page.loadEventFired")
    tab.go(link.partition("/sign-in")[0] + "/queue")
    tab.press("s")
    tab.wait_for("Page.loadEventFired")
    times = []
    for number in range(verdicts + WARM):
        began = time.perf_counter()
        tab.press("c" if number % 3 else "r")
        tab.wait_for("Page.loadEventFired")
        times.append(1000 * (time.perf_counter() - began))
        tab.events.clear()
    return times[WARM:]


def print_times(name: str, times: list[float]) -> None:
    """Print the middle and the slow end."""
    ordered = sorted(times)
    print(f"console.{name}_p50_ms\t{quantile(ordered, 0.5):.1f}")
    print(f"console.{name}_p95_ms\t{quantile(ordered, 0.95):.1f}", flush=True)


if __name__ == "__main__":
    main()
