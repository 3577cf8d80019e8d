"""The escalation index: rises with the stages, counts copies once, knows outages, believes reviews."""

import datetime as dt

import pytest
from sqlalchemy import insert

from models.database import Sessions, reading, writing
from models.tally import TallyHour
from tests.factories import add_assessment, add_document, add_item
from warn import ledger
from warn.errors import TrendRefused
from warn.escalation import Escalation, Question, escalation

DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(weeks=1)
NAMED = [("signal", "incitement"), ("target", "religion"), ("target_name", "Varni")]


def ask(sessions: Sessions, now: dt.datetime, weeks: int = 11, **values: object) -> Escalation:
    question = {"bucket": "week", "since": now - weeks * WEEK, "until": now} | values
    with reading(sessions) as session:
        return escalation(session, Question(**question), now)  # type: ignore[arg-type]


def scan(sessions: Sessions, now: dt.datetime, weeks: int = 12, dark: tuple[int, ...] = ()) -> None:
    """Write 200 posts scanned a day, 5 in the weeks `dark` (0 is the present one)."""
    monday = now.replace(hour=12, minute=0) - now.weekday() * DAY
    rows = [
        {
            "label": "volume", "dimension": "all", "value": "", "country": country, "confirmed": 0,
            "hour": monday - week * WEEK + day * DAY,
            "documents": 200, "voices": 5 if week in dark else 200,
        }
        for week in range(weeks)
        for day in range(7)
        for country in ("", "KE")
    ]  # fmt: skip
    with writing(sessions) as session:
        session.execute(insert(TallyHour), rows)
        ledger.add_up(session, monday - weeks * WEEK, monday + WEEK)


def say(sessions: Sessions, at: dt.datetime, count: int, **values: object) -> None:
    with writing(sessions) as session:
        for _ in range(count):
            document = add_document(session, add_item(session, event_at=at))
            add_assessment(session, document, **({"marks": NAMED} | values))


def test_the_index_rises_with_the_stage_where_the_number_stays(sessions: Sessions, now: dt.datetime) -> None:
    scan(sessions, now)
    for weeks_ago in range(12):
        say(sessions, now - weeks_ago * WEEK, 6, stage=3 if weeks_ago < 5 else 1)
    found = ask(sessions, now, target="religion")
    assert [sum(point.voices.values()) for point in found.points] == [6] * 12
    assert found.points[-1].index == pytest.approx(4 * (found.points[0].index or 0), rel=0.01)
    (change,) = found.changes
    assert change.at == found.points[7].at
    assert change.after > 3 * change.before


def test_a_steady_series_has_no_change(sessions: Sessions, now: dt.datetime) -> None:
    scan(sessions, now)
    for weeks_ago in range(12):
        say(sessions, now - weeks_ago * WEEK, (4, 6, 5)[weeks_ago % 3])
    assert ask(sessions, now).changes == []


def test_an_outage_has_no_index(sessions: Sessions, now: dt.datetime) -> None:
    scan(sessions, now, dark=(2,))
    say(sessions, now - 2 * WEEK, 3)
    found = ask(sessions, now)
    assert [point.masked for point in found.points].index(True) == 9
    assert sum(point.masked for point in found.points) == 1
    assert (found.points[9].index, found.points[9].voices[3]) == (None, 3)


def test_a_copy_is_no_further_voice(sessions: Sessions, now: dt.datetime) -> None:
    scan(sessions, now)
    with writing(sessions) as session:
        first = add_assessment(session, add_document(session, add_item(session, event_at=now - WEEK)))
        for _ in range(5):
            item = add_item(session, event_at=now - WEEK)
            add_assessment(session, add_document(session, item, cluster_id=first.cluster_id))
    assert ask(sessions, now).points[-2].voices == {1: 0, 2: 0, 3: 1, 4: 0}


def test_reviews_correct_what_nobody_has_reviewed(sessions: Sessions, now: dt.datetime) -> None:
    scan(sessions, now)
    say(sessions, now, 40)
    plain = ask(sessions, now).points[-1]
    say(sessions, now - 5 * WEEK, 10, status="confirmed")
    say(sessions, now - 5 * WEEK, 30, status="rejected", flagged_now=False)
    found = ask(sessions, now)
    precision = found.precisions[2]
    assert (precision.confirmed, precision.rejected) == (10, 30)
    assert precision.precision == pytest.approx(0.256, abs=0.001)
    assert precision.low < precision.precision < precision.high
    point = found.points[-1]
    assert point.index == pytest.approx((plain.index or 0) * precision.precision, rel=0.01)
    assert (point.low or 0) < (point.index or 0) < (point.high or 0)
    # What was confirmed counts in full, what was rejected not at all.
    assert found.points[-6].index == pytest.approx(10 * 4 * 1000 / 1400, rel=0.01)
    assert found.sensitivity is None


def test_missed_posts_raise_the_index_once_enough_were_reviewed(sessions: Sessions, now: dt.datetime) -> None:
    scan(sessions, now)
    say(sessions, now, 20, status="confirmed")
    before = ask(sessions, now).points[-1].index or 0
    say(sessions, now, 30, flag=False, status="rejected", marks=[])
    say(sessions, now, 10, flag=False, status="confirmed", marks=[])
    found = ask(sessions, now)
    # 20 flagged and all right, 40 unflagged of which about a quarter was missed.
    assert found.sensitivity == pytest.approx(20 / 30, abs=0.03)
    assert found.points[-1].index == pytest.approx(before / (found.sensitivity or 1), rel=0.01)


def test_place_group_and_counter_speech_are_told_apart(sessions: Sessions, now: dt.datetime) -> None:
    scan(sessions, now)
    say(sessions, now, 3)
    say(sessions, now, 1, flag=False, stance="condemns", marks=NAMED)
    say(sessions, now, 2, marks=[("signal", "incitement"), ("target_name", "Ostri")], region="North")
    assert ask(sessions, now).points[-1].voices[3] == 5
    varni = ask(sessions, now, target_name="Varni", country="KE").points[-1]
    assert (varni.voices[3], varni.counter_speech) == (3, 0.25)
    assert ask(sessions, now, country="SD").points[-1].masked
    north = ask(sessions, now, region="North").points[-1]
    assert (north.scanned, north.voices[3]) == (2, 2)


@pytest.mark.parametrize(("values", "sentence"), [({"bucket": "hour"}, "bucket"), ({"weeks": 500}, "400 weeks")])
def test_a_question_without_an_answer_is_refused(
    sessions: Sessions, now: dt.datetime, values: dict[str, object], sentence: str
) -> None:
    with pytest.raises(TrendRefused, match=sentence):
        ask(sessions, now, **values)  # type: ignore[arg-type]
