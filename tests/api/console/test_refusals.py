"""What is said to people who do not get in is what other files raise, word for word, and is said in their language."""

from pathlib import Path

import pytest

from api.console import refusals, translation
from api.errors import Invalid, NotSignedIn

API = Path(refusals.__file__).parent.parent
SOURCES = "\n".join(path.read_text() for path in API.rglob("*.py") if path.name != "refusals.py")


@pytest.mark.parametrize("sentence", [one for one in refusals.SAID.words.values() if "12 characters" not in one])
def test_each_sentence_is_raised_somewhere(sentence: str) -> None:
    assert sentence in SOURCES


def test_a_field_that_programs_need_is_left_out() -> None:
    assert refusals.told(Invalid("current: this is not your present password")) == "This is not your present password."
    assert refusals.told(Invalid("said nowhere")) == "Said nowhere."


def test_it_is_said_in_the_readers_language() -> None:
    translation.speak("fr")
    try:
        assert refusals.told(NotSignedIn("the name or the password is wrong")) == "Le nom ou le mot de passe est faux."
    finally:
        translation.speak("en")
