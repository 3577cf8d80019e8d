"""Fit the numbers of `warn/combined.json`: how much each window's deviation weighs in which kind of series.

The desks are those of `bench/detectors.py`, on seeds that it does not measure on. An event counts by its highest score,
and again by its highest score within the hours of `SOON`, so that what is found is found early; a quiet day counts
once, by its highest score. The fit makes the first high and the second low (logistic loss, `WEIGHT` for quiet days,
most of them drawn from the highest twentieth). Quiet are days on event-free desks and days well outside of events on
the others: with the former alone the fit finds out which series have had events, and is nervous after every one. Days
of a kind of desk that gives more than its part of the false alarms weigh more from one round to the next, so that the
budget holds in every cell and not only on average. Then the scores for given budgets are read off desks of further
seeds, so that neither those without events nor the hours between events exceed them (`--bars`).

Run: python bench/combine.py OUT.json [STEPS] [START.json]     fit, perhaps on from what is there
     python bench/combine.py --bars                             print BUDGET for warn/combined.py
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import torch
from detectors import HISTORY, calm_hours, cells, episodes, episodes_between, simulate
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Parameter
from torch.nn.functional import softplus

from warn import combined
from warn.baseline import Design

FITTED_ON, BARS_ON = (7, 5, 33, 41), (21, 61, 62, 63)
SERIES = 10  # per cell and seed
CELLS = len(list(cells()))
WINDOWS, CONTEXTS = len(combined.WIDTHS), 10
SEVERAL, HIDDEN = 5, 16  # experts for several windows; width of the layer on the context
# Deviations at which one window alone gives one false alarm a quarter: where the fit begins.
BEGIN = (3.85, 3.6, 3.4, 3.2, 2.98, 2.75, 2.6)
WEIGHT, TURN = 14.0, 0.7
ROUNDS = 10
RATE, RATE_ON = 6e-3, 4e-3  # of learning: from the beginning, and on from numbers that are there
FIRST_HOURS, MORE_HOURS = 48, 48  # of an event that are looked at: its first ones, and some spread over the rest
# Within how many hours an event should be found, and what part of its weight that has.
SOON, SOON_WEIGHS = {"spike": 2, "burst": 6, "build": 18}, 0.6
HOPELESS = 12.0  # an event that no hour tells of teaches nothing
BUDGETS = (10, 3, 1, 0.5, 0.25, 0.1, 0.05, 0.025, 0.0125)

Numbers = NDArray[np.float16]


@dataclass(frozen=True)
class Bags:
    """What is fitted: events (events, hours, numbers), quiet days (days, hours, numbers), and the days' cells.

    Cells of eventful desks are counted on after those of event-free ones.
    `soon` (events, hours) tells the hours in which an event should be found. Hours beyond an event's end hold zeros.
    """

    events: Numbers
    soon: NDArray[np.bool_]
    days: Numbers
    cell: NDArray[np.int64]


class Recorder:
    """Stands for the weights and keeps what they are shown."""

    def __init__(self) -> None:
        self.shown: list[NDArray[np.float64]] = []

    def score(self, z: NDArray[np.float64], context: NDArray[np.float64]) -> NDArray[np.float64]:
        """Keep the rows; all score nothing."""
        self.shown.append(np.concatenate([z, context], axis=1))
        return np.zeros(len(z))


class Experts(torch.nn.Module):
    """`combined.Weights.score`, with gradients."""

    def __init__(self, centre: NDArray[np.float64], scale: NDArray[np.float64]) -> None:
        super().__init__()
        experts = WINDOWS + SEVERAL
        windows = np.full((experts, WINDOWS), 0.0025)
        np.fill_diagonal(windows, 1)
        for k in range(SEVERAL):
            windows[WINDOWS + k] = np.where(np.abs(np.arange(WINDOWS) - k - 1) <= 1, 1, 0.02) / 2.2
        offset = -3 * np.array([*BEGIN, *(1.03 * bar for bar in BEGIN[1 : 1 + SEVERAL])])
        self.centre, self.scale = tensor(centre), tensor(scale)
        self.windows = Parameter(torch.log(torch.expm1(tensor(windows))))
        self.out_bias = Parameter(tensor(np.concatenate([np.full(experts, 2.95), offset])))
        self.hidden = Parameter(torch.randn(CONTEXTS, HIDDEN) * 0.4)
        self.hidden_bias = Parameter(torch.randn(HIDDEN) * 0.3)
        self.out = Parameter(torch.zeros(HIDDEN, 2 * experts))

    def forward(self, x: Tensor) -> Tensor:
        """Score rows of z, context, and whether they may be told at all."""
        z, context, told = x[..., :WINDOWS], x[..., WINDOWS:-1], x[..., -1]
        c = torch.clamp((context - self.centre) / self.scale, -combined.WITHIN, combined.WITHIN)
        weight, offset = (torch.tanh(c @ self.hidden + self.hidden_bias) @ self.out + self.out_bias).chunk(2, dim=-1)
        evidence = softplus(weight) * (z @ softplus(self.windows).T) + offset
        return torch.logsumexp(evidence, -1) - 50 * (1 - told)

    def store(self, path: Path) -> None:
        """Write the numbers as `warn.combined` reads them."""
        names = ("centre", "scale", "hidden", "hidden_bias", "out", "out_bias")
        numbers = {name: getattr(self, name) for name in names} | {"windows": softplus(self.windows)}
        path.write_text(
            json.dumps({name: np.round(value.detach().numpy(), 4).tolist() for name, value in numbers.items()})
        )

    def load(self, path: Path) -> None:
        """Go on from stored numbers."""
        with torch.no_grad():
            for name, values in json.loads(path.read_text()).items():
                found = tensor(np.array(values))
                getattr(self, name).copy_(torch.log(torch.expm1(found.clamp_min(1e-3))) if name == "windows" else found)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if sys.argv[1:] == ["--bars"]:
        print_bars()
        return
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    bags = gather(FITTED_ON)
    known = bags.days.reshape(-1, bags.days.shape[-1])[::11, WINDOWS:-1].astype(np.float64)
    experts = Experts(known.mean(axis=0), known.std(axis=0) + 1e-3)
    if len(sys.argv) > 3:
        experts.load(Path(sys.argv[3]))
    fit(experts, bags, steps, RATE_ON if len(sys.argv) > 3 else RATE)
    experts.store(Path(sys.argv[1]))


def gather(seeds: tuple[int, ...]) -> Bags:
    """Simulate the desks and show each hour to the recorder."""
    events, soon, days, of_cell = [], [], [], []
    for seed in seeds:
        for number, (noise, level) in enumerate(cells()):
            quiet = simulate(noise, level, SERIES, seed, events=False)
            shown = numbers(quiet.flagged, quiet.scanned)[:, HISTORY:]
            days.append(shown.reshape(-1, 24, shown.shape[-1]))
            of_cell.append(np.full(len(days[-1]), number))
            busy = simulate(noise, level, SERIES, seed, events=True)
            shown = numbers(busy.flagged, busy.scanned)
            calm = calm_hours(busy)[:, HISTORY:].reshape(-1, 24).all(axis=1)
            days.append(shown[:, HISTORY:].reshape(-1, 24, shown.shape[-1])[calm])
            of_cell.append(np.full(len(days[-1]), CELLS + number))
            for event in busy.events:
                hours = looked_at(event.last - event.first + 1)
                bag = np.zeros((FIRST_HOURS + MORE_HOURS, shown.shape[-1]), dtype=np.float16)
                bag[: len(hours)] = shown[event.series, event.first + hours]
                events.append(bag)
                soon.append(np.arange(len(bag)) <= SOON[event.shape])
    return Bags(np.stack(events), np.stack(soon), np.concatenate(days), np.concatenate(of_cell))


def looked_at(length: int) -> NDArray[np.int64]:
    """Return the hours of an event that are looked at, from 0; it may be shorter than all of them."""
    if length <= FIRST_HOURS + MORE_HOURS:
        return np.arange(length)
    return np.concatenate([np.arange(FIRST_HOURS), np.linspace(FIRST_HOURS, length - 1, MORE_HOURS).astype(np.int64)])


def numbers(y: NDArray[np.float64], n: NDArray[np.float64]) -> Numbers:
    """Return (series, hours, numbers): z of each window, the context, and whether the hour may be told."""
    blocks = []
    for start in range(0, len(y), combined.BLOCK):
        rows = slice(start, start + combined.BLOCK)
        recorder = Recorder()
        found = combined.surge(y[rows], n[rows], Design(), weights=recorder)
        block = np.zeros((*found.score.shape, WINDOWS + CONTEXTS + 1), dtype=np.float16)
        block[found.width > 0, :-1] = recorder.shown[0]
        block[..., -1] = np.isfinite(found.score)
        blocks.append(block)
    return np.concatenate(blocks)


def fit(experts: Experts, bags: Bags, steps: int, rate: float) -> None:
    """Fit in rounds; after each the hardest days and the weights of the cells are taken anew."""
    random = np.random.default_rng(0)
    optimizer = torch.optim.Adam(experts.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    weigh = np.ones(int(bags.cell.max()) + 1)
    for turn in range(ROUNDS):
        scores = highest(experts, bags.days)
        hard = np.argsort(-scores)[: len(scores) // 20]
        weigh = np.clip(weigh * np.clip(excess(scores, bags.cell), 0.2, 4) ** TURN, 0.15, 6)
        weigh /= weigh.mean()
        for _ in range(steps * turn // ROUNDS, steps * (turn + 1) // ROUNDS):
            event = random.integers(0, len(bags.events), 500)
            day = np.concatenate([random.integers(0, len(bags.days), 600), random.choice(hard, 1200)])
            part = np.concatenate([np.full(600, 1 / 600), np.full(1200, len(hard) / len(bags.days) / 1200)])
            found = missed(experts, bags.events[event], bags.soon[event])
            false = (softplus(highest_of(experts, bags.days[day])) * tensor(part * weigh[bags.cell[day]])).sum()
            optimizer.zero_grad()
            (found + WEIGHT * false).backward()
            optimizer.step()
            schedule.step()
        loss = float((found + WEIGHT * false).detach())
        print(f"# round {turn}: loss {loss:.3f}, weights up to {weigh.max():.2f}", flush=True)


def missed(experts: Experts, events: Numbers, soon: NDArray[np.bool_]) -> Tensor:
    """Return the loss of events that score low, at all and within the hours in which they should be found."""
    scored = experts(tensor(events))
    early = torch.where(torch.from_numpy(soon), scored, torch.full_like(scored, -50))
    at_all, in_time = (softplus(-scores.max(dim=1).values).clamp(max=HOPELESS).mean() for scores in (scored, early))
    return (1 - SOON_WEIGHS) * at_all + SOON_WEIGHS * in_time


def excess(scores: NDArray[np.float64], cell: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how many times its part of the false alarms each cell gives, between four and one a year."""
    parts = []
    for per_year in (4.0, 1.0):
        bar = np.quantile(scores, 1 - 1.25 * per_year / 365)
        parts.append(np.bincount(cell, weights=scores > bar) / np.bincount(cell) / np.mean(scores > bar))
    return np.sqrt(parts[0] * parts[1])


