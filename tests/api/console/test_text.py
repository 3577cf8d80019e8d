"""What a reader sees of a text."""

import pytest

from api.console.text import Piece, Span, blocks, is_invisible, pieces, snippet

TEXT = "They said the Varni are ants and left."
PASSAGE, HOT = [Span(10, 32)], [Span(24, 32)]


def kinds(found: list[Piece]) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in found]


def test_what_weighed_most_is_hot_inside_its_passage() -> None:
    assert kinds(pieces(TEXT, passages=PASSAGE, hot=HOT)) == [
        ("plain", "They said "),
        ("passage", "the Varni are "),
        ("hot", "ants and"),
        ("plain", " left."),
    ]


def test_a_passage_is_hidden_whole_and_says_how_much_it_holds() -> None:
    found = pieces(TEXT, passages=PASSAGE, hot=HOT, hide=True)
    assert found[1] == Piece("hidden", "▮▮▮ ▮▮▮▮▮ ▮▮▮ ▮▮▮▮ ▮▮▮", "hidden, 5 words")
    assert [piece.kind for piece in found] == ["plain", "hidden", "plain"]


def test_a_character_that_turns_the_order_around_is_named_and_gone() -> None:
    assert pieces("a\u202eb") == [
        Piece("plain", "a"),
        Piece("invisible", "RLO", "right-to-left override"),
        Piece("plain", "b"),
    ]


@pytest.mark.parametrize(
    ("text", "at", "invisible"),
    [
        ("in\u200bsect", 2, True),
        ("in\u200csect", 2, True),
        ("می\u200cرود", 2, False),  # Persian needs the non-joiner
        ("क्\u200dष", 2, False),  # so does Devanagari the joiner
        ("a\x00b", 1, True),
        ("a\nb", 1, False),
        ("a\ud800b", 1, True),
        ("a\U000e0041b", 1, True),
    ],
)
def test_joiners_are_left_where_a_script_needs_them(text: str, at: int, invisible: bool) -> None:
    assert is_invisible(text, at) is invisible


def test_a_snippet_of_a_long_text_shows_the_passage_and_little_else() -> None:
    text = "before " * 100 + "the passage" + " after" * 100
    found = snippet(text, [Span(700, 711)], [], hide=False)
    assert ("passage", "the passage") in kinds(found)
    assert sum(len(piece.text) for piece in found) < 120


def test_a_long_hidden_word_is_cut() -> None:
    assert blocks("a" * 500) == "▮" * 10
