"""A text as the model should see it, and the passages it is cut into.

Normalising is for the model's eyes only: evidence, search and people always get the text as it was sent. Knows nothing
about labels, languages or models. Every offset counts Unicode code points of the text as sent.
"""

import html
import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from classify.confusables import LATIN_LOOKALIKES

MAX_CHARACTERS = 360
MAX_SENTENCES = 3
SPACED = 4  # single letters in a row that make a word
_TOKEN = re.compile(r"\S+")
_PLAIN = re.compile(r"[A-Za-z]+[.,!?;:]*\Z")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_URL = re.compile(r"(?:https?://|www\.)\S+\Z|\S+\.(?:com|org|net|co|info|gov)(?:/\S*)?\Z", re.IGNORECASE)
_HANDLE = re.compile(r"[\"'(.]*@\w[\w.]*[:,.!?]*\Z")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6});")
_SEPARATED = re.compile(r"(?:[^\W\d_][.\-_*·|]+){2,}[^\W\d_][.,!?;:]*\Z")
_INITIALISM = re.compile(r"(?:[A-Z]\.){2,}[A-Z]?\Z")
_CAMEL = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+", re.UNICODE)
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_LEET_SYMBOL = re.compile(r"[^\W\d_][@$!]+[^\W\d_]|(?<!\w)[@$][^\W\d_]{2,}|[^\W\d_]{2,}\$")
_LEET_DIGIT = re.compile(r"[^\W\d_][013457]+[^\W\d_]|(?<!\w)[013457][a-z]{3,}")
_MEASURE = re.compile(
    r"\d+(?:st|nd|rd|th|km|kg|cm|mm|am|pm|hrs?|mins?|years?|days?|million|billion|bn|gb|mb|[a-z])\Z", re.IGNORECASE
)
_CODE = re.compile(r"[A-Z0-9\-]{2,8}\Z")
_SKIN = {
    "\U0001f3fb": "white",
    "\U0001f3fc": "white",
    "\U0001f3fd": "brown",
    "\U0001f3fe": "black",
    "\U0001f3ff": "black",
}
_SENTENCE_END = re.compile(r"(?:[.!?…]+[\"'”’)\]]*(?=\s)|[。！？।॥۔؟።፧፨၊။]+|\n+)")


class Word(NamedTuple):
    """One word for the model, and the code points of the text as sent that it came from."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Normalised:
    """What the model reads."""

    words: tuple[Word, ...]
    obfuscated: bool

    @property
    def text(self) -> str:
        """The words with single spaces between them."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Passage:
    """A window of at most a few sentences: `text == document[start:end]`."""

    start: int
    end: int
    text: str


def normalise(text: str) -> Normalised:
    """The words the model reads, each tied to where it stood, and whether somebody hid letters."""
    words: list[Word] = []
    obfuscated = False
    for match in _TOKEN.finditer(text):
        raw = match.group()
        if _PLAIN.match(raw) and not _REPEATED.search(raw):
            words.append(Word(raw, match.start(), match.end()))
            continue
        clean, hidden = _clean(raw)
        obfuscated = obfuscated or hidden
        if clean:
            words.append(Word(clean, match.start(), match.end()))
    joined, spaced = _join_spaced_letters(words)
    return Normalised(tuple(_without_repeats(joined)), obfuscated or spaced)


def _clean(raw: str) -> tuple[str, bool]:
    """One whitespace-free token, readable, and whether its letters had been hidden."""
    if _URL.match(raw):
        return "url", False
    if _HANDLE.match(raw):
        return "user", False
    if _ENTITY.search(raw):
        raw = html.unescape(raw)
    visible, hidden = _visible(raw)
    if visible.startswith("#") and len(visible) > 1:
        return " ".join(_CAMEL.findall(visible)), hidden
    if not visible.isascii():
        visible, swapped = _latin(visible)
        hidden = hidden or swapped
        visible = _emoji_as_words(visible)
    if _SEPARATED.match(visible) and not _INITIALISM.match(visible):
        visible, hidden = "".join(c for c in visible if c.isalpha()), True
    plain = _unleet(visible)
    hidden = hidden or plain != visible
    return _REPEATED.sub(r"\1\1", plain).strip(), hidden


