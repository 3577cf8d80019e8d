"""Soft targets: between the label and what a second reader thinks, and only where it was asked."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from classify.train import rows, teacher
from models.assessment import SIGNALS

HATE = SIGNALS.index("hate_speech")


def _row(dataset: str, key: str, label: int) -> rows.Row:
    return rows.row_of(
        {"id": key, "text": "the varni", "labels": {"hate_speech": label}}, dataset, rows.DATASETS[dataset]
    )


def test_a_target_moves_towards_the_second_reader_where_it_was_asked(tmp_path: Path) -> None:
    told = tmp_path / "soft.json"
    told.write_text(json.dumps({"edos": {"a": 0.5, "b": 0.5}}))
    found = teacher.softened(
        {"edos": [_row("edos", "a", 1), _row("edos", "b", 0), _row("edos", "c", 1)], "dghs": [_row("dghs", "a", 1)]},
        told,
    )
    assert [row.signals[HATE] for row in found["edos"]] == pytest.approx([0.8, 0.2, 1.0])
    assert found["dghs"][0].signals[HATE] == 1.0
    assert found["edos"][0].stage[0] == 1.0  # what a label proves about the stage stays


def test_a_second_reader_learns_words_and_is_only_asked_about_rows_it_did_not_learn() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is needed for training only")
    draw = random.Random(1)
    labels = np.array([i % 2 for i in range(80)])
    texts = [f"{'burn them' if label else 'market day'} {draw.choice('abcdef')} {i}" for i, label in enumerate(labels)]
    found = teacher.out_of_fold(texts, labels)
    assert found.shape == (80,)
    assert ((found > 0.5) == labels).mean() > 0.9
    noise = teacher.out_of_fold([f"word{draw.random()}" for _ in labels], labels)
    assert abs(((noise > 0.5) == labels).mean() - 0.5) < 0.25  # a reader that saw its own answers would be right
