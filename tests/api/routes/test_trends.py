"""Trends answer with one series or one per value, as JSON or as CSV."""

import csv
import datetime as dt
import io

import pytest
from fastapi.testclient import TestClient

from models.database import Sessions, writing
from models.tally import mark_changed
from tests.factories import add_assessment
from tests.warn.history import write_history
from warn.tally import recount

POINT = {"at", "documents", "flagged", "voices", "share", "expected", "upper", "alarm"}


@pytest.fixture
def counted(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        for flag in (True, True, False):
            one = add_assessment(session, flag=flag)
            session.flush()
            mark_changed(session, [(one.cluster_id, one.event_at)])
    recount(sessions, now)


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("asked", [{"signal": "incitement"}, {"pathway": "ideology"}, {}])
def test_a_bucket_counts_what_was_flagged_and_scanned(analyst: TestClient, asked: dict[str, str]) -> None:
    answer = analyst.get("/v1/trends", params=asked | {"bucket": "day", "since": "2026-03-12"}).json()
    [series] = answer["items"]
    assert len(series["points"]) == 3
    last = series["points"][-1]
    assert last.keys() == POINT
    assert (last["documents"], last["flagged"], last["voices"], last["alarm"]) == (3, 2, 2, False)
    assert last["share"] == pytest.approx(2 / 3)
    assert series["points"][0]["share"] is None


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("group", ["target", "target_name", "language", "country", "source"])
def test_series_come_by_group(analyst: TestClient, group: str) -> None:
    answer = analyst.get("/v1/trends", params={"group_by": group, "bucket": "hour", "since": "2026-03-14"})
    assert answer.status_code == 200
    found = {series["key"]: sum(p["flagged"] for p in series["points"]) for series in answer.json()["items"]}
    if group == "country":
        assert found == {"KE": 2}
    if group == "source":
        assert sorted(found.values()) == [1, 1]


@pytest.mark.usefixtures("counted")
def test_csv_has_a_header_and_a_row_per_point(analyst: TestClient) -> None:
    answer = analyst.get("/v1/trends", params={"since": "2026-03-12"}, headers={"accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 3
    assert rows[-1].keys() == POINT | {"key", "name"}
    assert rows[-1]["flagged"] == "2"


def test_an_empty_installation_answers_too(analyst: TestClient) -> None:
    for bucket in ("hour", "day", "week"):
        assert analyst.get("/v1/trends", params={"bucket": bucket}).status_code == 200


@pytest.mark.parametrize(
    "asked", [{"bucket": "year"}, {"group_by": "planet"}, {"signal": "x"}, {"since": "1900-01-01"}]
)
def test_a_question_without_an_answer_is_refused(analyst: TestClient, asked: dict[str, str]) -> None:
    assert analyst.get("/v1/trends", params=asked).json()["error"] == "invalid"


def test_the_escalation_index_comes_as_json_and_csv(sessions: Sessions, analyst: TestClient, now: dt.datetime) -> None:
    with writing(sessions) as session:
        write_history(session, now, days=60, country="KE")
        add_assessment(session)
    answer = analyst.get("/v1/trends/escalation", params={"country": "ke", "since": "2026-02-02"}).json()
    assert answer["country"] == "KE"
    assert answer["items"][-1]["voices"] == {"1": 0, "2": 0, "3": 1, "4": 0}
    assert answer["items"][-1]["low"] < answer["items"][-1]["index"] <= answer["items"][-1]["high"]
    table = analyst.get("/v1/trends/escalation", params={"country": "KE"}, headers={"accept": "text/csv"}).text
    assert table.splitlines()[0].startswith("at,scanned,stage_1")
    assert analyst.get("/v1/trends/escalation", params={"target": "nobody"}).status_code == 422
