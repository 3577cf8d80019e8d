"""The tables of `tocsin evaluate`."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from classify.errors import BadTrainingData
from classify.evaluate import evaluate, measure, weighted_kappa
from classify.plots import reliability_svg
from classify.settings import ClassifySettings
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
    assert {key: row.accuracy for key, row in report.functionalities.items()} == {
        "threat": 1.0,
        "quote": 1.0,
        "object": 0.0,
    }
    threat, quote = report.functionalities["threat"], report.functionalities["quote"]
    assert (threat.recall, threat.false_alarms) == (1.0, None)
    assert (quote.recall, quote.false_alarms) == (None, 0.0)


def test_false_alarms_on_reporting_and_reasons_to_abstain_are_counted(tmp_path: Path) -> None:
    rows = [
        {"text": "They spoke of BURN and RATS.", "labels": {}, "stance": "reports"},
        {"text": "The market opens.", "labels": {}, "stance": "reports"},
        {"text": "MAYBE the market opens.", "labels": {}, "stance": "reports"},
        {"text": "Le conseil a annoncé lundi que la route resterait fermée.", "labels": {}, "stance": "reports"},
    ]
    report = measured(tmp_path, rows)
    assert (report.reporting_rows, report.reporting_flagged) == (4, 2)
    assert report.abstentions == {
        "a signal lies too close to its threshold": 1,
        "the model has no validated performance in language ...": 1,
    }
    assert "false alarms on reporting: 2 of 4" in report.to_text()


def test_a_signal_is_measured_where_its_label_is_known(tmp_path: Path) -> None:
    report = measured(tmp_path, ROWS)
    assert report.signals["incitement"].rows == 2
    incitement = report.signals["incitement"]
    assert (incitement.recall, incitement.auroc, incitement.recall_at_1) == (1.0, 1.0, 1.0)
    assert sum(one.rows for one in incitement.reliability) == 2
    assert "impunity" not in report.signals


def test_the_report_is_text_and_json(tmp_path: Path) -> None:
    report = measured(tmp_path, ROWS)
    assert "macro-F1" in report.to_text()
    assert "reliability" in report.to_text()
    assert json.loads(report.to_json())["rows"] == 4


def test_reliability_is_drawn_as_svg(tmp_path: Path) -> None:
    report = measured(tmp_path, ROWS)
    drawing = ET.fromstring(reliability_svg(report.signals, "of <this> suite"))  # noqa: S314 - we drew it
    assert len(drawing.findall("{*}g")) == len(report.signals)
    assert len(drawing.findall(".//{*}circle")) == sum(len(one.reliability) for one in report.signals.values())


def test_the_suites_of_one_name_each_have_their_own_report(tmp_path: Path) -> None:
    path = tmp_path / "marked.jsonl"
    path.write_text('{"text": "they are SCUM they say", "spans": [2]}\n')
    settings = ClassifySettings()
    assert "token F1" in measure("rationales", path, FakeScorer(), settings).to_text()
    assert "group names" in measure("swap", None, FakeScorer(), settings).to_text()
    with pytest.raises(BadTrainingData, match="--data"):
        measure("rationales", None, FakeScorer(), settings)


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
