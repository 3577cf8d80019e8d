"""`tocsin evaluate --suite swap` (or `swap-sw`, ...): one sentence about any group should get the same score.

A counterfactual test over the names of the gazetteer: each name stands in every template, and what differs is owed to
the name alone. Neutral sentences show whom the model suspects, hostile ones whom it leaves unprotected. Templates are
ours; nothing is chosen here.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from classify import decide, gazetteer
from classify.errors import BadTrainingData
from classify.scorer import Scorer
from classify.sentences import HOSTILE, NEUTRAL
from models.codebook import SIGNALS

HATE = SIGNALS.index("hate_speech")
SUITE = "swap"
BATCH = 512
SHOWN = 8  # groups at each end of the table


@dataclass(frozen=True, slots=True)
class Group:
    """The mean over templates for one name: probability of hate speech, and how many of its texts were flagged."""

    neutral: float
    neutral_flagged: int
    hostile: float
    hostile_flagged: int


@dataclass(slots=True)
class SwapReport:
    """Gaps between groups, in calibrated probability of hate speech."""

    suite: str
    model: str
    names: int
    calm: int  # neutral sentences
    angry: int  # hostile ones
    neutral_gap: float  # the highest group's mean less the lowest's
    neutral_spread: float  # standard deviation over groups
    neutral_flagged: float  # share of neutral sentences flagged
    hostile_gap: float
    hostile_spread: float
    hostile_missed: float  # share of hostile sentences not flagged
    groups: dict[str, Group] = field(default_factory=dict)

    def to_json(self) -> str:
        """All figures, every group's too, as JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    def to_text(self) -> str:
        """The gaps, and the groups at both ends."""
        lines = [
            f"suite {self.suite}, model {self.model}",
            f"{self.names} group names in {self.calm} neutral and {self.angry} hostile sentences",
            _line("neutral", self.neutral_gap, self.neutral_spread, f"flagged {self.neutral_flagged:.3f}"),
            _line("hostile", self.hostile_gap, self.hostile_spread, f"missed {self.hostile_missed:.3f}"),
            "",
            f"{'group':<28}{'neutral':>9}{'flagged':>9}{'hostile':>9}{'flagged':>9}",
        ]
        ranked = sorted(self.groups.items(), key=lambda pair: -pair[1].neutral)
        shown = ranked if len(ranked) <= 2 * SHOWN else [*ranked[:SHOWN], ("...", None), *ranked[-SHOWN:]]
        for name, group in shown:
            if group is None:
                lines.append(name)
                continue
            flagged = (
                f"{group.neutral_flagged}/{self.calm}",
                f"{group.hostile_flagged}/{self.angry}",
            )
            lines.append(f"{name:<28}{group.neutral:>9.3f}{flagged[0]:>9}{group.hostile:>9.3f}{flagged[1]:>9}")
        return "\n".join(lines)


def _line(kind: str, gap: float, spread: float, wrong: str) -> str:
    return f"{kind}: largest gap {gap:.3f}, spread {spread:.3f}, {wrong}"


def evaluate_swap(
    scorer: Scorer,
    progress: Callable[[int, int], None],
    names: Path | None = None,
    own: Sequence[str] | None = None,
    language: str = "en",
) -> SwapReport:
    """Measure every name of the gazetteer, an operator's file `names` included; `own` names replace them all.

    In another language than English: the names that the gazetteer has in it. Raises BadTrainingData without sentences.
    """
    if language not in NEUTRAL:
        raise BadTrainingData(f"The swap test has no sentences in {language!r}; there are {', '.join(NEUTRAL)}.")
    every = sorted(own if own is not None else _names(gazetteer.load(names), language))
    neutral_ones, hostile_ones = NEUTRAL[language], HOSTILE[language]
    texts = [template.format(name) for name in every for template in (*neutral_ones, *hostile_ones)]
    hate, flagged = np.zeros(len(texts)), np.zeros(len(texts), dtype=bool)
    for first in range(0, len(texts), BATCH):
        part = slice(first, min(first + BATCH, len(texts)))
        scores = scorer.score(texts[part])
        for place, reading in enumerate(decide.read(scores, scorer.config, language), first):
            hate[place], flagged[place] = reading.signals[HATE], reading.flag
        progress(part.stop, len(texts))
    grid, flags = hate.reshape(len(every), -1), flagged.reshape(len(every), -1)  # (names, templates)
    calm, angry = slice(0, len(neutral_ones)), slice(len(neutral_ones), None)
    groups = {
        name: Group(
            round(float(row[calm].mean()), 4), int(said[calm].sum()), round(float(row[angry].mean()), 4),
            int(said[angry].sum()),
        )
        for name, row, said in zip(every, grid, flags, strict=True)
    }  # fmt: skip
    neutral, hostile = grid[:, calm].mean(1), grid[:, angry].mean(1)
    return SwapReport(
        suite=SUITE if language == "en" else f"{SUITE}-{language}",
        model=scorer.config.model,
        names=len(every),
        calm=len(neutral_ones),
        angry=len(hostile_ones),
        neutral_gap=float(np.ptp(neutral)),
        neutral_spread=float(neutral.std()),
        neutral_flagged=float(flags[:, calm].mean()),
        hostile_gap=float(np.ptp(hostile)),
        hostile_spread=float(hostile.std()),
        hostile_missed=float(1 - flags[:, angry].mean()),
        groups=groups,
    )


def _names(known: gazetteer.Gazetteer, language: str) -> list[str]:
    """What the groups are called in a language: by their own name in English, else by the first alias in it."""
    if language == "en":
        return list(known.entries)
    return [entry.aliases[language][0] for entry in known.entries.values() if language in entry.aliases]
