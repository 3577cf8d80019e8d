"""Lay lines out over time as the numbers of an SVG: one with its band and alarms, or several to compare.

Beside the counts stand what people know: events that were written down (numbered), dates of the calendar (lettered),
and stretches in which nothing was read, because silence is not peace. Pure geometry; the template writes the elements.
"""

import datetime as dt
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from babel import dates

from api.console.chart import Tick, nice_top
from api.console.translation import speaking
from warn.trends import Point

WIDTH, HEIGHT = 720, 270
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 42, 28
TICKS_X = 6
MARKS = string.ascii_uppercase


@dataclass(frozen=True)
class Line:
    """One series; `number` tells it from the others in the picture and in words."""

    number: int
    key: str
    name: str
    points: list[Point]
    queue: str = ""
    label: str = ""

    def values(self, measure: str) -> list[float | None]:
        """Return what is drawn, None where nothing was read."""
        return [value_of(point, measure) for point in self.points]


@dataclass(frozen=True)
class Mark:
    """Something known about a time: `sign` stands in the picture and before its words."""

    sign: str
    first: dt.datetime
    last: dt.datetime
    words: str
    id: int = 0
    note: str = ""
    by: str = ""
    written: dt.datetime | None = None
    country: str | None = None


@dataclass(frozen=True)
class Drawn:
    """One line as the template writes it; `pieces` are polylines, cut where nothing was read."""

    number: int
    name: str
    pieces: list[str]
    dots: list[tuple[float, float]]
    end: tuple[float, float] | None


@dataclass(frozen=True)
class Plot:
    """Everything the template needs."""

    title: str
    summary: str
    lines: list[Drawn]
    bars: list[tuple[float, float, float, float, str]] = field(default_factory=list)
    band: str = ""
    expected: str = ""
    alarms: list[tuple[float, float]] = field(default_factory=list)
    dark: list[tuple[float, float]] = field(default_factory=list)
    spans: list[tuple[float, float, str]] = field(default_factory=list)
    notes: list[tuple[float, str]] = field(default_factory=list)
    whiskers: list[tuple[float, float, float]] = field(default_factory=list)
    ticks_x: list[Tick] = field(default_factory=list)
    ticks_y: list[Tick] = field(default_factory=list)
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    baseline: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class _Axes:
    """Where a bucket and a value stand."""

    begin: dt.datetime
    step: dt.timedelta
    count: int
    highest: float

    def x(self, index: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (index + 0.5) / max(1, self.count), 1)

    def y(self, value: float) -> float:
        high = HEIGHT - TOP - BOTTOM
        return round(HEIGHT - BOTTOM - high * min(value, self.highest) / self.highest, 1)

    def at(self, moment: dt.datetime) -> float:
        """Return the place of a time, within the picture."""
        index = (moment - self.begin) / self.step - 0.5
        return max(float(LEFT), min(float(WIDTH - RIGHT), self.x(index)))


def plot(lines: Sequence[Line], measure: str, marks: Iterable[Mark] = (), *, title: str, summary: str) -> Plot:
    """Return the picture of some lines over the same buckets; a single one has bars, and the band for voices."""
    times = [point.at for point in lines[0].points] if lines else []
    alone = len(lines) == 1
    band = alone and measure == "voices"
    axes = _axes(lines, measure, times, band=band)
    marks = list(marks) if times else []
    known = _known(lines[0].points) if band else []
    upper = [f"{axes.x(index)},{axes.y(high)}" for index, _, high in known]
    lower = [f"{axes.x(index)},{axes.y(0)}" for index, _, _ in known]
    return Plot(
        title=title,
        summary=summary,
        lines=[] if alone else [_drawn(line, measure, axes) for line in lines],
        bars=_bars(lines[0], measure, axes) if alone else [],
        band=" ".join(upper + lower[::-1]) if len(known) > 1 else "",
        expected=" ".join(f"{axes.x(index)},{axes.y(expected)}" for index, expected, _ in known),
        alarms=[
            (axes.x(index), max(float(TOP), axes.y(value or 0) - 6))
            for line in (lines if measure == "voices" else ())
            for index, (point, value) in enumerate(zip(line.points, line.values(measure), strict=True))
            if point.alarm
        ],
        dark=_dark(lines, axes),
        spans=[
            (left := axes.at(one.first), round(max(3.0, axes.at(one.last) - left), 1), one.sign)
            for one in marks
            if one.sign in MARKS
        ],
        notes=[(axes.at(one.first), one.sign) for one in marks if one.sign not in MARKS],
        ticks_x=_ticks(times, axes),
        ticks_y=[Tick(axes.y(value), shown(value, measure)) for value in (0, axes.highest / 2, axes.highest)],
    )


