"""Inhibitions are written by a lead, checked word by word, ended and never lost."""

import pytest
from fastapi.testclient import TestClient

from models.database import Sessions, writing
from tests.factories import add_alert

CALLS = {
    "reason": "The call says it already.",
    "holder_filters": {"min_stage": 3, "kinds": ["item"]},
    "held_filters": {"max_stage": 1},
}


def test_an_inhibition_is_kept_and_ended(admin: TestClient) -> None:
    answer = admin.post("/v1/inhibitions", json=CALLS)
    assert answer.status_code == 201
    kept = answer.json()
    assert kept.items() >= (CALLS | {"equal": ["countries", "targets"], "hours": 24, "ended_at": None}).items()
    assert admin.get("/v1/inhibitions", params={"active": True}).json()["items"] == [kept]
    assert admin.post(f"/v1/inhibitions/{kept['id']}/end").json()["ended_at"] is not None
    assert admin.post(f"/v1/inhibitions/{kept['id']}/end").status_code == 409
    assert admin.get("/v1/inhibitions", params={"active": True}).json()["items"] == []
    assert len(admin.get("/v1/inhibitions", params={"active": False}).json()["items"]) == 1


@pytest.mark.parametrize(
    "change",
    [{"reason": ""}, {"equal": []}, {"equal": ["moon"]}, {"hours": 0}, {"held_filters": {"min_stage": 1}}, {"x": 1},
     {"holder_filters": {"kinds": ["hunch"]}}, {"holder_rule_id": "one"}],
    ids=str,
)  # fmt: skip
def test_a_careless_inhibition_is_refused(admin: TestClient, change: dict[str, object]) -> None:
    assert admin.post("/v1/inhibitions", json=CALLS | change).status_code == 422


def test_an_unknown_rule_or_inhibition_is_not_found(admin: TestClient) -> None:
    assert admin.post("/v1/inhibitions", json=CALLS | {"held_rule_id": 7}).status_code == 404
    assert admin.post("/v1/inhibitions/7/end").status_code == 404


def test_an_alert_says_which_other_holds_it(admin: TestClient, sessions: Sessions) -> None:
    with writing(sessions) as session:
        holder = add_alert(session).id
        held = add_alert(session, inhibited_by=holder).id
    assert admin.get(f"/v1/alerts/{held}").json()["inhibited_by"] == holder
    assert admin.get(f"/v1/alerts/{holder}").json()["inhibited_by"] is None
