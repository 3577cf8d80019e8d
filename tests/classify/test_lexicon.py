"""Terms in a text: found however they are spelt, told with what they do not prove, and never part of a decision."""

import ast
import json
from pathlib import Path

import pytest

from classify import lexicon
from classify.errors import BadLexicon
from classify.lexicon import BUNDLED, LOOKED_AT, MOST_PLACES, Entry, build, bundled, checked, find, parse, read, write
from models.codebook import SIGNALS

ROOMS = Path(__file__).parents[2]
SAID = {"meaning": "a stain", "benign": "laundry", "does_not_prove": "that people are meant", "source": "the desk"}


def entry(term: str, *variants: str, languages: tuple[str, ...] = ("sw",), **values: object) -> Entry:
    return Entry(**({"key": term, "term": term, "variants": variants, "languages": languages} | SAID | values))  # type: ignore[arg-type]


def found(text: str, *entries: Entry, language: str = "sw") -> list[tuple[str, list[str]]]:
    return [
        (hit.entry.term, [text[start:end] for start, end in hit.places]) for hit in find(build(entries), text, language)
    ]


# ---------------------------------------------------------------------------------------------- finding


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Lo, KUVARNA!", "KUVARNA"),
        ("they say ku\u200bvarna here", "ku\u200bvarna"),
        ("so kuv@rna, then", "kuv@rna"),
        ("a #KuvarnaLeo tag", "KuvarnaLeo"),
        ("k u v a r n a", "k u v a r n a"),
        ("kuvarnaaaa!", "kuvarnaaaa"),
        ("kúvárna", "kúvárna"),
        ("(kuv\u0430rna)", "kuv\u0430rna"),
    ],
)
def test_a_term_is_found_however_it_is_hidden_where_it_stands(text: str, place: str) -> None:
    assert found(text, entry("kuvarna")) == [("kuvarna", [place])]


@pytest.mark.parametrize(
    ("term", "text", "language", "place"),
    [
        ("فارنية", "قال إن الفـارْنيّـه فارنيَّه", "ar", "فارنيَّه"),
        ("أهل البئر", "جاء اهل البئر", "ar", "اهل البئر"),
        ("ዓለሙ", "ይህ አለሙ ነው።", "am", "አለሙ"),
        ("ጸሐይ", "ፀሀይ፣ ወጣች", "am", "ፀሀይ"),
    ],
)
def test_arabic_and_ethiopic_are_read_in_one_spelling(term: str, text: str, language: str, place: str) -> None:
    assert found(text, entry(term, languages=(language,)), language=language) == [(term, [place])]


def test_a_script_without_spaces_is_looked_through_whole_but_a_syllable_is_not_cut() -> None:
    term = entry("ဝါနီ", languages=("my",))
    assert found("ဒီဝါနီတွေ", term, language="my") == [("ဝါနီ", ["ဝါနီ"])]
    assert found("ဒီဝါ\u200bနီတွေ", term, language="my") == [("ဝါနီ", ["ဝါ\u200bနီ"])]
    assert found("ဝါနီး ဝါနီန်", term, language="my") == []


def test_a_star_stands_for_endings_at_any_word_of_a_phrase() -> None:
    assert found("the varning of hills", entry("varn*", languages=("en",)), language="en") == [("varn*", ["varning"])]
    phrase = entry("cut* the hill*", languages=("en",))
    assert found("Cutting the hilltops.", phrase, language="en") == [("cut* the hill*", ["Cutting the hilltops"])]
    assert found("Cut a hill, cut the", phrase, language="en") == []


def test_part_of_a_word_a_link_and_an_account_are_no_term() -> None:
    assert found("kuvarnable https://kuvarna.example/ @kuvarna", entry("kuvarna")) == []


def test_variants_are_one_entry_and_the_longer_place_stands() -> None:
    term = entry("kuvarna", "ondoa kuvarna")
    assert found("ondoa kuvarna, kuvarna", term) == [("kuvarna", ["ondoa kuvarna", "kuvarna"])]


def test_a_term_counts_in_texts_of_its_language_alone_unless_it_says_so() -> None:
    assert found("kuvarna", entry("kuvarna"), language="en") == []
    assert found("kuvarna", entry("kuvarna", languages=("sw", "*")), language="en")
    assert found("kuvarna", entry("kuvarna", languages=("ar",)), language="ar-Latn")


@pytest.mark.parametrize("language", ["und", "mixed"])
def test_a_text_of_no_told_language_is_looked_through_for_all(language: str) -> None:
    assert found("kuvarna", entry("kuvarna"), language=language)


def test_a_retired_entry_is_looked_for_no_more() -> None:
    assert found("kuvarna", entry("kuvarna", active=False)) == []


