"""A workbook holds texts as texts, numbers as numbers, and is valid XML whatever a text holds."""

import io
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import xlsx

NAME = {"m": xlsx.MAIN}


def sheets(packed: bytes) -> list[list[list[tuple[str | None, str | None]]]]:
    """Return each sheet's rows as (type, value) of their cells."""
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        assert file.testzip() is None
        names = [name for name in file.namelist() if name.startswith("xl/worksheets/")]
        for name in set(file.namelist()) - set(names):
            ET.fromstring(file.read(name))  # noqa: S314  # our own file
        return [read(file.read(name)) for name in names]


def read(sheet: bytes) -> list[list[tuple[str | None, str | None]]]:
    root = ET.fromstring(sheet)  # noqa: S314  # our own file
    assert root.findall(".//m:f", NAME) == []  # a formula
    return [
        [(cell.get("t"), next((one.text for one in cell.iter() if one.text), None)) for cell in row]
        for row in root.iterfind(".//m:row", NAME)
    ]


def test_each_value_keeps_its_kind() -> None:
    row: list[Any] = ["=1+1", 3, 0.25, True, None, "", "a < b & c"]
    [[head, cells]] = sheets(b"".join(xlsx.pieces([str(n) for n in range(7)], [row])))
    assert head[0] == ("inlineStr", "0")
    assert cells == [("inlineStr", "=1+1"), (None, "3"), (None, "0.25"), ("b", "1"), (None, None), (None, None),
                     ("inlineStr", "a < b & c")]  # fmt: skip


@pytest.mark.parametrize(("rows", "held"), [(0, [1]), (2, [3]), (3, [4, 1]), (7, [4, 4, 2])])
def test_what_a_sheet_does_not_hold_goes_on_in_the_next(rows: int, held: list[int]) -> None:
    found = sheets(b"".join(xlsx.pieces(["n"], ([n] for n in range(rows)), most=4)))
    assert [len(one) for one in found] == held
    assert sum(len(one) - 1 for one in found) == rows


@given(st.text())
def test_any_text_is_a_string(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode()
    [[_, [[kind, _value]]]] = sheets(b"".join(xlsx.pieces(["text"], [[clean or "x"]])))
    assert kind == "inlineStr"
