"""How many events each detector finds when all may be wrong equally seldom, on a simulated desk.

Every detector runs on the same series: ours and some comparators by the hour, the standard methods of `warn.standard`
by the day, whose verdict falls when the day ends. Its threshold is set on event-free series of one seed so that it
gives one false alarm per series and quarter; false alarms and detections are then measured on another seed. An event
counts as found if an alarm falls between its first extra post and the time by which 95 of 100 of its posts have come.

The desk: five kinds of noise (Poisson, overdispersed, clustered, drifting share, shocks and outages of volume) by four
levels (1 to 300 flagged posts a day); a year per series after twelve weeks of history; events as Noufaily et al. (2013)
make them: Poisson(k standard deviations of a day) posts, k in 4, 8, 16, spread log-normally over hours (spike), a day
(burst) or days (build-up).

Prints `name<TAB>value` lines; `detectors.pod_per_quarter` is ours, `detectors.NAME.pod_per_quarter` a comparator:
the strongest of five windows, which ours was before, the same without volume, two charts on the share by the hour (28
days of history, rises of up to three days), EARS C2 on hours and on sliding days, a z-score over seven days and Poisson
exceedance over 28 days; `day_NAME` are the standard methods on days, with their authors' settings but for the threshold
(Farrington is left out: it needs years of history). Some begin anew at their own threshold, so that little can be read
off for a stricter one: `_strictest` are run with thirty thresholds and score by the strictest at which they alarm, and
so is Kleinberg's by what going up costs. epitweetr's deviation is half a post at least here, as that of EARS is.
`detectors.confirmed` is ours after an analyst has confirmed what it found. False alarms are printed as multiples of
what was asked for: on average, in the worst cell, and `between_events`, in the calm hours of the eventful desks;
`chance_worst_cell` is what the worst of 20 cells would show (in the middle of many such runs) if all had the same rate;
`detectors.desk_week_W` for W a week over all series. The last lines, a table, say the same again for docs/warning.md.

Run: python bench/detectors.py [SERIES_PER_CELL] [DETECTOR,DETECTOR...]
"""

import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import gammainc

from warn import combined, detectors
from warn.baseline import Array, Design
from warn.standard.eears import Eears
from warn.standard.kleinberg import Kleinberg
from warn.standard.protocol import Detector as Standard
from warn.standard.protocol import Verdict
from warn.standard.registry import STANDARD, WEEKLY_ONLY
from warn.standard.share_charts import ShareGeneralisedLikelihoodRatio, ShareLikelihoodRatio

LEVELS = (0.05, 0.3, 2.0, 12.0)  # flagged posts an hour
NOISES = ("poisson", "overdispersed", "clustered", "drifting", "shocks")
SIZES = (4, 8, 16)
SHAPES = {"spike": np.log(2.0), "burst": np.log(18.0), "build": np.log(72.0)}
SPREAD = 0.5
HISTORY = 84 * 24
YEAR = 365 * 24
HOURS = HISTORY + YEAR
QUIET = 24  # hours without an alarm end an episode
AFTER = 96  # hours after an event's last posts, from which on an alarm is a false one
SET_ON, MEASURED_ON = 307, 401  # seeds that nobody tuned on
DAY = 24
PER_QUARTER, PER_YEAR = 4.0, 1.0  # false alarms per series and year
RATES = {"per_quarter": PER_QUARTER, "per_year": PER_YEAR}
LONGEST = 72  # hours over which the charts by the hour look for a rise


@dataclass(frozen=True)
class Event:
    """Extra posts in one series between two hours."""

    series: int
    first: int
    last: int
    size: int
    shape: str


@dataclass(frozen=True)
class Desk:
    """Flagged and scanned posts by the hour, of shape (series, hours), and what was added to them."""

    flagged: Array
    scanned: Array
    events: list[Event]


