"""How fast trends and the queue answer over a year of assessments, asked over HTTP.

Prints `name<TAB>value` lines:

- `trends.assessments`, `trends.tallies`: how many rows were asked
- `trends.p50_ms`, `trends.p95_ms`: `GET /v1/trends` over a mix of questions, serialisation included
- `trends.cpu_p95_ms`: seconds of the processor that our process spent on them, of which a busy machine says less wrong;
  what PostgreSQL's own processes spend is not in it
- `trends.WHAT.p95_ms`: by the clock for each kind of question
- `assessments.p95_ms`: `GET /v1/assessments` over a mix of filters
- `raise.recount_hour_ms`: one hour counted again
- `raise.surge_s`: one turn of a surge rule over every target, country and source

Run: python bench/trends.py [ASSESSMENTS] [DATABASE_URL] [--counts]
With `--counts` only the tallies are written (ten million assessments in minutes), and only trends are asked.
Without a URL a SQLite file in a temporary folder is filled. A PostgreSQL database must be empty; it is left filled.
"""

import datetime as dt
import itertools
import platform
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import desk_counts
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.orm import Session

import migrations
from api import auth
from api.app import create_app
from api.settings import Settings
from models.assessment import Assessment, Mark
from models.codebook import PATHWAYS, SIGNALS, TARGETS
from models.database import Sessions, connect, open_sessions, reading, writing
from models.source import Source
from models.tally import TallyHour, hour_of, mark_stale
from warn import ledger, surges, tally
from warn.rules import RuleInput, create_rule
from warn.settings import WarnSettings
from warn.tally import Reading

DAYS = 365
SOURCES = 200
COUNTRIES = ("KE", "SY", "SD", "ET", "MM", "RW", "CD", "SS", "NG", "ML", "BF", "CF")
LANGUAGES = ("en", "sw", "ar", "am", "my", "rw", "fr", "ha", "om", "so")
NAMES = ("Varni", "Ostrekan", "Tolbari", "Keshu", "Marrok")
NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
CHUNK = 5_000
ROUNDS = 15


