"""Whether highlights are what moved the model, and what people marked."""

import json
from pathlib import Path

import numpy as np
import pytest

from classify.errors import BadTrainingData
from classify.rationales import RationaleReport, evaluate_rationales, highlighted
from tests.fakes import FakeScorer


def measured(tmp_path: Path, *rows: dict[str, object]) -> RationaleReport:
    path = tmp_path / "marked.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return evaluate_rationales(path, FakeScorer(), lambda _done, _total: None)


def test_highlights_that_people_marked_are_plausible_and_those_that_decide_are_faithful(tmp_path: Path) -> None:
    report = measured(tmp_path, {"text": "they are SCUM and nobody in town knows it", "spans": [2]})
    assert (report.rows, report.token_f1, report.auprc) == (1, 1.0, 1.0)
    assert report.comprehensiveness > 0.9
    assert abs(report.sufficiency) < 0.01
    assert report.random_comprehensiveness < report.comprehensiveness
    assert report.faithful == 1.0


def test_highlights_elsewhere_are_not_plausible(tmp_path: Path) -> None:
    report = measured(tmp_path, {"text": "they are SCUM and nobody in town knows it", "spans": [0, 8]})
    assert report.token_f1 == 0.0
    assert report.auprc < 0.5


def test_marks_may_be_phrases_and_json_inside_a_string(tmp_path: Path) -> None:
    report = measured(tmp_path, {"text": "they are SCUM and nobody knows", "spans": '["SCUM"]'})
    assert report.token_f1 == 1.0


def test_rows_that_cannot_tell_are_counted(tmp_path: Path) -> None:
    rows = [{"text": "SCUM all", "spans": spans} for spans in ([0], [], [0, 1])]
    report = measured(tmp_path, *rows)
    assert (report.rows, report.skipped) == (1, 2)
    assert "token F1" in report.to_text()
    assert json.loads(report.to_json())["rows"] == 1


@pytest.mark.parametrize("spans", [None, "no json", {"a": 1}, [1.5]])
def test_marks_of_another_form_are_refused_with_the_row(tmp_path: Path, spans: object) -> None:
    with pytest.raises(BadTrainingData, match="row 1"):
        measured(tmp_path, {"text": "they are SCUM", "spans": spans})


def test_a_file_without_marks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTrainingData, match="spans"):
        measured(tmp_path, {"text": "they are SCUM", "spans": []})


def test_no_word_is_highlighted_where_none_spoke_for_the_signal() -> None:
    assert not highlighted(np.array([-1.0, 0.0])).any()
    assert highlighted(np.array([1.0, 0.31, 0.29])).tolist() == [True, True, False]
