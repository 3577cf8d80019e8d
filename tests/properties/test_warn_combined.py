"""Whatever a desk counts, all windows together keep their word."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from warn import combined
from warn.baseline import Array, Design

# Short enough to run often: a week of history, of days as they are.
DESIGN = Design(baseline=7 * 24, least=4 * 24)
HOURS = 11 * 24
flagged = arrays(np.float64, (1, HOURS), elements=st.integers(0, 30).map(float), fill=st.just(0.0))
scanned = arrays(np.float64, (1, HOURS), elements=st.integers(1, 400).map(float), fill=st.just(50.0))


def scores(y: Array, n: Array) -> Array:
    return combined.surge(y, np.maximum(n, y), DESIGN).score


@settings(max_examples=30, deadline=None)
@given(y=flagged, n=scanned, more=st.integers(1, 50))
def test_one_more_flagged_post_never_lowers_the_score(y: Array, n: Array, more: int) -> None:
    n = np.maximum(n, y + more)  # the volume stays what it is
    grown = y.copy()
    grown[0, -1] += more
    assert scores(grown, n)[0, -1] >= scores(y, n)[0, -1] - 1e-6


@settings(max_examples=20, deadline=None)
@given(y=flagged, n=scanned)
def test_every_score_is_a_number_or_none(y: Array, n: Array) -> None:
    found = combined.surge(y, np.maximum(n, y), DESIGN)
    assert not np.isnan(found.score).any()
    assert ((found.p > 0) & (found.p <= 1)).all()


@settings(max_examples=20, deadline=None)
@given(y=flagged, n=scanned, future=flagged)
def test_the_future_changes_no_answer(y: Array, n: Array, future: Array) -> None:
    n = np.maximum(n, np.maximum(y, future))
    other = y.copy()
    other[0, -30:] = future[0, -30:]
    assert np.allclose(scores(y, n)[0, :-30], scores(other, n)[0, :-30], equal_nan=True)
