"""Write assessments and alerts out: JSONL for programs, CSV and XLSX for spreadsheets, Parquet for data tools.

Rows are read a batch at a time in the order of their ids, so that a million take no more memory than five hundred. What
a spreadsheet would take for a formula is made harmless. It knows no HTTP; the command line uses it too.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api import parquet, xlsx
from api.queue import Found, details
from api.shapes import assessment_shape
from models.alert import Alert, Rule
from models.assessment import Assessment
from models.codebook import SIGNALS

KINDS = ("assessments", "alerts")
FORMATS = ("jsonl", "csv", "xlsx", "parquet")
TYPES = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
BATCH = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LONGEST_CELL = 32_000  # spreadsheets cut or refuse more than 32,767 characters
Row = dict[str, Any]
Batches = Callable[[int], list[Row]]

ASSESSMENT_COLUMNS = (
    *("id", "document_id", "source", "title", "url", "country", "region", "event_at", "assessed_at", "language"),
    *("flag", "flagged_now", "status", "abstained", "abstain_reason", "severity", "stage", "stance"),
    *SIGNALS,
    *("target_names", "labels_now", "model", "text"),
)
ALERT_COLUMNS = (
    *("id", "rule", "kind", "state", "title", "summary", "severity", "count", "opened_at", "last_event_at"),
    *("indicators", "reviewed", "acknowledged_at", "acknowledge_note", "resolved_at", "resolve_note"),
)


def export_pieces(session: Session, what: str, form: str) -> Iterator[bytes]:
    """Yield the bytes of an export out of one open transaction."""
    return pieces(what, form, lambda after: batch(session, what, form, after))


def pieces(what: str, form: str, batches: Batches) -> Iterator[bytes]:
    """Yield the bytes of an export; `batches(after)` gives the rows whose ids follow `after`."""
    columns = ALERT_COLUMNS if what == "alerts" else ASSESSMENT_COLUMNS
    if form == "parquet":
        yield from parquet.pieces(columns, _all(batches))
        return
    if form in {"csv", "xlsx"}:
        yield from sheet(form, columns, _all(batches))
        return
    for rows in _all(batches):
        for row in rows:
            yield json_line(row).encode()


def sheet(form: str, columns: Sequence[str], batches: Iterable[list[Row]]) -> Iterator[bytes]:
    """Yield rows as a spreadsheet takes them, `csv` or `xlsx`; the same cells in both."""
    if form == "xlsx":
        yield from xlsx.pieces(columns, ([cell(row.get(name)) for name in columns] for rows in batches for row in rows))
        return
    write = csv_writer(columns)
    yield write(dict(zip(columns, columns, strict=True))).encode()
    for rows in batches:
        for row in rows:
            yield write(row).encode()


def _all(batches: Batches) -> Iterator[list[Row]]:
    after = 0
    while rows := batches(after):
        yield rows
        after = rows[-1]["id"]


def batch(session: Session, what: str, form: str, after: int) -> list[Row]:
    """Return the next rows after an id, as this format shows them."""
    rows = _alerts(session, after) if what == "alerts" else _assessments(session, after, form)
    session.expunge_all()
    return rows


def json_line(row: Row) -> str:
    """Write one row as JSON."""
    return json.dumps(row, ensure_ascii=False) + "\n"


def csv_writer(columns: Iterable[str]) -> Callable[[Row], str]:
    """Return a function that writes one row as CSV."""
    names = list(columns)

    def write(row: Row) -> str:
        buffer = io.StringIO()
        csv.writer(buffer).writerow([cell(row.get(name)) for name in names])
        return buffer.getvalue()

    return write


def cell(value: Any) -> Any:
    """Return a value as a spreadsheet may safely hold it: no formula, no endless text, no control characters."""
    if isinstance(value, list):
        value = "; ".join(str(one) for one in value)
    if not isinstance(value, str):
        return value
    text = "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in value)
    if len(text) > LONGEST_CELL:
        text = f"{text[:LONGEST_CELL]} [cut; {len(text)} characters in all]"
    return f"'{text}" if text.startswith(FORMULA) else text


def _assessments(session: Session, after: int, form: str) -> list[Row]:
    ids = session.scalars(
        select(Assessment.id).where(Assessment.id > after, Assessment.current).order_by(Assessment.id).limit(BATCH)
    ).all()
    shown = _assessment_json if form == "jsonl" else assessment_cells
    return [shown(found) for found in details(session, ids)]


def _assessment_json(found: Found) -> Row:
    return assessment_shape(found).model_dump(mode="json") | {"text": found.document.text}


def assessment_cells(found: Found) -> Row:
    """Return one assessment as the columns of a spreadsheet."""
    assessment, document = found.assessment, found.document
    row = {name: getattr(assessment, name) for name in ASSESSMENT_COLUMNS if hasattr(assessment, name)}
    return row | {
        **assessment.signals,
        "source": found.source.name,
        "title": document.title,
        "url": document.url,
        "event_at": assessment.event_at.isoformat(),
        "assessed_at": assessment.assessed_at.isoformat(),
        "labels_now": [f"{mark.kind}:{mark.key}" for mark in found.marks],
        "text": document.text,
    }


def _alerts(session: Session, after: int) -> list[Row]:
    query = (
        select(Alert, Rule.name)
        .join(Rule, Rule.id == Alert.rule_id)
        .where(Alert.id > after)
        .order_by(Alert.id)
        .limit(BATCH)
    )
    return [_alert(alert, rule) for alert, rule in session.execute(query)]


def _alert(alert: Alert, rule: str) -> Row:
    row = {name: getattr(alert, name) for name in ALERT_COLUMNS if name != "rule"} | {"rule": rule}
    return {name: value.isoformat() if name.endswith("_at") and value else value for name, value in row.items()}
