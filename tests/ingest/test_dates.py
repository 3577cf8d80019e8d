"""No way of writing a date crashes, and no date can lie its way to the top."""

import datetime as dt

import pytest

from ingest.dates import event_time, understood


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-14T09:30:00Z", utc(2026, 3, 14, 9, 30)),
        ("2026-03-14T09:30:00+03:00", utc(2026, 3, 14, 6, 30)),
        ("2026-03-14 09:30", utc(2026, 3, 14, 9, 30)),
        ("2026-03-14", utc(2026, 3, 14)),
        ("Sat, 14 Mar 2026 09:30:00 GMT", utc(2026, 3, 14, 9, 30)),
        ("14 Mar 2026 09:30:00 -0500", utc(2026, 3, 14, 14, 30)),
        ("1773480600", utc(2026, 3, 14, 9, 30)),
        ("1773480600000", utc(2026, 3, 14, 9, 30)),
    ],
)
def test_dates_in_use_are_understood(written: str, meant: dt.datetime) -> None:
    assert understood(written) == meant


@pytest.mark.parametrize(
    "written",
    [None, "", "gestern", "0000-00-00T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2026-02-30",
     "Sat, 14 Mar 2026 09:30:00 +9999", "9" * 16, "9" * 400, "-1" * 30, "NaN", "\x00", "14/03/26 at nine"],
)  # fmt: skip
def test_other_dates_are_none_and_never_raise(written: str | None) -> None:
    assert understood(written) is None


def test_the_time_that_counts_never_lies_after_the_fetch(now: dt.datetime) -> None:
    yesterday, tomorrow = now - dt.timedelta(days=1), now + dt.timedelta(days=1)
    assert event_time(yesterday, now) == yesterday
    assert event_time(tomorrow, now) == now
    assert event_time(None, now) == now


def test_the_zero_of_a_program_is_no_date(now: dt.datetime) -> None:
    assert event_time(utc(1970, 1, 1), now) == now
    assert event_time(utc(1, 1, 1), now) == now
    assert event_time(utc(1994, 4, 7), now) == utc(1994, 4, 7)
