"""The shallow reader: which n-grams, and that a text is read alike alone and among others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classify.ngrams import BITS, Ngrams, grams, weighted

FLAT = np.ones(1 << BITS, np.float32)


def test_characters_stop_at_the_edge_of_a_word() -> None:
    characters, words = grams("ab cd")
    # " a", "ab", "b ", " c", "cd", "d "; " ab", "ab ", " cd", "cd "; " ab ", " cd ".
    assert len(characters) == 12
    assert len(words) == 3  # two words and the pair


def test_the_same_word_is_the_same_wherever_it_stands() -> None:
    assert set(grams("rats")[0]) <= set(grams("they are rats now")[0])
    assert not set(grams("rats")[1]) & set(grams("they are mice now")[1])


def test_values_are_of_length_one_for_characters_and_for_words() -> None:
    _, values = weighted("the rats and the rats", FLAT)
    assert np.isclose(float((values * values).sum()), 2.0)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    buckets, values = weighted(text, FLAT)
    assert len(buckets) == len(values)
    assert not len(buckets) or (buckets.min() >= 0 and buckets.max() < 1 << BITS)
    assert np.isfinite(values).all()


def test_a_text_is_read_alike_alone_and_among_others() -> None:
    draw = np.random.default_rng(1)
    weights = draw.integers(-127, 127, (1 << BITS, 3), dtype=np.int8)
    reader = Ngrams(weights, np.full(3, 0.01, np.float32), np.zeros(3, np.float32), FLAT)
    together = reader.read(["they are rats", "", "it rained"])
    assert (together[0] == reader.read(["they are rats"])[0]).all()
    assert (together[1] == 0).all()
