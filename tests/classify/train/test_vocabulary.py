"""A vocabulary for many languages, word vectors for it, and translations woven together."""

import random

import numpy as np
import pytest
from tokenizers import Tokenizer

from classify.train import transplant, vocabulary
from tests.classify.conftest import tiny_tokenizer

TEXTS = {
    "en": ["the people must leave now", "rain at the market", "police said the rats"] * 4,
    "sw": ["watu wanaondoka sasa", "mvua sokoni leo", "polisi walisema watu"] * 8,
    "ar": ["الناس يغادرون الآن", "المطر في السوق", "قالت الشرطة"] * 8,
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return vocabulary.build(TEXTS, tiny_tokenizer(), new_words=260)


def test_the_bases_words_come_first_and_new_words_are_learnt(tokenizer: Tokenizer) -> None:
    words = tokenizer.get_vocab()
    assert [word for word, _ in sorted(words.items(), key=lambda pair: pair[1])][:5] == vocabulary.SPECIAL
    assert words["people"] < words["watu"]
    assert tokenizer.encode("watu").tokens == ["[CLS]", "watu", "[SEP]"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("État", "etat"), ("أحمد", "احمد"), ("مُحَمَّد", "محمد"), ("جمـــيل", "جميل"), ("ሠላም", "ሰላም"), ("ẹ̀kọ́", "eko")],
)
def test_two_spellings_of_a_word_become_one(one: str, other: str) -> None:
    assert vocabulary.folded().normalize_str(one) == vocabulary.folded().normalize_str(other)


@pytest.mark.parametrize("kept", ["नमस्ते", "বাংলা"])
def test_vowel_signs_of_other_scripts_survive(kept: str) -> None:
    assert len(vocabulary.folded().normalize_str(kept)) >= len(kept)


def test_a_word_begins_at_the_english_words_it_stands_beside(tokenizer: Tokenizer) -> None:
    words = tokenizer.get_vocab()
    seen = {
        "en": transplant.presence(tokenizer, ["people leave", "rain now", "people now", "market"]),
        "sw": transplant.presence(tokenizer, ["watu", "mvua", "watu", "soko"]),
    }
    made = np.zeros((len(words), 3), np.float32)
    known = np.zeros(len(words), bool)
    for number, word in enumerate(("people", "rain", "market", "now")):
        made[words[word]] = np.eye(4, 3)[number]
        known[words[word]] = True
    found = transplant.aligned(made, known, seen)
    assert found[words["watu"]]
    assert made[words["watu"]].argmax() == 0


def test_the_rest_begins_among_its_neighbours() -> None:
    old = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]], np.float32)
    made = np.concatenate([old, np.zeros((2, 2), np.float32)])
    beside = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0.96, 0.28], [0, 0]], np.float32)
    filled = transplant.neighbours(made, np.array([True] * 4 + [False] * 2), beside, old)
    assert (filled[:4] == old).all()
    assert filled[4][0] > filled[4][1]
    assert np.isfinite(filled[5]).all()


def test_translations_are_woven_in_order() -> None:
    first, second = ["a1", "a2", "a3", "a4"], ["b1", "b2"]
    sentence = list(transplant.woven(first, second, random.Random(3)))
    assert sorted(sentence) == sorted(first + second)
    assert [word for word in sentence if word in first] == first
    assert [word for word in sentence if word in second] == second
