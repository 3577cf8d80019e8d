"""Whatever a desk counts, the test of its share keeps its word."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from warn import detectors
from warn.baseline import Array, Design, learn

# Small enough to run often: days of four slots, a week and a half of history.
DESIGN = Design(day=4, baseline=40, guard=4, least=20, min_events=3)
WINDOWS = (1, 2, 4)
SLOTS = 88
flagged = arrays(np.float64, (1, SLOTS), elements=st.integers(0, 30).map(float))
scanned = arrays(np.float64, (1, SLOTS), elements=st.integers(0, 400).map(float))
BARS = st.sampled_from((0.5, 1.44, 2.13, 3.06))


def scores(y: Array, n: Array) -> Array:
    return detectors.surge(y, np.maximum(n, y), DESIGN, WINDOWS).score


@settings(max_examples=60, deadline=None)
@given(y=flagged, n=scanned, more=st.integers(1, 50))
def test_one_more_flagged_post_never_lowers_the_score(y: Array, n: Array, more: int) -> None:
    n = np.maximum(n, y + more)  # the volume stays what it is
    grown = y.copy()
    grown[0, -1] += more
    assert scores(grown, n)[0, -1] >= scores(y, n)[0, -1] - 1e-9


@settings(max_examples=60, deadline=None)
@given(n=scanned)
def test_nothing_flagged_never_alarms(n: Array) -> None:
    assert (scores(np.zeros_like(n), n) == -np.inf).all()


@settings(max_examples=60, deadline=None)
@given(y=flagged, n=scanned)
def test_every_answer_is_a_number(y: Array, n: Array) -> None:
    n = np.maximum(n, y)
    base = learn(y, n, DESIGN)
    test = detectors.exceedance(y, base, 4, DESIGN)
    assert np.isfinite(test.expected).all()
    assert (test.variance[test.usable] > test.expected[test.usable]).all()
    assert ((test.p > 0) & (test.p <= 1)).all()


@settings(max_examples=60, deadline=None)
@given(y=flagged, n=scanned, alpha=st.floats(1e-6, 0.2))
def test_the_upper_bound_is_where_the_alarm_begins(y: Array, n: Array, alpha: float) -> None:
    n = np.maximum(n, y)
    test = detectors.exceedance(y, learn(y, n, DESIGN), 4, DESIGN)
    bar = detectors.upper(test, alpha, DESIGN.min_events)
    usable = test.usable & (test.observed >= DESIGN.min_events)
    # Exactly at the bound both sides agree up to the rounding of two implementations of one distribution.
    clear = usable & (np.abs(test.p / alpha - 1) > 1e-6)
    assert ((test.observed >= bar) == (test.p <= alpha))[clear].all()


@settings(max_examples=30, deadline=None)
@given(y=flagged, n=scanned, future=flagged)
def test_the_future_changes_no_answer(y: Array, n: Array, future: Array) -> None:
    n = np.maximum(n, np.maximum(y, future))
    other = y.copy()
    other[0, 60:] = future[0, 60:]
    assert np.array_equal(scores(y, n)[0, :60], scores(other, n)[0, :60])
