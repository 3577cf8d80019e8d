"""Templates of our own wording, read from `templates/` and expanded by a seed.

A line is one template. `[a|b]` chooses, `{slot}` is filled from the lexicon, and a header line starting with `@` says
what the lines beneath it mean: `@ signals, ?unknown ones | stage | stance`. Every eighth template is for dev, every
eighth for test: no wording of theirs is ever trained on. Knows nothing about tensors.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from classify.train.authored.groups import GENERIC, Group, Split, forms, generic, invented

FOLDER = Path(__file__).parent / "templates"
CORES = (
    "dehumanization", "incitement", "extremist_narrative", "hate_speech",
    "propaganda", "discrimination", "mobilization", "impunity", "more",
    "voices", "benign", "justice", "tales", "orders", "street", "ranks",
    "denials", "alarms", "threats", "decrees", "beasts", "plain", "quotes", "ladders", "verdicts", "mirrors",
    "verges", "chorus", "faces",
)  # fmt: skip
LANGUAGES = {"en": CORES, "sw": ("sw",), "fr": ("fr",), "ar": ("ar",)}
_KINDS = {"W": "gender", "Q": "sexuality_gender_identity", "D": "disability"}  # slots of one protected characteristic
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"(\b[Aa] |[.!?] )?\{(\w+)\}")
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


def read(file: str, default: Meaning | None = None) -> list[Template]:
    """The templates of one file, each with its split."""
    meaning = default or Meaning(frozenset(), frozenset(), 0, "asserts")
    templates: list[Template] = []
    for number, raw in enumerate((FOLDER / f"{file}.txt").read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("# ") or line == "#":
            continue
        if line.startswith("@ "):
            meaning = _header(line[2:])
            continue
        place = len(templates) % 8
        split: Split = "dev" if place == 3 else "test" if place == 6 else "train"
        templates.append(Template(f"{file}:{number}", line, meaning, split))
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
    file = "lexicon.txt" if language == "en" else f"lexicon_{language}.txt"
    for line in (FOLDER / file).read_text(encoding="utf-8").splitlines():
        if ":" in line and not line.startswith("#"):
            slot, fillers = line.split(":", 1)
            lists[slot] = [filler.strip() for filler in fillers.split("|")]
    return lists


class Grammar:
    """Expands the templates of one split and language; the same seed gives the same texts. Only English is framed."""

    def __init__(self, split: Split, seed: int, language: str = "en") -> None:
        self._draw = random.Random(f"{split}-{seed}")  # noqa: S311 - sampling, not secrecy
        self._split: Split = split
        self._language = language
        self._lexicon = lexicon(language)
        every = [template for file in LANGUAGES[language] for template in read(file)]
        self._cores = [t for t in every if t.split == split]
        self._hostile = [t for t in self._cores if t.meaning.signals and t.meaning.stance == "asserts"]
        self._news = [t for t in self._cores if not t.meaning.signals and t.meaning.stance == "reports"]
        self._wrappers = [t for t in read("wrappers") if t.split == split]
        self._frames = [t for t in read("frames") if t.split == split]

    def texts(self, per_core: int, per_wrapper: int) -> Iterator[Authored]:
        """Every core `per_core` times, alone or framed by its genre, and every wrapper `per_wrapper` times."""
        for template in self._cores:
            for _ in range(per_core if template.meaning.signals else 2 * per_core):
                yield self._framed(template)
        for wrapper in self._wrappers if self._language == "en" else ():
            for _ in range(per_wrapper):
                yield self._wrapped(wrapper)

    def _framed(self, template: Template) -> Authored:
        text, group = self._fill(template)
        genre = "plain"
        if self._language != "en":
            target = group.target if group and template.meaning.signals else None
            return Authored(text, template.meaning, target, template.name, genre, self._language)
        chance = self._draw.random()
        if chance < 0.3:
            frame = self._draw.choice(self._frames)
            genre, pattern = (part.strip() for part in frame.pattern.split("|", 1))
            text = self._expand(pattern, {"C": text})
        elif chance < 0.4 and template.meaning.signals:
            news, _ = self._fill(self._draw.choice(self._news))
            text = f"{news} {text}" if chance < 0.36 else f"{text} {news}"
            genre = "mixed"
        target = group.target if group and template.meaning.signals else None
        return Authored(text, template.meaning, target, template.name, genre)

    def _wrapped(self, wrapper: Template) -> Authored:
        core = self._draw.choice(self._hostile)
        carried, group = self._fill(core)
        marked = '"{C}"' in wrapper.pattern and self._draw.random() < 0.3  # the wrapper's own mark ends the sentence
        text = self._expand(wrapper.pattern, {"C": carried.rstrip(".!? ") if marked else carried.rstrip()})
        meaning = Meaning(core.meaning.signals, core.meaning.unknown, core.meaning.stage, wrapper.meaning.stance)
        return Authored(text, meaning, group.target if group else None, f"{wrapper.name}+{core.name}", "wrapped")

    def _fill(self, template: Template) -> tuple[str, Group | None]:
        if self._language != "en":
            names = forms(self._language, self._split, self._draw)
            return self._expand(template.pattern, names), Group(names["G"], names["g"], "ethnicity_race")
        for slot in (*_KINDS, "X"):
            if f"{{{slot}}}" in template.pattern:
                group = self._anyone() if slot == "X" else self._kind(slot)
                return self._expand(template.pattern, {slot: group.plural}), group
        named = self._group() if "{G}" in template.pattern or "{g}" in template.pattern else None
        if named is None and "{Y}" in template.pattern:
            party = self._draw.choice(self._lexicon["Y"])
            return self._expand(template.pattern, {"Y": party}), Group(party, party, "political")
        slots = {"G": named.plural, "g": named.singular} if named else {}
        return self._expand(template.pattern, slots), named

    def _kind(self, slot: str) -> Group:
        plural, singular = (part.strip() for part in self._draw.choice(self._lexicon[slot]).split("="))
        return Group(plural, singular, _KINDS[slot])

    def _anyone(self) -> Group:
        """A group of any kind, for sentences that fit them all."""
        return self._group() if self._draw.random() < 0.4 else self._kind(self._draw.choice(list(_KINDS)))

    def _group(self) -> Group:
        if self._draw.random() < 0.6:
            return invented(self._split, self._draw)
        kind = self._draw.choice(list(GENERIC))
        return generic(kind, self._draw.choice(self._lexicon[kind]))

    def _any_group(self) -> str:
        invented_too = self._language == "en" and self._draw.random() < 0.35
        return self._group().plural if invented_too else self._draw.choice(self._lexicon["real"])

    def _expand(self, pattern: str, slots: dict[str, str]) -> str:
        text = _CHOICE.sub(lambda match: self._draw.choice(match.group(1).split("|")), pattern)
        text = _SLOT.sub(lambda match: self._placed(match.group(1) or "", match.group(2), slots), text)
        text = _LOOSE.sub(r"\1", " ".join(text.split()))
        return (
            text[:1].upper() + text[1:]
            if pattern[:1] in "{[" and text[:1].isalpha() and self._draw.random() < 0.9
            else text
        )

    def _placed(self, before: str, slot: str, slots: dict[str, str]) -> str:
        """The filler in its place; in English with `an` before a vowel and a capital where a sentence starts."""
        filler = slots.get(slot) or self._slot(slot)
        if self._language != "en" or not before:
            return before + filler
        if before[0] in "Aa":
            return f"{before[0]}n {filler}" if filler[0].lower() in "aeiou" else before + filler
        return before + filler[0].upper() + filler[1:]

    def _slot(self, slot: str) -> str:
        if slot in {"A", "A2"}:
            return self._any_group()
        return self._group().plural if slot == "G2" else self._draw.choice(self._lexicon[slot])
