"""Other spellings of a language: without accents, in the short forms of messages, with letters that sound alike.

A file `spelling.txt` of a language says how. `@ share` opens a way of writing: that share of the texts is written so,
by every rule beneath it in turn. Rules above the first `@` hold for every text (elision, for one). A rule is `regular
expression > replacement`. Knows nothing about templates or labels.
"""

import random
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way of writing and how often it is met."""

    share: float
    rules: tuple[tuple[re.Pattern[str], str], ...]


def read(path: Path) -> list[Spelling]:
    """The spellings of one file, first what holds for every text; none where a language has no file."""
    if not path.exists():
        return []
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = [Spelling(1.0, ())]
    for line in lines:
        if line.startswith("@ "):
            found.append(Spelling(float(line[2:]), ()))
        elif line and not line.startswith("#"):
            wrong, _, right = line.partition(" >")
            rule = (re.compile(wrong, re.IGNORECASE), right.strip())
            found[-1] = Spelling(found[-1].share, (*found[-1].rules, rule))
    return found


def spelt(text: str, spellings: list[Spelling], draw: random.Random) -> str:
    """The text by the rules for every text, then in at most one of the other spellings."""
    if not spellings:
        return text
    text = _by(spellings[0], text)
    chance = draw.random()
    for spelling in spellings[1:]:
        chance -= spelling.share
        if chance < 0:
            return _by(spelling, text)
    return text


def _by(spelling: Spelling, text: str) -> str:
    for wrong, right in spelling.rules:
        text = wrong.sub(right, text)
    return text
