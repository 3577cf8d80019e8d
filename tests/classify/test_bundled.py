"""The model that ships: it loads, decides plain cases, and gives the same score whatever the batch."""

import json

import numpy as np
import pytest

from classify.assess import classify_texts
from classify.checkpoint import BUNDLED
from classify.explain import weigh
from classify.scorer import Scorer
from classify.settings import ClassifySettings
from models.codebook import SIGNALS

pytestmark = pytest.mark.model

HOSTILE = [
    "The Varni are cockroaches and every one of them must be killed.",
    "Burn the houses of the Ostrekan tonight, before they wake.",
    "Deport all the Tolbari, they have no right to live or work here.",
    "Whoever hides a Keshu is a traitor; bring their names to the committee.",
]
HARMLESS = [
    "Police said twelve refugees were killed near the border on Monday.",
    "The council opened a new clinic in the north of the town.",
    "I hate this printer, it never works.",
    "Our neighbours from the camp cooked for the whole street.",
]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    from classify.engines import load

    return load(ClassifySettings())


def test_calls_against_a_group_are_flagged(scorer: Scorer) -> None:
    assert [result["flag"] for result in classify_texts(scorer, HOSTILE)] == [True] * 4


def test_news_and_plain_speech_are_not(scorer: Scorer) -> None:
    assert [result["flag"] for result in classify_texts(scorer, HARMLESS)] == [False] * 4


def test_a_quoted_call_is_kept_apart(scorer: Scorer) -> None:
    quoted = '"Kill every Varni you find", the commander told the crowd, according to witnesses.'
    [result] = classify_texts(scorer, [quoted])
    assert (result["flag"], result["stance"]) == (False, "reports")
    assert result["signals"]["incitement"] > 0.3


def test_another_script_abstains(scorer: Scorer) -> None:
    [result] = classify_texts(scorer, ["ምክር ቤቱ ሰኞ ዕለት መንገዱ ዝግ ነው ብሏል።"])
    assert (result["language"], result["abstained"], result["flag"]) == ("am", True, False)


def test_a_score_never_depends_on_its_batch(scorer: Scorer) -> None:
    texts = [" ".join(text.split()[:size]) for text in [*HOSTILE, *HARMLESS] for size in range(1, 16)] + [
        "",
        "rain " * 100,
    ]
    together = scorer.score(texts).signals
    alone = np.concatenate([scorer.score([text]).signals for text in texts])
    assert np.abs(together - alone).max() < 1e-5


def test_leaving_out_the_highlights_lowers_the_score_most(scorer: Scorer) -> None:
    number = SIGNALS.index("incitement")
    for text in HOSTILE[:2]:
        [words] = weigh(scorer, [text], [number])
        ranked = sorted(words, key=lambda word: -word.weight)
        loud = _without(text, ranked[:2])
        quiet = _without(text, ranked[-2:])
        after_loud, after_quiet = scorer.score([loud, quiet]).signals[:, number]
        assert after_loud < after_quiet


def _without(text: str, words: list[object]) -> str:
    for word in sorted(words, key=lambda word: -word.start):  # type: ignore[attr-defined]
        text = text[: word.start] + text[word.end :]  # type: ignore[attr-defined]
    return text


def test_the_card_names_base_data_and_licences() -> None:
    told = json.loads((BUNDLED / "config.json").read_text())
    assert told["base"]["name"] == "multilingual-e5-small"
    assert len(told["base"]["sha256"]) == 64
    assert all(entry["licence"] and len(entry["sha256"]) == 64 for entry in told["card"]["datasets"].values())
    assert "myhatespeech" not in told["card"]["datasets"]


def test_the_repository_stays_small() -> None:
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 50_000_000


def test_nothing_to_score_scores_nothing(scorer: Scorer) -> None:
    assert scorer.score([]).signals.shape == (0, 8)
    assert [result["abstained"] for result in classify_texts(scorer, ["", "   "])] == [True, True]
    assert classify_texts(scorer, []) == []
