"""The tables of `tocsin evaluate`."""

import json
from pathlib import Path

import pytest

from classify.errors import BadTrainingData
from classify.evaluate import evaluate, weighted_kappa
from tests.fakes import FakeScorer

ROWS = [
    {"text": "We say BURN.", "lang": "en", "labels": {"hate_speech": 1, "incitement": 1}, "functionality": "threat"},
    {"text": "He said BURN them.", "lang": "en", "labels": {"hate_speech": 0}, "functionality": "quote"},
    {"text": "We say BURN the old papers.", "lang": "en", "labels": {"hate_speech": 0}, "functionality": "object"},
    {"text": "The market opens on Monday.", "lang": "en", "labels": {"hate_speech": 0, "incitement": 0}},
]  # fmt: skip


def measured(tmp_path: Path, rows: list[dict[str, object]]):  # type: ignore[no-untyped-def]  # noqa: ANN201
    path = tmp_path / "suite.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return evaluate("hatecheck", path, FakeScorer(), lambda _done, _total: None)


def test_flags_are_counted_by_functionality(tmp_path: Path) -> None:
    report = measured(tmp_path, ROWS)
    assert (report.rows, report.flagged) == (4, 2)
    assert report.flag_accuracy == 0.75
    assert {key: row["accuracy"] for key, row in report.functionalities.items()} == {
        "threat": 1.0,
        "quote": 1.0,
        "object": 0.0,
    }


def test_a_signal_is_measured_where_its_label_is_known(tmp_path: Path) -> None:
    report = measured(tmp_path, ROWS)
    assert report.signals["incitement"].rows == 2
    assert report.signals["incitement"].recall == 1.0
    assert "impunity" not in report.signals


def test_the_report_is_text_and_json(tmp_path: Path) -> None:
    report = measured(tmp_path, ROWS)
    assert "macro-F1" in report.to_text()
    assert json.loads(report.to_json())["rows"] == 4


def test_an_empty_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTrainingData, match="no labelled rows"):
        measured(tmp_path, [])


def test_a_suite_needs_its_file() -> None:
    with pytest.raises(BadTrainingData, match="--data"):
        evaluate("hatecheck", None, FakeScorer())


def test_our_own_held_out_texts_need_no_file() -> None:
    report = evaluate("authored", None, FakeScorer(), lambda _done, _total: None)
    assert report.rows > 800
    assert report.stance_accuracy is not None
    assert report.stage_kappa is not None


def test_kappa_is_one_for_agreement_and_about_none_for_chance() -> None:
    assert weighted_kappa([0, 1, 2, 3, 4], [0, 1, 2, 3, 4]) == pytest.approx(1.0)
    assert weighted_kappa([0, 0, 4, 4], [0, 4, 0, 4]) == pytest.approx(0.0)
