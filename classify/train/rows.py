"""Labelled rows become training rows: what the labels of a set say in the codebook's words.

A label that a set does not give is unknown (NaN) and never 0. Knows nothing about networks or batches.
"""

import hashlib
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classify.rows import read
from classify.text import normalise
from classify.train.lineup import Dataset, Lineup, reading_of
from models.codebook import SIGNALS, STANCES, TARGETS

UNKNOWN = math.nan
READ_OF_NEWS = 320  # characters of an article that training reads


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
    reading: str = ""  # which set's own rules its `answer` follows, if any
    answer: float = UNKNOWN  # the label under those rules
    about: int = -1  # the number of the signal that they are about


_EN = frozenset({"en"})
NEGATIVES = {
    "ag_news": "research", "india_police_events": "none stated", "masakhane_news": "none stated", "bbc_amharic": "MIT",
}  # fmt: skip
NTREX = "ntrex"  # translated news, sentence by sentence: the same text in each language
TRANSLATED = {"ar": "arb", "am": "amh", "fr": "fra", "ha": "hau", "om": "orm", "so": "som", "sw": "swa"}
SHORT = frozenset({"bbc_amharic", NTREX})  # headlines and sentences: no rest of an article that training does not read
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


def public(folder: Path, lineup: Lineup) -> dict[str, list[Row]]:
    """Every usable row of a line-up's public sets, by set."""
    return {
        name: [
            row_of(raw, name, use)
            for raw in read(folder / "train" / f"{name}.jsonl.gz")
            if raw["lang"] in use.languages and raw.get("note") != "mt_davidson"
        ]
        for name, use in lineup.datasets.items()
        if use.passes
    }


def development(folder: Path, lineup: Lineup, language: str, most: int) -> list[Row]:
    """Development rows of the line-up's sets in a language it judges, at most `most` of a set."""
    found: list[Row] = []
    for name, use in lineup.datasets.items():
        path = folder / "evaluate" / f"{name}.jsonl.gz"
        tags = use.languages & lineup.judges[language]
        if not tags or not path.exists():
            continue
        of_set = [
            row_of(raw, name, use) for raw in read(path) if raw["lang"] in tags and raw.get("note") != "mt_davidson"
        ]
        found.extend(random.Random(name).sample(of_set, min(most, len(of_set))))  # noqa: S311 - sampling
    return found


def row_of(raw: dict[str, Any], name: str, use: Dataset) -> Row:
    """A row of a public set as a training row."""
    labels = raw["labels"]
    key = raw.get("id", "")
    hateful = labels.get("hate_speech") == 1 or labels.get("incitement") == 1
    voice = raw.get("stance", "asserts" if hateful and use.own_voice else None)
    targets = targets_of(raw.get("target"), labels)
    believed = {} if use.narrow and not hateful and not _believed(key) else labels
    stage = tuple(float(raw["stage"] >= at) for at in (1, 2, 3, 4)) if "stage" in raw else stage_of(believed)
    return Row(
        clean(raw["text"]),
        signals_of(believed),
        stage,
        STANCES.index(voice) if voice else -1,
        targets,
        use.weight,
        name,
        key,
        reading_of(name, raw["lang"], use) if use.reading else "",
        float(labels.get(use.reading, UNKNOWN)) if use.reading else UNKNOWN,
        SIGNALS.index(use.reading) if use.reading else -1,
    )


def _believed(key: str) -> bool:
    """Whether the shared heads learn from this 0 of a narrow set: one in four, or they would never see such texts."""
    return hashlib.sha256(key.encode()).digest()[1] < 64


def held_out(key: str) -> bool:
    """Whether this negative belongs to the fifth that training never sees; by hash, so that it never changes."""
    return _place(key) < 51


def negatives(folder: Path, *, unseen: bool, languages: frozenset[str] = _EN, longest: int = READ_OF_NEWS) -> list[Row]:
    """News in which nothing should be flagged: the part for training, or the part it never sees."""
    return [
        _harmless(name, raw["text"] if unseen else raw["text"][:longest])
        for name, raw in _news(folder, languages)
        if held_out(raw["id"]) == unseen and not (name in SHORT and _aside(raw["id"]))
    ]


def aside(folder: Path, languages: frozenset[str]) -> list[Row]:
    """Headlines and sentences that neither training nor the last report reads: what thresholds may be held against."""
    return [
        _harmless(name, raw["text"]) for name, raw in _news(folder, languages) if name in SHORT and _aside(raw["id"])
    ]


def kept_apart(name: str, key: str) -> bool:
    """Whether a piece of news serves the last report or thresholds, and nothing may be learnt from it."""
    return held_out(key) or (name in SHORT and _aside(key))


def _aside(key: str) -> bool:
    return 51 <= _place(key) < 128


def _place(key: str) -> int:
    return hashlib.sha256(key.encode()).digest()[0]


def _news(folder: Path, languages: frozenset[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in NEGATIVES:
        path = folder / "negatives" / f"{name}.jsonl.gz"
        yield from ((name, raw) for raw in (read(path) if path.exists() else ()) if raw["lang"] in languages)
    for language in sorted(languages & TRANSLATED.keys()):
        path = folder / "parallel" / f"{TRANSLATED[language]}.txt"
        lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        # A sentence has one place in all languages: what is held out in one is held out in each.
        yield from ((NTREX, {"id": f"{NTREX}:{number}", "text": line}) for number, line in enumerate(lines) if line)


def _harmless(name: str, text: str) -> Row:
    nothing, unknown = (0.0,) * len(SIGNALS), (UNKNOWN,) * len(TARGETS)
    return Row(clean(text), nothing, (0.0,) * 4, STANCES.index("reports"), unknown, 1.0, name)