def highest(experts: Experts, days: Numbers) -> NDArray[np.float64]:
    with torch.no_grad():
        parts = [highest_of(experts, days[start : start + 8000]).numpy() for start in range(0, len(days), 8000)]
    return np.concatenate(parts)


def highest_of(experts: Experts, bags: Numbers) -> Tensor:
    scored: Tensor = experts(tensor(bags)).max(dim=1).values
    return scored


def tensor(values: NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))


def print_bars() -> None:
    """Print the score for each budget: episodes on event-free desks, and between events on the others."""
    calm, busy = [], []
    for seed in BARS_ON:
        for noise, level in cells():
            for desks, events in ((calm, False), (busy, True)):
                desk = simulate(noise, level, SERIES, seed, events=events)
                desks.append((combined.surge(desk.flagged, desk.scanned, Design()).score, desk))
    for budget in BUDGETS:
        low, high = -10.0, 30.0
        for _ in range(25):
            middle = (low + high) / 2
            without = np.mean([episodes(scores, middle) for scores, _ in calm])
            between = np.mean([episodes_between(scores, desk, middle) for scores, desk in busy])
            low, high = (middle, high) if max(without, between) > 4 * budget else (low, middle)
        print(f"({budget}, {high:.2f}),")


if __name__ == "__main__":
    main()