def main() -> None:
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(f"machine\t{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"detectors.series_years\t{series * len(LEVELS) * len(NOISES)}")
    quiet = [simulate(noise, level, series, SET_ON, events=False) for noise, level in cells()]
    held_out = [simulate(noise, level, series, MEASURED_ON, events=False) for noise, level in cells()]
    eventful = [simulate(noise, level, series, MEASURED_ON, events=True) for noise, level in cells()]
    for words, rate in RATES.items():
        drawn = np.random.default_rng(0).poisson(rate * series, (2000, len(quiet))).max(axis=1)
        print(f"detectors.chance_worst_cell_{words}\t{np.median(drawn) / rate / series:.2f}")
    chosen = sys.argv[2].split(",") if len(sys.argv) > 2 else list(DETECTORS)
    table = [row for name in chosen for row in report(name, DETECTORS[name], quiet, held_out, eventful)]
    print(f"detectors.microseconds_per_series_hour\t{cost(eventful[0]):.2f}")
    for row in table:
        print(row.row())


def report(
    name: str, detector: "Detector", quiet: list[Desk], held_out: list[Desk], eventful: list[Desk]
) -> list["Measured"]:
    """Set the threshold on one set of desks, measure on the others, print; return what belongs into the table."""
    calm = [detector(desk) for desk in quiet]
    calm_held_out = [detector(desk) for desk in held_out]
    busy = [detector(desk) for desk in eventful]
    rows = [Measured(name, {})]
    for words, rate in RATES.items():
        bar = threshold(calm, rate)
        rows[0].figures[words] = figures(name, calm_held_out, busy, eventful, bar, rate)
        if name == "share":
            again = [remembered(scores, desk, bar) for scores, desk in zip(busy, eventful, strict=True)]
            rows = rows[:1] + (rows[1:] or [Measured("confirmed", {})])
            rows[1].figures[words] = figures(name, calm_held_out, again, eventful, bar, rate)
    for row in rows:
        for words, found in row.figures.items():
            for figure, value in found.items():
                if not figure.endswith("_hours"):
                    print(f"{row.stem}{figure}_{words}\t{value:.{3 if figure == 'pod' else 2}f}")
                elif words == "per_quarter":
                    print(f"{row.stem}{figure}\t{value:.1f}")
    if name == "share":
        watched = sum(len(desk.flagged) for desk in held_out)
        for week in (10, 3, 2, 1, 0.5):
            bar = combined.threshold(min(1.0, 13 * week / watched))
            a_year = sum(episodes(scores, bar) * len(scores) for scores in calm_held_out)
            print(f"detectors.desk_week_{week}\t{a_year / 52 / week:.2f}")
        bar = combined.threshold(1.0)
        print(f"detectors.false_alarms_shipped\t{np.mean([episodes(scores, bar) for scores in calm_held_out]) / 4:.2f}")
    sys.stdout.flush()
    return rows


@dataclass(frozen=True)
class Measured:
    """What one detector showed: figures by name, for each rate of false alarms that its threshold was set to."""

    name: str
    figures: dict[str, dict[str, float]]

    @property
    def stem(self) -> str:
        """How the names of its figures begin."""
        return "detectors." if self.name == "share" else f"detectors.{self.name}."

    def row(self) -> str:
        """Write it as a row of a table: found, hours by shape, false alarms (all, worst cell, between events)."""
        quarter, year = (self.figures[words] for words in RATES)
        hours = " / ".join(f"{quarter[f'{shape}_hours']:.0f}" for shape in SHAPES)
        often = [f"{quarter[name]:.2f} / {year[name]:.2f}" for name in ("false_alarms", "worst_cell", "between_events")]
        return " | ".join(["", self.name, f"{quarter['pod']:.3f} / {year['pod']:.3f}", hours, *often, ""]).strip()


def figures(
    name: str, calm: list[Array], busy: list[Array], eventful: list[Desk], bar: float, rate: float
) -> dict[str, float]:
    """Measure what a bar finds on the eventful desks, how soon, and how often it is wrong as multiples of `rate`."""
    # A day that is judged when it ends may be judged after the last post.
    grace = DAY - 1 if name.startswith("day_") else 0
    found = [hit for scores, desk in zip(busy, eventful, strict=True) for hit in detections(scores, desk, bar, grace)]
    per_cell = [episodes(scores, bar) for scores in calm]
    between = [episodes_between(scores, desk, bar) for scores, desk in zip(busy, eventful, strict=True)]
    measured = {
        "pod": np.mean([delay is not None for _, delay in found]),
        "false_alarms": np.mean(per_cell) / rate,
        "worst_cell": max(per_cell) / rate,
        "between_events": np.mean(between) / rate,
    }
    for shape in SHAPES:
        delays = [delay for event, delay in found if event.shape == shape and delay is not None]
        measured[f"{shape}_hours"] = np.median(delays) if delays else np.nan
    return {key: float(value) for key, value in measured.items()}


def remembered(scores: Array, desk: Desk, bar: float) -> Array:
    """Score again with what an analyst has confirmed left out of the history, as `warn.confirmed` does.

    Confirmed is an event that alarmed, from a day before its first alarm until its last; the guard of a day keeps the
    confirmation from being used before it could have been given.
    """
    kept = np.ones_like(scores)
    for event in desk.events:
        alarms = np.flatnonzero(scores[event.series, event.first : event.last + 1] > bar)
        if len(alarms):
            start, end = event.first + alarms[0] - QUIET, event.first + alarms[-1] + 1
            kept[event.series, start:end] = 0
    return combined.surge(desk.flagged, desk.scanned, Design(), kept).score


def cells() -> Iterator[tuple[str, float]]:
    return ((noise, level) for noise in NOISES for level in LEVELS)


def simulate(noise: str, level: float, series: int, seed: int, *, events: bool) -> Desk:
    """Draw one cell: a year and its history of every series."""
    random = np.random.default_rng([seed, NOISES.index(noise), int(level * 1000)])
    hour = np.arange(HOURS)
    daily = np.exp(0.9 * np.sin(2 * np.pi * (hour % 24 - 9) / 24))
    weekly = np.array([1, 1, 1, 1, 1.05, 1.25, 1.2])[hour // 24 % 7]
    rhythm = daily * weekly / (daily * weekly).mean()
    collected = rhythm * np.exp(wander(random, series, 0.15, 12) + wander(random, series, 0.10, 168))
    share, phi = share_of(noise, random, series)
    lifted, offtopic, dark = volume_shocks(random, series) if noise == "shocks" else (1.0, 1.0, None)
    scanned = random.poisson(max(200.0, level * 60) * collected * lifted * offtopic).astype(float)
    mean = level * collected * lifted * share
    if phi == 1:
        flagged = random.poisson(mean).astype(float)
    else:
        flagged = random.negative_binomial(mean / (phi - 1) + 1e-12, 1 / phi).astype(float)
    added = list(add_events(random, level, phi, flagged, scanned)) if events else []
    if dark is not None:
        for counts in (flagged, scanned):
            backfill(counts, dark)
    return Desk(flagged, scanned, added)


def share_of(noise: str, random: Generator, series: int) -> tuple[Array | float, float]:
    """Return the factor on the share and the dispersion of the counts."""
    hour = np.arange(HOURS)
    if noise == "poisson":
        return 1.0, 1.0
    if noise == "overdispersed":
        return 1.0, 2.0
    if noise == "clustered":
        return np.exp(wander(random, series, 0.35, 8) + wander(random, series, 0.2, 72)), 1.3
    if noise == "drifting":
        slope = random.uniform(-np.log(2), np.log(2), (series, 1)) * (hour / YEAR - 0.5)
        night = 0.4 * np.cos(2 * np.pi * (hour % 24 - 2) / 24)
        return np.exp(slope + night + wander(random, series, 0.25, 24 * 30)), 1.3
    return np.exp(wander(random, series, 0.2, 24)), 1.3


def volume_shocks(random: Generator, series: int) -> tuple[Array, Array, Array]:
    """Return factors on everything, factors on unflagged posts alone, and the hours without collection."""
    lifted, offtopic = np.ones((series, HOURS)), np.ones((series, HOURS))
    dark = np.zeros((series, HOURS))
    for row in range(series):
        for _ in range(random.poisson(12)):
            start, length = random.integers(0, HOURS - 80), random.integers(12, 73)
            (lifted if random.random() < 0.5 else offtopic)[row, start : start + length] *= random.uniform(2.5, 5)
        lifted[row, random.integers(HOURS // 3, 2 * HOURS // 3) :] *= 1.6  # a source is added
        for _ in range(random.poisson(12)):
            start = random.integers(0, HOURS - 40)
            dark[row, start : start + random.integers(3, 13)] = 1
    return lifted, offtopic, dark


def add_events(random: Generator, level: float, phi: float, flagged: Array, scanned: Array) -> Iterator[Event]:
    """Add extra posts to the counts in place, three to five weeks apart."""
    deviation = np.sqrt(max(phi, 1) * 24 * level)
    for row in range(len(flagged)):
        start = HISTORY + int(random.integers(0, 20 * 24))
        while start < HOURS - 20 * 24:
            size, shape = int(random.choice(SIZES)), str(random.choice(list(SHAPES)))
            posts = max(2, random.poisson(size * deviation))
            hours = np.floor(random.lognormal(SHAPES[shape], SPREAD, posts)).astype(int)
            hours -= hours.min()
            hours = hours[hours < 14 * 24]
            np.add.at(flagged[row], start + hours, 1)
            np.add.at(scanned[row], start + hours, 1)
            last = start + max(int(np.quantile(hours, 0.95)), 5)
            yield Event(row, start, last, size, shape)
            start += int(random.integers(21 * 24, 39 * 24))


def backfill(counts: Array, dark: Array) -> None:
    """Move what was published while nothing was collected into the two hours after."""
    for row, hours in enumerate(dark):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], hours, [0]])))
        for start, end in edges.reshape(-1, 2):
            missed = counts[row, start:end].sum()
            counts[row, start:end] = 0
            late = min(end, HOURS - 2)
            counts[row, late] += np.floor(missed / 2)
            counts[row, late + 1] += missed - np.floor(missed / 2)


