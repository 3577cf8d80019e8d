"""Texts that say nearly the same are found, in any script, and what is dropped is found no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.nearest import Index, groups_of

TEXTS = {
    "ants": "The Varni are ants and must be swept out of the valley before the rain.",
    "grain": "The price of grain fell again at the market of Marrok, said the council.",
    "sw": "Wavarni ni siafu, lazima waondoke bondeni kabla ya mvua.",
    "ar": "الفارنيون نمل ويجب أن يخرجوا من الوادي قبل المطر.",
    "my": "ဗာနီများသည် ပုရွက်ဆိတ်များဖြစ်သည်။",
}


def index() -> Index[str]:
    made: Index[str] = Index()
    for key, text in TEXTS.items():
        made.put(key, text)
    return made


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("They are ants, sweep them out of the valley!", "ants"),
        ("GRAIN prices at the   Marrok market", "grain"),
        ("Hawa Wavarni ni kama siafu, waondoke bondeni.", "sw"),
        ("نمل! يجب أن يخرجوا من الوادي", "ar"),
        ("ဗာနီများသည်", "my"),
    ],
)
def test_the_text_that_says_nearly_the_same_comes_first(asked: str, found: str) -> None:
    [(key, likeness)] = index().nearest(asked, 1, 0.1)
    assert key == found
    assert 0.1 < likeness < 1


def test_a_text_is_wholly_like_itself_and_unlike_another_script() -> None:
    best = index().nearest(TEXTS["ar"], 5, 0.2)
    assert best == [("ar", pytest.approx(1.0, abs=1e-4))]


def test_what_was_put_anew_or_dropped_is_found_no_more() -> None:
    made = index()
    made.put("ants", "A song about the well.")
    made.drop("grain")
    made.drop("grain")
    assert made.nearest(TEXTS["ants"], 3, 0.5) == []
    assert made.nearest(TEXTS["grain"], 3, 0.5) == []
    assert len(made) == 4
    assert made.nearest("A song about the well.", 1, 0.9)[0][0] == "ants"


def test_nothing_is_like_nothing() -> None:
    empty: Index[int] = Index()
    assert empty.nearest("anything at all", 3, 0.0) == []
    empty.put(1, "")
    empty.put(2, "  ")
    assert len(empty) == 0
    assert index().nearest("", 3, 0.0) == []


@given(st.text(max_size=200))
def test_any_text_can_be_kept_and_found(text: str) -> None:
    made = index()
    made.put("new", text)
    if len(groups_of(text)[0]):
        assert made.nearest(text, 1, 0.9)[0][1] == pytest.approx(1.0, abs=1e-3)
