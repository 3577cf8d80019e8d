"""Write rows as an XLSX workbook, a batch at a time: every text is a string by its type, so that none is a formula.

Office Open XML (ECMA-376), as little of it as spreadsheets need; texts stand inline, so that nothing is held back until
the end. Rows beyond what a sheet holds go on in the next one. It knows no query and no HTTP.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from api.parquet import Taken

MOST_ROWS = 1_048_576  # of a sheet, its head included
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WHEN = (1980, 1, 1, 0, 0, 0)  # of every part, so that the same rows are the same bytes


def pieces(columns: Sequence[str], rows: Iterable[Sequence[Any]], most: int = MOST_ROWS) -> Iterator[bytes]:
    """Yield the bytes of a workbook with `columns` as the head of each sheet; without rows it is a head alone."""
    sink = Taken()
    sheets, left, waiting = 0, iter(rows), True
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        while waiting:
            sheets += 1
            with packed.open(_part(f"xl/worksheets/sheet{sheets}.xml"), "w") as sheet:
                sheet.write(f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{_row(columns)}'.encode())
                waiting = False
                for number, row in enumerate(left, start=2):
                    sheet.write(_row(row).encode())
                    if sink.parts:
                        yield sink.take()
                    if waiting := number >= most:
                        break
                sheet.write(b"</sheetData></worksheet>")
        for name, text in _frame(sheets):
            packed.writestr(_part(name), HEAD + text)
    yield sink.take()


def _row(values: Sequence[Any]) -> str:
    return f"<row>{''.join(map(_cell, values))}</row>"


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    # A carriage return, and what XML cannot hold, has no place in a cell; `api.export.cell` has shown the rest.
    text = "".join(one for one in str(value) if one in "\n\t" or (one >= " " and one not in "\ufffe\uffff"))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _frame(sheets: int) -> Iterator[tuple[str, str]]:
    """Yield what makes sheets a workbook."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbers = range(1, sheets + 1)
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{one}.xml" ContentType="{kind}.worksheet+xml"/>' for one in numbers
    )
    yield (
        "[Content_Types].xml",
        (
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
            f'PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>{parts}</Types>'
        ),
    )
    yield (
        "_rels/.rels",
        (
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
    )
    named = "".join(f'<sheet name="Rows {one}" sheetId="{one}" r:id="r{one}"/>' for one in numbers)
    yield "xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{named}</sheets></workbook>'
    linked = "".join(
        f'<Relationship Id="r{one}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{one}.xml"/>'
        for one in numbers
    )
    yield "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{linked}</Relationships>'


def _part(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, WHEN)
    made.compress_type = zipfile.ZIP_DEFLATED
    return made
