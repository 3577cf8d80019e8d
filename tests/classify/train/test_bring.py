"""Public sets that cannot be bundled are mapped to the codebook, line by line; here tiny invented files."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from classify.errors import BadTrainingData
from classify.rows import read
from classify.train import bring, rows
from classify.train.bring import RECORD
from classify.train.formats import NOTHING
from classify.train.lineup import ENGLISH, Dataset
from models.codebook import SIGNALS, STANCES

DGHS = """,acl.id,X1,text,label,type,target,level,round.base,annotator,round,acl.id.matched,split
1,a1,1,The Varni are ants.,hate,dehumanization,ethnic minority,original,2,x,2a,a2,train
2,a2,2,Ants are ants.,nothate,none,none,perturbation,2,x,2b,a1,train
3,a3,3,"Burn them, the Varni.",hate,threatening,ethnic minority,original,3,x,3a,a4,train
4,a4,4,I do not like the Varni.,hate,animosity,notgiven,original,3,x,3a,a5,dev
5,a5,5,Long live the Marrok guard.,hate,support,none,original,3,x,3a,a6,train
6,a6,6,Bad Varni.,hate,notgiven,notgiven,original,1,x,1a,,train
7,a7,7,Never train on this.,hate,derogation,none,original,1,x,1a,,test
8,a8,8,What is this?,perhaps,none,none,original,1,x,1a,,train
9,a9,9
10,a10,10,the varni  are ANTS.,hate,dehumanization,none,original,2,x,2a,,train
"""
KENYA = """hate_speech,offensive_language,neither,Class,Tweet
0,0,3,0,"The market of Marrok
opened at noon."
0,2,1,1,You fool of a referee.
3,0,0,2,The Keshu must be taught a lesson.
1,1,1,9,Which class is this?
"""
AFRIHATE = """id,tweet,label
1,Soko lilifunguliwa.,Normal
2,Mjinga wewe.,Abuse
3,Wavarni ni siafu.,Hate
""".replace(",", "\t")


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def stored(data: Path, name: str) -> list[dict[str, Any]]:
    """Both sides, as they came: a set without splits is divided by hash."""
    found = [*read(data / "train" / f"{name}.jsonl.gz"), *read(data / "evaluate" / f"{name}.jsonl.gz")]
    return sorted(found, key=lambda row: int(row["id"].rpartition("-")[2]))


def test_dghs_keeps_its_types_and_leaves_its_test_split_alone(tmp_path: Path) -> None:
    outcome = bring.bring("dghs_types", [write(tmp_path / "dghs.csv", DGHS)], tmp_path / "data")
    labels = {row["text"]: row["labels"] for row in outcome.train + outcome.dev}
    assert labels["The Varni are ants."] == {"hate_speech": 1, "dehumanization": 1, "incitement": 0}
    assert labels["Ants are ants."] == NOTHING
    assert labels["Burn them, the Varni."] == {"hate_speech": 1, "incitement": 1, "dehumanization": 0}
    assert labels["Long live the Marrok guard."]["extremist_narrative"] == 1
    assert labels["Bad Varni."] == {"hate_speech": 1}
    assert [row["text"] for row in outcome.dev] == ["I do not like the Varni."]
    assert (outcome.tested, outcome.twice) == (1, 1)
    assert [(number, why) for _, number, why in outcome.bad] == [
        (9, "label is 'perhaps', not hate or nothate"),
        (10, "it has 3 columns, the header 13"),
    ]


def test_kenya_counts_an_insult_without_a_group_as_no_hate(tmp_path: Path) -> None:
    outcome = bring.bring("hatespeech_kenya", [write(tmp_path / "HateSpeech_Kenya.csv", KENYA)], tmp_path / "data")
    assert [row["labels"] for row in stored(tmp_path / "data", "hatespeech_kenya")] == [
        NOTHING,
        {"hate_speech": 0},
        {"hate_speech": 1},
    ]
    # The quoted text above runs over two lines, so that the bad row stands in the sixth.
    assert outcome.bad == [("HateSpeech_Kenya.csv", 6, "Class is '9', not 0, 1 or 2")]


def test_afrihate_takes_its_language_from_its_folder(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "swa" / f"{split}.tsv", AFRIHATE.replace(".", f" {split}."))
        for split in ("train", "dev", "test")
    ]
    outcome = bring.bring("afrihate", files, tmp_path / "data")
    assert outcome.name == "afrihate_sw"
    assert (len(outcome.train), len(outcome.dev), outcome.tested) == (3, 3, 3)
    assert [row["labels"] for row in outcome.train] == [NOTHING, {"hate_speech": 0}, {"hate_speech": 1}]
    assert {row["lang"] for row in outcome.train} == {"sw"}
    with pytest.raises(BadTrainingData, match="--language"):
        bring.bring("afrihate", [write(tmp_path / "x" / "rows.tsv", AFRIHATE)], tmp_path / "data")


def test_one_comment_is_one_row_whatever_the_number_of_its_annotators(tmp_path: Path) -> None:
    def answer(comment: int, score: float, dehumanize: float, violence: float, race: str = "False") -> dict[str, Any]:
        return {
            "comment_id": comment, "text": f"Comment {comment} about the Varni.", "hate_speech_score": score,
            "dehumanize": dehumanize, "violence": violence, "genocide": 0.0, "target_race": race,
        }  # fmt: skip

    lines = [
        answer(1, 3.2, 4, 0, "True"),
        answer(1, 3.2, 3, 1, "True"),
        answer(2, -2.0, 0, 0),
        answer(3, 0.0, 2, 2),
        answer(4, 1.5, 2, 4),
    ]
    path = write(tmp_path / "mhs.jsonl", "\n".join(json.dumps(line) for line in lines) + '\n{"text": 1}\nnot json\n')
    outcome = bring.bring("measuring_hate_speech", [path], tmp_path / "data")
    found = {row["text"]: row for row in outcome.train + outcome.dev}
    assert found["Comment 1 about the Varni."]["labels"] == {"hate_speech": 1, "dehumanization": 1, "incitement": 0}
    assert found["Comment 2 about the Varni."]["labels"] == NOTHING
    # The annotators of the fourth did not agree on dehumanization.
    assert found["Comment 4 about the Varni."]["labels"] == {"hate_speech": 1, "incitement": 1}
    assert outcome.unclear == 1
    assert [number for _, number, _ in outcome.bad] == [6, 7]
    row = rows.row_of(found["Comment 1 about the Varni."], "x", Dataset(frozenset({"en"}), 1.0, ""))
    assert row.targets[0] == 1.0


def test_a_file_that_counts_its_answers_the_other_way_round_is_refused(tmp_path: Path) -> None:
    header = "comment_id,text,hate_speech_score,dehumanize,violence,genocide\n"
    path = write(tmp_path / "mhs.csv", header + "1,One thing.,3.0,0,0,0\n2,Another thing.,-3.0,4,4,4\n")
    with pytest.raises(BadTrainingData, match="falls as hate_speech_score rises"):
        bring.bring("measuring_hate_speech", [path], tmp_path / "data")


def test_what_was_imported_is_trained_on_in_the_place_of_the_poorer_set(tmp_path: Path) -> None:
    bring.bring("dghs_types", [write(tmp_path / "dghs.csv", DGHS)], tmp_path)
    bring.bring("afrihate", [write(tmp_path / "amh" / "train.tsv", AFRIHATE)], tmp_path)
    lineup = bring.with_imported(ENGLISH, tmp_path)
    sets = lineup.datasets
    assert "dghs" not in sets
    assert sets["dghs_types"].licence == "CC BY 4.0"
    assert sets["afrihate_am"].languages == {"am"}
    for name in sets:
        if not (tmp_path / "train" / f"{name}.jsonl.gz").exists():
            with gzip.open(tmp_path / "train" / f"{name}.jsonl.gz", "wt"):
                pass
    found = rows.public(tmp_path, lineup)["dghs_types"]
    ants = next(row for row in found if "ants" in row.text.lower() and row.signals[0] == 1.0)
    assert ants.signals[SIGNALS.index("incitement")] == 0.0
    assert lineup.judges["am"] == {"am"}  # measured where nobody measured before
    assert bring.with_imported(ENGLISH, tmp_path / "elsewhere") == ENGLISH


def _review(number: int, language: str = "en", split: str = "train", **more: object) -> str:
    row = {"id": f"reviews:{number}", "dataset": "reviews", "lang": language, "split": split, "text": f"Text {number}."}
    return json.dumps(row | {"labels": {"hate_speech": 1, "incitement": 0}} | more) + "\n"


def test_reviews_are_trained_on_with_stance_and_stage(tmp_path: Path) -> None:
    """The export of one installation, whatever its languages; a bad line is named and the rest goes on."""
    lines = [
        _review(1, stance="condemns", stage=3),
        _review(2, "sw", "dev", stage=1),
        "{}\n",
        _review(4, stage=9),
        _review(5, labels={"hate": 1}),
    ]
    outcome = bring.bring_reviews([write(tmp_path / "r.jsonl", "".join(lines))], tmp_path)
    assert (len(outcome.train), len(outcome.dev)) == (1, 1)
    assert [number for _, number, _ in outcome.bad] == [3, 4, 5]
    lineup = bring.with_imported(ENGLISH, tmp_path)
    assert lineup.datasets["reviews"].languages == {"en", "sw"}
    assert lineup.judges["sw"] == {"sw"}
    read = json.loads(gzip.decompress((tmp_path / "train" / "reviews.jsonl.gz").read_bytes()))
    row = rows.row_of(read, "reviews", lineup.datasets["reviews"])
    assert row.stance == STANCES.index("condemns")
    assert row.stage == (1.0, 1.0, 1.0, 0.0)
    bring.bring_reviews([write(tmp_path / "r.jsonl", _review(6))], tmp_path)  # the next export takes its place
    assert bring.with_imported(ENGLISH, tmp_path).datasets["reviews"].languages == {"en"}
    with pytest.raises(BadTrainingData, match="no reviewed text"):
        bring.bring_reviews([write(tmp_path / "none.jsonl", "\n")], tmp_path)


def test_a_file_is_checked_against_what_was_stated_or_first_seen(tmp_path: Path) -> None:
    path = write(tmp_path / "k.csv", KENYA)
    with pytest.raises(BadTrainingData, match="not the one stated"):
        bring.bring("hatespeech_kenya", [path], tmp_path / "data", expected="0" * 64)
    assert not (tmp_path / "data").exists()
    bring.bring("hatespeech_kenya", [path], tmp_path / "data")
    first = (tmp_path / "data" / "train" / "hatespeech_kenya.jsonl.gz").read_bytes()
    bring.bring("hatespeech_kenya", [path], tmp_path / "data")
    assert (tmp_path / "data" / "train" / "hatespeech_kenya.jsonl.gz").read_bytes() == first
    write(path, KENYA.replace("referee", "umpire"))
    with pytest.raises(BadTrainingData, match="of the first import"):
        bring.bring("hatespeech_kenya", [path], tmp_path / "data")


def test_another_file_is_refused_by_its_columns_or_its_rows(tmp_path: Path) -> None:
    with pytest.raises(BadTrainingData, match="no column 'class'"):
        bring.bring("hatespeech_kenya", [write(tmp_path / "a.csv", "tweet,label\nx,1\n")], tmp_path / "data")
    strange = "Tweet,Class\n" + "One,hate\nTwo,hate\n"
    with pytest.raises(BadTrainingData, match="is this really hatespeech_kenya"):
        bring.bring("hatespeech_kenya", [write(tmp_path / "b.csv", strange)], tmp_path / "data")
    with pytest.raises(BadTrainingData, match="does not exist"):
        bring.bring("hatespeech_kenya", [tmp_path / "c.csv"], tmp_path / "data")


def test_one_bad_byte_costs_one_row(tmp_path: Path) -> None:
    path = write(tmp_path / "k.csv", KENYA.encode() + b"0,0,3,0,Bad \xff byte\n0,0,3,0,Good again\n")
    outcome = bring.bring("hatespeech_kenya", [path], tmp_path / "data")
    assert (path.name, 7, "it is not UTF-8") in outcome.bad
    assert "Good again" in {row["text"] for row in outcome.train + outcome.dev}


def test_the_command_names_bad_rows_by_line_and_sums_up(tmp_path: Path) -> None:
    path = write(tmp_path / "k.csv", KENYA)
    done = CliRunner().invoke(bring.main, ["hatespeech_kenya", str(path), "--data", str(tmp_path / "data")])
    assert done.exit_code == 0
    assert "k.csv, line 6: Class is '9', not 0, 1 or 2; skipped" in done.output
    assert "1 bad" in done.output
    assert json.loads((tmp_path / "data" / RECORD).read_text())["hatespeech_kenya"]["files"].keys() == {"k.csv"}
    failed = CliRunner().invoke(bring.main, ["dghs_types", str(path), "--data", str(tmp_path / "data")])
    assert failed.exit_code == 1
    assert "no column" in failed.output
