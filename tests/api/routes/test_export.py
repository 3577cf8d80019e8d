"""Exports stream every row once; a spreadsheet finds no formula in them."""

import csv
import io
import json

import pytest
from fastapi.testclient import TestClient

from api import export
from models.database import Sessions, reading, writing
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
        assert "".join(export.export_lines(session, "assessments", "csv")) == (
            analyst.get("/v1/export", params={"format": "csv"}).text
        )


def test_parquet_is_not_offered_and_says_so(analyst: TestClient) -> None:
    answer = analyst.get("/v1/export", params={"format": "parquet"})
    assert (answer.status_code, "jsonl" in answer.json()["detail"]) == (406, True)
