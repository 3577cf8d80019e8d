"""Highlights: the few words that spoke loudest."""

from classify.explain import highlights
from classify.scorer import Weighted


def test_the_strongest_word_weighs_one_and_weak_ones_are_left_out() -> None:
    found = highlights([Weighted(0, 3, 0.1), Weighted(4, 8, 2.0), Weighted(9, 12, 1.0)], offset=100)
    assert found == [{"start": 104, "end": 108, "weight": 1.0}, {"start": 109, "end": 112, "weight": 0.5}]


def test_words_that_spoke_against_are_never_shown() -> None:
    assert highlights([Weighted(0, 3, -2.0)], offset=0) == []
    assert highlights([], offset=0) == []
