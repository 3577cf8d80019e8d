"""What thresholds are held against: news of the language, of a mixture that of both, and what training did not read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classify.scorer import Floats
from classify.train import bundle
from classify.train.lineup import Dataset, Lineup
from classify.train.rows import held_out
from models.codebook import SIGNALS
from tests.classify.train.test_rows import write

INCITEMENT = SIGNALS.index("incitement")
LINEUP = Lineup(
    "tiny",
    {"own": Dataset(frozenset({"sw"}), 1.0, "MIT", reading="hate_speech")},
    news=frozenset({"en", "sw"}),
    judges={"en": frozenset({"en"}), "sw": frozenset({"sw"}), "en-sw": frozenset({"en-sw"}), "bn": frozenset({"bn"})},
    open=frozenset({"en"}),
)
TOLD = {
    "readings": {
        "each": [{"name": "own", "signal": "hate_speech", "deep": 1.0, "shallow": 0.0, "shift": 0.0}],
        "shared": {"hate_speech": [1.0, 0.0]},
        "gate": {"deep": 0.0, "shallow": 0.0, "home": 1.0},
    }
}


class Loud:
    """Hears incitement in what is loud, and nothing else."""

    def logits(self, passages: Sequence[str]) -> tuple[Floats, None]:
        out = np.full((len(passages), 24 + 1 + 2), -5.0)
        out[["LOUD" in passage for passage in passages], INCITEMENT] = 4.0
        return out, None


def test_of_english_what_training_reads_counts_and_of_others_what_it_does_not(tmp_path: Path) -> None:
    calm = "The council met and the road was mended before noon. " * 40
    articles = [calm, calm + "LOUD it was. " + calm, "LOUD it was. " + calm]
    lines: list[dict[str, Any]] = [
        {"id": f"{lang}{number}-{place}", "lang": lang, "text": text, "labels": {}}
        for lang in ("en", "sw")
        for number in range(4)
        for place, text in enumerate(articles)
    ]
    write(tmp_path / "negatives" / "masakhane_news.jsonl.gz", *lines)
    scorer: Any = Loud()
    found = bundle._quiet(scorer, tmp_path, LINEUP, TOLD)
    assert set(found) == {"en", "sw", "en-sw"}  # Bengali has no news here: tune takes that of all
    assert len(found["en-sw"]) == len(found["en"]) + len(found["sw"])
    for code, place in (("en", "2"), ("sw", "1")):
        loud = [one for one in lines if one["lang"] == code and one["id"].endswith(place) and not held_out(one["id"])]
        assert (found[code][:, INCITEMENT] > 0).sum() == len(loud) > 0