def main() -> None:
    given = [part for part in sys.argv[1:] if part != "--counts"]
    count = int(given[0]) if given else 1_000_000
    print(f"machine\t{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        url = given[1] if len(given) > 1 else f"sqlite:///{folder}/bench.sqlite"
        engine = connect(url)
        migrations.upgrade(engine)
        began = time.perf_counter()
        sessions = open_sessions(url)
        if "--counts" in sys.argv:
            fill_counts(engine, sessions, count)
        else:
            fill(engine, sessions, count)
        print(f"trends.fill_s\t{time.perf_counter() - began:.0f}", flush=True)
        ask(sessions, queue="--counts" not in sys.argv)
        if "--counts" not in sys.argv:
            raise_once(sessions)
        engine.dispose()


def fill_counts(engine: Engine, sessions: Sessions, count: int) -> None:
    """Write the tallies alone."""
    world = {"sources": SOURCES, "countries": COUNTRIES, "languages": LANGUAGES, "names": NAMES}
    rows = desk_counts.fill(engine, sessions, count, NOW, days=DAYS, **world)  # type: ignore[arg-type]
    print(f"trends.assessments\t{count}")
    print(f"trends.tallies\t{rows}")


def fill(engine: Engine, sessions: Sessions, count: int) -> None:
    """Write a year of a large desk: texts, readings, marks, and the tallies that recounts would leave."""
    chance = random.Random(7)
    with writing(sessions) as session:
        session.execute(insert(Source), list(make_sources()))
        for statement in parents():
            session.execute(text(statement), {"count": count})
    tallies = 0
    hours: dict[dt.datetime, list[Reading]] = defaultdict(list)
    for first in range(1, count + 1, CHUNK):
        rows, marks = [], []
        for number in range(first, min(first + CHUNK, count + 1)):
            row, labels = make_assessment(number, count, chance)
            rows.append(row)
            marks += [mark | {"severity": row["severity"]} for mark in labels]
            hours[hour_of(row["event_at"])].append(make_reading(row, labels))
        with writing(sessions) as session:
            session.execute(insert(Assessment), rows)
            session.execute(insert(Mark), marks)
            # The last hour goes on in the next chunk.
            ended = sorted(hours)[: None if first + CHUNK > count else -1]
            counted = [row for hour in ended for row in tally_rows(hour, hours.pop(hour))]
            session.execute(insert(TallyHour), counted)
            tallies += len(counted)
    with writing(sessions) as session:
        ledger.add_up(session, NOW - dt.timedelta(days=DAYS + 1), NOW)
    print(f"trends.assessments\t{count}")
    print(f"trends.tallies\t{tallies}")
    if engine.dialect.name != "sqlite":  # PostgreSQL looks at its tables by itself; on SQLite nobody does
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def make_sources() -> Iterator[dict[str, object]]:
    for number in range(1, SOURCES + 1):
        yield {
            "id": number,
            "name": f"Source {number}",
            "kind": "feed",
            "country": COUNTRIES[number % len(COUNTRIES)],
            "created_at": NOW,
        }


def parents() -> Iterator[str]:
    """Write the rows that assessments refer to in the database itself."""
    number = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    at = "'2026-01-01 00:00:00'"
    source = f"i % {SOURCES} + 1"
    yield f"{number} INSERT INTO clusters (id, first_seen_at, size) SELECT i, {at}, 1 FROM n"
    yield (
        f"{number} INSERT INTO items (id, source_id, external_id, version, content_sha256, content, content_type, "
        f"fetched_at, event_at, extracted_at, notes, attempts) "
        f"SELECT i, {source}, 'item-' || i, 1, 'x', '', 'text', {at}, {at}, {at}, '[]', 0 FROM n"
    )
    words = "'The market of Marrok opened at eight and traders came from the hills, says note ' || i"
    yield (
        f"{number} INSERT INTO documents (id, item_id, source_id, cluster_id, text, text_sha256, extraction, event_at, "
        f"created_at, current, assessed_by, notes, attempts) "
        f"SELECT i, i, {source}, i, {words}, 'x', 'feed', {at}, {at}, true, 'bench@1', '[]', 0 FROM n"
    )


def make_assessment(number: int, count: int, chance: random.Random) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return one row and its marks: 4 of 100 are flagged."""
    flag = chance.random() < 0.04
    signals = chance.sample(SIGNALS, chance.choice((1, 1, 2))) if flag else []
    labels = [("signal", key) for key in signals]
    if flag:
        labels += [("pathway", key) for key in chance.sample(PATHWAYS, 2)]
        labels += [("target", chance.choice(TARGETS)), ("target_name", chance.choice(NAMES))]
    source = number % SOURCES + 1
    severity = chance.randint(40, 99) if flag else chance.randint(0, 30)
    row = {
        "id": number,
        "document_id": number,
        "model": "bench@1",
        "assessed_at": NOW,
        "current": True,
        "source_id": source,
        "cluster_id": number,
        "country": COUNTRIES[source % len(COUNTRIES)],
        "region": None,
        "event_at": NOW - dt.timedelta(hours=DAYS * 24 * (1 - number / count)),
        "language": chance.choice(LANGUAGES),
        "language_confidence": 0.97,
        "flag": flag,
        "abstained": False,
        "abstain_reason": None,
        "severity": severity,
        "stage": chance.randint(1, 4) if flag else 0,
        "stance": "asserts",
        "signals": {key: 0.9 if key in signals else 0.02 for key in SIGNALS},
        "pathways": dict.fromkeys(PATHWAYS, 0.1),
        "targets": dict.fromkeys(TARGETS, 0.1),
        "target_names": [],
        "passages": [],
        "details": {},
        "status": "unreviewed",
        "flagged_now": flag,
        "ruled_at": NOW,
    }
    marks = [
        {"assessment_id": number, "kind": kind, "key": key, "probability": 0.9, "basis": "model"}
        for kind, key in labels
    ]
    return row, marks


def make_reading(row: Mapping[str, Any], marks: list[dict[str, Any]]) -> Reading:
    labels = [(mark["kind"], mark["key"]) for mark in marks]
    return Reading(
        cluster_id=row["cluster_id"],
        language=row["language"],
        country=row["country"],
        source_id=row["source_id"],
        confirmed=False,
        labels=tally.labels_of(flagged=row["flag"], rejected=False, stance=row["stance"], marks=labels),
        targets=frozenset(label for label in labels if label[0].startswith("target")),
    )


def tally_rows(hour: dt.datetime, readings: list[Reading]) -> list[dict[str, Any]]:
    """Count an hour as a recount would: no text is copied here, so nothing was heard before."""
    return [{**key._asdict(), "hour": hour, **vars(cell)} for key, cell in tally.cells(readings, ()).items()]


def ask(sessions: Sessions, *, queue: bool) -> None:
    """Put the questions through the whole service, in this process."""
    token = auth.create_token(sessions, "bench", ["read"], NOW)
    with TestClient(create_app(Settings(), sessions, clock=lambda: NOW)) as client:
        client.headers["authorization"] = f"Bearer {token}"
        chance = random.Random(8)
        trends, spent = timed(client, "/v1/trends", questions(), chance)
        everything = sorted(itertools.chain(*trends.values()))
        print(f"trends.p50_ms\t{quantile(everything, 0.5):.1f}")
        print(f"trends.p95_ms\t{quantile(everything, 0.95):.1f}")
        print(f"trends.cpu_p95_ms\t{quantile(sorted(itertools.chain(*spent.values())), 0.95):.1f}")
        for name, times in trends.items():
            print(f"trends.{name}.p95_ms\t{quantile(sorted(times), 0.95):.1f}")
        if not queue:
            return
        waiting, _ = timed(client, "/v1/assessments", filters(), chance)
        print(f"assessments.p95_ms\t{quantile(sorted(itertools.chain(*waiting.values())), 0.95):.1f}")
        for name, times in waiting.items():
            print(f"assessments.{name}.p95_ms\t{quantile(sorted(times), 0.95):.1f}")


Question = Callable[[random.Random], dict[str, Any]]


def questions() -> dict[str, Question]:
    """Return what desks ask of trends, by name."""

    def back(days: int) -> str:
        return (NOW - dt.timedelta(days=days)).isoformat()

    return {
        "month_by_day": lambda _: {"since": back(30)},
        "year_by_day": lambda chance: {"signal": chance.choice(SIGNALS), "since": back(365)},
        "week_by_hour": lambda chance: {"signal": chance.choice(SIGNALS), "bucket": "hour", "since": back(7)},
        "quarter_in_country": lambda chance: {"country": chance.choice(COUNTRIES), "since": back(90)},
        "quarter_by_target": lambda chance: {
            "signal": chance.choice(SIGNALS),
            "group_by": "target",
            "since": back(90),
        },
        "month_by_name_in_country": lambda chance: {
            "country": chance.choice(COUNTRIES),
            "group_by": "target_name",
            "since": back(30),
        },
        "year_of_pathway_by_week_by_country": lambda chance: {
            "pathway": chance.choice(PATHWAYS),
            "bucket": "week",
            "group_by": "country",
            "since": back(364),
        },
        "month_by_source": lambda _: {"group_by": "source", "since": back(30)},
    }


def filters() -> dict[str, Question]:
    """Return what monitors ask of the queue, by name."""
    return {
        "worst": lambda _: {"flag": "true", "status": "unreviewed"},
        "newest": lambda _: {"order": "newest"},
        "signal": lambda chance: {"signal": chance.choice(SIGNALS)},
        "signal_in_country": lambda chance: {"signal": chance.choice(SIGNALS), "country": chance.choice(COUNTRIES)},
        "target_and_stage": lambda chance: {"target": chance.choice(TARGETS), "stage": chance.randint(1, 4)},
        "severe_in_language": lambda chance: {"min_severity": 70, "language": chance.choice(LANGUAGES)},
        "lately": lambda _: {"since": (NOW - dt.timedelta(days=1)).isoformat(), "flag": "true"},
    }


def timed(
    client: TestClient, path: str, asked: Mapping[str, Question], chance: random.Random
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Ask each kind of question in turn, after one round to warm up; return milliseconds by the clock, and of ours."""
    times: dict[str, list[float]] = {name: [] for name in asked}
    spent: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(ROUNDS + 1):
        for name, question in asked.items():
            parameters = question(chance)
            began, ran = time.perf_counter(), time.process_time()
            answer = client.get(path, params=parameters)
            took, used = 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - ran)
            if answer.status_code != 200:
                raise SystemExit(f"{path} answered {answer.status_code}: {answer.text[:300]}")
            if turn:
                times[name].append(took)
                spent[name].append(used)
    return times, spent


