"""The same sentence with another group's name."""

import json
from collections.abc import Sequence

import pytest

from classify.scorer import Scores
from classify.swap import HOSTILE, NEUTRAL, evaluate_swap
from tests.fakes import FakeScorer

NAMES = ("Keshu", "Marrok", "Varni")


class Suspicious(FakeScorer):
    """Hears scum wherever the Varni are named."""

    def score(self, passages: Sequence[str], _languages: Sequence[str] | None = None, /) -> Scores:
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
    assert report.groups["Varni"].neutral_flagged == len(NEUTRAL)
    assert report.groups["Keshu"].neutral_flagged == 0
    assert report.neutral_flagged == pytest.approx(1 / 3)
    assert report.hostile_missed == pytest.approx(2 / 3)


def test_every_name_of_the_gazetteer_is_measured_once_in_every_sentence() -> None:
    scorer = FakeScorer()
    report = evaluate_swap(scorer, quiet)
    assert sum(map(len, scorer.calls)) == report.names * (len(NEUTRAL) + len(HOSTILE))
    assert len(json.loads(report.to_json())["groups"]) == report.names
    assert "..." in report.to_text()
