"""Groups to speak of: invented names by the hundred, generic ones, and real ones for kind or neutral sentences only."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from classify.gazetteer import load

_ONSETS = [
    "b",
    "br",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kr",
    "l",
    "m",
    "n",
    "or",
    "os",
    "p",
    "r",
    "s",
    "sh",
    "t",
    "th",
    "tol",
    "v",
    "vr",
    "w",
    "y",
    "z",
]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ei", "ou"]
_MIDDLES = ["d", "l", "lb", "ll", "m", "n", "nd", "r", "rr", "rk", "sh", "st", "str", "t", "v", "z", "kk"]
_ENDINGS = ["a", "ani", "ari", "eni", "eki", "i", "iri", "ish", "ites", "o", "ok", "ov", "u", "uri", "ans", "enes"]

# Peoples, countries and words that the syllables can make and the gazetteer does not know, without a last s.
_TAKEN = frozenset({
    "bali", "balti", "banish", "bara", "bari", "batak", "bira", "bodo", "boro", "bozo", "british", "bulu",
    "dani", "danish", "darki", "druri", "duru", "finish", "fula", "galla", "gamo", "ganda", "garish", "garo",
    "gola", "goro", "guro", "hamite", "harani", "harari", "hellene", "hero", "hindi", "homo", "jaini", "jola",
    "kanuri", "karo", "koli", "komi", "kono", "kuru", "lavish", "levite", "loma", "lori", "lozi", "lunda",
    "luri", "madi", "mali", "mandan", "mandari", "mari", "maya", "mina", "mono", "moro", "moru", "mula",
    "mulla", "munda", "mura", "nama", "nandi", "nara", "naro", "nazi", "nero", "nuri", "oromani", "parish",
    "pedi", "perish", "peru", "polish", "punish", "radish", "relish", "retari", "roma", "roman", "romish",
    "samari", "sami", "samo", "sara", "semite", "sena", "shina", "shona", "sindi", "sora", "sorani", "sudani",
    "suri", "taino", "taita", "tama", "tamari", "tarish", "tatari", "tharu", "toda", "toma", "toro", "turani",
    "turi", "turkish", "tutu", "tuva", "tuvani", "vanish", "venda", "vili", "vira", "wallo", "wari", "yemeni",
    "zaza", "zero", "zorani", "zulu", "zuni",
})  # fmt: skip

Split = Literal["train", "dev", "test"]


Lexicon = Mapping[str, Sequence[str]]
FORMS = ("G", "g")


@dataclass(frozen=True, slots=True)
class Group:
    """A group as templates name it: its forms by slot: `G` plural, `g` singular, more where a language needs them."""

    forms: Mapping[str, str]
    target: str | None


def invented(split: Split, draw: random.Random) -> Group:
    """An invented people; train, dev and test never share a name."""
    while True:
        name = draw.choice(_ONSETS) + draw.choice(_VOWELS) + draw.choice(_MIDDLES) + draw.choice(_ENDINGS)
        if _split_of(name) == split and not taken([name]):
            break
    name = name.capitalize()
    if name.endswith("ites"):
        return Group({"G": name, "g": name[:-1]}, "religion" if len(name) % 2 else "ethnicity_race")
    if name.endswith(("ans", "enes")):
        return Group({"G": name, "g": name[:-1]}, "ethnicity_race")
    return Group({"G": name + draw.choice(["", "", "s"]), "g": name}, "ethnicity_race")


def coined(words: Lexicon, split: Split, draw: random.Random) -> Group:
    """An invented people in another language: its lists `stem1`, `stem2`... make a stem for the forms `invented`."""
    syllables = [words[key] for key in sorted(words) if key.startswith("stem")]
    while True:
        stem = "".join(draw.choice(syllable) for syllable in syllables)
        group = named(draw.choice(words["invented"]).replace("*", stem), words, "ethnicity_race")
        if _split_of(stem) == split and not taken(group.forms.values()):
            return group


def taken(names: Iterable[str]) -> bool:
    """Whether a real people is called so, or the word means something else: chance must not hit on it."""
    known = load().owners
    forms = (form for name in names for form in (name.casefold(), name.casefold().rstrip("s")))
    return any(form in known or form in _TAKEN for form in forms)


def _split_of(name: str) -> Split:
    place = sum(ord(letter) * (i + 1) for i, letter in enumerate(name)) % 10
    return "test" if place == 0 else "dev" if place == 1 else "train"


GENERIC = {
    "migration": "nationality_migration",
    "region": "ethnicity_race",
    "faith": "religion",
    "other": "other",
}
# Slots for one kind of people, with the list that fills them and its target; `{w}` is the singular of `{W}`.
KINDS = {
    "W": ("W", "gender"),
    "Q": ("Q", "sexuality_gender_identity"),
    "D": ("D", "disability"),
    "M": ("migration", "nationality_migration"),
    "F": ("faith", "religion"),
    "R": ("region", "ethnicity_race"),
}


def named(entry: str, words: Lexicon, target: str, kind: str = "G") -> Group:
    """A group from a lexicon entry such as `hill people = hill`: its forms in the order of the list `forms`."""
    slots = [slot.replace("G", kind).replace("g", kind.lower()) for slot in words.get("forms", FORMS)]
    forms = [form.strip() for form in entry.split("=")]
    return Group(dict(zip(slots, forms, strict=True)), target)
