"""Which of our templates a model misreads, and how much oftener those are drawn."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classify.scorer import Scores
from classify.train import authored, hardness
from classify.train.rows import UNKNOWN, Row
from models.codebook import STANCES

ROW = Row("text", (1.0, *(0.0,) * 7), (1.0, 0.0, 0.0, 0.0), 0, (0.0,) * 8, 1.0, "authored", "en/file:1")


def said(*signals: float) -> Scores:
    """Logits of rows that say so of the first signal, and what is right of all else."""
    out = np.full((len(signals), 24), -20.0)
    out[:, 0], out[:, 8], out[:, 12] = signals, 20.0, 20.0
    return Scores.of(out)


def test_what_is_read_wrong_is_hard_and_an_unknown_label_is_not() -> None:
    unknown = replace(ROW, signals=(UNKNOWN,) * 8, stage=(UNKNOWN,) * 4, stance=-1)
    right, wrong, silent = hardness.losses(said(9.0, -9.0, -9.0), [ROW, ROW, unknown])
    assert right < 0.01
    assert wrong == pytest.approx(9.0, abs=0.01)
    assert silent == 0.0


def test_a_template_is_as_hard_as_its_texts_are_on_average() -> None:
    carried = replace(ROW, key="en/wrappers:4+en/file:1")
    found = hardness.by_template(said(-4.0, 20.0, -2.0), [ROW, ROW, carried])
    assert found == {"en/file:1": pytest.approx(2.01, abs=0.02), "en/wrappers:4": pytest.approx(2.13, abs=0.02)}


def test_hard_and_new_templates_are_drawn_oftener_and_none_is_forgotten() -> None:
    rows = [replace(ROW, key=f"en/file:{number}") for number in range(4) for _ in range(500)]
    told = {"en/file:0": 0.0, "en/file:1": 1.0, "en/file:2": 9.0}  # nobody asked about the last one
    often = Counter(row.key for row in hardness.drawn(rows, told, seed=1))
    assert 0.95 < sum(often.values()) / len(rows) < 1.05
    assert 0 < often["en/file:0"] == min(often.values())
    assert 0.9 < often["en/file:3"] / often["en/file:2"] * 2.7 / hardness.MOST < 1.1
    assert often["en/file:2"] / often["en/file:0"] > 5
    assert hardness.drawn(rows, told, seed=1) == hardness.drawn(rows, told, seed=1)


def test_our_rows_know_their_template(tmp_path: Path) -> None:
    rows = authored.rows("train", seed=1, per_core=1, per_wrapper=1, languages=("ha",))
    assert all(hardness.template_of(row).startswith("ha/") for row in rows)
    assert {STANCES[row.stance] for row in rows} >= {"asserts", "reports", "condemns"}
    (tmp_path / "hard.json").write_text(json.dumps({"ha/first:1": 2}), encoding="utf-8")
    assert hardness.read(tmp_path / "hard.json") == {"ha/first:1": 2.0}
