"""How long one hour's look at ten thousand series takes a worker.

A desk of 10,000 names is written as tallies: as many weeks of hours as a look rests on, a few flagged posts a day and
name, with the hour that has just ended for every one of them. Then a worker starts (`scan.first_s`: everything is read
and learned), and the next day passes hour by hour, each with fresh counts and a correction of the day before:
`detectors.scan_s` is the median hour, `scan.worst_s` the worst, midnight among them. What is timed is the whole of
`warn.surges.evaluate`: reading what changed, every series tested, and the alerts written. The figures are seconds of
the processor, of one core; `scan.wall_s` is the median by the clock, which on a shared machine says more of the others.

Run: taskset -c 1 python bench/scan.py [SERIES] [DAYS OF HISTORY] [DATABASE_URL]
"""

import datetime as dt
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from numpy.random import Generator
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.orm import Session

import migrations
from models.database import Sessions, connect, open_sessions, writing
from models.tally import CountedHour, TallyHour
from warn import ledger, surges
from warn.baseline import Design
from warn.ledger import Cell, Key
from warn.memory import Memory
from warn.rules import RuleInput, create_rule
from warn.settings import WarnSettings

HOUR = dt.timedelta(hours=1)
NOW = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)
SCANNED = 3000
A_DAY = 0.5  # flagged posts per name
HOURS = 18  # that pass, over noon and midnight


def main() -> None:
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(f"machine\t{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        days = int(sys.argv[2]) if len(sys.argv) > 2 else Design().memory + 1
        url = sys.argv[3] if len(sys.argv) > 3 else f"sqlite:///{folder}/bench.sqlite"
        engine = connect(url)
        migrations.upgrade(engine)
        sessions = open_sessions(url)
        random = np.random.default_rng(3)
        fill(engine, sessions, series, days, random)
        took = a_day(sessions, series, random)
        engine.dispose()
    print(f"scan.series\t{series}")
    print(f"scan.first_s\t{took[0][0]:.2f}")
    cpu, wall = zip(*took[1:], strict=True)
    print(f"detectors.scan_s\t{statistics.median(cpu):.2f}")
    print(f"scan.worst_s\t{max(cpu):.2f}")
    print(f"scan.wall_s\t{statistics.median(wall):.2f}")
    print(f"scan.rss_mb\t{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


def fill(engine: Engine, sessions: Sessions, series: int, days: int, random: Generator) -> None:
    """Write the history up to `NOW`."""
    hours = days * 24
    statement = "INSERT INTO tally_hours VALUES (?, ?, ?, '', ?, ?, ?, 0)"
    if engine.dialect.name != "sqlite":
        statement = ""
    total = 0
    for back in range(hours, 0, -1):
        rows = list(rows_of(NOW - back * HOUR, random.poisson(A_DAY / 24, series)))
        total += len(rows)
        with writing(sessions) as session:
            if statement:
                packed = [
                    (row["label"], row["dimension"], row["value"], stamp(row["hour"]), row["documents"], row["voices"])
                    for row in rows
                ]
                session.connection().exec_driver_sql(statement, packed)
            else:
                session.execute(insert(TallyHour), rows)
            session.execute(insert(CountedHour), [{"hour": NOW - back * HOUR, "revision": 1}])
    with writing(sessions) as session:
        ledger.add_up(session, NOW - hours * HOUR, NOW)
        create_rule(session, RuleInput("names", "surge", parameters={"group_by": "target_name"}), None, NOW)
    if engine.dialect.name != "sqlite":  # PostgreSQL looks at its tables by itself; on SQLite nobody does
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    print(f"scan.tallies\t{total}", flush=True)


def rows_of(hour: dt.datetime, voices: Any) -> Iterator[dict[str, Any]]:
    at = {"country": "", "hour": hour, "confirmed": 0}
    yield {**at, "label": "volume", "dimension": "all", "value": "", "documents": SCANNED, "voices": SCANNED}
    for number in np.flatnonzero(voices):
        count = int(voices[number])
        named = {"label": "any", "dimension": "target_name", "value": f"Name {number}"}
        yield {**at, **named, "documents": count, "voices": count}


def stamp(hour: dt.datetime) -> str:
    return f"{hour:%Y-%m-%d %H:%M:%S}.000000"


def a_day(sessions: Sessions, series: int, random: Generator) -> list[tuple[float, float]]:
    """Let hours pass; return the seconds of each look, of the processor and by the clock."""
    memory = Memory()
    took: list[tuple[float, float]] = []
    for ahead in range(HOURS):
        hour = NOW + ahead * HOUR
        with writing(sessions) as session:
            # Every name was heard lately, so that every series is tested.
            ledger.store(session, hour, dict(cells_of(np.maximum(random.poisson(A_DAY / 24, series), ahead % 8 == 0))))
            correct(session, hour - 50 * HOUR)
        began, ran = time.perf_counter(), time.process_time()
        surges.evaluate(sessions, WarnSettings(), hour + HOUR, memory)
        took.append((time.process_time() - ran, time.perf_counter() - began))
        print(f"# {hour + HOUR:%H:%M} {took[-1][0]:.2f} s, by the clock {took[-1][1]:.2f}", file=sys.stderr, flush=True)
    return took


def correct(session: Session, hour: dt.datetime) -> None:
    """Reject a hundred posts of the past, as reviews do."""
    there = select(TallyHour.label, TallyHour.dimension, TallyHour.value, TallyHour.documents, TallyHour.voices)
    rows = session.execute(there.where(TallyHour.hour == hour)).all()
    counted = {Key(*row[:3], ""): Cell(row.documents, row.voices, 0) for row in rows}
    for key in [key for key in counted if key.label == "any"][:100]:
        del counted[key]
    ledger.store(session, hour, counted)


def cells_of(voices: Any) -> Iterator[tuple[Key, Cell]]:
    yield Key("volume", "all", "", ""), Cell(SCANNED, SCANNED, 0)
    for number in np.flatnonzero(voices):
        yield Key("any", "target_name", f"Name {number}", ""), Cell(int(voices[number]), int(voices[number]), 0)


if __name__ == "__main__":
    main()
