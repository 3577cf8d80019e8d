"""English training texts said word by word in other languages, so that what English rows teach reaches those too.

Code-switched data augmentation after Qin et al. 2020 (CoSDA-ML): some or all words of a sentence are replaced by a
dictionary's translations. It is no translation and is never measured on; it ties the words of other languages to what
they mean in a sentence that has a label. Dictionaries are FreeDict's, in the dictd format in which Debian packages them
(`dict-freedict-eng-ara` and its kin); words of `glossary.txt`, which are ours, go before theirs.
"""

import gzip
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from classify.errors import BadTrainingData

OWN = Path(__file__).parent / "glossary.txt"
COLUMNS = {"ar": 1, "fr": 2, "sw": 3, "ha": 4}  # of `glossary.txt`
DICTIONARIES = {"ar": ("eng-ara", "ara-eng"), "fr": ("eng-fra", "fra-eng"), "sw": ("eng-swh", "swh-eng")}
SHARES = {"ar": 0.4, "fr": 0.25, "sw": 0.25, "ha": 0.1}  # of the switched texts: Arabic's dictionary is the largest
KNOWN = 0.7  # of a text's words; one with fewer is taken for no English
WHOLE = 0.5  # of the switched texts have every word replaced that can be, the rest some
LONGEST = 3  # words of a translation
SHORTEST = 3  # letters of a stem
FIRST = 0.6  # how often a dictionary's first translation is taken
ARTICLE = "ال"
BARE = 0.4  # how often an Arabic noun loses the article that the dictionary gives to all of them

_DIGITS = {c: n for n, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}
_ASIDE = re.compile(r"<[^>]*>|\([^)]*\)|\[[^\]]*\]|/[^/]*/")
_NUMBER = re.compile(r"^\s*\d+\.\s*")
_WORD = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
_ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "er")

Words = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Glossary:
    """English words, in small letters, and what they may be called in each language."""

    words: Mapping[str, Words]

    def switched(self, text: str, draw: random.Random) -> str:
        """The text in the words of another language, as far as they are known; as it was if it is no English."""
        pieces = text.split()
        english = [_WORD.match(piece) for piece in pieces]
        known = sum(
            match is not None and _looked_up(self.words["ar"], match[2].lower()) is not None for match in english
        )
        if not pieces or known < KNOWN * len(pieces):
            return text
        language = draw.choices(list(SHARES), list(SHARES.values()))[0]
        share = 1.0 if draw.random() < WHOLE else draw.uniform(0.3, 0.9)
        said = [
            self._said(match, language, draw) if match and draw.random() < share else piece
            for piece, match in zip(pieces, english, strict=True)
        ]
        return " ".join(word for word in said if word)

    def _said(self, match: re.Match[str], language: str, draw: random.Random) -> str:
        before, word, after = match.groups()
        choices = _looked_up(self.words[language], word.lower())
        if choices is None:
            return match.group()
        chosen = choices[0] if draw.random() < FIRST else draw.choice(choices)
        if language == "ar" and chosen.startswith(ARTICLE) and draw.random() < BARE:
            chosen = chosen.removeprefix(ARTICLE)
        return f"{before}{'' if chosen == '-' else chosen}{after}"


def _looked_up(words: Words, word: str) -> Sequence[str] | None:
    if word in words:
        return words[word]
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= SHORTEST:
            for form in (stem, stem + "e", stem[:-1]):
                if form in words:
                    return words[form]
    return None


def load(folder: Path) -> Glossary:
    """Our own words and the dictionaries of a folder (`/usr/share/dictd`). Raises BadTrainingData where one lacks."""
    return Glossary({language: _words(folder, language) for language in COLUMNS})


def _words(folder: Path, language: str) -> dict[str, list[str]]:
    """Ours, then those of a dictionary from English, then of one into English; the first that has a word."""
    found = _own(COLUMNS[language])
    for name, forward in ((name, name.startswith("eng-")) for name in DICTIONARIES.get(language, ())):
        new: dict[str, list[str]] = {}
        for headword, translations in entries(folder, name):
            pairs = [(headword, one) if forward else (one.lower(), headword) for one in translations]
            for english, said in pairs:
                if english not in found and " " not in english and len(said.split()) <= LONGEST:
                    new.setdefault(english, []).append(said)
        found |= new
    return found


def _own(column: int) -> dict[str, list[str]]:
    lines = (line for line in OWN.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    cells = ([cell.strip() for cell in line.split("|")] for line in lines)
    return {cell[0]: [word.strip() for word in cell[column].split(",")] for cell in cells}


def entries(folder: Path, name: str) -> Iterator[tuple[str, list[str]]]:
    """Headwords in small letters, and their translations, of a dictd dictionary. Raises BadTrainingData."""
    index, body = folder / f"freedict-{name}.index", folder / f"freedict-{name}.dict.dz"
    try:
        told = gzip.decompress(body.read_bytes())
        lines = index.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadTrainingData(
            f"The dictionary {name} cannot be read in {folder} ({error.strerror}); install dict-freedict-{name}."
        ) from error
    for line in lines:
        word, start, length = line.split("\t")[:3]
        if not word.startswith("00"):
            first = _number(start)
            yield word.lower(), _translations(told[first : first + _number(length)].decode("utf-8", "replace"))


def _translations(entry: str) -> list[str]:
    found = []
    for line in entry.split("\n")[1:]:
        plain = _NUMBER.sub("", _ASIDE.sub("", line)).strip()
        if plain and not plain.startswith(("See also", "Synonym", "Note")):
            plain = plain.rpartition(":")[2]  # "Plural of {kiatu}: shoe"
            found += [one.strip(" {}") for one in re.split("[,;،]", plain) if one.strip(" {}")]
    return found


def _number(digits: str) -> int:
    """A number as a dictd index writes it, in base 64."""
    value = 0
    for digit in digits:
        value = value * 64 + _DIGITS[digit]
    return value
