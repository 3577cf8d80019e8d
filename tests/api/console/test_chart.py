"""The drawing holds what was counted."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.console.chart import HEIGHT, LEFT, RIGHT, WIDTH, draw, nice_top
from tests.conftest import NOW
from warn.trends import Point


def point(
    day: int, voices: int, expected: float | None = None, upper: int | None = None, *, alarm: bool = False
) -> Point:
    return Point(NOW + dt.timedelta(days=day), 100, voices, voices, voices / 100, expected, upper, alarm)


def days(*values: int) -> list[Point]:
    return [point(day, value) for day, value in enumerate(values)]


def test_higher_counts_make_higher_bars() -> None:
    heights = [bar[3] for bar in draw(days(0, 1, 4)).bars]
    assert heights[0] == 0
    assert heights[2] == pytest.approx(4 * heights[1], abs=0.2)


def test_no_days_is_an_empty_chart() -> None:
    assert draw([]).bars == []


def test_alarms_and_the_expected_band_are_drawn() -> None:
    points = [point(day, 9, expected=2, upper=5, alarm=day == 1) for day in range(3)]
    chart = draw(points)
    assert len(chart.alarms) == 1
    assert len(chart.band.split()) == 6
    assert len(chart.line.split()) == 3


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_everything_stays_inside_the_picture(values: list[int]) -> None:
    chart = draw(days(*values))
    for left, top, width, height in chart.bars:
        assert left >= LEFT - 1
        assert left + width <= WIDTH - RIGHT + 1
        assert 0 <= top <= top + height <= HEIGHT
    assert len(chart.ticks_x) <= 5 + 1


@given(st.floats(0, 1e12))
def test_the_axis_ends_at_a_round_number_above_the_highest(value: float) -> None:
    top = nice_top(value)
    assert top >= value
    assert top / 2 == int(top / 2)
    assert top <= max(2, value * 2.5 + 1)
