"""Highlights: the few words that spoke loudest, found by leaving words out."""

from classify.explain import MOST_UNITS, highlights, weigh
from classify.scorer import Weighted
from models.codebook import SIGNALS
from tests.fakes import FakeScorer

INCITEMENT = SIGNALS.index("incitement")


def test_the_word_that_the_score_hangs_on_weighs_most_and_its_place_is_right() -> None:
    text = "We say  BURN the old mill"
    [words] = weigh(FakeScorer(), [text], [INCITEMENT])
    strongest = max(words, key=lambda word: word.weight)
    assert text[strongest.start : strongest.end] == "BURN"
    assert strongest.weight > 9.0
    assert [text[word.start : word.end] for word in words] == text.split()


def test_a_word_that_matters_for_another_signal_is_not_blamed() -> None:
    [words] = weigh(FakeScorer(), ["RATS they say and BURN"], [INCITEMENT])
    assert max(words, key=lambda word: word.weight).start == 18
    assert words[0].weight < 0.1


def test_every_passage_is_explained_in_one_call_of_the_model() -> None:
    scorer = FakeScorer()
    found = weigh(scorer, ["BURN it", "they say BURN"], [INCITEMENT, INCITEMENT])
    assert [len(words) for words in found] == [2, 3]
    assert len(scorer.calls) == 1


def test_the_price_of_a_long_passage_is_bounded() -> None:
    scorer = FakeScorer()
    [words] = weigh(scorer, ["calm word " * 60 + "BURN"], [INCITEMENT])
    assert len(words) <= MOST_UNITS
    assert len(scorer.calls[0]) <= 2 + 3 * MOST_UNITS
    assert max(words, key=lambda word: word.weight).end == 604


def test_nothing_to_explain_asks_nothing() -> None:
    scorer = FakeScorer()
    assert weigh(scorer, [], []) == []
    assert scorer.calls == []


def test_the_strongest_word_weighs_one_and_weak_ones_are_left_out() -> None:
    found = highlights([Weighted(0, 3, 0.1), Weighted(4, 8, 2.0), Weighted(9, 12, 1.0)], offset=100)
    assert found == [{"start": 104, "end": 108, "weight": 1.0}, {"start": 109, "end": 112, "weight": 0.5}]


def test_words_that_spoke_against_are_never_shown() -> None:
    assert highlights([Weighted(0, 3, -2.0)], offset=0) == []
    assert highlights([], offset=0) == []
