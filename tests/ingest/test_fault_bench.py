"""All faults at once, beside healthy sources; then all of them heal. After each round the same checks hold.

1. What was served whole is stored once or refused with a reason, and after the healing all of it is there, once.
2. Healthy sources are read at once, however long the others take.
3. Nobody asked the addresses inside; the chain of evidence holds.
4. A faulty source says what, why, since when and when it is asked again.
5. Each fault has really fired.
"""

import datetime as dt
import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from ingest.evidence import verify
from ingest.http import Network
from ingest.settings import IngestSettings
from models.database import Sessions, connect, reading
from models.item import Refusal
from models.source import Fetch
from tests.fault_server import (
    FaultServer,
    Request,
    Script,
    Served,
    drip,
    drip_headers,
    endless,
    fault_server,
    gzipped,
    half,
    redirect,
    reset,
    silence,
    text,
)
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss

DAY = dt.timedelta(hours=25)
HEALTHY = 5
ITEMS = 3
DEADLINE = 3.0


@dataclass(frozen=True)
class Fault:
    """What a path does, the state that it leads to, how many of its items are served whole, and the proof it fired."""

    script: Script
    state: str
    whole: int = 0
    refused: int = 0
    fired: Callable[[Served], bool] = lambda served: served.status != 0
    own: dict[str, object] = field(default_factory=dict)  # what is set for, or known of, this source


def feed(name: str, items: int = ITEMS, title: str = "Radio Keshu") -> str:
    entries = (item(n, guid=f"{name}-{n}", link=f"http://{name}.example.org/{n}") for n in range(items))
    return rss(*entries, title=title)


def status(code: int) -> Callable[[Served], bool]:
    return lambda served: served.status == code


def sent(least: int, most: int = 10**9) -> Callable[[Served], bool]:
    return lambda served: least <= served.sent <= most


def notes(name: str, **first: object) -> str:
    """Write a JSON feed whose first note is odd."""
    listed = [{"id": f"{name}-{n}", "content_text": f"note {n} of {name}"} for n in range(ITEMS)]
    listed[0] |= first
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": listed})


