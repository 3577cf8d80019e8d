"""English rows said in other languages' words."""

import gzip
import random
from pathlib import Path

import pytest

from classify.errors import BadTrainingData
from classify.train import glossary
from classify.train.glossary import COLUMNS, DICTIONARIES, OWN, Glossary

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _number(value: int) -> str:
    digits = ""
    while value or not digits:
        digits, value = _BASE64[value % 64] + digits, value // 64
    return digits


def _write(folder: Path, name: str, entries: dict[str, str]) -> None:
    body, index = b"", []
    for word, entry in entries.items():
        told = f"{word.title()} /x/\n{entry}\n".encode()
        index.append(f"{word}\t{_number(len(body))}\t{_number(len(told))}")
        body += told
    (folder / f"freedict-{name}.dict.dz").write_bytes(gzip.compress(body))
    (folder / f"freedict-{name}.index").write_text(
        "".join(f"{line}\n" for line in ("00databaseinfo\tA\tA", *index)), encoding="utf-8"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Dictionaries of a word or two, in the form of the real ones."""
    for names in DICTIONARIES.values():
        for name in names:
            _write(tmp_path, name, {})
    _write(tmp_path, "eng-ara", {"lantern": "1. الفانوس\n2. مصباح, سراج", "people": "الشعب", "as well": "أيضا"})
    _write(tmp_path, "ara-eng", {"قلعة": "Fortress", "فانوس": "Lantern"})
    _write(tmp_path, "swh-eng", {"viatu": " Plural of {kiatu}: shoe\n   See also: {mguu}"})
    return tmp_path


def test_words_come_from_ours_then_from_english_then_into_english(folder: Path) -> None:
    """The first source that has a word settles it."""
    words = glossary.load(folder).words
    assert words["ar"]["lantern"] == ["الفانوس", "مصباح", "سراج"]
    assert words["ar"]["fortress"] == ["قلعة"]
    assert words["ar"]["people"][0] == "الناس"
    assert "as well" not in words["ar"]
    assert words["sw"]["shoe"] == ["viatu"]


def test_a_missing_dictionary_is_named(tmp_path: Path) -> None:
    """With what to install."""
    with pytest.raises(BadTrainingData, match="install dict-freedict-eng-ara"):
        glossary.load(tmp_path)


def test_english_is_switched_and_other_texts_stay(folder: Path) -> None:
    """Punctuation stays where it was, and the same draw gives the same text."""
    words = glossary.load(folder)
    text = "They are all people, and we know them."
    switched = {words.switched(text, random.Random(seed)) for seed in range(40)}
    assert len(switched) > 10
    assert words.switched(text, random.Random(3)) == words.switched(text, random.Random(3))
    assert any(one.endswith("wao.") for one in switched)
    assert words.switched("watu hawa wote ni ndugu zetu", random.Random(1)) == "watu hawa wote ni ndugu zetu"
    assert words.switched("", random.Random(1)) == ""


def test_an_inflected_word_is_found_by_its_stem() -> None:
    """Dictionaries of French and Swahili list stems only."""
    known = Glossary({language: {"follow": ["X"]} for language in COLUMNS})
    assert {known.switched("followed follows following", random.Random(n)) for n in range(9)} >= {"X X X"}


def test_our_words_have_a_cell_for_each_language() -> None:
    """A line with a cell too few would shift a language."""
    lines = [line for line in OWN.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert all(line.count("|") == len(COLUMNS) for line in lines)
    assert all(cell.strip() for line in lines for cell in line.split("|"))
