"""Help from other machines is off until it is named, and what could never work is refused at start."""

from pathlib import Path

import pytest

from api.errors import BadSettings
from api.settings import load


def test_nothing_is_sent_anywhere_by_default(tmp_path: Path) -> None:
    assist = load({"TOCSIN_HOME": str(tmp_path)}, tmp_path).assist
    assert (assist.second_reader_url, assist.translator) == ("", "")
    assert (assist.second_reader_key, assist.translator_key) == (None, None)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"TOCSIN_SECOND_READER_URL": "http://llm.example.org/v1"}, "second_reader_model is empty"),
        ({"TOCSIN_SECOND_READER_URL": "ftp://llm.example.org"}, "second_reader_url: only http and https"),
        ({"TOCSIN_TRANSLATOR": "http://user:hunter2@mt.example.org"}, "translator: the address carries"),
        ({"TOCSIN_TRANSLATE_TO": "English please"}, "translate_to"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, values: dict[str, str], says: str) -> None:
    with pytest.raises(BadSettings) as caught:
        load({"TOCSIN_HOME": str(tmp_path)} | values, tmp_path)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_key_stays_out_of_what_is_printed(tmp_path: Path) -> None:
    settings = load({"TOCSIN_HOME": str(tmp_path), "TOCSIN_SECOND_READER_KEY": "sk-hunter2"}, tmp_path)
    assert settings.assist.second_reader_key == "sk-hunter2"
    assert "hunter2" not in repr(settings)
