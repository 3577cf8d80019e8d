"""What labelled rows teach, and what they leave unknown."""

import gzip
import json
import math
from pathlib import Path

import pytest

from classify.errors import BadTrainingData
from classify.rows import labelled, read
from classify.train import rows
from classify.train.lineup import Dataset, Lineup
from models.codebook import SIGNALS, STANCES, TARGETS


def write(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return path


def test_an_absent_label_is_unknown_and_never_no() -> None:
    signals = rows.signals_of({"hate_speech": 1, "incitement": 0})
    assert signals[SIGNALS.index("hate_speech")] == 1.0
    assert signals[SIGNALS.index("incitement")] == 0.0
    assert math.isnan(signals[SIGNALS.index("propaganda")])


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        ({"hate_speech": 0}, [0, 0, 0, 0]),
        ({"hate_speech": 1}, [1, None, None, None]),
        ({"discrimination": 1}, [1, 1, None, None]),
        ({"incitement": 1}, [1, 1, 1, None]),
        ({"propaganda": 0}, [None, None, None, None]),
        ({}, [None, None, None, None]),
    ],
)
def test_a_stage_is_only_what_the_labels_prove(labels: dict[str, int], known: list[int | None]) -> None:
    assert [None if math.isnan(v) else v for v in rows.stage_of(labels)] == known


@pytest.mark.parametrize(
    ("raw", "target"),
    [("['mus']", "religion"), ("Homosexual|nan", "sexuality_gender_identity"), ("Refugee", "nationality_migration")],
)
def test_a_sets_own_target_becomes_a_class(raw: str, target: str) -> None:
    assert rows.targets_of(raw, {"hate_speech": 1})[TARGETS.index(target)] == 1.0


def test_a_target_nobody_can_map_is_unknown() -> None:
    assert all(math.isnan(value) for value in rows.targets_of("['bla bla?']"[:3], {"hate_speech": 1}))
    assert all(math.isnan(value) for value in rows.targets_of("women", {"hate_speech": 0}))


def test_a_fifth_of_the_news_is_never_trained_on(tmp_path: Path) -> None:
    news = [{"id": f"n{i}", "lang": "en", "text": f"The market opened {i}.", "labels": {}} for i in range(500)]
    for name in rows.NEGATIVES:
        write(tmp_path / "negatives" / f"{name}.jsonl.gz", *(news if name == "ag_news" else []))
    trained = {row.text for row in rows.negatives(tmp_path, unseen=False)}
    kept = {row.text for row in rows.negatives(tmp_path, unseen=True)}
    assert len(trained) + len(kept) == 500
    assert not trained & kept
    assert 60 < len(kept) < 140
    assert rows.negatives(tmp_path, unseen=True)[0].stance == STANCES.index("reports")


def test_handles_and_placeholders_are_masked() -> None:
    assert rows.clean("@USER see [URL] <number> @real_name") == "user see url user"


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a"}\n{"text": ')
    with pytest.raises(BadTrainingData, match="line 2"):
        list(read(path))


def test_rows_say_what_should_be_flagged(tmp_path: Path) -> None:
    path = write(
        tmp_path / "suite.jsonl.gz",
        {"text": "a", "labels": {"hate_speech": 1}, "functionality": "f", "target": "t"},
        {"text": "b", "labels": {"hate_speech": 0}},
        {"text": "c", "labels": {}, "stance": "reports"},
        {"text": "d", "labels": {"incitement": 1}, "stance": "condemns"},
        {"text": "e", "labels": {}},
    )
    assert [row.hateful for row in labelled(path)] == [True, False, False, False, None]
    assert next(labelled(path)).functionality == "f"


def test_a_zero_of_a_narrow_set_is_seldom_believed_and_always_its_own() -> None:
    use = Dataset(frozenset({"en"}), 1.0, "MIT", reading="hate_speech", narrow=True)
    made = [
        rows.row_of({"id": str(i), "text": "rain", "lang": "en", "labels": {"hate_speech": 0}}, "edos", use)
        for i in range(200)
    ]
    believed = [row for row in made if not math.isnan(row.signals[SIGNALS.index("hate_speech")])]
    assert 20 < len(believed) < 80
    assert {(row.reading, row.answer, row.about) for row in made} == {("edos", 0.0, SIGNALS.index("hate_speech"))}


def test_a_set_read_apart_has_a_reading_for_each_language() -> None:
    use = Dataset(frozenset({"ar", "fr"}), 1.0, "MIT", reading="hate_speech", apart=True)
    assert Lineup("x", {"mlma": use}).readings == [
        ("mlma:ar", "mlma", "hate_speech"),
        ("mlma:fr", "mlma", "hate_speech"),
    ]
    row = rows.row_of({"text": "pluie", "lang": "fr", "labels": {"hate_speech": 1}}, "mlma", use)
    assert (row.reading, row.answer) == ("mlma:fr", 1.0)
