"""Texts that no database takes are made storable, one character for one; ambiguous JSON is refused."""

import json

import pytest

from api.strict_json import read_json


def test_half_characters_and_nuls_become_one_replacement_each() -> None:
    read = read_json(rb'{"a\ud800": ["x\u0000y", {"b": "\udfff\ud83d\ude00"}]}')
    assert read == {"a\ufffd": ["x\ufffdy", {"b": "\ufffd\U0001f600"}]}


def test_texts_can_be_left_as_sent() -> None:
    assert read_json(rb'["x\ud800"]', clean=False) == ["x\ud800"]


@pytest.mark.parametrize("body", [b"NaN", b"[1, Infinity]", b'{"a": 1, "a": 2}', b"[" * 100_000, b"\xff", b"1" * 5000])
def test_what_is_no_json_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        read_json(body)
