"""Spelling noise for training texts: what hurried, careless or evasive writers do to words.

It works on whole texts and knows nothing about labels; the caller normalises what comes back, as it would a real post.
"""

import random
from collections.abc import Callable

_LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "$"})
_SHORTEST = 4  # a shorter word changed is another word
_SPARED = 2  # the first letter and one more stay
_WORDS_CHANGED = 0.25


def misspelt(text: str, draw: random.Random) -> str:
    """The text in one disguise: slips inside some words, lost or added spaces, case, punctuation, digits."""
    return draw.choice(_DISGUISES)(text, draw)


def _slips(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    long = [place for place, word in enumerate(words) if len(word) >= _SHORTEST]
    for place in draw.sample(long, min(len(long), max(1, round(_WORDS_CHANGED * len(words))))):
        words[place] = draw.choice((_swapped, _dropped, _doubled))(words[place], draw)
    return " ".join(words)


def _swapped(word: str, draw: random.Random) -> str:
    at = draw.randrange(1, len(word) - _SPARED)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _dropped(word: str, draw: random.Random) -> str:
    at = draw.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1 :]


def _doubled(word: str, draw: random.Random) -> str:
    at = draw.randrange(1, len(word))
    return word[:at] + word[at - 1] + word[at:]


def _joined(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    if len(words) < _SPARED:
        return text
    at = draw.randrange(1, len(words))
    return " ".join([*words[: at - 1], words[at - 1] + words[at], *words[at + 1 :]])


def _spaced(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    long = [place for place, word in enumerate(words) if len(word) >= _SHORTEST and word.isalpha()]
    if long:
        place = draw.choice(long)
        words[place] = draw.choice((" ", ".", "-")).join(words[place])
    return " ".join(words)


def _leet(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    return " ".join(word.translate(_LEET) if draw.random() < _WORDS_CHANGED else word for word in words)


def _lower(text: str, _draw: random.Random) -> str:
    return text.lower()


def _upper(text: str, _draw: random.Random) -> str:
    return text.upper()


def _bare(text: str, _draw: random.Random) -> str:
    return "".join(c for c in text if c not in ".,!?\"'")


_DISGUISES: tuple[Callable[[str, random.Random], str], ...] = (
    _slips, _slips, _slips, _joined, _spaced, _leet, _lower, _upper, _bare,
)  # fmt: skip
