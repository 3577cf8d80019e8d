"""Whatever a source writes and wherever a model points, the pieces of a page say all of it or hide it."""

from hypothesis import given
from hypothesis import strategies as st

from api.console.text import BLOCK, Span, is_invisible, pieces, snippet, window

# Surrogates too: a broken feed may hold them, and a page cannot.
TEXTS = st.text(st.characters(codec=None) | st.sampled_from("ab \u202e\u200b\u2066\x00\ud800"), max_size=80)
SPANS = st.lists(st.builds(Span, st.integers(-5, 90), st.integers(-5, 90), st.floats(0, 1)), max_size=5)


@given(TEXTS, SPANS, SPANS)
def test_pieces_lose_nothing_but_what_is_named(text: str, passages: list[Span], hot: list[Span]) -> None:
    shown = "".join(piece.text for piece in pieces(text, passages=passages, hot=hot) if piece.kind != "invisible")
    assert [c for c in shown if not is_joiner(c)] == [
        text[at] for at in range(len(text)) if not is_invisible(text, at) and not is_joiner(text[at])
    ]
    shown.encode()  # what is left can be sent to a browser


@given(TEXTS, SPANS, SPANS)
def test_nothing_that_is_hidden_can_be_read(text: str, passages: list[Span], hot: list[Span]) -> None:
    for piece in pieces(text, passages=passages, hot=hot, hide=True):
        assert piece.kind != "hot"
        if piece.kind == "hidden":
            assert set(piece.text) <= {BLOCK, " "}
    covered = {at for span in (*passages, *hot) for at in range(max(0, span.start), min(span.end, len(text)))}
    readable = "".join(
        piece.text for piece in pieces(text, passages=passages, hot=hot, hide=True) if piece.kind == "plain"
    )
    assert len(readable) <= len(text) - len(covered)


@given(TEXTS, SPANS, SPANS)
def test_a_snippet_never_fails_and_stays_short(text: str, passages: list[Span], hot: list[Span]) -> None:
    assert sum(len(piece.text) for piece in snippet(text, passages, hot, hide=True)) <= 2000


@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 50))
def test_a_window_holds_its_passage(text: str, start: int, length: int, around: int) -> None:
    start = min(start, len(text))
    end = min(start + length, len(text))
    first, last = window(text, start, end, around)
    assert 0 <= first <= start <= end <= last <= len(text)
    assert start - first <= around
    assert last - end <= around


def is_joiner(character: str) -> bool:
    """A joiner's marking depends on its neighbours, which cutting into runs changes."""
    return character in "\u200c\u200d"
