"""Our own texts: enough, varied, split by template, and fair to real groups."""

import math
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from classify.gazetteer import load
from classify.train import authored
from classify.train.authored import grammar, spelling
from classify.train.authored.groups import KINDS, Split, coined, invented, named, taken
from classify.train.card import APART
from models.codebook import SIGNALS, STANCES, TARGETS

SPLITS: tuple[Split, ...] = ("train", "dev", "test")
OTHERS = grammar.languages()[1:]
TRAIN = list(authored.texts("train", seed=7))
TEST = list(authored.texts("test", seed=7))


def test_there_are_thousands_and_the_seed_decides_which() -> None:
    assert len(TRAIN) >= 6_000
    assert list(authored.texts("train", seed=7)) == TRAIN
    assert list(authored.texts("train", seed=8)) != TRAIN


def test_every_signal_stage_and_stance_is_taught() -> None:
    signals = Counter(signal for text in TRAIN for signal in text.meaning.signals)
    assert all(signals[key] >= 300 for key in SIGNALS)
    assert {text.meaning.stage for text in TRAIN} == {0, 1, 2, 3, 4, None}
    assert {text.meaning.stance for text in TRAIN} == set(STANCES)


def test_every_signal_can_be_measured_on_wordings_never_trained_on() -> None:
    signals = Counter(signal for text in TEST for signal in text.meaning.signals)
    assert all(signals[key] >= 20 for key in SIGNALS)
    templates = {part for text in TRAIN for part in text.template.split("+")}
    assert not templates & {part for text in TEST for part in text.template.split("+")}


def test_no_slot_or_choice_is_left_open() -> None:
    assert [text.text for text in TRAIN + TEST if any(mark in text.text for mark in "{}[]|")] == []


def test_hostile_templates_never_take_a_real_group() -> None:
    hostile = [t for file in grammar.cores("en") for t in grammar.read(file) if t.meaning.signals]
    assert [t.name for t in hostile if re.search(r"\{(A2?|folk|real)\}", t.pattern)] == []


@pytest.mark.parametrize("language", grammar.languages())
def test_a_template_is_about_one_kind_of_group(language: str) -> None:
    files = [*grammar.cores(language), "wrappers", "frames", "apart"]
    for template in (one for file in files for one in grammar.read(file, language)):
        slots = set(re.findall(r"\{(\w+)\}", template.pattern))
        kinds = (
            {"X"} & slots
            | {slot.upper() for slot in slots if slot.upper() in KINDS}
            | {"G" for _ in {"G", "g"} & slots}
        )
        assert len(kinds) < 2, template.name


def test_labels_are_keys_of_the_codebook() -> None:
    for file in grammar.cores("en"):
        for template in grammar.read(file):
            assert template.meaning.signals | template.meaning.unknown <= set(SIGNALS), template.name
            assert template.meaning.stance in STANCES, template.name


def test_quoted_hate_keeps_its_signals_and_is_not_to_be_flagged() -> None:
    quoted = [row for row in authored.held_out() if row.stance in {"reports", "condemns"} and any(row.labels.values())]
    assert quoted
    assert not any(row.hateful for row in quoted)


def test_invented_names_of_the_splits_never_meet() -> None:
    names = {split: {invented(split, random.Random(i)).forms["g"] for i in range(300)} for split in ("train", "test")}
    assert not names["train"] & names["test"]


def test_targets_follow_the_group() -> None:
    assert {text.target for text in TRAIN if text.target} <= set(TARGETS)
    assert all(text.target is None for text in TRAIN if not text.meaning.signals)
    unnamed = next(text for text in TRAIN if text.meaning.signals and text.target is None)
    assert all(math.isnan(value) for value in authored.row(unnamed).targets)
    harmless = next(text for text in TRAIN if not text.meaning.signals)
    assert set(authored.row(harmless).targets) == {0.0}


def test_the_data_sheet_tells_the_true_counts() -> None:
    sheet = (Path(authored.__file__).parent / "README.md").read_text(encoding="utf-8")
    told = sheet.split("<!-- counts -->")[1].split("<!-- /counts -->")[0].strip()
    assert told == _counts()


def _counts() -> str:
    found = {split: list(authored.texts(split, seed=7)) for split in SPLITS}
    cores = [template for file in grammar.cores("en") for template in grammar.read(file)]
    counts: dict[str, list[int]] = {
        "templates": [sum(core.split == split for core in cores) for split in SPLITS],
        "texts": [len(found[split]) for split in SPLITS],
        "no signal": [sum(not text.meaning.signals for text in found[split]) for split in SPLITS],
    }
    for key in SIGNALS:
        counts[f"`{key}`"] = [sum(key in text.meaning.signals for text in found[split]) for split in SPLITS]
    for stance in STANCES:
        counts[stance] = [sum(text.meaning.stance == stance for text in found[split]) for split in SPLITS]
    for language in OTHERS:
        told = [sum(1 for _ in authored.texts(split, seed=7, languages=[language])) for split in SPLITS]
        read = [template.split for file in grammar.cores(language) for template in grammar.read(file, language)]
        counts[f"templates, {language}"] = [read.count(split) for split in SPLITS]
        counts[f"texts, {language}"] = told
    lines = [f"| {name} | {' | '.join(map(str, numbers))} |" for name, numbers in counts.items()]
    return "\n".join(["| | train | dev | test |", "|---|---|---|---|", *lines])


