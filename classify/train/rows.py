"""Labelled rows become training rows: which sets may be used, how much of each, and what their labels say.

A label that a set does not give is unknown (NaN) and never 0. Knows nothing about networks or batches.
"""

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classify.rows import read
from classify.text import normalise
from models.assessment import SIGNALS, STANCES, TARGETS

UNKNOWN = math.nan


@dataclass(frozen=True, slots=True)
class Dataset:
    """How one public set is used; it is seen in proportion to `passes` times its rows."""

    languages: frozenset[str]
    passes: float  # how often it is seen whenever a set of 1.0 is seen once: more for few and clean rows
    licence: str
    weight: float = 1.0
    own_voice: bool = True  # a positive row is the author's own assertion


@dataclass(frozen=True, slots=True)
class Row:
    """One training example; labels are 1, 0 or NaN for unknown, stance -1 for unknown."""

    text: str
    signals: tuple[float, ...]  # (8,)
    stage: tuple[float, ...]  # (4,): at least 1, 2, 3, 4
    stance: int
    targets: tuple[float, ...]  # (8,)
    weight: float
    dataset: str
    key: str = ""  # the row's own name in its set


_EN = frozenset({"en"})
DATASETS = {
    "dghs": Dataset(_EN, 1.0, "none stated"),
    "hatexplain": Dataset(_EN, 1.5, "MIT"),
    "edos": Dataset(_EN, 1.4, "CC0"),
    "implicit_hate": Dataset(_EN, 1.1, "MIT"),
    "hatemojibuild": Dataset(_EN, 1.6, "CC BY 4.0"),
    "mhs_binary": Dataset(_EN, 0.3, "none stated"),
    "ghc": Dataset(_EN, 0.25, "none stated"),
    "cad": Dataset(_EN, 0.8, "none stated"),
    "davidson": Dataset(_EN, 0.05, "MIT", weight=0.5),
    "stormfront": Dataset(_EN, 0.6, "CC BY-SA 3.0 ES"),
    "hasoc2019": Dataset(_EN, 0.1, "none stated"),
    "mlma": Dataset(frozenset({"fr"}), 0.5, "MIT", weight=0.5),
    "ftr": Dataset(frozenset({"fr"}), 1.0, "MIT"),
    "kenya_moringa": Dataset(frozenset({"en-sw"}), 1.3, "MIT"),
    "nigeria_ml": Dataset(frozenset({"en-NG"}), 0.3, "none stated"),
    "herdphobia": Dataset(frozenset({"en-NG"}), 0.5, "none stated"),
    "ptc": Dataset(_EN, 0.8, "research"),
    "semeval2021": Dataset(_EN, 0.5, "research", weight=0.5),
    "kenya2026_llm": Dataset(frozenset({"en-sw"}), 0.4, "silver", weight=0.3),
    "politikweli": Dataset(frozenset({"en-sw", "sw"}), 0.2, "silver", weight=0.3),
}
NEGATIVES = {"ag_news": "research", "india_police_events": "none stated", "masakhane_news": "MIT"}
_PLACEHOLDER = re.compile(
    r"\[(?:linebreak|newline)\]|\{(?:USERNAME|URL)\}|<(?:user|url|number|percent|money|time|date)>", re.IGNORECASE
)
_MASKED_USER = re.compile(r"(?:@USER|\[USER\]|@user|\bUSER\b)")
_MASKED_URL = re.compile(r"\[URL\]|@url\b|\bHTTPURL\b|\bLINK\b")
_TARGET_WORDS = {
    "ethnicity_race": r"bla|african|asi|arab|caucas|hisp|jew|ethnic|ethmin|indig|trav|mix|race|kikuyu|luo|luhya|"
    r"kalenjin|somali|kisii|kamba|fulani|descent|nilote|white",
    "nationality_migration": r"immig|\bref|refugee|\bfor\b|nat\.|nation|migra",
    "religion": r"mus|islam|jew|hindu|sikh|christ|relig|shia|buddh",
    "gender": r"wom|women|\bmen\b|gender",
    "sexuality_gender_identity": r"gay|trans|lgbt|bis|homosex|sexual",
    "disability": r"\bdis|disab|special_needs",
}
_TARGET_PATTERNS = {key: re.compile(pattern, re.IGNORECASE) for key, pattern in _TARGET_WORDS.items()}


