"""Whether ours holds up where counts are large and heavy-tailed and nothing is known of the volume, as in NAB's tweets.

NAB's files are not ours to ship, so series like them are drawn: 20 or 200 mentions an hour with a daily rhythm, a level
that wanders, and about two everyday bursts a week whose heights follow a Pareto law (exponent 1.5) and which fade over
hours. Those are noise: whoever alarms on them pays with false alarms. Events are added as on the desks of
`bench/detectors.py`, sized by the deviation of a day's sum, and everything is measured as there: thresholds set on
event-free series of one seed, the rest measured on another.

Prints `heavy.NAME.pod_per_quarter` and the like for ours and the comparators that need no volume.

Run: python bench/heavy.py [SERIES_PER_LEVEL] [DETECTOR,DETECTOR...]
"""

import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from detectors import (
    DAY,
    DETECTORS,
    HOURS,
    MEASURED_ON,
    PER_QUARTER,
    PER_YEAR,
    SET_ON,
    Desk,
    add_events,
    detections,
    episodes,
    threshold,
    wander,
)
from numpy.random import Generator
from scipy.signal import lfilter

from warn.baseline import Array

LEVELS = (20.0, 200.0)
BURSTS = 100 * HOURS / 8760  # a series, in a year a hundred
FADE = 3.0  # hours
COMPARED = ("share", "windows", "ears_c2_day", "ears_c2_hourly", "z_week", "poisson", "day_ears_c2", "day_epitweetr")


def main() -> None:
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(f"machine\t{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"heavy.series_years\t{series * len(LEVELS)}")
    quiet = [draw(level, series, SET_ON, events=False) for level in LEVELS]
    held_out = [draw(level, series, MEASURED_ON, events=False) for level in LEVELS]
    eventful = [draw(level, series, MEASURED_ON, events=True) for level in LEVELS]
    for name in sys.argv[2].split(",") if len(sys.argv) > 2 else COMPARED:
        calm, calm_held_out, busy = ([DETECTORS[name](desk) for desk in desks] for desks in (quiet, held_out, eventful))
        grace = DAY - 1 if name.startswith("day_") else 0
        for words, rate in (("per_quarter", PER_QUARTER), ("per_year", PER_YEAR)):
            bar = threshold(calm, rate)
            hits = [
                hit for scores, desk in zip(busy, eventful, strict=True) for hit in detections(scores, desk, bar, grace)
            ]
            print(f"heavy.{name}.pod_{words}\t{np.mean([delay is not None for _, delay in hits]):.3f}")
            often = np.mean([episodes(scores, bar) for scores in calm_held_out])
            print(f"heavy.{name}.false_alarms_{words}\t{often / rate:.2f}", flush=True)


def draw(level: float, series: int, seed: int, *, events: bool) -> Desk:
    """Draw series with everyday bursts; nothing but the count is known."""
    random = np.random.default_rng([seed, int(level)])
    hour = np.arange(HOURS)
    rhythm = np.exp(0.6 * np.sin(2 * np.pi * (hour % 24 - 9) / 24))
    rhythm = rhythm / rhythm.mean()
    mean = level * rhythm * np.exp(wander(random, series, 0.25, 48)) * (1 + everyday(random, series))
    flagged = random.poisson(mean).astype(float)
    scanned = np.ones_like(flagged)
    # A day's sum varies much more than a Poisson; the factor is what such a day's variance is to its mean.
    days = flagged.reshape(series, -1, DAY).sum(2)
    spread = float(np.median(days.var(axis=1) / days.mean(axis=1)))
    added = list(add_events(random, level, spread, flagged, np.zeros_like(flagged))) if events else []
    return Desk(flagged, scanned, added)


def everyday(random: Generator, series: int) -> Array:
    """Draw bursts of Pareto heights that fade, as factors on the level."""
    starts = (random.random((series, HOURS)) < BURSTS / HOURS) * np.minimum(random.pareto(1.5, (series, HOURS)), 50)
    fading: Array = lfilter([1], [1, -np.exp(-1 / FADE)], starts, axis=1)
    return fading


if __name__ == "__main__":
    main()
