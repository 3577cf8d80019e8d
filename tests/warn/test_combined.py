"""All windows together: they alarm on a rise of the share, and on nothing else."""

import numpy as np
import pytest

from warn import combined
from warn.baseline import Array, Design, learn

DESIGN = Design()
HOURS = (DESIGN.memory + 1) * 24


def desk(rate: float = 0.02, scanned: float = 50, hours: int = HOURS, series: int = 4) -> tuple[Array, Array]:
    random = np.random.default_rng(5)
    return random.poisson(rate * scanned, (series, hours)).astype(float), np.full((series, hours), scanned)


def last_scores(y: Array, n: Array) -> Array:
    return combined.surge(y, n, DESIGN).score[:, -1]


def test_a_larger_budget_asks_for_less() -> None:
    bars = [combined.threshold(budget) for budget in (10, 3, 1, 0.25, 0.1, 0.0125, 0.001)]
    assert bars == sorted(bars)


@pytest.mark.parametrize(("hours", "extra"), [(1, 12), (6, 4), (24, 2), (72, 1.5)])
def test_a_rise_is_found_however_long_it_takes(hours: int, extra: float) -> None:
    y, n = desk(rate=0.01)
    y[:, -hours:] += extra
    assert (last_scores(y, n) > combined.threshold(1)).all()


def test_the_strongest_window_tells_the_counts() -> None:
    y, n = desk(rate=0.01)
    y[:, -3:] += 7
    surge = combined.surge(y, n, DESIGN)
    assert set(surge.width[:, -1]) <= {3, 6}
    assert (surge.observed[:, -1] > 4 * surge.expected[:, -1]).all()
    assert (surge.p[:, -1] < 1e-6).all()


def test_a_quiet_desk_is_left_alone() -> None:
    assert (last_scores(*desk(series=40)) < combined.threshold(0.1)).all()


def test_more_of_everything_is_no_rise() -> None:
    y, n = desk()
    n[:, -24:] *= 5
    y[:, -24:] = np.random.default_rng(6).poisson(0.02 * n[:, -24:])
    assert (last_scores(y, n) < combined.threshold(1)).all()


def test_nothing_flagged_and_two_posts_are_no_surge_however_rare() -> None:
    y, n = desk(rate=0)
    assert (last_scores(y, n) == -np.inf).all()
    y[:, -1] = 2
    assert (last_scores(y, n) == -np.inf).all()
    y[:, -1] = 4
    assert (last_scores(y, n) > combined.threshold(1)).all()


def test_a_short_history_says_nothing() -> None:
    y, n = desk(hours=14 * 24)
    y[:, -1] = 50
    assert (last_scores(y, n) == -np.inf).all()


def test_what_rose_for_days_leaves_the_history_by_itself() -> None:
    y, n = desk(rate=0.01)
    calm = learn(y, n, DESIGN).mu[:, -1]
    y[:, -10 * 24 : -8 * 24] += 1  # too slow a rise for the cap on single hours
    assert learn(y, n, DESIGN).mu[:, -1] == pytest.approx(calm, rel=0.1)


def test_a_rise_that_stays_becomes_the_normal() -> None:
    y, n = desk(rate=0.02)
    y[:, -30 * 24 :] *= 4
    assert (learn(y, n, DESIGN).mu[:, -1] > 2.5).all()


def test_one_hour_is_scored_as_the_whole_history_is() -> None:
    y, n = desk(series=20)
    y[:10, -5:] += 3
    for hours in (HOURS, HOURS - 9, HOURS - 23):
        known = combined.facts(y[:, :hours], n[:, :hours], DESIGN)
        tail = slice(hours - combined.REACH, hours)
        now = combined.look(known, y[:, tail], n[:, tail], (hours - 1) % 24, DESIGN)
        assert now.score == pytest.approx(combined.surge(y[:, :hours], n[:, :hours], DESIGN).score[:, -1], rel=1e-9)


def test_no_evidence_counts_against() -> None:
    assert (combined.fitted().windows >= 0).all()
