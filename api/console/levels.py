"""Lay the escalation index out over time as the numbers of an SVG: bars, intervals, changes, and what was masked.

Pure geometry on the places of `api.console.plot`, whose template writes the elements.
"""

import datetime as dt
from collections.abc import Sequence

from api.console.chart import Tick, nice_top
from api.console.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TICKS_X, TOP, WIDTH, Drawn, Plot, moment
from api.console.rendering import decimal, share
from warn.escalation import Change, IndexPoint

SMALLEST_TOP = 0.01  # an index below one flagged post in 100,000 is drawn as small as it is


def draw(points: Sequence[IndexPoint], changes: Sequence[Change], *, title: str, summary: str) -> Plot:
    """Return the picture of the index; each change is a numbered line where its new level begins."""
    highest = max((point.high or 0 for point in points), default=0.0)
    top = _top(highest)
    known = [(k, point) for k, point in enumerate(points) if point.index is not None]
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points))
    places = {point.at: k for k, point in enumerate(points)}
    return Plot(
        title=title,
        summary=summary,
        lines=[],
        bars=[
            (
                round(_x(k, points) - step * 0.38, 1),
                _y(point.index or 0, top),
                round(step * 0.76, 1),
                round(_y(0, top) - _y(point.index or 0, top), 1),
                _in_words(point, points),
            )
            for k, point in known
        ],
        dark=[(round(LEFT + step * k, 1), round(step, 1)) for k, point in enumerate(points) if point.masked],
        whiskers=[(_x(k, points), _y(point.high or 0, top), _y(point.low or 0, top)) for k, point in known],
        notes=[
            (round(_x(places[change.at], points) - step / 2, 1), str(number))
            for number, change in enumerate(changes, 1)
        ],
        ticks_x=_ticks(points),
        ticks_y=[Tick(_y(value, top), decimal(value, 1 if top >= 1 else 3)) for value in (0, top / 2, top)],
    )


def beside(points: Sequence[IndexPoint], *, title: str, summary: str) -> Plot:
    """Return the picture of counter-speech: its part of all that was said of the group, cut where nothing was said."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for k, point in enumerate(points):
        if point.counter_speech is None:
            pieces.append([])
        else:
            pieces[-1].append((_x(k, points), _y(point.counter_speech, 1)))
    kept = [piece for piece in pieces if piece]
    lines = [" ".join(f"{x},{y}" for x, y in piece) for piece in kept if len(piece) > 1]
    dots = [piece[0] for piece in kept if len(piece) == 1]
    return Plot(
        title=title,
        summary=summary,
        lines=[Drawn(1, "", lines, dots, None)],
        ticks_x=_ticks(points),
        ticks_y=[Tick(_y(value, 1), share(value)) for value in (0, 0.5, 1)],
    )


def _in_words(point: IndexPoint, points: Sequence[IndexPoint]) -> str:
    index, low, high = (decimal(value or 0) for value in (point.index, point.low, point.high))
    return f"{moment(point.at, _length(points))}: {index} ({low} – {high})"


def _top(value: float) -> float:
    """Return the end of the axis; small values get a small axis."""
    scale = 1.0
    while value * scale < 1 and scale < 1 / SMALLEST_TOP:
        scale *= 10
    return nice_top(value * scale) / scale


def _length(points: Sequence[IndexPoint]) -> dt.timedelta:
    return points[1].at - points[0].at if len(points) > 1 else dt.timedelta(days=1)


def _x(index: float, points: Sequence[IndexPoint]) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (index + 0.5) / max(1, len(points)), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, top) / top, 1)


def _ticks(points: Sequence[IndexPoint]) -> list[Tick]:
    every = max(1, -(-len(points) // TICKS_X))
    return [Tick(_x(k, points), moment(point.at, _length(points))) for k, point in enumerate(points) if k % every == 0]
