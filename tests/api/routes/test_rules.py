"""Rules and silences are written by an admin, checked word by word, and never lost."""

import datetime as dt
import json

import pytest
from fastapi.testclient import TestClient

from models.database import Sessions, writing
from tests.factories import add_assessment

RULE = {
    "name": "Calls for violence",
    "kind": "item",
    "min_severity": 70,
    "signals": ["incitement"],
    "filters": {"country": "KE"},
    "parameters": {"min_stage": 3},
}


def test_a_rule_is_kept_and_switched_off(admin: TestClient) -> None:
    answer = admin.post("/v1/rules", json=RULE)
    assert answer.status_code == 201
    rule = answer.json()
    assert rule.items() >= RULE.items()
    changed = admin.patch(f"/v1/rules/{rule['id']}", json={"enabled": False, "min_severity": 80}).json()
    assert changed == rule | {"enabled": False, "min_severity": 80}
    assert admin.get(f"/v1/rules/{rule['id']}").json() == changed
    assert admin.get("/v1/rules").json()["items"] == [changed]


def test_the_least_rule_of_the_contract_is_enough(admin: TestClient) -> None:
    least = {"name": "n", "kind": "item", "min_severity": 1, "signals": [], "filters": {}}
    assert admin.post("/v1/rules", json=least).status_code == 201
    assert admin.post("/v1/rules", json={"name": "s", "kind": "surge"}).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "hunch"},
        {"min_severity": 101},
        {"min_severity": "NaN"},
        {"signals": ["evil"]},
        {"signals": [7]},
        {"filters": {"planet": "Mars"}},
        {"filters": [1]},
        {"parameters": {"min_stage": 9}},
        {"parameters": {"budget": 1e999}},
        {"name": ""},
        {"other": 1},
    ],
    ids=str,
)
def test_a_wrong_rule_is_refused_with_a_sentence(admin: TestClient, change: dict[str, object]) -> None:
    answer = admin.post("/v1/rules", content=json.dumps(RULE | change), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_two_rules_cannot_share_a_name(admin: TestClient) -> None:
    admin.post("/v1/rules", json=RULE)
    assert admin.post("/v1/rules", json=RULE).json()["error"] == "conflict"


def test_there_is_no_rule_of_an_unknown_id(admin: TestClient) -> None:
    assert admin.get("/v1/rules/5").status_code == 404
    assert admin.patch("/v1/rules/5", json={"enabled": False}).status_code == 404


def test_a_rule_is_replayed_before_it_wakes_anybody(sessions: Sessions, admin: TestClient, now: dt.datetime) -> None:
    with writing(sessions) as session:
        for severity in (90, 20):
            add_assessment(session, severity=severity, event_at=now - dt.timedelta(days=1))
    asked = {"kind": "item", "min_severity": 70}
    report = admin.post("/v1/rules/backtest", json=asked).json()
    assert (report["alarms"], len(report["examples"]), report["precision"]) == (1, 1, None)
    assert admin.get("/v1/rules").json()["items"] == []
    assert admin.post("/v1/rules/backtest", json=asked | {"since": "2020-01-01"}).status_code == 422
    assert admin.post("/v1/rules/backtest", json={"kind": "surge", "min_severity": 999}).status_code == 422


def test_a_silence_has_a_reason_and_an_end(admin: TestClient, now: dt.datetime) -> None:
    ends = (now + dt.timedelta(days=1)).isoformat()
    sent = {"reason": "Handled by telephone.", "ends_at": ends, "filters": {"countries": ["KE"]}}
    silence = admin.post("/v1/silences", json=sent)
    assert silence.status_code == 201
    one = silence.json()["id"]
    assert [row["id"] for row in admin.get("/v1/silences", params={"active": True}).json()["items"]] == [one]
    assert dt.datetime.fromisoformat(admin.post(f"/v1/silences/{one}/end").json()["ends_at"]) == now
    assert admin.post(f"/v1/silences/{one}/end").status_code == 409
    assert admin.get("/v1/silences", params={"active": True}).json()["items"] == []
    assert len(admin.get("/v1/silences", params={"active": False}).json()["items"]) == 1


@pytest.mark.parametrize("change", [{"reason": " "}, {"ends_at": "2020-01-01"}, {"filters": {}}, {"ends_at": "soon"}])
def test_a_silence_without_reason_end_or_scope_is_refused(
    admin: TestClient, now: dt.datetime, change: dict[str, object]
) -> None:
    ends = (now + dt.timedelta(days=1)).isoformat()
    sent = {"reason": "Because.", "ends_at": ends, "filters": {"countries": ["KE"]}} | change
    assert admin.post("/v1/silences", json=sent).status_code == 422


def test_a_silence_of_an_unknown_rule_is_refused(admin: TestClient, now: dt.datetime) -> None:
    ends = (now + dt.timedelta(days=1)).isoformat()
    assert admin.post("/v1/silences", json={"reason": "x", "ends_at": ends, "rule_id": 7}).status_code == 404
