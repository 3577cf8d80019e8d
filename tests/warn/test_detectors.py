"""Detectors: the share test alarms on a rise of the share, and on nothing else."""

import numpy as np
import pytest
from scipy.stats import nbinom

from warn import detectors
from warn.baseline import Array, Design, learn

DESIGN = Design()
HOURS = 60 * 24


def desk(rate: float = 0.02, scanned: float = 50, hours: int = HOURS, series: int = 4) -> tuple[Array, Array]:
    random = np.random.default_rng(5)
    return random.poisson(rate * scanned, (series, hours)).astype(float), np.full((series, hours), scanned)


def last_score(y: Array, n: Array) -> float:
    return float(detectors.surge(y, n, DESIGN).score[:, -1].max())


def test_the_tail_is_that_of_a_negative_binomial() -> None:
    observed, mean, variance = np.array([5.0, 23.0]), np.array([2.0, 6.1]), np.array([3.0, 9.0])
    size, chance = mean**2 / (variance - mean), mean / variance
    assert detectors.tail(observed, mean, variance) == pytest.approx(nbinom.sf(observed - 1, size, chance))


def test_the_budget_is_the_measured_score() -> None:
    assert [detectors.threshold(k) for k in (3, 1, 0.25)] == pytest.approx([1.44, 2.13, 3.06])
    assert detectors.threshold(10) < detectors.threshold(2) < detectors.threshold(0.5) < detectors.threshold(0.1)


def test_the_expected_count_follows_the_volume() -> None:
    y, n = desk(series=200)
    n[:, -1] = 500
    base = learn(y, n, DESIGN)
    assert base.mu[:, -1].mean() == pytest.approx(10, rel=0.1)
    assert base.mu[:, -2].mean() == pytest.approx(1, rel=0.1)


def test_the_hour_of_the_day_is_learned() -> None:
    random = np.random.default_rng(2)
    night = np.where(np.arange(HOURS) % 24 < 6, 3.0, 1.0)
    y, n = random.poisson(night, (100, HOURS)).astype(float), np.full((100, HOURS), 50.0)
    mu = learn(y, n, DESIGN).mu[:, -24:].mean(0)
    assert mu[:6].mean() > 2 * mu[6:].mean()


def test_a_past_outbreak_does_not_raise_the_bar() -> None:
    y, n = desk()
    calm = learn(y, n, DESIGN).mu[:, -1]
    y[:, -200:-180] += 30
    assert learn(y, n, DESIGN).mu[:, -1] == pytest.approx(calm, rel=0.25)


def test_the_guard_keeps_a_build_up_out_of_its_own_history() -> None:
    y, n = desk()
    before = learn(y, n, DESIGN).mu[:, -1]
    y[:, -24:] += 5
    assert learn(y, n, DESIGN).mu[:, -1] == pytest.approx(before)


@pytest.mark.parametrize(("hours", "extra", "width"), [(1, 12, 1), (6, 4, 6), (24, 2, 24)])
def test_a_rise_is_found_in_the_window_that_holds_it(hours: int, extra: int, width: int) -> None:
    y, n = desk(rate=0.01)
    y[:, -hours:] += extra
    surge = detectors.surge(y, n, DESIGN)
    assert (surge.score[:, -1] > detectors.threshold(1)).all()
    assert set(surge.width[:, -1]) <= {width, width * 2, width // 2}


def test_more_of_everything_is_no_rise() -> None:
    y, n = desk()
    random = np.random.default_rng(6)
    n[:, -24:] *= 5
    y[:, -24:] = random.poisson(0.02 * n[:, -24:])
    assert last_score(y, n) < detectors.threshold(1)


def test_nothing_flagged_never_alarms() -> None:
    y, n = desk(rate=0)
    assert last_score(y, n) == -np.inf


def test_two_posts_are_no_surge_however_rare() -> None:
    y, n = desk(rate=0)
    y[:, -1] = 2
    assert last_score(y, n) == -np.inf
    y[:, -1] = 3
    assert last_score(y, n) > detectors.threshold(1)


def test_hours_without_volume_say_nothing() -> None:
    y, n = desk()
    y[:, -40:], n[:, -40:] = 0, 0
    base = learn(y, n, DESIGN)
    assert not detectors.exceedance(y, base, 24, DESIGN).usable[:, -1].any()


def test_a_short_history_says_nothing() -> None:
    y, n = desk(hours=14 * 24)
    y[:, -1] = 50
    assert last_score(y, n) == -np.inf


def test_upper_is_the_smallest_count_that_alarms() -> None:
    y, n = desk()
    test = detectors.exceedance(y, learn(y, n, DESIGN), 24, DESIGN)
    bar = detectors.upper(test, 1e-3, DESIGN.min_events)[:, -1]
    mean, variance = test.expected[:, -1], test.variance[:, -1]
    assert (detectors.tail(bar, mean, variance) <= 1e-3).all()
    assert (detectors.tail(bar - 1, mean, variance) > 1e-3).all()


def test_days_are_tested_like_hours() -> None:
    design = Design(day=1, baseline=28, guard=1, least=14)
    y, n = desk(rate=0.02, scanned=1000, hours=90)
    y[:, -1] += 30
    test = detectors.exceedance(y, learn(y, n, design), 1, design)
    assert (test.p[:, -1] < 1e-3).all()
    assert (test.p[:, -2] > 1e-3).all()
