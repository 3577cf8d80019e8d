"""How fast sources become assessed documents, beside what feedparser alone needs to parse the same bytes.

Prints `name<TAB>value` lines:

- `ingest.entries_per_s`: entries fetched over loopback, parsed, stored as items with evidence, per second
- `ingest.feedparser_per_s`: the same bytes through `feedparser.parse`, nothing stored
- `ingest.entries_ratio`: the first over the second, in one run
- `ingest.again_s`: seconds of a second poll, which must add nothing
- `ingest.assessed_per_s`: from due sources to assessments by the bundled model, all arrows, per second

Run: python bench/ingest.py [FEEDS] [ENTRIES]
"""

import datetime as dt
import platform
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import feedparser
from sqlalchemy import func, select

import migrations
from classify.assess import assess
from classify.engines import load
from classify.settings import ClassifySettings
from ingest.extract import extract
from ingest.http import Network
from ingest.poll import poll
from ingest.settings import IngestSettings
from models.assessment import Assessment
from models.database import Sessions, connect, open_sessions, reading, writing
from models.item import Item
from models.source import Source
from tests.fault_server import fault_server, text

WORDS = (  # noqa: SIM905  a list of quoted words reads worse
    "the market of Marrok opened at eight and traders from the hills brought grain while the council met about water "
    "roads school repairs harvest prices weather football elections court clinic bridge radio families visitors"
).split()


def main() -> None:
    feeds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    entries = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    chance = random.Random(1)
    bodies = [feed(number, entries, chance) for number in range(feeds)]
    total = feeds * entries
    print(f"machine\t{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder, fault_server() as server:
        for number, body in enumerate(bodies):
            server[f"/{number}"] = text(body)
        sessions = database(Path(folder))
        now = dt.datetime.now(dt.UTC)
        with writing(sessions) as session:
            for number in range(feeds):
                url = server.url(f"/{number}")
                session.add(Source(name=f"feed {number}", kind="feed", url=url, created_at=now, next_due_at=now))
        settings = replace(IngestSettings(), allowed_networks=("127.0.0.0/8",))
        network = Network(settings)

        start = time.perf_counter()
        parsed = sum(len(feedparser.parse(body).entries) for body in bodies)
        plain = time.perf_counter() - start
        poll_seconds = timed(lambda: poll(sessions, network, settings, now))
        if parsed != total or count(sessions, Item) != total:
            raise SystemExit(f"{total} entries served, {parsed} parsed, {count(sessions, Item)} stored")
        print(f"ingest.feedparser_per_s\t{total / plain:.0f}")
        print(f"ingest.entries_per_s\t{total / poll_seconds:.0f}")
        print(f"ingest.entries_ratio\t{plain / poll_seconds:.2f}")

        rest = timed(lambda: flow(sessions, network, settings, now))
        if count(sessions, Assessment) != total:
            raise SystemExit(f"{total} items, {count(sessions, Assessment)} assessments")
        print(f"ingest.assessed_per_s\t{total / (poll_seconds + rest):.0f}")

        later = now + dt.timedelta(days=1)
        print(f"ingest.again_s\t{timed(lambda: poll(sessions, network, settings, later)):.2f}")
        if count(sessions, Item) != total:
            raise SystemExit("the second poll added items")


def flow(sessions: Sessions, network: Network, settings: IngestSettings, now: dt.datetime) -> None:
    classify_settings = ClassifySettings()
    scorer = load(classify_settings)
    while extract(sessions, network, settings, now):
        pass
    while assess(sessions, scorer, classify_settings, now):
        pass


def feed(number: int, entries: int, chance: random.Random) -> str:
    items = "".join(
        f"<item><guid>{number}-{i}</guid><title>{sentence(chance, 8)}</title>"
        f"<description>{sentence(chance, 60)}</description>"
        f"<pubDate>Sat, 14 Mar 2026 09:{i % 60:02d}:00 GMT</pubDate></item>"
        for i in range(entries)
    )
    return f'<rss version="2.0"><channel><title>Feed {number}</title>{items}</channel></rss>'


def sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words)).capitalize() + "."


def database(folder: Path) -> Sessions:
    url = f"sqlite:///{folder / 'bench.sqlite'}"
    engine = connect(url)
    migrations.upgrade(engine)
    engine.dispose()
    return open_sessions(url)


def count(sessions: Sessions, table: type[Item | Assessment]) -> int:
    with reading(sessions) as session:
        return session.scalar(select(func.count(table.id))) or 0


def timed(work: object) -> float:
    start = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
