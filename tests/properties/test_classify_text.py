"""Whatever is sent: nothing raises, nothing is lost, every offset fits."""

from hypothesis import given, settings
from hypothesis import strategies as st

from classify.language import identify
from classify.text import normalise, passages

# Lone surrogates, NUL and every script included: hypothesis leaves surrogates out unless asked.
anything = st.text(alphabet=st.characters(exclude_categories=()), max_size=1200)


@given(anything)
def test_words_lie_in_order_within_the_text(text: str) -> None:
    end = 0
    for word in normalise(text).words:
        assert end <= word.start < word.end <= len(text)
        end = word.end


@given(anything)
def test_what_the_model_reads_can_be_encoded(text: str) -> None:
    normalise(text).text.encode("utf-8")


@given(anything)
def test_passages_cover_everything_but_space(text: str) -> None:
    end = 0
    for passage in passages(text):
        assert passage.text == text[passage.start : passage.end]
        assert text[end : passage.start].strip() == ""
        end = passage.end
    assert text[end:].strip() == ""


@settings(deadline=None)  # the first text loads the tables
@given(anything)
def test_a_language_is_a_code_and_a_confidence(text: str) -> None:
    code, confidence = identify(text)
    assert code
    assert 0.0 <= confidence <= 1.0
