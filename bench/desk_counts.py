"""Write the tallies that a year of a large desk leaves, without its texts: all that trends read, in far less time.

The counts of each series are drawn by its rate: 200 sources in 12 countries and 10 languages, 4 of 100 posts flagged,
each with one or two signals, two pathways, a target and a name. Hours are written for as long back as charts by hour
read here (`HOURS`), days for the whole time.
"""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.orm import Session

from models.codebook import PATHWAYS, SIGNALS, TARGETS
from models.database import Sessions, writing
from models.source import Source
from warn.ledger import Key

HOURS = 54 * 24
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


def fill(
    engine: Engine,
    sessions: Sessions,
    count: int,
    now: dt.datetime,
    *,
    days: int,
    sources: int,
    countries: Sequence[str],
    languages: Sequence[str],
    names: Sequence[str],
) -> int:
    """Write the tallies of `count` assessments over `days` before `now`; return how many rows."""
    lattice = list(series(count / days / 24, sources, countries, languages, names))
    keys, rates = [key for key, _ in lattice], np.array([rate for _, rate in lattice])
    random = np.random.default_rng(5)
    with writing(sessions) as session:
        session.execute(
            insert(Source),
            [
                {
                    "id": k + 1,
                    "name": f"Source {k + 1}",
                    "kind": "feed",
                    "country": countries[k % len(countries)],
                    "created_at": now,
                }
                for k in range(sources)
            ],
        )
    today = now.replace(hour=0, minute=0)
    rows = 0
    with writing(sessions) as session:
        for back in range(days, -1, -1):
            at = today - back * DAY
            passed = min(24, int((now - at) / HOUR))
            rows += write(session, "tally_days", keys, random.poisson(rates * passed), at)
        for back in range(HOURS, 0, -1):
            rows += write(session, "tally_hours", keys, random.poisson(rates), now - back * HOUR)
    if engine.dialect.name != "sqlite":  # PostgreSQL looks at its tables by itself; on SQLite nobody does
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    return rows


def series(
    an_hour: float, sources: int, countries: Sequence[str], languages: Sequence[str], names: Sequence[str]
) -> Iterator[tuple[Key, float]]:
    """Give each series of the lattice with what it counts in an hour."""
    shares = {"any": 0.04}
    shares |= {f"signal:{key}": 0.04 * 1.33 / len(SIGNALS) for key in SIGNALS}
    shares |= {f"pathway:{key}": 0.04 * 2 / len(PATHWAYS) for key in PATHWAYS}
    for label, share in {"volume": 1.0, **shares}.items():
        rate = an_hour * share
        members = [("all", "", 1.0), *(("language", key, 1 / len(languages)) for key in languages)]
        if label != "volume":
            members += [("target", key, 1 / len(TARGETS)) for key in TARGETS]
            members += [("target_name", key, 1 / len(names)) for key in names]
        for (dimension, value, part), country in itertools.product(members, ("", *countries)):
            yield Key(label, dimension, value, country), rate * part / (len(countries) if country else 1)
        for source in range(sources):
            for country in ("", countries[source % len(countries)]):
                yield Key(label, "source", str(source + 1), country), rate / sources
        for country in countries:
            yield Key(label, "country", country, ""), rate / len(countries)


def write(session: Session, table: str, keys: list[Key], counts: np.ndarray, at: dt.datetime) -> int:
    """Write one hour or day by the driver's own fastest way."""
    heard = np.flatnonzero(counts)
    connection = session.connection()
    rows = ((*keys[k], int(c)) for k, c in zip(heard, counts[heard], strict=True))
    if connection.dialect.name == "sqlite":
        stamp = f"{at:%Y-%m-%d %H:%M:%S}.000000"
        statement = f"INSERT INTO {table} VALUES (?, ?, ?, ?, '{stamp}', ?, ?, 0)"
        connection.connection.cursor().executemany(statement, ((*row, row[-1]) for row in rows))
    else:
        copy(connection, table, rows, at)
    return len(heard)


def copy(connection: Connection, table: str, rows: Iterator[tuple[str | int, ...]], at: dt.datetime) -> None:
    time = "hour" if table == "tally_hours" else "day"
    columns = f"label, dimension, value, country, documents, voices, confirmed, {time}"
    text_of = "".join("\t".join(str(part) for part in (*row, row[-1], 0, at.isoformat())) + "\n" for row in rows)
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as out:
        out.write(text_of)
