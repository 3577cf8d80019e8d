"""Whether a text looks like nothing that the model was trained on: code, markup, tables, lists of numbers.

Judged by its surface alone. Distances in the space of scores were tried and are useless here: what the model has never
seen lies in the middle of what it has (docs/decisions/0009-novelty-and-drift.md). Other languages are noticed by
`classify/language.py`. Knows no model.
"""

import re
import unicodedata

LEAST = 40  # characters; fewer say too little of their form
ODD_SHARE = 0.08  # of the characters that are not blank
DIGIT_SHARE = 0.3
ODD_WORDS = 0.2  # of the words
_LINK = re.compile(r"\]\(\S+\)|https?://\S+|www\.\S+|[@#]\w+|&#?\w+;|[\[<{]\w+[\]>}]")  # placeholders and smileys too
_PLAIN_MARKS = frozenset(".,!?'\"-:;()…“”‘’«»*~&%$€£/–—")
_CODE_WORD = re.compile(
    r"[A-Za-z]+_\w|\w+\(|\w+\.\w+\(|\w+=\S|</\w|<\w+\Z|[{}]|\w\[|[a-z]{2,}[A-Z][a-z]{2,}"
    r"|[=!<>+*/|&-]{1,3}=|->|::\S|\w[\"']:\Z|\):\Z|\$[a-z{]|\[\w+\.|\A&&\Z|[)\]\"'0-9];\Z"
)
REASON = "the text looks like nothing the model has read: code, markup or a table"


def novel(text: str) -> str | None:
    """The reason to leave a text to people because of its form, or None."""
    plain = _LINK.sub(" ", text)
    characters = [c for c in plain if not c.isspace()]
    if len(characters) < LEAST:
        return None
    digits = sum(c.isdigit() for c in characters) / len(characters)
    odd = sum(not c.isalnum() and c not in _PLAIN_MARKS and _is_symbol(c) for c in characters) / len(characters)
    words = plain.split()
    code = sum(bool(_CODE_WORD.search(word)) for word in words) / max(1, len(words))
    return REASON if digits >= DIGIT_SHARE or odd >= ODD_SHARE or code >= ODD_WORDS else None


def _is_symbol(character: str) -> bool:
    """ASCII and mathematical signs; emoji, marks and letters of any script are no sign of code."""
    return character.isascii() or unicodedata.category(character) == "Sm"
