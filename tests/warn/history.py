"""Hours of a fictional desk, written as tallies: what a recount would leave after months of work."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.tally import TallyHour, hour_of
from warn import ledger

HOUR = dt.timedelta(hours=1)


def write_history(
    session: Session,
    until: dt.datetime,
    *,
    days: int = 60,
    scanned: int = 40,
    rate: float = 0.02,
    label: str = "any",
    dimension: str = "all",
    value: str = "",
    country: str = "",
    extra: Mapping[int, int] | None = None,
    silent: tuple[int, ...] = (),
    volume: bool = True,
) -> None:
    """Write flagged and scanned posts for each hour before the hour of `until`.

    Of `scanned` posts an hour, `rate` are flagged by chance; `extra` maps hours before the end (1 is the last) to
    further flagged posts, and `silent` lists hours in which nothing was scanned.
    `volume` is false where another call has written what was scanned.
    """
    random = np.random.default_rng(3)
    end, hours = hour_of(until), days * 24
    flagged = random.poisson(scanned * rate, hours)
    rows: list[dict[str, object]] = []
    for back in range(1, hours + 1):
        if back in silent:
            continue
        voices = int(flagged[-back]) + (extra or {}).get(back, 0)
        place = {"dimension": dimension, "value": value, "country": country, "hour": end - back * HOUR, "confirmed": 0}
        scanned_in = (
            place if dimension in {"language", "country", "source"} else place | {"dimension": "all", "value": ""}
        )
        if volume:
            rows.append({**scanned_in, "label": "volume", "documents": scanned, "voices": scanned})
        if voices:
            rows.append({**place, "label": label, "documents": voices, "voices": voices})
    session.execute(insert(TallyHour), rows)
    ledger.add_up(session, end - hours * HOUR, end)
