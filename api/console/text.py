"""Cut a source's text into pieces that a page can show safely: plain, highlighted, hidden, or a named invisible.

Pure functions over code points; they know no page and no database. Characters that would be invisible or turn the
reading order around are never passed on: they become a short name that is shown instead.
"""

import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from api.console.translation import ngettext

CONTEXT = 300  # code points shown around a passage
SNIPPET = 240
HIDDEN_WORD = 10  # longest run of blocks that stands for a hidden word
BLOCK = "▮"

# Joiners are part of how Arabic, Persian and Indic scripts are written; beside Latin letters they only break words.
_JOINERS = "\u200c\u200d"
_LATIN_END = 0x250
_NAMES = {
    "\u00ad": "SHY", "\u061c": "ALM", "\u180e": "MVS", "\u200b": "ZWSP", "\u200c": "ZWNJ", "\u200d": "ZWJ",
    "\u200e": "LRM", "\u200f": "RLM", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO",
    "\u202e": "RLO", "\u2060": "WJ", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
    "\ufeff": "BOM", "\u115f": "HCF", "\u1160": "HJF", "\u3164": "HF", "\uffa0": "HWHF", "\u034f": "CGJ",
    "\u2028": "LS", "\u2029": "PS",
}  # fmt: skip


@dataclass(frozen=True)
class Span:
    """Code points `start` to `end` of a text, and how much they weighed in the model's reading (0 to 1)."""

    start: int
    end: int
    weight: float = 1.0


@dataclass(frozen=True)
class Piece:
    """A run of text of one kind.

    The kinds are `plain`, `passage` (inside a marked passage), `hot` (weighed most), `hidden`, and `invisible`, where
    `text` is the character's short name and `title` its full one.
    """

    kind: str
    text: str
    title: str = ""


def window(text: str, start: int, end: int, around: int = CONTEXT) -> tuple[int, int]:
    """Return where to begin and end, `around` code points outside `start` and `end`, moved to the next space."""
    first, last = max(0, start - around), min(len(text), end + around)
    if first > 0:
        space = text.find(" ", first, start)
        first = space + 1 if space >= 0 else first
    if last < len(text):
        space = text.rfind(" ", end, last)
        last = space if space >= 0 else last
    return first, last


def pieces(
    text: str,
    *,
    start: int = 0,
    end: int | None = None,
    passages: Sequence[Span] = (),
    hot: Sequence[Span] = (),
    hide: bool = False,
) -> list[Piece]:
    """Cut `text[start:end]` at the borders of passages and hot spans; with `hide`, both are only blocks.

    What weighed most is no measure of what hurts most, so a passage is hidden whole. Spans that lie outside the text
    are cut to it.
    """
    end = len(text) if end is None else min(end, len(text))
    found: list[Piece] = []
    covered, heated = ([*passages, *hot], []) if hide else (passages, hot)
    for kind, run in _runs(text, start, end, covered, heated):
        if hide and kind == "passage":
            found.append(
                Piece(
                    "hidden",
                    blocks(run),
                    title=ngettext("hidden, %(num)s word", "hidden, %(num)s words", len(run.split())),
                )
            )
        else:
            found.extend(_visible(kind, run))
    return found


def snippet(text: str, passages: Sequence[Span], hot: Sequence[Span], *, hide: bool) -> list[Piece]:
    """Return the pieces of a line or two around the first passage, for lists."""
    first = passages[0] if passages else Span(0, min(len(text), SNIPPET))
    start, end = window(text, first.start, min(first.end, first.start + SNIPPET), around=40)
    return pieces(text, start=start, end=end, passages=passages, hot=hot, hide=hide)


def blocks(text: str) -> str:
    """Return one run of blocks for each word, which shows how much is hidden and nothing of what."""
    return " ".join(BLOCK * min(len(word), HIDDEN_WORD) for word in text.split())


def is_invisible(text: str, at: int) -> bool:
    """Whether the character at `at` would be unseen or would change the order in which others are seen."""
    character = text[at]
    if character in "\n\t\r":
        return False
    if character in _JOINERS:
        around = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
        return len(around) < 2 or any(ord(neighbour) < _LATIN_END for neighbour in around)
    return character in _NAMES or unicodedata.category(character) in {"Cc", "Cf", "Cs"}


def _runs(text: str, start: int, end: int, passages: Iterable[Span], hot: Iterable[Span]) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) runs without gaps from start to end, neighbours of one kind as one run."""
    inside, heated = _covered(passages, start, end), _covered(hot, start, end)
    borders = sorted({start, end} | {border for span in inside + heated for border in span})
    kinds = ["hot" if _holds(heated, at) else "passage" if _holds(inside, at) else "plain" for at in borders[:-1]]
    first = 0
    for kind, alike in itertools.groupby(kinds):
        last = first + len(list(alike))
        yield kind, text[borders[first] : borders[last]]
        first = last


def _covered(spans: Iterable[Span], start: int, end: int) -> list[tuple[int, int]]:
    cut = ((max(span.start, start), min(span.end, end)) for span in spans)
    return [(left, right) for left, right in cut if left < right]


def _holds(ranges: list[tuple[int, int]], at: int) -> bool:
    return any(left <= at < right for left, right in ranges)


def _visible(kind: str, run: str) -> Iterator[Piece]:
    begun = 0
    for at in range(len(run)):
        if is_invisible(run, at):
            if begun < at:
                yield Piece(kind, run[begun:at])
            yield Piece("invisible", *_named(run[at]))
            begun = at + 1
    if begun < len(run):
        yield Piece(kind, run[begun:])


def _named(character: str) -> tuple[str, str]:
    short = _NAMES.get(character, f"U+{ord(character):04X}")
    return short, unicodedata.name(character, f"control character U+{ord(character):04X}").lower()