def wander(random: Generator, series: int, deviation: float, hours: float) -> Array:
    """Draw noise that forgets itself over `hours`; the mean of its exponential is 1."""
    keep = np.exp(-1 / hours)
    steps = random.standard_normal((series, HOURS)) * deviation * np.sqrt(1 - keep**2)
    noise: Array = lfilter([1], [1, -keep], steps, axis=1) - deviation**2 / 2
    return noise


# --- detectors: desks in, scores of shape (series, hours) out; higher is stranger -------------------------------------

Detector = Callable[[Desk], Array]


def share(desk: Desk) -> Array:
    """Ours."""
    return combined.surge(desk.flagged, desk.scanned, Design()).score


def windows(desk: Desk) -> Array:
    """The strongest of five windows, each with the same part of the budget."""
    return in_parts(desk.flagged, desk.scanned)


def counts(desk: Desk) -> Array:
    """The strongest of five windows, told nothing of the volume."""
    return in_parts(desk.flagged, np.ones_like(desk.flagged))


def in_parts(y: Array, n: Array) -> Array:
    """Score a few series at a time, which fits into the processor's cache."""
    parts = [slice(start, start + 16) for start in range(0, len(y), 16)]
    return np.concatenate([detectors.surge(y[rows], n[rows], Design()).score for rows in parts])


