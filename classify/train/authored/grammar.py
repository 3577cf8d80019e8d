"""Templates of our own wording, read from `templates/` and expanded by a seed.

A line is one template. `[a|b]` chooses, `{slot}` is filled from the lexicon, and a header line starting with `@` says
what the lines beneath it mean: `@ signals, ?unknown ones | stage | stance`. Every eighth template is for dev, every
eighth for test: no wording of theirs is ever trained on. What is peculiar to a language stands in its text files, so
that a new one needs no code. Knows nothing about tensors.
"""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from classify.train.authored import spelling
from classify.train.authored.groups import FORMS, GENERIC, KINDS, Group, Split, coined, invented, named

FOLDER = Path(__file__).parent / "templates"  # a folder to a language
BESIDE = frozenset({"lexicon", "wrappers", "frames", "spelling", "apart"})  # files of a language that hold no cores
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"(\b[Aa] |[.!?] )?\{(\w+)\}")
PARTY = "Y"
ANYONE = "X"  # the slot of a group of any kind, for sentences that fit them all
PERSONAL = ("W", "Q", "D")
_LOOSE = re.compile(r"\s+([,.;:!?])")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What every expansion of a template means."""

    signals: frozenset[str]
    unknown: frozenset[str]
    stage: int | None
    stance: str


@dataclass(frozen=True, slots=True)
class Template:
    """One line of a template file."""

    name: str  # file and line, the key of a split
    pattern: str
    meaning: Meaning
    split: Split


@dataclass(frozen=True, slots=True)
class Authored:
    """One text of ours with what it means."""

    text: str
    meaning: Meaning
    target: str | None
    template: str
    genre: str
    language: str = "en"


def languages() -> tuple[str, ...]:
    """English and every other language that has a folder."""
    return ("en", *sorted({path.parent.name for path in FOLDER.glob("*/lexicon.txt")} - {"en"}))


def cores(language: str) -> tuple[str, ...]:
    """The template files of a language, which are named by subject."""
    return tuple(sorted({path.stem for path in (FOLDER / language).glob("*.txt")} - BESIDE))


def read(file: str, language: str = "en") -> list[Template]:
    """The templates of one file, each with its split; none where a language has no such file."""
    path = FOLDER / language / f"{file}.txt"
    meaning = Meaning(frozenset(), frozenset(), 0, "asserts")
    templates: list[Template] = []
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else (), start=1):
        line = raw.strip()
        if not line or line.startswith("# ") or line == "#":
            continue
        if line.startswith("@ "):
            meaning = _header(line[2:])
            continue
        place = len(templates) % 8
        split: Split = "dev" if place == 3 else "test" if place == 6 else "train"
        templates.append(Template(f"{language}/{file}:{number}", line, meaning, split))
    return templates


def _header(line: str) -> Meaning:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) == 1:  # a wrapper or a frame: only the stance
        return Meaning(frozenset(), frozenset(), None, parts[0])
    keys = parts[0].split()
    unknown = frozenset(key[1:] for key in keys if key.startswith("?"))
    stage = None if parts[1] == "?" else int(parts[1])
    return Meaning(frozenset(k for k in keys if not k.startswith("?")), unknown, stage, parts[2])


def lexicon(language: str = "en") -> dict[str, list[str]]:
    """Slot name to its fillers in one language."""
    lists = {}
    for line in (FOLDER / language / "lexicon.txt").read_text(encoding="utf-8").splitlines():
        if ":" in line and not line.startswith("#"):
            slot, fillers = line.split(":", 1)
            lists[slot] = [filler.strip() for filler in fillers.split("|")]
    return lists


class Grammar:
    """Expands the templates of one split and language; the same seed gives the same texts."""

    def __init__(self, split: Split, seed: int, language: str = "en") -> None:
        self._draw = random.Random(f"{split}-{seed}")  # noqa: S311 - sampling, not secrecy
        self._split: Split = split
        self._language = language
        self._lexicon = lexicon(language)
        every = [template for file in cores(language) for template in read(file, language)]
        self._cores = [t for t in every if t.split == split]
        self._hostile = [t for t in self._cores if t.meaning.signals and t.meaning.stance == "asserts"]
        self._news = [t for t in self._cores if not t.meaning.signals and t.meaning.stance == "reports"]
        self._wrappers = [t for t in read("wrappers", language) if t.split == split]
        self._frames = [t for t in read("frames", language) if t.split == split]
        self._spellings = spelling.read(FOLDER / language / "spelling.txt")

    def texts(self, per_core: int, per_wrapper: int) -> Iterator[Authored]:
        """Every core `per_core` times, alone or framed by its genre, and every wrapper `per_wrapper` times."""
        for template in self._cores:
            for _ in range(per_core if template.meaning.signals else 2 * per_core):
                yield self._spelt(self._framed(template))
        for wrapper in self._wrappers:
            for _ in range(per_wrapper):
                yield self._spelt(self._wrapped(wrapper))

    def apart(self, per_core: int) -> Iterator[Authored]:
        """Every template of the file `apart`, as it stands, `per_core` times.

        It is for measuring alone: neither its wording nor its situations are those of a trained line.
        """
        for template in read("apart", self._language):
            for _ in range(per_core):
                text, group = self._fill(template)
                target = group.target if group and template.meaning.signals else None
                made = Authored(text, template.meaning, target, template.name, "apart", self._language)
                yield self._spelt(made)

    def _spelt(self, authored: Authored) -> Authored:
        return replace(authored, text=spelling.spelt(authored.text, self._spellings, self._draw))

    def _framed(self, template: Template) -> Authored:
        text, group = self._fill(template)
        genre = "plain"
        chance = self._draw.random()
        if chance < 0.3 and self._frames:
            frame = self._draw.choice(self._frames)
            genre, pattern = (part.strip() for part in frame.pattern.split("|", 1))
            text = self._expand(pattern, {"C": text})
        elif 0.3 <= chance < 0.4 and self._news and template.meaning.signals:
            news, _ = self._fill(self._draw.choice(self._news))
            text = f"{news} {text}" if chance < 0.36 else f"{text} {news}"
            genre = "mixed"
        target = group.target if group and template.meaning.signals else None
        return Authored(text, template.meaning, target, template.name, genre, self._language)

    def _wrapped(self, wrapper: Template) -> Authored:
        core = self._draw.choice(self._hostile)
        carried, group = self._fill(core)
        marked = '"{C}"' in wrapper.pattern and self._draw.random() < 0.3  # the wrapper's own mark ends the sentence
        text = self._expand(wrapper.pattern, {"C": carried.rstrip(".!? ") if marked else carried.rstrip()})
        meaning = Meaning(core.meaning.signals, core.meaning.unknown, core.meaning.stage, wrapper.meaning.stance)
        name = f"{wrapper.name}+{core.name}"
        return Authored(text, meaning, group.target if group else None, name, "wrapped", self._language)

    def _fill(self, template: Template) -> tuple[str, Group | None]:
        group = self._group_of({slot for _, slot in _SLOT.findall(template.pattern)})
        return self._expand(template.pattern, group.forms if group else {}), group

    def _group_of(self, slots: set[str]) -> Group | None:
        """The group that a template is about: of the one kind that a slot names, any other, or none."""
        if ANYONE in slots:
            group = self._group() if self._draw.random() < 0.4 else self._kind(self._draw.choice(PERSONAL))
            return Group({ANYONE: next(iter(group.forms.values()))}, group.target)
        for kind in KINDS:
            if slots & {kind, kind.lower()}:
                return self._kind(kind)
        if slots & set(self._lexicon.get("forms", FORMS)):
            return self._group()
        return Group({PARTY: self._draw.choice(self._lexicon[PARTY])}, "political") if PARTY in slots else None

    def _kind(self, kind: str) -> Group:
        file, target = KINDS[kind]
        return named(self._draw.choice(self._lexicon[file]), self._lexicon, target, kind)

    def _group(self) -> Group:
        kinds = [kind for kind in GENERIC if kind in self._lexicon]
        if not kinds or self._draw.random() < 0.6:
            if "invented" in self._lexicon:
                return coined(self._lexicon, self._split, self._draw)
            return invented(self._split, self._draw)
        kind = self._draw.choice(kinds)
        return named(self._draw.choice(self._lexicon[kind]), self._lexicon, GENERIC[kind])

    def _any_group(self, form: str) -> str:
        """An invented or a real group; `{AN}` asks for another form of it, whose real ones stand in `real_N`."""
        if self._draw.random() < 0.35:
            return self._group().forms[form]
        return self._draw.choice(self._lexicon["real" if form == "G" else f"real_{form}"])

    def _expand(self, pattern: str, slots: Mapping[str, str]) -> str:
        text = _CHOICE.sub(lambda match: self._draw.choice(match.group(1).split("|")), pattern)
        text = _SLOT.sub(lambda match: self._placed(match.group(1) or "", match.group(2), slots), text)
        text = _LOOSE.sub(r"\1", " ".join(text.split()))
        return (
            text[:1].upper() + text[1:]
            if pattern[:1] in "{[" and text[:1].isalpha() and self._draw.random() < 0.9
            else text
        )

    def _placed(self, before: str, slot: str, slots: Mapping[str, str]) -> str:
        """The filler in its place; in English with `an` before a vowel and a capital where a sentence starts."""
        filler = slots.get(slot) or self._slot(slot)
        if self._language != "en" or not before:
            return before + filler
        if before[0] in "Aa":
            return f"{before[0]}n {filler}" if filler[0].lower() in "aeiou" else before + filler
        return before + filler[0].upper() + filler[1:]

    def _slot(self, slot: str) -> str:
        if slot[0] == "A":
            return self._any_group("G" if slot in {"A", "A2"} else slot[1:])
        return self._group().forms["G"] if slot == "G2" else self._draw.choice(self._lexicon[slot])