def raise_once(sessions: Sessions) -> None:
    """Time the work that one hour brings to the arrow `raise`."""
    with writing(sessions) as session:
        mark_stale(session, {NOW - dt.timedelta(hours=3)})
    began = time.perf_counter()
    tally.recount(sessions, NOW)
    print(f"raise.recount_hour_ms\t{1000 * (time.perf_counter() - began):.1f}")
    with writing(sessions) as session:
        for group in ("target", "target_name", "country", "source"):
            for signals in ([], list(SIGNALS)):
                rule = RuleInput(f"{group} {len(signals)}", "surge", signals=signals, parameters={"group_by": group})
                create_rule(session, rule, None, NOW)
    began = time.perf_counter()
    surges.evaluate(sessions, WarnSettings(), NOW)
    print(f"raise.surge_s\t{time.perf_counter() - began:.2f}")
    with reading(sessions) as session:
        print(f"raise.series\t{count_series(session)}")


def count_series(session: Session) -> int:
    """Count the series with anything flagged within a day."""
    of_label = TallyHour.label.startswith("signal:") | (TallyHour.label == "any")
    lately = select(TallyHour.label, TallyHour.dimension, TallyHour.value, TallyHour.country).where(
        TallyHour.hour >= NOW - dt.timedelta(days=1), of_label
    )
    return session.scalar(select(func.count()).select_from(lately.distinct().subquery())) or 0


def quantile(ordered: list[float], share: float) -> float:
    return ordered[round(share * (len(ordered) - 1))]


if __name__ == "__main__":
    main()
