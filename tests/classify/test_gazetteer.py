"""Names of groups in a text."""

import json
from pathlib import Path

import pytest

from classify.errors import BadGazetteer
from classify.gazetteer import find, load

OWN = {"name": "Varni", "target": "ethnicity_race", "aliases": {"*": ["Varnis"], "sw": ["Wavarni"]}}


def own(tmp_path: Path, *entries: object) -> Path:
    path = tmp_path / "own.jsonl"
    path.write_text("# ours\n" + "\n".join(json.dumps(entry) for entry in entries))
    return path


def names(path: Path | None, text: str, language: str = "en") -> list[str]:
    return [mention.name for mention in find(load(path), text, language)]


def test_a_name_is_found_where_it_stands(tmp_path: Path) -> None:
    text = "İn town the VARNIS met."
    [mention] = find(load(own(tmp_path, OWN)), text, "en")
    assert text[mention.start : mention.end] == "VARNIS"
    assert mention.target == "ethnicity_race"


def test_part_of_a_word_is_no_name(tmp_path: Path) -> None:
    assert names(own(tmp_path, OWN), "varnished") == []


def test_an_alias_counts_in_its_own_language(tmp_path: Path) -> None:
    path = own(tmp_path, OWN)
    assert names(path, "Wavarni wote", "sw") == ["Varni"]
    assert names(path, "Wavarni wote", "en") == []


def test_the_bundled_names_cover_the_shipped_countries() -> None:
    assert names(None, "Kikuyu, Alawites, Masalit, Tigrayans, Rohingya and Tutsi") == [
        "Kikuyu", "Alawites", "Masalit", "Tigrayans", "Rohingya", "Tutsi",
    ]  # fmt: skip
    assert names(None, "አማራ እና ኦሮሞ", "am") == ["Amhara", "Oromo"]


def test_every_bundled_entry_says_what_it_does_not_prove() -> None:
    assert all(entry.source and entry.does_not_prove and entry.native_review for entry in load().entries.values())


def test_an_operators_entry_replaces_the_bundled_one(tmp_path: Path) -> None:
    path = own(tmp_path, {"name": "Kikuyu", "target": "other", "aliases": {"*": ["Agikuyu"]}})
    assert load(path).entries["Kikuyu"].target == "other"


@pytest.mark.parametrize(
    "entry",
    [{"name": "x"}, {**OWN, "target": "tribe"}, {**OWN, "aliases": ["Varni"]}, {**OWN, "colour": "red"}, ["Varni"]],
)
def test_a_wrong_entry_is_refused_with_its_place(tmp_path: Path, entry: object) -> None:
    with pytest.raises(BadGazetteer, match=r"own\.jsonl, line 2"):
        load(own(tmp_path, entry))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadGazetteer, match="cannot be read"):
        load(tmp_path / "none.jsonl")
