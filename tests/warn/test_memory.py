"""What a worker keeps in memory gives, hour by hour, what each series alone gives from the tables."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from models.alert import Alert, AlertEvent
from models.database import Sessions, reading, writing
from models.tally import CountedHour, TallyHour
from tests.factories import add_rule
from warn import combined, confirmed, ledger, series
from warn.baseline import Array, Design
from warn.ledger import Cell, Key
from warn.memory import Memory
from warn.series import HOUR_SECONDS, Scope

HOUR = dt.timedelta(hours=1)
DESIGN = Design()
SCOPE = Scope("any", "target_name")
NAMES = tuple(f"Name {number}" for number in range(9))
DAYS = DESIGN.memory + 4


@pytest.fixture
def end(now: dt.datetime) -> dt.datetime:
    """An hour in the afternoon, when the next day is learned ahead."""
    return now.replace(hour=15, minute=0)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(12)


def history(random: np.random.Generator) -> tuple[Array, Array]:
    """Draw nine series, from seldom heard to busy, and what was scanned; some have seen an outbreak."""
    hours = DAYS * 24
    n = random.poisson(60 * np.exp(np.sin(np.arange(hours) / 24 * 2 * np.pi)), hours).astype(float)
    rates = np.geomspace(0.002, 0.1, len(NAMES))[:, None] * np.exp(random.normal(0, 0.3, (len(NAMES), hours)))
    y = random.poisson(rates * n).astype(float)
    y[::2, 700:760] += random.poisson(2, (5, 60))
    y[1::3, -5:] += 4
    return y, n


def write(session: Session, y: Array, n: Array, end: dt.datetime) -> None:
    rows = []
    for hour in range(y.shape[1]):
        at = {"hour": end - (y.shape[1] - hour) * HOUR, "confirmed": 0, "country": ""}
        rows.append({**at, "label": "volume", "dimension": "all", "value": "", "documents": n[hour], "voices": n[hour]})
        for name, voices in zip(NAMES, y[:, hour], strict=True):
            if voices:
                named = {"label": "any", "dimension": "target_name", "value": name}
                rows.append({**at, **named, "documents": voices, "voices": voices})
    session.execute(
        insert(TallyHour), [{**row, "documents": int(row["documents"]), "voices": int(row["voices"])} for row in rows]
    )  # type: ignore[arg-type]


def alone(session: Session, name: str, hour: int) -> tuple[float, float]:
    """Score one series from the tables, as a backtest does: nothing but its own history."""
    first = (hour // 24 - DESIGN.memory) * 24
    y = series.read(session, SCOPE, [name], first, hour + 1, HOUR_SECONDS).voices
    n = np.maximum(series.read_volume(session, SCOPE, [name], first, hour + 1, HOUR_SECONDS).voices, y)
    surge = combined.surge(y, n, DESIGN, confirmed.kept(session, SCOPE, [name], first, hour + 1, HOUR_SECONDS))
    return float(surge.score[0, -1]), float(surge.p[0, -1])


def together(session: Session, memory: Memory, hour: int) -> dict[str, tuple[float, float]]:
    memory.refresh(session, DESIGN, [SCOPE], hour, hour + 1)
    rows, surge, _ = memory.look(SCOPE, hour)
    memory.learn_ahead(hour)
    values = memory.shelves[SCOPE].values
    return {values[row]: (surge.score[k], surge.p[k]) for k, row in enumerate(rows)}


def assert_alike(sessions: Sessions, memory: Memory, hour: int) -> dict[str, tuple[float, float]]:
    with reading(sessions) as session:
        found = together(session, memory, hour)
        for name in NAMES:
            score, p = alone(session, name, hour)
            told_score, told_p = found.get(name, (-np.inf, 1.0))
            assert told_score == pytest.approx(score, rel=1e-9, abs=1e-9)
            assert told_p == pytest.approx(p, rel=1e-9)
    return found


@pytest.fixture
def statements(sessions: Sessions) -> Iterator[list[str]]:
    """Collect what is asked of the database."""
    asked: list[str] = []
    engine = sessions.kw["bind"]

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def test_every_hour_of_days_equals_each_series_alone(
    sessions: Sessions, end: dt.datetime, random: np.random.Generator
) -> None:
    y, n = history(random)
    with writing(sessions) as session:
        write(session, y, n, end + 24 * HOUR)
        session.execute(insert(CountedHour), [{"hour": end + hour * HOUR, "revision": 1} for hour in range(-40, 24)])
    memory, last = Memory(), series.slot_of(end, HOUR_SECONDS)
    heard = 0
    # Over noon, from where the next day is learned ahead, and over midnight.
    for hour in (last - 30, last - 4, last, last + 5, last + 8, last + 9, last + 23):
        heard += len(assert_alike(sessions, memory, hour))
    assert heard > 30


def test_a_corrected_past_is_learned_again_and_read_alone(
    sessions: Sessions, end: dt.datetime, random: np.random.Generator, statements: list[str]
) -> None:
    y, n = history(random)
    with writing(sessions) as session:
        write(session, y, n, end)
    memory, hour = Memory(), series.slot_of(end, HOUR_SECONDS) - 1
    before = assert_alike(sessions, memory, hour)
    past = end - 300 * HOUR
    same = int(n[-300])
    counted = {
        Key("volume", "all", "", ""): Cell(same, same, 0),
        Key("any", "target_name", NAMES[8], ""): Cell(9, 9, 0),
    }
    with writing(sessions) as session:
        ledger.store(session, past, counted)
    del statements[:]
    with reading(sessions) as session:
        together(session, memory, hour)
    reads = [statement for statement in statements if "tally_hours" in statement]
    assert len(reads) == 1
    assert " IN " in reads[0]
    after = assert_alike(sessions, memory, hour)
    assert after[NAMES[8]] != before[NAMES[8]]


@pytest.mark.parametrize(("more", "at_once"), [(3, False), (900, True)])
def test_a_late_volume_is_taken_up_at_once_only_where_it_matters(
    sessions: Sessions, end: dt.datetime, random: np.random.Generator, more: int, at_once: bool
) -> None:
    y, n = history(random)
    y[:, -300] = 0
    with writing(sessions) as session:
        write(session, y, n, end)
    memory, hour = Memory(), series.slot_of(end, HOUR_SECONDS) - 1
    before = assert_alike(sessions, memory, hour)
    scanned = int(n[-300]) + more
    with writing(sessions) as session:
        ledger.store(session, end - 300 * HOUR, {Key("volume", "all", "", ""): Cell(scanned, scanned, 0)})
    with reading(sessions) as session:
        assert (together(session, memory, hour) != before) == at_once
    if at_once:
        assert_alike(sessions, memory, hour)
    else:
        assert_alike(sessions, memory, hour + 9)  # the next day


def learned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the series that are learned, one number for each time."""
    counts: list[int] = []
    facts = combined.facts

    def counted(y: Array, *rest: Any) -> Array:
        counts.append(len(y))
        return facts(y, *rest)

    monkeypatch.setattr(combined, "facts", counted)
    return counts


