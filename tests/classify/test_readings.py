"""Readings fused: the gate sends a passage to the rules of the set it resembles, or to the shared head."""

import numpy as np
import pytest

from classify.calibration import sigmoid
from classify.readings import SHARED, Reading, Readings, readings_of
from models.codebook import SIGNALS

HATE, INCITEMENT = SIGNALS.index("hate_speech"), SIGNALS.index("incitement")
TWO = Readings(
    (Reading("one", HATE, 1.0, 0.0, 0.0), Reading("two", HATE, 0.5, 0.5, 0.0)),
    {HATE: (1.0, 0.0)},
    deep=1.0,
    shallow=1.0,
    home=0.0,
)


def fused(gate: list[float], shared: float = -3.0, readings: tuple[float, float] = (3.0, -3.0)) -> float:
    logits = np.zeros((1, SHARED + 5))
    logits[0, HATE], logits[0, INCITEMENT] = shared, 1.5
    logits[0, SHARED : SHARED + 2], logits[0, SHARED + 2 :] = readings, gate
    out = TWO.fused(logits, np.zeros((1, 5)))
    assert out.shape == (1, SHARED)
    assert out[0, INCITEMENT] == 1.5  # a signal without readings is the shared head's alone
    return float(sigmoid(out[:, HATE])[0])


def test_a_passage_like_a_set_is_read_by_its_rules() -> None:
    assert fused([20.0, 0.0, 0.0]) == pytest.approx(float(sigmoid(np.array([3.0]))[0]), abs=1e-4)


def test_a_passage_like_no_set_is_read_by_the_shared_head() -> None:
    assert fused([0.0, 0.0, 20.0]) == pytest.approx(float(sigmoid(np.array([-3.0]))[0]), abs=1e-4)


def test_between_sets_the_readings_share() -> None:
    halves = (float(sigmoid(np.array([3.0]))[0]) + float(sigmoid(np.array([-1.5]))[0])) / 2
    assert fused([10.0, 10.0, -10.0]) == pytest.approx(halves, abs=1e-3)


def test_the_gate_hears_both_readers_and_a_pull_towards_home() -> None:
    deep, shallow = np.array([[2.0, 0.0, 0.0]]), np.array([[0.0, 3.0, 0.0]])
    plain = TWO.gate(deep, np.zeros((1, 3)))[0, 0]
    both = TWO.gate(deep, shallow)[0]
    assert both[1] > both[0]
    wary = Readings(TWO.each, TWO.shared, deep=0.5, shallow=0.5, home=2.0).gate(deep, np.zeros((1, 3)))
    assert wary[0, 0] < plain
    assert wary.sum() == pytest.approx(1.0)


def test_a_config_without_readings_has_none() -> None:
    assert readings_of({}) is None
    block = {
        "each": [{"name": "edos", "signal": "hate_speech", "deep": 1.0, "shallow": 0.5, "shift": 0.1}],
        "shared": {"hate_speech": [1.0, 0.2]},
        "gate": {"deep": 1.0, "shallow": 0.5, "home": 1.0},
    }
    told = readings_of({"readings": block})
    assert told is not None
    assert told.each[0] == Reading("edos", HATE, 1.0, 0.5, 0.1)
