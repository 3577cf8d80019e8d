"""Every standard detector finds a plain outbreak, leaves a quiet series alone, and knows when it cannot say."""

import numpy as np
import pytest

from warn.baseline import Array
from warn.standard.cusum import Cusum, GeneralisedLikelihoodRatio
from warn.standard.ears import Ears
from warn.standard.outbreak_p import OutbreakP, never_falling
from warn.standard.registry import STANDARD

SLOTS = 260


def quiet(series: int = 3) -> tuple[Array, Array]:
    random = np.random.default_rng(4)
    return random.poisson(6.0, (series, SLOTS)).astype(float), np.full((series, SLOTS), 300.0)


@pytest.mark.parametrize("name", STANDARD)
def test_an_outbreak_is_found_and_calm_is_not(name: str) -> None:
    y, n = quiet()
    y[0, -1] = 60
    verdict = STANDARD[name].detector.evaluate(y, n)
    assert verdict.alarm[0, -1]
    assert verdict.score[0, -1] > np.nanquantile(verdict.score[1], 0.95)
    assert verdict.alarm[1:, -60:].mean() < 0.15  # their authors' settings are that noisy


@pytest.mark.parametrize("name", STANDARD)
def test_too_short_a_history_says_nothing(name: str) -> None:
    y, n = quiet()
    verdict = STANDARD[name].detector.evaluate(y[:, :5], n[:, :5])
    assert not verdict.alarm.any()
    assert np.isnan(verdict.expected).all()


@pytest.mark.parametrize("name", STANDARD)
def test_a_series_without_any_post_alarms_nowhere(name: str) -> None:
    verdict = STANDARD[name].detector.evaluate(np.zeros((1, SLOTS)), np.full((1, SLOTS), 300.0))
    assert not verdict.alarm.any()


@pytest.mark.parametrize("name", ["negative_binomial_share", "kleinberg"])
def test_more_of_everything_is_no_rise_of_the_share(name: str) -> None:
    y, n = quiet()
    y[:, -1], n[:, -1] = 60, 3000
    assert not STANDARD[name].detector.evaluate(y, n).alarm[:, -1].any()


def test_c3_of_the_cdc_sees_today_where_that_of_r_does_not() -> None:
    y, n = quiet(1)
    y[0] = 6 + np.arange(SLOTS) % 2
    y[0, -1] = 60
    assert Ears("C3", min_sigma=0.5).evaluate(y, n).alarm[0, -1]
    assert not Ears("C3", min_sigma=0.5, as_r=True).evaluate(y, n).alarm[0, -1]


def test_cusum_adds_up_a_rise_too_small_for_one_slot() -> None:
    y, n = quiet(1)
    y[0] = 6
    y[0, 200:] += 4
    alarms = Cusum(training=28).evaluate(y, n).alarm[0]
    assert not alarms[:202].any()
    assert alarms[210]


@pytest.mark.parametrize("name", ["likelihood_ratio_share", "glr_share"])
def test_charts_on_the_share_add_up_a_small_rise_and_ignore_more_of_everything(name: str) -> None:
    y, n = quiet(2)
    y[:] = 6
    n[0, -8:] *= 3
    y[0, -8:] *= 3
    y[1, -8:] += 5
    alarms = STANDARD[name].detector.evaluate(y, n).alarm
    assert not alarms[0].any()
    assert not alarms[1, :-7].any()
    assert alarms[1, -1]


def test_a_thousand_posts_are_a_rise_although_r_loses_its_way() -> None:
    y, n = quiet(1)
    y[0] = np.arange(SLOTS) % 10 == 0
    y[0, -1] = 1000
    charts = [GeneralisedLikelihoodRatio(alpha=0.01, longest=20, as_r=as_r) for as_r in (False, True)]
    ours, of_r = (chart.evaluate(y, n).score[0, -1] for chart in charts)
    assert ours > 100 * max(of_r, 1)


def test_what_never_falls_is_fitted_by_putting_neighbours_together() -> None:
    assert never_falling(np.array([1.0, 3, 2, 2, 5])).tolist() == pytest.approx([1, 7 / 3, 7 / 3, 7 / 3, 5])
    y = np.full((1, 400), 2000.0)
    y[0, 200:] = 2400
    assert OutbreakP().evaluate(y, y).alarm[0, -1]
    assert not OutbreakP(as_r=True).evaluate(y, y).alarm[0, -1]