def test_what_was_learned_ahead_outlasts_the_hours_until_midnight(
    sessions: Sessions, end: dt.datetime, random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    y, n = history(random)
    memory, hour, counts = Memory(), series.slot_of(end, HOUR_SECONDS), learned(monkeypatch)
    with writing(sessions) as session:
        write(session, y, n, end)
    by_hour = []
    for ahead in range(11):  # from three in the afternoon until one in the night
        voices = {Key("any", "target_name", name, ""): Cell(1, 1, 0) for name in NAMES}
        with writing(sessions) as session:
            volume = {Key("volume", "all", "", ""): Cell(60, 60, 0)}
            ledger.store(session, end + ahead * HOUR, volume | voices)
        del counts[:]
        with reading(sessions) as session:
            together(session, memory, hour + ahead)
        by_hour.append(sum(counts))
    assert by_hour[1:9] == [1] * 8  # nine series for tomorrow, one an hour
    assert by_hour[9:] == [0, 0]
    assert_alike(sessions, memory, hour + 10)


def test_a_morning_that_changes_is_learned_again_for_tomorrow(
    sessions: Sessions, end: dt.datetime, random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    y, n = history(random)
    memory, hour = Memory(), series.slot_of(end, HOUR_SECONDS) - 1
    with writing(sessions) as session:
        write(session, y, n, end)
    with reading(sessions) as session:
        for ahead in range(10):
            together(session, memory, hour + ahead)
    counts = learned(monkeypatch)
    for back, again in ((1, 0), (9, len(NAMES))):  # the afternoon matters the day after only, the morning tomorrow
        with writing(sessions) as session:
            counted = {Key("volume", "all", "", ""): Cell(5000, 5000, 0)}
            counted |= {
                Key("any", "target_name", name, ""): Cell(int(voices), int(voices), 0)
                for name, voices in zip(NAMES, y[:, -back], strict=True)
                if voices
            }
            ledger.store(session, end - back * HOUR, counted)
        del counts[:]
        with reading(sessions) as session:
            together(session, memory, hour + 9)
        assert sum(counts) == again


def test_after_a_start_the_series_that_were_quiet_are_learned_hour_by_hour(
    sessions: Sessions, end: dt.datetime, random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    y, n = history(random)
    y[:, -80:] = 0
    early = end - 8 * HOUR
    memory, hour, counts = Memory(), series.slot_of(early, HOUR_SECONDS) - 1, learned(monkeypatch)
    with writing(sessions) as session:
        write(session, y, n, early)
    with reading(sessions) as session:
        by_hour = []
        for ahead in range(5):
            del counts[:]
            together(session, memory, hour + ahead)
            by_hour.append(sum(counts))
    assert by_hour == [1] * 5


def test_a_value_never_heard_before_joins(sessions: Sessions, end: dt.datetime, random: np.random.Generator) -> None:
    y, n = history(random)
    y[4] = 0
    with writing(sessions) as session:
        write(session, y, n, end)
    memory, hour = Memory(), series.slot_of(end, HOUR_SECONDS) - 1
    assert NAMES[4] not in assert_alike(sessions, memory, hour)
    with writing(sessions) as session:
        volume = {Key("volume", "all", "", ""): Cell(80, 80, 0)}
        ledger.store(session, end, volume | {Key("any", "target_name", NAMES[4], ""): Cell(9, 9, 0)})
    assert assert_alike(sessions, memory, hour + 1)[NAMES[4]][0] > -np.inf


def test_a_verdict_changes_what_is_normal(sessions: Sessions, end: dt.datetime, random: np.random.Generator) -> None:
    y, n = history(random)
    opened = end - 200 * HOUR
    with writing(sessions) as session:
        write(session, y, n, end)
        rule = add_rule(session, kind="surge", min_severity=0)
        alert = Alert(
            rule_id=rule.id,
            kind="surge",
            group_key=f"{confirmed.stem_of(SCOPE, NAMES[8])}{opened:%Y-%m-%dT%H}",
            state="resolved",
            severity=50,
            title="A surge",
            summary="More than usual.",
            count=9,
            opened_at=opened,
            last_event_at=opened + 40 * HOUR,
            details={},
        )
        session.add(alert)
        session.flush()
        alert_id = alert.id
    memory, hour = Memory(), series.slot_of(end, HOUR_SECONDS) - 1
    before = assert_alike(sessions, memory, hour)
    with writing(sessions) as session:
        session.add(AlertEvent(alert_id=alert_id, at=end, kind="real"))
    assert assert_alike(sessions, memory, hour)[NAMES[8]] != before[NAMES[8]]


def test_a_single_window_is_tested_as_the_plain_detector_does(
    sessions: Sessions, end: dt.datetime, random: np.random.Generator
) -> None:
    from warn import detectors

    y, n = history(random)
    memory, hour = Memory(), series.slot_of(end, HOUR_SECONDS) - 1
    first = (hour // 24 - DESIGN.memory) * 24 - series.slot_of(end, HOUR_SECONDS)
    with writing(sessions) as session:
        write(session, y, n, end)
        memory.refresh(session, DESIGN, [SCOPE], hour, hour + 1)
    rows, surge, _ = memory.look(SCOPE, hour, 6)
    plain = detectors.surge(y[:, first:], np.maximum(n[first:], y[:, first:]), DESIGN, [6])
    order = [NAMES.index(memory.shelves[SCOPE].values[row]) for row in rows]
    assert surge.score == pytest.approx(plain.score[order, -1], rel=1e-9)
