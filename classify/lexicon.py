"""Terms that a reviewer should know about, and where they stand in a text: evidence for people, never a verdict.

No score, flag, severity or place in the queue comes from here, and nothing that decides imports this module (a test and
an import contract hold it so). An entry tells what a term has been used for, what else it means, and what finding it
does not prove. Entries come from `lexicon.jsonl` and from an operator; this module knows neither model nor database.
"""

import datetime as dt
import functools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from classify import folding
from classify.errors import BadLexicon
from models.codebook import SIGNALS

BUNDLED = Path(__file__).parent / "lexicon.jsonl"
# How easily a term misleads: `high` is an everyday word that is mostly used without any harm.
CAUTIONS = ("high", "medium", "low")
ANY = "*"
LONGEST_TERM = 200
LONGEST_TEXT = 2_000  # of what is said about a term
MOST_FORMS = 60
MOST_PLACES = 20
LOOKED_AT = 50_000  # code points of one text
SHORTEST_STEM = 3
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_KEY = re.compile(r"\S{1,150}\Z")
_SAID = {
    "meaning": "its meaning",
    "benign": "its benign uses",
    "does_not_prove": "what it does not prove",
    "source": "its source",
}
_UNKNOWN = frozenset({"und", "mixed"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One term. `languages` are those it belongs to; with `*` among them it is looked for in texts of every language.

    `variants` are other ways to write it; a word ending in `*` stands for every word that begins so. `consistent_with`
    are the signals that its use has gone with. `reviewed_by` is the native speaker who has checked the entry, if any.
    """

    key: str
    term: str
    languages: tuple[str, ...]
    meaning: str
    benign: str
    does_not_prove: str
    source: str
    variants: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    consistent_with: tuple[str, ...] = ()
    caution: str = "high"
    reviewed_by: str = ""
    reviewed_on: dt.date | None = None
    active: bool = True


FIELDS = tuple(one.name for one in fields(Entry))
_LISTS = ("variants", "languages", "countries", "consistent_with")


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry and the places of the text as sent where it stands."""

    entry: Entry
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a term: folded words, of which some are only beginnings."""

    owner: int
    words: tuple[str, ...]
    stems: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Active entries, and their forms by the first word."""

    entries: tuple[Entry, ...]
    whole: dict[str, tuple[Form, ...]] = field(repr=False)
    stems: dict[str, tuple[Form, ...]] = field(repr=False)
    lengths: tuple[int, ...] = field(repr=False)  # of the stems
    unspaced: tuple[tuple[int, str], ...] = field(repr=False)  # (entry, characters)


# --------------------------------------------------------------------------------------------- reading entries


def read(path: Path) -> list[Entry]:
    """The entries of a JSON Lines file; raises BadLexicon with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadLexicon(f"The lexicon {path} cannot be read: {error}.") from error
    return parse(text.splitlines(), str(path))


def parse(lines: Iterable[str], name: str) -> list[Entry]:
    """Entries out of lines; blank ones and those with `#` first are comments, and a key stands once."""
    found: dict[str, Entry] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        place = f"{name}, line {number}"
        try:
            entry = checked(_entry(json.loads(line)))
        except (ValueError, TypeError, RecursionError) as error:
            raise BadLexicon(f"{place} is not a lexicon entry: {error}.") from error
        except BadLexicon as error:
            raise BadLexicon(f"{place}: {error}") from error
        if entry.key in found:
            raise BadLexicon(f"{place}: the key {entry.key!r} stands there twice.")
        found[entry.key] = entry
    return list(found.values())


def write(entry: Entry) -> str:
    """An entry as one line of a file."""
    return json.dumps(asdict(entry), ensure_ascii=False, default=str)


@functools.cache
def bundled() -> tuple[Entry, ...]:
    """The entries that come with the product."""
    return tuple(read(BUNDLED))


def _entry(told: Any) -> Entry:
    if not isinstance(told, dict):
        raise TypeError("it is no JSON object")
    values = dict(told)
    for name in _LISTS:
        listed = values.get(name, [])
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise TypeError(f"{name} must be a list of texts")
        values[name] = tuple(listed)
    on = values.get("reviewed_on")
    values["reviewed_on"] = dt.date.fromisoformat(on) if on else None
    for name in (*_SAID, "key", "term", "caution", "reviewed_by"):
        if not isinstance(values.get(name, ""), str):
            raise TypeError(f"{name} must be a text")
    if not isinstance(values.get("active", True), bool):
        raise TypeError("active must be true or false")
    return Entry(**values)


def checked(entry: Entry) -> Entry:
    """The entry, if it may stand in a lexicon; raises BadLexicon that says what is missing."""
    for wrong in _faults(entry):
        raise BadLexicon(wrong)
    return entry


def _faults(entry: Entry) -> Iterator[str]:
    if not _KEY.match(entry.key):
        yield "An entry needs a key of 1 to 150 characters without spaces."
    for form in (entry.term, *entry.variants):
        yield from _form_faults(form)
    if len(entry.variants) > MOST_FORMS:
        yield f"An entry may have at most {MOST_FORMS} variants."
    yield from _code_faults(entry)
    for name, what in _SAID.items():
        said = getattr(entry, name)
        if not said.strip() or len(said) > LONGEST_TEXT:
            yield f"An entry must say {what}, in at most {LONGEST_TEXT} characters."
    if bool(entry.reviewed_by) != bool(entry.reviewed_on):
        yield "A native review needs both who and when, or neither."


def _code_faults(entry: Entry) -> Iterator[str]:
    spoken = [language for language in entry.languages if language != ANY]
    if not spoken:
        yield "An entry needs the language of its term, as a code such as sw."
    for language in spoken:
        if not _LANGUAGE.match(language):
            yield f"A language is a code such as sw or ar-Latn; got {language!r}."
    for country in entry.countries:
        if not _COUNTRY.match(country):
            yield f"A country is a code of two capital letters such as KE; got {country!r}."
    for signal in entry.consistent_with:
        if signal not in SIGNALS:
            yield f"A signal must be one of {', '.join(SIGNALS)}; got {signal!r}."
    if entry.caution not in CAUTIONS:
        yield f"The caution must be one of {', '.join(CAUTIONS)}; got {entry.caution!r}."


def _form_faults(form: str) -> Iterator[str]:
    if len(form) > LONGEST_TERM:
        yield f"A term may have at most {LONGEST_TERM} characters."
    letters = sum(len(word) for word in folding.words(form))
    if letters < 2:
        yield f"A term needs two letters at least; got {form!r}."
    for part in form.split():
        stem = part.removesuffix("*")
        if "*" in stem:
            yield f"A * may only end a word; got {form!r}."
        elif stem != part and (len("".join(folding.words(stem))) < SHORTEST_STEM or folding.is_unspaced(stem)):
            yield f"A word with * needs {SHORTEST_STEM} letters before it, in a script with spaces; got {form!r}."


# --------------------------------------------------------------------------------------------- finding terms


@functools.lru_cache(maxsize=4)
def build(entries: tuple[Entry, ...]) -> Lexicon:
    """The active ones among these entries, ready to be looked for."""
    active = tuple(entry for entry in entries if entry.active)
    whole: dict[str, list[Form]] = {}
    stems: dict[str, list[Form]] = {}
    unspaced: list[tuple[int, str]] = []
    for owner, entry in enumerate(active):
        for written in dict.fromkeys((entry.term, *entry.variants)):
            if folding.is_unspaced(written):
                unspaced.append((owner, folding.fold(written)))
                continue
            form = _form(owner, written)
            (stems if form.stems[0] else whole).setdefault(form.words[0], []).append(form)
    return Lexicon(
        active,
        {word: tuple(forms) for word, forms in whole.items()},
        {word: tuple(forms) for word, forms in stems.items()},
        tuple(sorted({len(word) for word in stems})),
        tuple(unspaced),
    )


def _form(owner: int, written: str) -> Form:
    found = [
        (word, part.endswith("*") and place == last)
        for part in written.split()
        for words in [folding.words(part)]
        for last in [len(words) - 1]
        for place, word in enumerate(words)
    ]
    return Form(owner, tuple(word for word, _ in found), tuple(stem for _, stem in found))


def find(lexicon: Lexicon, text: str, language: str) -> list[Hit]:
    """The entries whose term stands in a text of this language, in the order in which they first do.

    A text whose language nobody can tell is looked through for all of them. Only the first `LOOKED_AT` code points are
    read; of one entry no more than `MOST_PLACES` places are told.
    """
    read = text[:LOOKED_AT]
    found: dict[int, set[tuple[int, int]]] = {}
    for owner, start, end in (*_spaced(lexicon, read), *_unspaced(lexicon, read)):
        if _spoken(lexicon.entries[owner], language):
            found.setdefault(owner, set()).add((start, end))
    hits = [Hit(lexicon.entries[owner], _places(places)) for owner, places in found.items()]
    return sorted(hits, key=lambda hit: (hit.places[0], hit.entry.key))


def _spoken(entry: Entry, language: str) -> bool:
    told = {ANY, language, language.partition("-")[0]}
    return language in _UNKNOWN or not told.isdisjoint(entry.languages)


def _spaced(lexicon: Lexicon, text: str) -> Iterator[tuple[int, int, int]]:
    tokens = folding.tokens(text)
    for at, token in enumerate(tokens):
        for word in (token.text, token.also) if token.also else (token.text,):
            for form in _beginning(lexicon, word):
                matched = tokens[at : at + len(form.words)]
                if _stands(form, matched):
                    yield form.owner, token.start, matched[-1].end


def _beginning(lexicon: Lexicon, word: str) -> Iterator[Form]:
    """The forms whose first word this can be."""
    yield from lexicon.whole.get(word, ())
    for length in lexicon.lengths:
        if length > len(word):
            return
        yield from lexicon.stems.get(word[:length], ())


def _stands(form: Form, tokens: Sequence[folding.Token]) -> bool:
    """Whether the words after the first are there too."""
    if len(tokens) < len(form.words):
        return False
    rest = zip(form.words[1:], form.stems[1:], tokens[1:], strict=True)
    return all(
        any(word.startswith(wanted) if stem else word == wanted for word in (token.text, token.also))
        for wanted, stem, token in rest
    )


def _unspaced(lexicon: Lexicon, text: str) -> Iterator[tuple[int, int, int]]:
    if not lexicon.unspaced or not folding.is_unspaced(text):
        return
    line = folding.line(text)
    for owner, form in lexicon.unspaced:
        yield from ((owner, start, end) for start, end in line.find(form))


def _places(found: set[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """In text order, without those that lie inside a longer one of the same entry."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda place: (place[0], -place[1])):
        if not kept or end > kept[-1][1]:
            kept.append((start, end))
    return tuple(kept[:MOST_PLACES])