def clean(text: str) -> str:
    """The text as the model reads it, without a set's own placeholders."""
    text = _MASKED_URL.sub(" https://example.org ", _MASKED_USER.sub(" @user ", _PLACEHOLDER.sub(" ", text)))
    return normalise(text).text


def signals_of(labels: dict[str, int]) -> tuple[float, ...]:
    """The eight signals, unknown where the set says nothing."""
    return tuple(float(labels[key]) if key in labels else UNKNOWN for key in SIGNALS)


def stage_of(labels: dict[str, int]) -> tuple[float, ...]:
    """What the labels prove about `at least stage 1, 2, 3, 4`."""
    reached = 0
    for key, stage in (("hate_speech", 1), ("dehumanization", 1), ("discrimination", 2), ("incitement", 3)):
        if labels.get(key) == 1:
            reached = max(reached, stage)
    if reached:
        calm = labels.get("incitement") == 0 and labels.get("discrimination") == 0
        above = 0.0 if calm else UNKNOWN
        return tuple(1.0 if stage <= reached else above for stage in (1, 2, 3, 4))
    known = labels and labels.get("hate_speech") == 0
    return (0.0,) * 4 if known else (UNKNOWN,) * 4


def targets_of(raw: str | None, labels: dict[str, int]) -> tuple[float, ...]:
    """Target classes from a set's own target string, where the mapping is plain."""
    if not raw or labels.get("hate_speech") != 1:
        return (UNKNOWN,) * len(TARGETS)
    found = {key for key, pattern in _TARGET_PATTERNS.items() if pattern.search(raw)}
    if not found:
        return (UNKNOWN,) * len(TARGETS)
    return tuple(1.0 if key in found else (UNKNOWN if key in {"other", "political"} else 0.0) for key in TARGETS)


def public(folder: Path) -> dict[str, list[Row]]:
    """Every usable row of the public sets, by set."""
    return {
        name: [
            row_of(raw, name, use)
            for raw in read(folder / "train" / f"{name}.jsonl.gz")
            if raw["lang"] in use.languages and raw.get("note") != "mt_davidson"
        ]
        for name, use in sets(folder).items()
    }


def sets(folder: Path) -> dict[str, Dataset]:
    """The sets to train on: the usual ones, and what `classify.train.bring` brought into this folder."""
    from classify.train.bring import with_imported  # it describes its sets in our terms

    return with_imported(DATASETS, folder)


def row_of(raw: dict[str, Any], name: str, use: Dataset) -> Row:
    """A row of a public set as a training row."""
    labels = raw["labels"]
    hateful = labels.get("hate_speech") == 1 or labels.get("incitement") == 1
    stance = STANCES.index("asserts") if hateful and use.own_voice else -1
    targets = targets_of(raw.get("target"), labels)
    return Row(
        clean(raw["text"]), signals_of(labels), stage_of(labels), stance, targets, use.weight, name, raw.get("id", "")
    )


def held_out(key: str) -> bool:
    """Whether this negative belongs to the fifth that training never sees; by hash, so that it never changes."""
    return hashlib.sha256(key.encode()).digest()[0] < 51


def negatives(folder: Path, *, unseen: bool, languages: frozenset[str] = _EN, longest: int = 320) -> list[Row]:
    """News in which nothing should be flagged: the part for training, or the part it never sees."""
    nothing = (0.0,) * len(SIGNALS)
    unknown = (UNKNOWN,) * len(TARGETS)
    rows = []
    for name in NEGATIVES:
        for raw in read(folder / "negatives" / f"{name}.jsonl.gz"):
            if raw["lang"] in languages and held_out(raw["id"]) == unseen:
                text = clean(raw["text"][: longest if not unseen else None])
                rows.append(Row(text, nothing, (0.0,) * 4, STANCES.index("reports"), unknown, 1.0, name))
    return rows
