"""Spelling noise: it changes letters, never what the text is about."""

import random

from hypothesis import given
from hypothesis import strategies as st

from classify.train.noise import misspelt

TEXT = "They should never be allowed to settle in this valley again, whatever the court says"


def test_every_disguise_comes_up_and_most_words_survive() -> None:
    seen = {misspelt(TEXT, random.Random(seed)) for seed in range(60)}
    assert len(seen) > 20
    for text in seen:
        letters = [c for c in text.lower() if c.isalpha() or c.isdigit() or c == "$"]
        assert abs(len(letters) - sum(c.isalpha() for c in TEXT)) <= 6


@given(st.text(max_size=80), st.integers(0, 999))
def test_no_text_breaks_it(text: str, seed: int) -> None:
    assert isinstance(misspelt(text, random.Random(seed)), str)
