"""The same sentence with another group's name."""

import json
from collections.abc import Sequence

import pytest

from classify.errors import BadTrainingData
from classify.scorer import Scores
from classify.sentences import HOSTILE, NEUTRAL
from classify.swap import evaluate_swap
from tests.fakes import FakeScorer

NAMES = ("Keshu", "Marrok", "Varni")


class Suspicious(FakeScorer):
    """Hears scum wherever the Varni are named."""

    def score(self, passages: Sequence[str], /) -> Scores:
        return super().score([passage.replace("Varni", "Varni SCUM") for passage in passages])


def quiet(_done: int, _total: int) -> None:
    """Show nothing."""


def test_a_model_that_hears_no_names_has_no_gap() -> None:
    report = evaluate_swap(FakeScorer(), quiet, own=NAMES)
    assert (report.names, report.neutral_gap, report.hostile_gap) == (3, 0.0, 0.0)
    assert report.neutral_flagged == 0.0


def test_a_name_that_alone_raises_the_score_is_found() -> None:
    report = evaluate_swap(Suspicious(), quiet, own=NAMES)
    assert report.neutral_gap == pytest.approx(0.95, abs=0.01)
    assert max(report.groups, key=lambda name: report.groups[name].neutral) == "Varni"
    assert report.groups["Varni"].neutral_flagged == len(NEUTRAL["en"])
    assert report.groups["Keshu"].neutral_flagged == 0
    assert report.neutral_flagged == pytest.approx(1 / 3)
    assert report.hostile_missed == pytest.approx(2 / 3)


def test_every_name_of_the_gazetteer_is_measured_once_in_every_sentence() -> None:
    scorer = FakeScorer()
    report = evaluate_swap(scorer, quiet)
    assert sum(map(len, scorer.calls)) == report.names * (len(NEUTRAL["en"]) + len(HOSTILE["en"]))
    assert len(json.loads(report.to_json())["groups"]) == report.names
    assert "..." in report.to_text()


def test_another_language_has_its_own_sentences_and_names() -> None:
    scorer = FakeScorer()
    report = evaluate_swap(scorer, quiet, language="sw")
    assert report.suite == "swap-sw"
    assert "Wakikuyu" in report.groups
    assert any("Wakikuyu" in passage for call in scorer.calls for passage in call)


def test_every_language_has_as_many_sentences_with_one_name_each() -> None:
    for sentences in (*NEUTRAL.values(), *HOSTILE.values()):
        assert all(sentence.count("{}") == 1 for sentence in sentences)
    assert {len(of) for of in NEUTRAL.values()} == {10}
    assert {len(of) for of in HOSTILE.values()} == {5}


def test_a_language_without_sentences_is_named() -> None:
    with pytest.raises(BadTrainingData, match="'zz'"):
        evaluate_swap(FakeScorer(), quiet, language="zz")
