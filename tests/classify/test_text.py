"""What the model reads, and how long texts are cut."""

import pytest

from classify.text import MAX_CHARACTERS, normalise, passages


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("ki\u200bll", "kill"),
        ("ki\u00adll", "kill"),
        ("k\u0336i\u0336ll", "kill"),
        ("a\x00b", "ab"),
        ("kіll", "kill"),  # a Cyrillic letter among Latin ones
        ("k1ll th3m", "kill them"),
        ("the $hit", "the shit"),
        ("k i l l", "kill"),
        ("k.i.l.l", "kill"),
    ],
)
def test_hidden_letters_are_found_and_told(sent: str, read: str) -> None:
    normalised = normalise(sent)
    assert normalised.text == read
    assert normalised.obfuscated


@pytest.mark.parametrize(
    "sent",
    [
        "The U.S.A. sold 20kg in 2024.",
        "H1N1 and covid19 on the 2nd",
        "በጣም ጥሩ ነው",
        "مُحَمَّد رسول",
        "नमस्ते दुनिया",
        "ကျွန်ုပ်တို့",
        "Ọ̀rọ̀ Yorùbá",
        "I am a b",
    ],
)
def test_ordinary_writing_is_not_called_hidden(sent: str) -> None:
    assert not normalise(sent).obfuscated


@pytest.mark.parametrize("sent", ["مُحَمَّد", "नमस्ते", "ကျွန်ုပ်တို့"])
def test_marks_of_other_scripts_survive(sent: str) -> None:
    assert normalise(sent).text == sent


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("#SendThemHome now", "Send Them Home now"),
        ("@someone look https://example.org/x", "user look url"),
        ("so 🐀", "so rat"),
        ("👩🏿", "woman black"),
        ("nooooo", "noo"),
        ("don&#39;t", "don't"),
        ("\ud800 x", "\ufffd x"),
    ],
)
def test_the_model_reads_words(sent: str, read: str) -> None:
    assert normalise(sent).text == read


def test_every_word_knows_where_it_stood() -> None:
    sent = "They  k i l l  now"
    assert [sent[word.start : word.end] for word in normalise(sent).words] == ["They", "k i l l", "now"]


def test_a_post_is_one_passage() -> None:
    [only] = passages("  The market opens. Bring money. ")
    assert only.text == "The market opens. Bring money."
    assert only.start == 2


def test_windows_hold_three_sentences_at_most() -> None:
    assert [p.text for p in passages("One. Two! Three? Four.")] == ["One. Two! Three?", "Four."]


def test_other_scripts_end_their_sentences_too() -> None:
    assert len(passages("አንድ። ሁለት። ሦስት። አራት።")) == 2
    assert len(passages("एक। दो। तीन। चार।")) == 2


def test_a_sentence_without_end_is_cut_between_words() -> None:
    windows = passages("word " * 300)
    assert all(len(window.text) <= MAX_CHARACTERS for window in windows)
    assert all(not window.text.startswith("ord") for window in windows)


def test_an_empty_text_has_no_passages() -> None:
    assert passages("") == []
    assert passages(" \n\t ") == []
