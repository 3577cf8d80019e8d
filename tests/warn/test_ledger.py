"""What a recount leaves: only what changed is written, and a day is the sum of its hours, whoever counts."""

import datetime as dt
import threading

import pytest
from sqlalchemy import select, update

from models.database import Sessions, reading, writing
from models.tally import CountedHour, TallyDay, TallyHour, day_of
from warn import ledger
from warn.ledger import Cell, Key

HOUR = dt.timedelta(hours=1)
ALL, KENYA = Key("any", "all", "", ""), Key("any", "country", "KE", "")


@pytest.fixture
def hour(now: dt.datetime) -> dt.datetime:
    return day_of(now)


def store(sessions: Sessions, hour: dt.datetime, counted: dict[Key, Cell]) -> int:
    with writing(sessions) as session:
        return ledger.store(session, hour, counted)


def days(sessions: Sessions) -> dict[tuple[str, dt.datetime], tuple[int, int, int]]:
    with reading(sessions) as session:
        rows = session.scalars(select(TallyDay)).all()
    return {(row.value, row.day): (row.documents, row.voices, row.confirmed) for row in rows}


def revisions(sessions: Sessions) -> dict[dt.datetime, int]:
    with reading(sessions) as session:
        return {row.hour: row.revision for row in session.scalars(select(CountedHour))}


def test_a_day_is_the_sum_of_its_hours(sessions: Sessions, hour: dt.datetime) -> None:
    store(sessions, hour, {ALL: Cell(3, 2, 1), KENYA: Cell(1, 1, 0)})
    store(sessions, hour + 23 * HOUR, {ALL: Cell(1, 1, 0)})
    store(sessions, hour + 24 * HOUR, {ALL: Cell(7, 7, 7)})
    assert days(sessions) == {
        ("", hour): (4, 3, 1),
        ("KE", hour): (1, 1, 0),
        ("", hour + 24 * HOUR): (7, 7, 7),
    }


def test_what_goes_down_or_away_takes_the_day_with_it(sessions: Sessions, hour: dt.datetime) -> None:
    store(sessions, hour, {ALL: Cell(3, 2, 1), KENYA: Cell(1, 1, 0)})
    store(sessions, hour + HOUR, {ALL: Cell(1, 1, 0)})
    store(sessions, hour, {ALL: Cell(1, 0, 0)})
    assert days(sessions) == {("", hour): (2, 1, 0)}
    store(sessions, hour, {})
    store(sessions, hour + HOUR, {})
    assert days(sessions) == {}


def test_the_same_again_writes_nothing_and_a_change_is_announced(sessions: Sessions, hour: dt.datetime) -> None:
    assert store(sessions, hour, {ALL: Cell(1, 1, 0), KENYA: Cell(1, 1, 0)}) == 2
    assert store(sessions, hour, {ALL: Cell(1, 1, 0), KENYA: Cell(1, 1, 0)}) == 0
    assert revisions(sessions) == {hour: 1}
    assert store(sessions, hour, {ALL: Cell(1, 1, 1), KENYA: Cell(1, 1, 0)}) == 1
    assert revisions(sessions) == {hour: 2}


def test_hours_of_one_day_counted_by_several_workers_all_arrive(sessions: Sessions, hour: dt.datetime) -> None:
    cells = {Key("any", "source", str(number), ""): Cell(1, 1, 0) for number in range(40)}
    gate = threading.Barrier(4)

    def count(number: int) -> None:
        gate.wait()
        # Each meets the series in another order; none may wait for another in a circle.
        turned = list(cells)[number * 10 :] + list(cells)[: number * 10]
        store(sessions, hour + number * HOUR, {key: cells[key] for key in turned})

    threads = [threading.Thread(target=count, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(days(sessions).values()) == {(4, 4, 0)}


def test_days_are_added_up_again_from_their_hours(sessions: Sessions, hour: dt.datetime) -> None:
    store(sessions, hour, {ALL: Cell(3, 2, 1)})
    store(sessions, hour + 24 * HOUR, {ALL: Cell(5, 5, 5)})
    with writing(sessions) as session:
        session.execute(update(TallyDay).values(documents=99))
        ledger.add_up(session, hour, hour + HOUR)
    assert days(sessions) == {("", hour): (3, 2, 1), ("", hour + 24 * HOUR): (99, 5, 5)}
    with reading(sessions) as session:
        assert len(session.scalars(select(TallyHour)).all()) == 2
