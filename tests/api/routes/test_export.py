"""Exports stream every row once; a spreadsheet finds no formula in them."""

import csv
import importlib.util
import io
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import export
from api.routes import export as route
from ingest.parquet import MISSING
from models.database import Sessions, reading, writing
from tests.api.test_xlsx import sheets
from tests.factories import add_alert, add_assessment, add_document, add_item


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "BATCH", 2)


def test_every_assessment_is_one_json_line(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        ids = [add_assessment(session).id for _ in range(5)]
        add_assessment(session, current=False)
    answer = analyst.get("/v1/export")
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["id"] for row in rows] == ids
    assert rows[0]["text"].startswith("The market of Marrok")
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1", "-1", "@a", "\t=1", "\r=1"])
def test_a_formula_is_no_formula_any_more(sessions: Sessions, analyst: TestClient, text: str) -> None:
    with writing(sessions) as session:
        add_assessment(session, add_document(session, add_item(session, content=text, title=text)))
    answer = analyst.get("/v1/export", params={"format": "csv"})
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert row["text"][0] == row["title"][0]
    assert row["text"][0] in "'\ufffd"


def test_csv_names_what_applies_and_cuts_what_no_spreadsheet_takes(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        add_assessment(session, add_document(session, add_item(session, content="long " * 10_000)))
    answer = analyst.get("/v1/export", headers={"accept": "text/csv"})
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert "signal:incitement" in row["labels_now"]
    assert (row["incitement"], row["severity"]) == ("0.9", "80")
    assert row["text"].endswith("[cut; 50000 characters in all]")


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_alerts_are_exported_too(sessions: Sessions, analyst: TestClient, form: str) -> None:
    with writing(sessions) as session:
        for _ in range(3):
            add_alert(session, title="Call for violence")
    answer = analyst.get("/v1/export", params={"what": "alerts", "format": form})
    assert answer.text.count("Call for violence") == 3


def test_the_command_line_gets_the_same_lines(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        add_assessment(session)
    with reading(sessions) as session:
        assert b"".join(export.export_pieces(session, "assessments", "csv")) == (
            analyst.get("/v1/export", params={"format": "csv"}).content
        )


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed")
@pytest.mark.parametrize("asked", [{"params": {"format": "parquet"}}, {"headers": {"accept": export.TYPES["parquet"]}}])
def test_parquet_holds_types_and_whole_texts(sessions: Sessions, analyst: TestClient, asked: dict[str, Any]) -> None:
    from pyarrow import parquet as files

    with writing(sessions) as session:
        texts = ["=SUM(A1)", *("long " * 10_000 for _ in range(4))]
        ids = [add_assessment(session, add_document(session, add_item(session, content=one))).id for one in texts]
    answer = analyst.get("/v1/export", **asked)
    assert answer.headers["content-type"] == export.TYPES["parquet"]
    assert answer.headers["content-disposition"].endswith('.parquet"')
    table = files.ParquetFile(io.BytesIO(answer.content))
    rows = table.read().to_pylist()
    assert (table.num_row_groups, [row["id"] for row in rows], [row["text"] for row in rows]) == (3, ids, texts)
    assert (rows[0]["incitement"], rows[0]["flag"], rows[0]["event_at"].tzinfo is not None) == (0.9, True, True)
    assert "signal:incitement" in rows[0]["labels_now"]


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed")
@pytest.mark.parametrize("alerts", [0, 3])
def test_parquet_of_alerts_and_of_nothing_is_a_table_too(sessions: Sessions, analyst: TestClient, alerts: int) -> None:
    from pyarrow import parquet as files

    with writing(sessions) as session:
        for _ in range(alerts):
            add_alert(session, title="Call for violence")
    answer = analyst.get("/v1/export", params={"what": "alerts", "format": "parquet"})
    rows = files.read_table(io.BytesIO(answer.content)).to_pylist()
    assert [row["title"] for row in rows] == ["Call for violence"] * alerts


def test_without_pyarrow_parquet_is_not_offered_and_says_so(
    analyst: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "missing", lambda: MISSING)
    answer = analyst.get("/v1/export", params={"format": "parquet"})
    assert (answer.status_code, answer.json()["error"]) == (406, "not_acceptable")
    assert "the extra 'parquet'" in answer.json()["detail"]


@pytest.mark.parametrize("asked", [{"params": {"format": "xlsx"}}, {"headers": {"accept": export.TYPES["xlsx"]}}])
def test_a_workbook_holds_the_cells_of_the_csv(sessions: Sessions, analyst: TestClient, asked: dict[str, Any]) -> None:
    with writing(sessions) as session:
        for text in ("=cmd|' /C calc'!A0", "plain"):
            add_assessment(session, add_document(session, add_item(session, content=text)))
    answer = analyst.get("/v1/export", **asked)
    assert answer.headers["content-type"] == export.TYPES["xlsx"]
    [[head, first, second]] = sheets(answer.content)
    text = [value for _, value in head].index("text")
    assert [first[text], second[text]] == [("inlineStr", "'=cmd|' /C calc'!A0"), ("inlineStr", "plain")]
