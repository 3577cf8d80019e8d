"""Whatever a client sends, the readers of requests answer with their own refusal or a value that can be stored."""

import datetime as dt
import json
import logging

from hypothesis import example, given
from hypothesis import strategies as st

from api.errors import Invalid
from api.export import FORMULA, cell
from api.observe import PlainLines
from api.pagination import read_cursor, write_cursor
from api.retries import LONGEST, waited
from api.strict_json import cleaned, read_json
from tests.conftest import NOW

TEXTS = st.text(st.characters(codec=None, exclude_categories=()))
WHOLE = st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)


@given(st.binary(max_size=200))
@example(b"\xff\xfe\x00")
@example(b'"\\ud800\\udc00"')
@example(b"[" * 5000)
def test_a_body_is_json_or_refused_as_not(body: bytes) -> None:
    try:
        value = read_json(body)
    except json.JSONDecodeError:
        return
    json.dumps(value, ensure_ascii=False).encode("utf-8")


@given(st.recursive(TEXTS | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_cleaned_texts_can_be_stored_and_keep_their_length(value: object) -> None:
    after = cleaned(value)
    json.dumps(after, ensure_ascii=False).encode("utf-8")
    if isinstance(value, str):
        assert len(after) == len(value)
        assert "\x00" not in after


@given(TEXTS)
def test_a_cursor_from_anywhere_is_refused(cursor: str) -> None:
    try:
        read_cursor(cursor, "severity", 2)
    except Invalid:
        return
    raise AssertionError("nobody guesses a checksum")


@given(st.sampled_from(["severity", "newest", "id"]), st.lists(WHOLE, min_size=1, max_size=3))
def test_a_cursor_comes_back_as_it_was(order: str, key: list[int]) -> None:
    assert read_cursor(write_cursor(order, *key), order, len(key)) == key


@given(TEXTS | st.integers().map(str))
@example("Sun, 06 Nov 9999 23:59:59 -2359")
def test_retry_after_is_a_pause_of_at_most_a_day_or_nothing(header: str) -> None:
    pause = waited(header, NOW)
    assert pause is None or dt.timedelta() < pause <= LONGEST


@given(TEXTS)
def test_no_cell_is_a_formula(text: str) -> None:
    shown = cell(text)
    assert not shown.startswith(FORMULA)
    shown.encode("utf-8")


@given(TEXTS)
def test_a_message_never_begins_a_line_of_its_own(text: str) -> None:
    record = logging.LogRecord("api", logging.INFO, "", 1, text.replace("%", "%%"), None, None)
    lines = PlainLines().format(record).splitlines()
    assert all(line.startswith("    ") for line in lines[1:])