def _visible(raw: str) -> tuple[str, bool]:
    """NFKC without invisible characters; hidden when one stood between letters."""
    composed = unicodedata.normalize("NFKC", raw)
    kept: list[str] = []
    dropped_inside = False
    for character in composed:
        category = unicodedata.category(character)
        if category in {"Cf", "Cc", "Cs", "Co", "Cn"}:
            if category == "Cs":
                kept.append("\ufffd")
            elif kept and kept[-1].isascii() and kept[-1].isalnum():
                dropped_inside = True
            continue
        if category == "Mn" and not (kept and _carries_marks(kept[-1])):
            dropped_inside = dropped_inside or bool(kept and kept[-1].isascii() and kept[-1].isalpha())
            continue
        kept.append(character)
    visible = "".join(kept)
    return visible, dropped_inside and bool(visible) and visible[-1].isalnum()


def _carries_marks(character: str) -> bool:
    """Whether marks belong to this script: letters outside Latin, Greek and Cyrillic, and marks upon them."""
    point = ord(character)
    return point >= 0x0530 and not 0x1E00 <= point <= 0x206F and not 0x2100 <= point <= 0x2BFF and point < 0xFE00


def _latin(word: str) -> tuple[str, bool]:
    """Lookalike letters of other scripts made Latin, when the word also has Latin letters."""
    if not any(c.isascii() and c.isalpha() for c in word):
        return word, False
    mapped = "".join(LATIN_LOOKALIKES.get(c, c) for c in word)
    return mapped, mapped != word


def _emoji_as_words(word: str) -> str:
    out: list[str] = []
    for character in word:
        point = ord(character)
        if character in _SKIN:
            out.append(f" {_SKIN[character]} ")
        elif 0x1F1E6 <= point <= 0x1F1FF or 0xFE00 <= point <= 0xFE0F:
            continue
        elif 0x1F300 <= point <= 0x1FAFF or 0x2600 <= point <= 0x27BF:
            out.append(f" {unicodedata.name(character, 'emoji').lower()} ")
        else:
            out.append(character)
    return re.sub(r"\s+", " ", "".join(out))


def _unleet(word: str) -> str:
    if word.isalpha() or _MEASURE.match(word) or _CODE.match(word) or " " in word:
        return word
    if not (_LEET_SYMBOL.search(word) or _LEET_DIGIT.search(word)):
        return word
    head = word.rstrip(".,!?;:")
    if sum(c.isalpha() for c in head) < 2 or sum(c.isdigit() for c in head) > 3:
        return word
    return head.replace("11", "ll").translate(_LEET) + word[len(head) :]


def _join_spaced_letters(words: list[Word]) -> tuple[list[Word], bool]:
    """Runs of `SPACED` or more single letters become one word: `k i l l`."""
    if sum(len(word.text) == 1 for word in words) < SPACED:
        return words, False
    out: list[Word] = []
    run: list[Word] = []
    joined = False
    for word in [*words, Word("", 0, 0)]:
        if len(word.text) == 1 and word.text.isalpha() and (not run or word.start - run[-1].end <= 1):
            run.append(word)
            continue
        if len(run) >= SPACED:
            out.append(Word("".join(w.text for w in run), run[0].start, run[-1].end))
            joined = True
        else:
            out.extend(run)
        run = []
        if word.text:
            if len(word.text) == 1 and word.text.isalpha():
                run = [word]
            else:
                out.append(word)
    return out, joined


def _without_repeats(words: list[Word]) -> list[Word]:
    """A word said three times or more in a row is said twice."""
    return [w for i, w in enumerate(words) if i < 2 or not w.text == words[i - 1].text == words[i - 2].text]


def passages(text: str) -> list[Passage]:
    """Sentence-aware windows over all of the text, in order and without overlap; none for an empty text."""
    windows: list[Passage] = []
    start = end = count = 0
    for piece_start, piece_end in _pieces(text):
        if count and (count == MAX_SENTENCES or piece_end - start > MAX_CHARACTERS):
            windows.append(Passage(start, end, text[start:end]))
            count = 0
        if not count:
            start = piece_start
        end, count = piece_end, count + 1
    if count:
        windows.append(Passage(start, end, text[start:end]))
    return windows


def _pieces(text: str) -> list[tuple[int, int]]:
    """Sentences without the space around them; one longer than a window is cut between words."""
    out: list[tuple[int, int]] = []
    cursor = 0
    for stop in [*(m.end() for m in _SENTENCE_END.finditer(text)), len(text)]:
        start, end = _trim(text, cursor, stop)
        cursor = stop
        while end - start > MAX_CHARACTERS:
            cut = text.rfind(" ", start + MAX_CHARACTERS // 2, start + MAX_CHARACTERS)
            cut = start + MAX_CHARACTERS if cut < 0 else cut
            out.append(_trim(text, start, cut))
            start, end = _trim(text, cut, end)
        if end > start:
            out.append((start, end))
    return out


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
