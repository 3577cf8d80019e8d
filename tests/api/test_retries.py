"""The schedule is the standard's; partners who say when are heeded, within reason."""

import datetime as dt

import pytest

from api.retries import DELAYS, LONGEST, MOST_TRIES, hold, next_delay, outcome_of, waited

HOUR = dt.timedelta(hours=1)


def test_the_schedule_reaches_beyond_72_hours_and_then_goes_on_daily() -> None:
    pauses = [next_delay(tries, 0.5) for tries in range(1, MOST_TRIES)]
    assert [pause.total_seconds() for pause in pauses[:5] if pause] == [5, 30, 90, 300, 1800]
    assert sum(DELAYS) > 72 * 3600
    assert pauses[-1] == LONGEST
    assert next_delay(MOST_TRIES, 0.5) is None


def test_chance_moves_a_pause_by_a_tenth_at_most() -> None:
    assert next_delay(4, 0.0) == dt.timedelta(seconds=270)
    assert next_delay(4, 1.0) == dt.timedelta(seconds=330)


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("30", dt.timedelta(seconds=30)),
        ("Sat, 14 Mar 2026 10:30:00 GMT", HOUR),
        ("Sat, 14 Mar 2020 10:30:00 GMT", None),
        ("abc", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("1000000000", LONGEST),
        ("9" * 400, LONGEST),
        ("٣", dt.timedelta(seconds=3)),
        ("Sat, 99 Mar 2026 10:30:00 GMT", None),
    ],
)
def test_retry_after_is_read_with_care(now: dt.datetime, header: str | None, pause: dt.timedelta | None) -> None:
    assert waited(header, now) == pause


def test_a_longer_wish_is_heeded_and_a_shorter_one_is_not() -> None:
    assert next_delay(1, 0.5, HOUR) == HOUR
    assert next_delay(6, 0.5, HOUR) == 2 * HOUR


@pytest.mark.parametrize(
    ("status", "delivered", "gone"),
    [(200, True, False), (204, True, False), (301, False, False), (307, False, False), (410, False, True)]
    + [(status, False, False) for status in (400, 404, 429, 500, 503)],
)
def test_only_2xx_is_a_success(now: dt.datetime, status: int, delivered: bool, gone: bool) -> None:
    outcome = outcome_of(status, None, now)
    assert (outcome.delivered, outcome.gone) == (delivered, gone)
    assert delivered or str(status) in (outcome.error or "")


def test_a_failing_endpoint_is_left_alone_for_a_tenth_of_its_trouble() -> None:
    assert hold(dt.timedelta()) == dt.timedelta(seconds=5)
    assert hold(HOUR) == dt.timedelta(minutes=6)
    assert hold(100 * HOUR) == dt.timedelta(minutes=15)
    assert hold(HOUR, 2 * HOUR) == 2 * HOUR