def value_of(point: Point, measure: str) -> float | None:
    """Return a bucket's value by measure; None where nothing was read."""
    if not point.documents and not point.flagged and not point.voices:
        return None
    if measure == "share":
        return point.share
    return float(point.flagged if measure == "documents" else point.voices)


def shown(value: float | None, measure: str) -> str:
    """Return a value as it is written: a share as a percentage, everything else as a number."""
    if value is None:
        return "–"
    return f"{value * 100:.3g}%" if measure == "share" else f"{value:g}"


def _axes(lines: Sequence[Line], measure: str, times: Sequence[dt.datetime], *, band: bool) -> _Axes:
    highest = max((value or 0 for line in lines for value in line.values(measure)), default=0.0)
    if band:
        highest = max([highest, *(float(point.upper or 0) for point in lines[0].points)])
    if measure == "share":
        top = next((one for one in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if one >= highest), 1.0)
    else:
        top = nice_top(highest)
    step = times[1] - times[0] if len(times) > 1 else dt.timedelta(hours=1)
    return _Axes(times[0] if times else dt.datetime(2000, 1, 1, tzinfo=dt.UTC), step, len(times), top)


def _known(points: Sequence[Point]) -> list[tuple[int, float, int]]:
    return [
        (index, point.expected, point.upper)
        for index, point in enumerate(points)
        if point.expected is not None and point.upper is not None
    ]


def _bars(line: Line, measure: str, axes: _Axes) -> list[tuple[float, float, float, float, str]]:
    step = (WIDTH - LEFT - RIGHT) / max(1, axes.count)
    return [
        (
            round(axes.x(index) - step * 0.38, 1),
            axes.y(value),
            round(step * 0.76, 1),
            round(axes.y(0) - axes.y(value), 1),
            f"{moment(line.points[index].at, axes.step)}: {shown(value, measure)}",
        )
        for index, value in enumerate(line.values(measure))
        if value is not None
    ]


def _drawn(line: Line, measure: str, axes: _Axes) -> Drawn:
    pieces: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(line.values(measure)):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((axes.x(index), axes.y(value)))
    kept = [piece for piece in pieces if piece]
    return Drawn(
        line.number,
        line.name,
        [" ".join(f"{x},{y}" for x, y in piece) for piece in kept if len(piece) > 1],
        [piece[0] for piece in kept if len(piece) == 1],
        kept[-1][-1] if kept else None,
    )


def _dark(lines: Sequence[Line], axes: _Axes) -> list[tuple[float, float]]:
    """Return the stretches in which nothing was read for any line, as (left, width)."""
    found: list[tuple[float, float]] = []
    step = (WIDTH - LEFT - RIGHT) / max(1, axes.count)
    begin: int | None = None
    for index in range(axes.count + 1):
        silent = index < axes.count and not any(line.points[index].documents for line in lines)
        if silent and begin is None:
            begin = index
        elif not silent and begin is not None:
            found.append((round(LEFT + begin * step, 1), round((index - begin) * step, 1)))
            begin = None
    return found


def _ticks(times: Sequence[dt.datetime], axes: _Axes) -> list[Tick]:
    every = max(1, -(-len(times) // TICKS_X))
    return [Tick(axes.x(index), moment(at, axes.step)) for index, at in enumerate(times) if index % every == 0]


def moment(at: dt.datetime, step: dt.timedelta) -> str:
    """Return a bucket's day, with the hour where buckets are shorter than a day."""
    hour = f" {at:%H}h" if step < dt.timedelta(days=1) else ""
    return dates.format_date(at, "d MMM", locale=speaking().locale) + hour
