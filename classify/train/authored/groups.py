"""Groups to speak of: invented names by the hundred, generic ones, and real ones for kind or neutral sentences only."""

import random
from dataclasses import dataclass
from typing import Literal

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

Split = Literal["train", "dev", "test"]


@dataclass(frozen=True, slots=True)
class Group:
    """A group as templates name it."""

    plural: str
    singular: str
    target: str | None


def invented(split: Split, draw: random.Random) -> Group:
    """An invented people; train, dev and test never share a name."""
    while True:
        name = draw.choice(_ONSETS) + draw.choice(_VOWELS) + draw.choice(_MIDDLES) + draw.choice(_ENDINGS)
        if _split_of(name) == split:
            break
    name = name.capitalize()
    if name.endswith("ites"):
        return Group(name, name[:-1], "religion" if len(name) % 2 else "ethnicity_race")
    if name.endswith(("ans", "enes")):
        return Group(name, name[:-1], "ethnicity_race")
    return Group(name + draw.choice(["", "", "s"]), name, "ethnicity_race")


_ARABIC = (
    ("بر", "در", "ف", "ك", "ن", "ر", "ت", "ز", "غ", "ه", "س", "ش"),
    ("ا", "و", "ي"),
    ("ل", "ن", "ر", "ست", "ز", "ند", "ك", "رك"),
)


def forms(language: str, split: Split, draw: random.Random) -> dict[str, str]:
    """An invented people in another language's grammar: slots `G` (plural), `g` (singular), `N` (plural subject)."""
    if language == "ar":
        while True:
            stem = "".join(draw.choice(part) for part in _ARABIC)
            if _split_of(stem) == split:
                return {"G": f"ال{stem}يين", "g": f"{stem}ي", "N": f"ال{stem}يون"}
    name = invented(split, draw).singular
    if language == "sw":
        return {"G": f"Wa{name.lower()}", "g": f"M{name.lower()}"}
    return {"G": f"{name.rstrip('s')}s", "g": name}


def _split_of(name: str) -> Split:
    place = sum(ord(letter) * (i + 1) for i, letter in enumerate(name)) % 10
    return "test" if place == 0 else "dev" if place == 1 else "train"


GENERIC = {
    "migration": "nationality_migration",
    "region": "ethnicity_race",
    "faith": "religion",
    "other": "other",
}


def generic(kind: str, entry: str) -> Group:
    """A generic group from a lexicon entry such as `hill people = hill`."""
    plural, singular = (part.strip() for part in entry.split("="))
    return Group(plural, singular, GENERIC[kind])