def test_other_languages_come_when_asked_for_and_cover_every_signal() -> None:
    assert {text.language for text in TRAIN} == {"en"}
    assert {labelled.language for labelled in authored.held_out()} == {"en"}
    for language in OTHERS:
        found = list(authored.texts("train", seed=7, languages=[language]))
        assert {text.language for text in found} == {language}
        assert [text.text for text in found if any(mark in text.text for mark in "{}[]|")] == []
        assert {stance for stance in STANCES if stance != "reclaims"} <= {text.meaning.stance for text in found}
        cores = [template for file in grammar.cores(language) for template in grammar.read(file, language)]
        assert {signal for core in cores for signal in core.meaning.signals} == set(SIGNALS)
        real = re.compile(r"\{(A\w*|real\w*|city)\}")
        assert [core.name for core in cores if core.meaning.signals and real.search(core.pattern)] == []
        assert {text.target for text in found if text.target} <= set(TARGETS)
        assert all(text.target is None for text in found if not text.meaning.signals)


@pytest.mark.parametrize("language", APART)
def test_what_is_kept_apart_measures_every_signal_and_is_nowhere_trained_on(language: str) -> None:
    rows = authored.kept_apart(language)
    assert {row.language for row in rows} == {language}
    assert [row.text for row in rows if any(mark in row.text for mark in "{}[]|")] == []
    least = 60 if language == "en" else 20
    assert all(sum(row.labels.get(key, 0) for row in rows) >= least for key in SIGNALS)
    assert {"asserts", "reports", "condemns"} <= {row.stance for row in rows}
    templates = grammar.read("apart", language)
    real = re.compile(r"\{(A\w*|real\w*|folk|city)\}")
    assert [one.name for one in templates if one.meaning.signals and real.search(one.pattern)] == []
    trained = {one.pattern for file in grammar.cores(language) for one in grammar.read(file, language)}
    assert not trained & {one.pattern for one in templates}


def test_an_invented_people_of_another_language_has_its_own_forms_and_split() -> None:
    words = {"forms": ["G", "g", "N"], "stem1": list("bdfgklmn"), "stem2": list("aeiou"), "stem3": list("lmnrst")}
    words["invented"] = ["Wa*=M*=*n"]
    names = {split: [coined(words, split, random.Random(i)).forms for i in range(20)] for split in SPLITS}
    assert all(name["G"][2:] == name["g"][1:] == name["N"][:-1] for split in SPLITS for name in names[split])
    assert not {name["G"] for name in names["train"]} & {name["G"] for name in names["test"]}


def test_no_invented_people_bears_a_real_name() -> None:
    real, draw = set(load().owners), random.Random(5)
    coins = [invented(split, draw) for split in SPLITS for _ in range(3_000)]
    for language in OTHERS:
        coins += [coined(grammar.lexicon(language), split, draw) for split in SPLITS for _ in range(500)]
    assert not real & {form.casefold() for group in coins for form in group.forms.values()}


def test_a_word_that_means_something_else_is_no_invented_name() -> None:
    assert all(taken([word]) for word in ("Roma", "Zulus", "Semites", "Nazi", "Danish", "Yemenis"))
    assert not taken(["Vrumeni"])


def test_a_slot_of_one_kind_takes_only_that_kind() -> None:
    words = {"forms": ["G", "g"], "migration": ["guests = guest"]}
    assert named("guests = guest", words, "nationality_migration", "M").forms == {"M": "guests", "m": "guest"}


def test_any_group_may_be_asked_for_in_another_form() -> None:
    subjects = grammar.lexicon("ar")["real_N"]
    made = [text for text in authored.texts("train", seed=7, languages=["ar"]) if text.template.startswith("ar/benign")]
    assert any("العلويون" in text.text for text in made)
    assert len(subjects) == len(grammar.lexicon("ar")["real"])


def test_a_share_of_the_texts_is_spelt_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "spelling_xx.txt"
    file.write_text("# rules\n\\bde été > d'été\n@ 0.5\n[éè] > e\n\\bvous\\b > vs\n, >\n", encoding="utf-8")
    draw = random.Random(1)
    texts = Counter(spelling.spelt("Vous, là-bas, de été", spelling.read(file), draw) for _ in range(100))
    assert set(texts) == {"Vous, là-bas, d'été", "vs là-bas d'ete"}
    assert 30 < texts["vs là-bas d'ete"] < 70
    assert spelling.read(tmp_path / "none.txt") == []


def test_words_for_a_protected_characteristic_carry_its_target() -> None:
    told = {text.target for text in TRAIN if text.template.startswith("en/street_talk")}
    assert {"gender", "sexuality_gender_identity", "disability"} <= told