def faults(inner: FaultServer) -> dict[str, Fault]:
    """Return every fault by its name; the bodies of those that give entries name them after themselves."""
    cut = feed("cut")[: feed("cut").index("<guid>cut-2")]
    packed = gzip.compress(feed("packed-cut").encode())
    html = text("<html><form>Sign in</form></html>", content_type="text/html")
    page = text("<html>This domain is for sale</html>", content_type="text/html")
    return {
        "login": Fault(html, "no_feed"),
        "parked": Fault(page, "no_feed"),
        "empty": Fault(text(""), "no_feed"),
        "error": Fault(text("broken", 500), "failing", fired=status(500)),
        "missing": Fault(text("no", 404), "failing", fired=status(404)),
        "gone": Fault(text("no", 410), "failing", fired=status(410)),
        "forbidden": Fault(text("no", 403), "refused", fired=status(403)),
        "blocked": Fault(text("no", 451), "refused", fired=status(451)),
        "busy": Fault(text("no", 429, retry_after="60"), "throttled", fired=status(429)),
        "overloaded": Fault(text("no", 503, retry_after="60"), "failing", fired=status(503)),
        "unconditional-304": Fault(text("", 304), "failing", fired=status(304)),
        "bomb": Fault(gzipped(b"\0" * 30_000_000), "too_large", fired=sent(20_000)),
        "twice-packed": Fault(text(gzip.compress(packed), content_encoding="gzip, gzip"), "too_large", fired=sent(50)),
        "never-asked-for": Fault(text(b"\x8b\x00", content_encoding="br"), "too_large", fired=sent(1)),
        "endless": Fault(endless(), "too_large", fired=sent(200_000)),
        "packed-cut": Fault(text(packed[:-20], content_encoding="gzip"), "truncated", fired=sent(50)),
        "half": Fault(half(feed("half").encode()), "truncated", fired=sent(50, len(feed("half")) - 1)),
        "cut": Fault(text(cut), "truncated", whole=2, fired=sent(len(cut))),
        "drip": Fault(drip(30), "failing", fired=sent(5, 1000)),
        "drip-headers": Fault(drip_headers(30), "failing", fired=sent(50)),
        "silence": Fault(silence(8), "failing", fired=sent(0, 0)),
        "reset": Fault(reset(b"<rss>"), "failing", fired=sent(5, 5)),
        "to-inside": Fault(redirect(inner.url("/"), 307), "refused", fired=status(307)),
        "to-metadata": Fault(redirect("http://169.254.169.254/latest/"), "refused", fired=status(302)),
        "to-a-file": Fault(redirect("file:///etc/passwd"), "refused", fired=status(302)),
        "in-circles": Fault(redirect("/in-circles"), "refused", fired=status(302)),
        "external-entity": Fault(
            text(f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{inner.url("/dtd")}">]>' + feed("external-entity").split("?>")[1]),
            "ok",
            whole=ITEMS,
        ),
        "nul": Fault(text(notes("nul", content_text="a\0b \ud800 c")), "ok", whole=ITEMS),
        "years": Fault(text(notes("years", date_published="9999-12-31T23:59:59-14:00")), "ok", whole=ITEMS),
        "future": Fault(text(notes("future", date_published="2999-01-01T00:00:00Z")), "future_dates", whole=ITEMS),
        "latin": Fault(
            text(feed("latin").replace("Note", "N\xf6te").encode("latin-1")), "guessed_charset", whole=ITEMS
        ),
        "flood": Fault(text(feed("flood", 8)), "over_quota", whole=8, own={"items_per_day": 1}),
        "deluge": Fault(text(feed("deluge", 40)), "over_quota", whole=8, refused=1, own={"items_per_day": 1}),
        "taken-over": Fault(
            text(feed("taken-over", title="Best casino")),
            "changed",
            whole=ITEMS,
            own={"identity": {"known": {"title": ["Radio Keshu"]}, "changes": []}},
        ),
    }


@pytest.fixture
def sqlite_sessions(sqlite_url: str) -> Sessions:
    return sessionmaker(connect(sqlite_url), expire_on_commit=False)


def test_every_fault_at_once_and_every_check_after_it(
    sqlite_sessions: Sessions, settings: IngestSettings, server: FaultServer, now: dt.datetime
) -> None:
    with fault_server("127.0.0.2") as inner:
        bench = Bench(sqlite_sessions, settings, server, now, faults(inner))
        bench.run()
        assert inner.ledger == []


class Bench:
    """Watches every fault and some healthy sources, and checks what came of them."""

    def __init__(
        self,
        sessions: Sessions,
        settings: IngestSettings,
        server: FaultServer,
        now: dt.datetime,
        faults: dict[str, Fault],
    ) -> None:
        values = vars(settings) | {
            "poll_workers": 48,
            "fetch_deadline_seconds": DEADLINE,
            "max_wire_bytes": 500_000,
            "slowest_interval_seconds": 0.0,
        }
        settings = IngestSettings(**values)
        self.desk = Desk(sessions, Network(settings), settings, now)
        self.server, self.faults = server, faults
        self.asked_at: dict[str, float] = {}
        for name, fault in faults.items():
            server[f"/{name}"] = fault.script
        for number in range(HEALTHY):
            server[f"/healthy-{number}"] = self.timed(f"healthy-{number}", text(feed(f"healthy-{number}")))
        own = {name: fault.own for name, fault in faults.items()}
        self.ids = {
            path[1:]: self.desk.watch(server.url(path), name=path[1:], **own.get(path[1:], {}))
            for path in server.scripts
        }

    def timed(self, name: str, script: Script) -> Script:
        def noting(request: Request) -> None:
            self.asked_at[name] = time.monotonic()
            script(request)

        return noting

    def run(self) -> None:
        started = time.monotonic()
        self.desk.poll()
        assert all(moment - started < DEADLINE for moment in self.asked_at.values()), "a healthy source had to wait"
        assert len(self.asked_at) == HEALTHY
        for name, fault in self.faults.items():
            self.check(name, fault)
        assert verify(self.desk.sessions) == []
        for name in self.ids:
            self.server[f"/{name}"] = text(feed(name), etag='"healed"')
        self.desk.poll(DAY)
        for name, source_id in self.ids.items():
            assert self.names(source_id) >= {f"{name}-{n}" for n in range(ITEMS)}, f"{name} lost something"
            versions = [(found.external_id, found.version) for found in self.desk.items(source_id)]
            assert len(versions) == len(set(versions)), f"{name} doubled something"
            assert self.desk.source(source_id).failures == 0
        assert verify(self.desk.sessions) == []

    def check(self, name: str, fault: Fault) -> None:
        served = [one for one in self.server.ledger if one.path == f"/{name}"]
        assert served, f"{name} was never asked"
        assert any(fault.fired(one) for one in served), f"{name} did not fire: {served}"
        source = self.desk.source(self.ids[name])
        assert source.state == fault.state, f"{name}: {source.state}, {source.state_reason}"
        assert self.names(source.id) == {f"{name}-{n}" for n in range(fault.whole)}, name
        assert source.next_due_at is not None
        assert source.next_due_at > self.desk.now
        if fault.state != "ok":
            assert source.state_since == self.desk.now
            assert source.state_reason, f"{name} gives no reason"
            assert source.due_reason
        with reading(self.desk.sessions) as session:
            trail = session.scalars(select(Fetch).where(Fetch.source_id == source.id)).one()
            refused = session.scalars(select(Refusal).where(Refusal.source_id == source.id)).all()
        assert trail.new_items == fault.whole
        assert trail.entries == fault.whole + trail.details.get("turned_away", 0), f"{name} lost something in silence"
        assert len(refused) == fault.refused

    def names(self, source_id: int) -> set[str]:
        return {found.external_id.rpartition("/")[2] for found in self.desk.items(source_id)}