def ears_c2_hourly(desk: Desk) -> Array:
    """EARS C2 with hours for days: mean and deviation of seven values, two left out."""
    return z_score(desk.flagged, trail(desk.flagged, 7, 3), trail(desk.flagged**2, 7, 3), 7)


def ears_c2_day(desk: Desk) -> Array:
    """EARS C2 on sliding days: the last 24 hours against seven such days, two left out."""
    day = trail(desk.flagged, 24, 0)
    blocks = np.stack([shift(day, 24 * (back + 3)) for back in range(7)])
    return z_score(day, blocks.sum(0), (blocks**2).sum(0), 7)


def z_week(desk: Desk) -> Array:
    """Deviations from the mean of the last week's hours."""
    return z_score(desk.flagged, trail(desk.flagged, 168, 1), trail(desk.flagged**2, 168, 1), 168)


def poisson(desk: Desk) -> Array:
    """Poisson exceedance of an hour over 28 days."""
    mean = (trail(desk.flagged, 28 * 24, 24) + 0.5) / (28 * 24)
    p = np.where(desk.flagged > 0, gammainc(np.maximum(desk.flagged, 1), mean), 1.0)
    return -np.log10(np.maximum(p, 1e-300))


def glr_share(desk: Desk) -> Array:
    """A rise of any size of the share since any of the last hours, against 28 days."""
    chart = ShareGeneralisedLikelihoodRatio(baseline=28 * DAY, guard=LONGEST, longest=LONGEST)
    return a_few(chart, desk.flagged, desk.scanned)


def likelihood_ratio_share(desk: Desk) -> Array:
    """A doubling of the share, charted by the hour against 28 days: a negative-binomial CUSUM."""
    return a_few(ShareLikelihoodRatio(baseline=28 * DAY, guard=DAY), desk.flagged, desk.scanned)


def a_few(detector: Standard, y: Array, n: Array) -> Array:
    """Judge two series at a time: every hour holds a window of 28 days."""
    parts = [slice(start, start + 2) for start in range(0, len(y), 2)]
    scores = np.concatenate([detector.evaluate(y[rows], n[rows]).score for rows in parts])
    return np.nan_to_num(scores, nan=-np.inf)


@dataclass(frozen=True)
class Strictest:
    """A method that begins anew at its threshold, scored by the strictest of several at which it alarms."""

    name: str
    at: Callable[[float], Standard]
    thresholds: tuple[float, ...]

    def evaluate(self, observed: Array, volume: Array) -> Verdict:
        """Judge the slots at every threshold, the mildest first; 0 where none is met."""
        score = np.zeros(observed.shape)
        for bar in self.thresholds:
            verdict = self.at(bar).evaluate(observed, volume)
            score[verdict.alarm] = bar
        return replace(verdict, score=score)