def test_only_so_much_is_read_and_told() -> None:
    [hit] = find(build((entry("kuvarna"),)), "kuvarna na " * (MOST_PLACES + 5), "sw")
    assert len(hit.places) == MOST_PLACES
    assert found("." * LOOKED_AT + " kuvarna", entry("kuvarna")) == []


# ---------------------------------------------------------------------------------------------- entries


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"benign": " "}, "must say its benign uses"),
        ({"does_not_prove": ""}, "must say what it does not prove"),
        ({"source": ""}, "must say its source"),
        ({"meaning": "x" * 3000}, "must say its meaning"),
        ({"languages": []}, "needs the language"),
        ({"languages": ["*"]}, "needs the language"),
        ({"languages": ["Swahili"]}, "a code such as sw"),
        ({"countries": ["Kenya"]}, "two capital letters"),
        ({"consistent_with": ["anger"]}, "A signal must be one of"),
        ({"caution": "some"}, "The caution must be one of"),
        ({"reviewed_by": "Amina"}, "both who and when"),
        ({"reviewed_on": "2026-02-30"}, "day"),
        ({"term": "!"}, "two letters"),
        ({"variants": ["va*"]}, "3 letters"),
        ({"variants": ["*varna"]}, "only end a word"),
        ({"variants": "kuvarna"}, "list of texts"),
        ({"term": 7}, "must be a text"),
        ({"active": "yes"}, "true or false"),
        ({"key": "two words"}, "without spaces"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place_and_why(wrong: dict[str, object], told: str) -> None:
    line = json.dumps(json.loads(write(entry("kuvarna"))) | wrong)
    with pytest.raises(BadLexicon, match="ours, line 2") as refused:
        parse(["# ours", line], "ours")
    assert told in str(refused.value)


@pytest.mark.parametrize("line", ["[]", "no", "7"])
def test_what_is_no_entry_is_refused(line: str) -> None:
    with pytest.raises(BadLexicon, match="ours, line 1 is not a lexicon entry"):
        parse([line], "ours")


def test_a_key_stands_once(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(f"{write(entry('kuvarna'))}\n{write(entry('kuvarna'))}\n")
    with pytest.raises(BadLexicon, match="line 2: the key 'kuvarna' stands there twice"):
        read(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLexicon, match="cannot be read"):
        read(tmp_path / "none.jsonl")


def test_an_entry_comes_back_as_it_was_written() -> None:
    assert parse(map(write, bundled()), "again") == list(bundled())


# ---------------------------------------------------------------------------------------------- the product's


def test_every_entry_of_the_product_says_all_that_it_must() -> None:
    assert len(bundled()) >= 40
    for one in bundled():
        checked(one)
        assert set(one.consistent_with) <= set(SIGNALS), one.key
        assert one.key.startswith(tuple(f"{code}-" for code in one.languages)), one.key
        assert min(len(one.meaning), len(one.benign), len(one.does_not_prove), len(one.source)) > 10, one.key


def test_the_product_claims_no_native_review() -> None:
    assert [one.key for one in bundled() if one.reviewed_by or one.reviewed_on] == []


def test_the_products_languages_are_covered() -> None:
    spoken = {code for one in bundled() for code in one.languages}
    assert {"sw", "en", "ar", "am", "fr", "rw", "my"} <= spoken


def test_each_form_of_the_product_finds_itself() -> None:
    ready = build(bundled())
    for one in bundled():
        for form in (one.term, *one.variants):
            hits = find(ready, f"{form.replace('*', '')}.", one.languages[0])
            assert one.key in {hit.entry.key for hit in hits}, (one.key, form)


def test_a_chair_and_a_chickpea_are_found_with_their_benign_use() -> None:
    [hit] = find(build(bundled()), "ကုလားထိုင်", "my")
    assert (hit.entry.key, "chair" in hit.entry.benign) == ("my-kalar", True)


def test_the_products_file_holds_comments_and_entries_only() -> None:
    lines = BUNDLED.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if not line.startswith("#")]) == len(bundled())


# ---------------------------------------------------------------------------------------------- no verdict


def test_nothing_that_decides_knows_the_lexicon() -> None:
    """Who imports it: what shows it to people. An import contract says the same of what they import in turn."""
    importers = set()
    for path in ROOMS.glob("*/**/*.py"):
        room = path.relative_to(ROOMS).parts[0]
        if room not in {"api", "classify", "ingest", "warn"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                named = {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
                if named & {"classify.lexicon", "api.lexicon", "models.lexicon"}:
                    importers.add(str(path.relative_to(ROOMS)))
    assert importers == {
        "api/commands/lexicon.py",
        "api/console/beside.py",
        "api/console/lexicon.py",
        "api/console/passages.py",
        "api/lexicon.py",
        "api/routes/assessments.py",
        "api/routes/codebook.py",
        "api/routes/lexicon.py",
    }
    assert lexicon.__doc__ is not None
