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

FOLDER = Path(__file__).parent / "templates"
CORES = (
    "dehumanization", "incitement", "extremist_narrative", "hate_speech", "propaganda", "discrimination",
    "mobilization", "impunity", "further_wordings", "further_voices", "benign", "impunity_and_courts",
    "propaganda_tales", "mobilization_and_meetings", "street_talk", "ranks_and_duties", "impunity_shapes",
    "propaganda_and_warnings", "threats", "decrees", "dehumanization_by_kind", "contempt_plain", "told_on",
    "ladders_of_openings", "longer_speeches", "hard_pairs", "codebook_borders", "short_voices", "any_group",
    "hate_answered", "negations", "own_voice", "own_voice_in_public", "kind_beside_hostile", "kinds_of_groups",
    "feelings_and_hints", "simple_sentences", "one_liners", "reported_hate", "dialogues", "condemnation",
    "four_stances", "violent_verbs", "late_turns", "irony_and_euphemism", "headlines_and_relays", "mimicked_hate",
    "abuse_without_trait", "modal_verbs", "rumours", "impunity_plain", "dehumanization_without_beasts",
    "incitement_plain", "exclusion", "creeds", "mobilization_orders", "ladders_of_situations", "unnamed",
    "news_and_courts", "alarming_words", "propaganda_as_news", "impunity_praised", "ladders_of_verbs", "demands",
    "longer_pieces", "blame", "impunity_hinted", "hostile_negations", "harmless", "posts_impunity",
    "posts_dehumanization", "posts_propaganda", "posts_extremist", "reports_of_speech", "reports_of_violence",
    "voices_condemning", "passages_mixed", "talk_of_groups", "posts_counterspeech", "posts_negated_hate",
    "posts_identity", "posts_own_voice", "posts_swearing", "posts_incitement", "posts_mobilization",
    "posts_discrimination", "posts_everyday_hate", "impunity_in_talk", "extremist_in_talk", "dehumanization_in_talk",
    "propaganda_in_talk", "incitement_in_talk", "stages_in_talk", "answers_in_talk", "negations_in_talk",
    "pulpit_and_parliament", "barracks_and_courts", "work_and_market", "school_and_home", "media_and_threads",
    "before_the_storm",
)  # fmt: skip
APART = "apart"  # a whole file for measuring: neither its wording nor its situations are those of a trained line
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
    """English and every language that has a lexicon."""
    return ("en", *sorted(path.stem.removeprefix("lexicon_") for path in FOLDER.glob("lexicon_*.txt")))


def cores(language: str) -> tuple[str, ...]:
    """The template files of a language: English names them by subject, another `xx` and `xx_subject`."""
    return CORES if language == "en" else (language, *sorted(path.stem for path in FOLDER.glob(f"{language}_*.txt")))


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
    for line in (FOLDER / f"{_of('lexicon', language)}.txt").read_text(encoding="utf-8").splitlines():
        if ":" in line and not line.startswith("#"):
            slot, fillers = line.split(":", 1)
            lists[slot] = [filler.strip() for filler in fillers.split("|")]
    return lists


def _of(file: str, language: str) -> str:
    return file if language == "en" else f"{file}_{language}"


def _beside(file: str, language: str) -> list[Template]:
    """Wrappers, frames or what is kept apart; a language may have none yet."""
    name = _of(file, language)
    return read(name) if (FOLDER / f"{name}.txt").exists() else []


class Grammar:
    """Expands the templates of one split and language; the same seed gives the same texts."""

    def __init__(self, split: Split, seed: int, language: str = "en") -> None:
        self._draw = random.Random(f"{split}-{seed}")  # noqa: S311 - sampling, not secrecy
        self._split: Split = split
        self._language = language
        self._lexicon = lexicon(language)
        every = [template for file in cores(language) for template in read(file)]
        self._cores = [t for t in every if t.split == split]
        self._hostile = [t for t in self._cores if t.meaning.signals and t.meaning.stance == "asserts"]
        self._news = [t for t in self._cores if not t.meaning.signals and t.meaning.stance == "reports"]
        self._wrappers = [t for t in _beside("wrappers", language) if t.split == split]
        self._frames = [t for t in _beside("frames", language) if t.split == split]
        self._spellings = spelling.read(FOLDER / f"{_of('spelling', language)}.txt")

    def texts(self, per_core: int, per_wrapper: int) -> Iterator[Authored]:
        """Every core `per_core` times, alone or framed by its genre, and every wrapper `per_wrapper` times."""
        for template in self._cores:
            for _ in range(per_core if template.meaning.signals else 2 * per_core):
                yield self._spelt(self._framed(template))
        for wrapper in self._wrappers:
            for _ in range(per_wrapper):
                yield self._spelt(self._wrapped(wrapper))

    def apart(self, per_core: int) -> Iterator[Authored]:
        """Every template of the file that is kept for measuring, as it stands, `per_core` times."""
        for template in _beside(APART, self._language):
            for _ in range(per_core):
                text, group = self._fill(template)
                target = group.target if group and template.meaning.signals else None
                made = Authored(text, template.meaning, target, template.name, APART, self._language)
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