def by_day(detector: Standard) -> Detector:
    """Return a standard method on whole days; its score stands in the last hour of each."""

    def judge(desk: Desk) -> Array:
        days = [x.reshape(len(x), -1, DAY).sum(2) for x in (desk.flagged, desk.scanned)]
        scores = np.full(desk.flagged.shape, -np.inf)
        scores[:, DAY - 1 :: DAY] = np.nan_to_num(detector.evaluate(*days).score, nan=-np.inf, neginf=-np.inf)
        return scores

    return judge


STANDARD_HERE: dict[str, Standard] = {
    **{name: entry.detector for name, entry in STANDARD.items() if name not in WEEKLY_ONLY},
    "epitweetr": Eears(min_sigma=0.5),
    "kleinberg": Strictest("kleinberg", lambda bar: Kleinberg(gamma=bar), tuple(np.geomspace(1, 300, 30))),
    **{
        f"{name}_strictest": Strictest(
            name,
            lambda bar, chart=STANDARD[name].detector: replace(chart, threshold=bar),
            tuple(np.geomspace(3, 300, 30)),
        )
        for name in ("likelihood_ratio", "glr", "glr_negative_binomial")
    },
}
DETECTORS: dict[str, Detector] = {
    "share": share,
    "windows": windows,
    "counts": counts,
    "glr_share": glr_share,
    "likelihood_ratio_share": likelihood_ratio_share,
    "ears_c2_day": ears_c2_day,
    "ears_c2_hourly": ears_c2_hourly,
    "z_week": z_week,
    "poisson": poisson,
    **{f"day_{name}": by_day(detector) for name, detector in STANDARD_HERE.items()},
}


def z_score(value: Array, total: Array, squares: Array, count: int) -> Array:
    mean = total / count
    variance = np.maximum(squares / count - mean**2, 0) * count / (count - 1)
    return (value - mean) / np.maximum(np.sqrt(variance), 0.5)


def trail(x: Array, length: int, lag: int) -> Array:
    """Sum `length` hours that end `lag` hours before, 0 with the hour itself."""
    total = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
    end = np.maximum(np.arange(1, x.shape[1] + 1) - lag, 0)
    sums: Array = total[:, end] - total[:, np.maximum(end - length, 0)]
    return sums


def shift(x: Array, hours: int) -> Array:
    return np.concatenate([np.zeros((len(x), hours)), x[:, :-hours]], axis=1)


# --- measuring --------------------------------------------------------------------------------------------------------


def threshold(calm: list[Array], per_year: float) -> float:
    """Return the score above which event-free desks give `per_year` episodes per series and year."""
    everything = np.concatenate([scores[:, HISTORY:].ravel() for scores in calm])
    finite = everything[np.isfinite(everything)]
    # Not from the lowest score on: whoever alarms all the time does so in one episode a year.
    low, high = np.quantile(finite, 0.9), finite.max()
    for _ in range(40):
        middle = (low + high) / 2
        if np.mean([episodes(scores, middle) for scores in calm]) > per_year:
            low = middle
        else:
            high = middle
    return float(high)


def episodes(scores: Array, bar: float) -> float:
    """Count episodes per series and year."""
    rows, hours = np.nonzero(scores[:, HISTORY:] > bar)
    begins = np.ones(len(rows), dtype=bool)
    begins[1:] = (np.diff(rows) != 0) | (np.diff(hours) > QUIET)
    return float(begins.sum() / len(scores))


def episodes_between(scores: Array, desk: Desk, bar: float) -> float:
    """Count episodes per series and year in the hours of an eventful desk that lie well outside of its events.

    A detector that is fitted, or that keeps what it saw, may be calm where nothing ever happened and nervous where
    something did; desks without events never show it.
    """
    calm = calm_hours(desk)
    return episodes(np.where(calm, scores, -np.inf), bar) / float(calm[:, HISTORY:].mean())


def calm_hours(desk: Desk) -> NDArray[np.bool_]:
    """Tell the hours that lie well outside of events."""
    calm = np.ones(desk.flagged.shape, dtype=bool)
    for event in desk.events:
        calm[event.series, event.first - QUIET : event.last + AFTER] = False
    return calm


def detections(scores: Array, desk: Desk, bar: float, grace: int = 0) -> Iterator[tuple[Event, int | None]]:
    """Give each event with the hours until its first alarm, None when it was missed."""
    for event in desk.events:
        alarms = np.flatnonzero(scores[event.series, event.first : event.last + 1 + grace] > bar)
        yield event, int(alarms[0]) if len(alarms) else None


def cost(desk: Desk) -> float:
    began = time.perf_counter()
    share(desk)
    return 1e6 * (time.perf_counter() - began) / desk.flagged.size


if __name__ == "__main__":
    main()
