"""A cursor goes on exactly where it was given out, and nowhere else."""

import base64

import pytest

from api.errors import Invalid
from api.pagination import read_cursor, write_cursor


def test_a_cursor_holds_its_place() -> None:
    assert read_cursor(write_cursor("severity", 90, 7), "severity", 2) == [90, 7]


def test_a_cursor_of_another_order_is_refused() -> None:
    with pytest.raises(Invalid, match="cursor"):
        read_cursor(write_cursor("newest", 7), "severity", 2)
    with pytest.raises(Invalid, match="cursor"):
        read_cursor(write_cursor("severity", 7), "newest", 1)


@pytest.mark.parametrize("place", range(0, 30, 3))
def test_a_changed_cursor_is_refused(place: int) -> None:
    cursor = write_cursor("severity", 90, 123_456)
    changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
    with pytest.raises(Invalid):
        read_cursor(changed, "severity", 2)


@pytest.mark.parametrize("cursor", ["", "x", "é", "=" * 9, "A" * 400, base64.b64encode(b"[" * 300).decode()])
def test_what_never_was_a_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        read_cursor(cursor, "severity", 2)
