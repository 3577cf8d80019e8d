"""Draw one line over time as the numbers of an SVG: what was counted, the band that was expected, and the alarms.

Pure geometry; the template writes the elements, and a table beside the chart says the same in words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from babel import dates, numbers

from api.console.translation import speaking
from warn.trends import Point

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 28
TICKS_X = 5


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    position: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Everything the template needs; `line` and `band` are the `points` of a polyline and a polygon."""

    points: list[Point]
    bars: list[tuple[float, float, float, float]]
    line: str
    band: str
    alarms: list[tuple[float, float]]
    ticks_x: list[Tick]
    ticks_y: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    baseline: int = HEIGHT - BOTTOM


def draw(points: Sequence[Point]) -> Chart:
    """Return the chart of `points`, oldest first: bars of the voices, a line of the expected, a band up to `upper`."""
    top = nice_top(max((max(point.voices, point.upper or 0) for point in points), default=0))
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points))

    def x(index: int) -> float:
        return round(LEFT + step * (index + 0.5), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, top) / top, 1)

    known = [
        (index, point.expected, point.upper)
        for index, point in enumerate(points)
        if point.expected is not None and point.upper is not None
    ]
    upper = [f"{x(index)},{y(high)}" for index, _, high in known]
    lower = [f"{x(index)},{y(0)}" for index, _, _ in known]
    return Chart(
        points=list(points),
        bars=[
            (round(x(index) - step * 0.35, 1), y(point.voices), round(step * 0.7, 1), round(y(0) - y(point.voices), 1))
            for index, point in enumerate(points)
        ],
        line=" ".join(f"{x(index)},{y(expected)}" for index, expected, _ in known),
        band=" ".join(upper + lower[::-1]) if len(known) > 1 else "",
        alarms=[(x(index), y(point.voices)) for index, point in enumerate(points) if point.alarm],
        ticks_x=_ticks_x(points, x),
        ticks_y=[
            Tick(y(value), numbers.format_decimal(value, locale=speaking().locale)) for value in (0, top / 2, top)
        ],
    )


def nice_top(value: float) -> float:
    """Return the end of an axis that holds `value`: 2, 4, 6 or 8 times a power of ten, so that its half is round."""
    magnitude = 1
    while magnitude * 8 < value:
        magnitude *= 10
    return float(next(step * magnitude for step in (2, 4, 6, 8) if step * magnitude >= value))


def _moment(points: Sequence[Point], point: Point) -> str:
    """Return a day, or the hour as well where buckets are shorter than a day."""
    hourly = len(points) > 1 and (points[1].at - points[0].at).days < 1
    day = dates.format_date(point.at, "d MMM", locale=speaking().locale)
    return f"{day} {point.at:%H}:00" if hourly else day


def _ticks_x(points: Sequence[Point], x: Callable[[int], float]) -> list[Tick]:
    every = max(1, -(-len(points) // TICKS_X))
    return [Tick(x(index), _moment(points, point)) for index, point in enumerate(points) if index % every == 0]
