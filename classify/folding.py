"""Words of a text in one spelling, each with where it stands in the text as sent.

Built on what the model's own eyes see (`classify/text.py`: hidden letters, hashtags, spaced-out words), and folded one
step further, so that one entry of a list finds the ways in which people write a word: without case and accents, Arabic
without vowel signs and with one alef, Ethiopic with one letter for each sound. Too coarse for a model, right for
looking words up. Knows no list.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from classify.text import Word, normalise

# Scripts that put no space between words: in them a term is looked for as a run of characters.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f]")
_ARABIC = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه", "ک": "ك", "ـ": None}
)
# Letters of Ethiopic that Amharic says alike, by the first of each row of seven; and the rows whose first and fourth
# are said alike too.
_ETHIOPIC = {0x1210: 0x1200, 0x1280: 0x1200, 0x1220: 0x1230, 0x12D0: 0x12A0, 0x1338: 0x1340}
_FOURTH_AS_FIRST = {0x1203: 0x1200, 0x12A3: 0x12A0}
_ROW = 7
_LONG = re.compile(r"([^\W\d_])\1{2,}")
_ASCII = re.compile(r"[A-Za-z0-9]+")
_DOUBLE = re.compile(r"([^\W\d_])\1")
_ASAT, _STACKED = "\u103a", "\u1039"  # they tie a Burmese letter to the syllable before it


@dataclass(frozen=True, slots=True)
class Token:
    """One folded word; `text` is how it is compared, `also` the same with drawn-out letters written once, if any."""

    text: str
    start: int
    end: int
    also: str = ""


@functools.lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """A word as it is compared."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKC", word).translate(_ARABIC).casefold()
    return "".join(map(_letter, unicodedata.normalize("NFC", _bare(plain))))


def _bare(word: str) -> str:
    """Without accents on Latin, Greek and Cyrillic letters, and without Arabic vowel signs; other marks are letters."""
    kept: list[str] = []
    for character in unicodedata.normalize("NFD", word):
        category = unicodedata.category(character)
        if category == "Cf" or "\u064b" <= character <= "\u065f" or character == "\u0670":
            continue
        if category == "Mn" and kept and kept[-1] < "\u0530":
            continue
        kept.append(character)
    return "".join(kept)


def _letter(character: str) -> str:
    point = ord(character)
    if not 0x1200 <= point <= 0x137F:
        return character
    for first, same in _ETHIOPIC.items():
        if first <= point < first + _ROW:
            point += same - first
    return chr(_FOURTH_AS_FIRST.get(point, point))


def words(text: str) -> list[str]:
    """The folded words of a term, which nobody has hidden."""
    return [fold(run) for run, _, _ in _runs(text)]


def tokens(text: str) -> list[Token]:
    """Every word of a text in order; links and names of accounts are none."""
    return [token for word in normalise(text).words for token in _tokens(word, text[word.start : word.end])]


def _tokens(word: Word, sent: str) -> Iterator[Token]:
    whole = word.text == sent
    if word.text in {"url", "user"} and not whole:
        return
    # Where letters were hidden nobody can tell which sign stands for which: the whole word is the place.
    hidden = None if whole else _trimmed(sent, word.start)
    long = not whole and bool(_LONG.search(sent))
    for run, first, last in _runs(word.text):
        folded = fold(run)
        place = hidden or (word.start + first, word.start + last)
        if folded:
            yield Token(folded, *place, also=_DOUBLE.sub(r"\1", folded) if long else "")


def _trimmed(sent: str, start: int) -> tuple[int, int]:
    """Where a word stands without the punctuation around it."""
    inside = [at for at, character in enumerate(sent) if _in_word(character)]
    return (start + inside[0], start + inside[-1] + 1) if inside else (start, start + len(sent))


def _runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Runs of letters, digits and the marks upon them."""
    if text.isascii():
        yield from ((match.group(), *match.span()) for match in _ASCII.finditer(text))
        return
    begun = None
    for at, character in enumerate(text):
        inside = _in_word(character)
        if inside and begun is None:
            begun = at
        elif not inside and begun is not None:
            yield text[begun:at], begun, at
            begun = None
    if begun is not None:
        yield text[begun:], begun, len(text)


@functools.lru_cache(maxsize=5_000)
def _in_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


# ------------------------------------------------------------------------- scripts without spaces


def is_unspaced(text: str) -> bool:
    """Whether any of it is in a script that puts no space between words."""
    return bool(_UNSPACED.search(text))


@dataclass(frozen=True, slots=True)
class Line:
    """A text as one folded run of characters, and where each of them came from."""

    text: str
    places: tuple[int, ...]

    def find(self, form: str) -> Iterator[tuple[int, int]]:
        """Where a form stands whole: not where a sign that follows makes its last syllable another one."""
        at = self.text.find(form)
        while at >= 0:
            end = at + len(form)
            if not self._goes_on(end):
                yield self.places[at], self.places[end - 1] + 1
            at = self.text.find(form, at + 1)

    def _goes_on(self, end: int) -> bool:
        following = self.text[end : end + 2]
        if following and unicodedata.category(following[0])[0] == "M":
            return True
        return following[1:] in {_ASAT, _STACKED}


def line(text: str) -> Line:
    """Fold a whole text character by character."""
    folded = [(part, at) for at, character in enumerate(text) for part in fold(character)]
    return Line("".join(part for part, _ in folded), tuple(at for _, at in folded))
