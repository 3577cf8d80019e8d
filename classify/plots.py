"""A reliability diagram as SVG: what the model said against what was so, one small panel per signal.

Drawn as text, so that a report needs no plotting library. Knows no model.
"""

from collections.abc import Iterator, Mapping
from html import escape

from classify.calibration import Bin
from classify.report import SignalFigures

SIDE, GAP, TOP, ACROSS = 180, 40, 30, 4  # pixels of a panel, between panels, above the first, panels in a row


def reliability_svg(signals: Mapping[str, SignalFigures], title: str) -> str:
    """One drawing; the diagonal is perfect calibration, a dot's area the rows in its bin."""
    rows = -(-len(signals) // ACROSS)
    width = GAP + min(len(signals), ACROSS) * (SIDE + GAP)
    height = TOP + rows * (SIDE + 2 * GAP)
    box = f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" role="img"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for place, (key, figures) in enumerate(signals.items()):
        left = GAP + place % ACROSS * (SIDE + GAP)
        top = TOP + place // ACROSS * (SIDE + 2 * GAP)
        lines.append(f'<g transform="translate({left} {top})">')
        lines += _panel(f"{key}, ECE {figures.ece:.3f}, {figures.rows} rows", figures.reliability)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def _panel(caption: str, bins: list[Bin]) -> Iterator[str]:
    yield f'<text x="0" y="-6">{escape(caption)}</text>'
    yield f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>'
    yield f'<line x1="0" y1="{SIDE}" x2="{SIDE}" y2="0" stroke="#999" stroke-dasharray="3 3"/>'
    total = sum(one.rows for one in bins)
    spots = [(one.said * SIDE, (1 - one.was) * SIDE, one) for one in bins]
    yield '<polyline fill="none" stroke="#246" points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in spots) + '"/>'
    for x, y, one in spots:
        radius = 2 + 8 * (one.rows / total) ** 0.5
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#246" fill-opacity="0.6">'
        yield f"<title>said {one.said:.3f}, was {one.was:.3f}, {one.rows} rows</title></circle>"
    yield f'<text x="0" y="{SIDE + 14}">0</text><text x="{SIDE - 6}" y="{SIDE + 14}">1 said</text>'
    yield f'<text x="-{GAP - 12}" y="10">1 was</text>'
