"""Rules are read by everybody; a lead writes them, replays them before anybody is woken, and switches them off."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from api.console.rule_forms import asked_of, in_words
from models.alert import RULE_KINDS, Alert, Rule
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_assessment, add_document, add_item, add_rule
from warn.rules import RuleInput

SEVERE = {"kind": "item", "name": "Calls in Kenya", "severity": "70", "signals": "incitement", "f-country": "KE, UG",
          "p-min_stage": "3", "enabled": "1"}  # fmt: skip


def text_of(answer: Any) -> str:
    return " ".join(Page(answer.text).text.split())


def rules_of(sessions: Sessions) -> list[Rule]:
    with reading(sessions) as session:
        return list(session.scalars(select(Rule).order_by(Rule.id)))


def test_a_rule_is_written_listed_and_changed(sessions: Sessions, lead: Browser, outsider: Browser) -> None:
    assert lead.get("/rules/write?kind=item").status_code == 200
    assert lead.post("/rules", act="keep", **SEVERE).status_code == 303
    (rule,) = rules_of(sessions)
    assert (rule.kind, rule.min_severity, rule.signals, rule.enabled) == ("item", 70, ["incitement"], True)
    assert (rule.filters, rule.parameters) == ({"country": ["KE", "UG"]}, {"min_stage": 3})
    listed = text_of(outsider.get("/rules"))
    assert "Calls in Kenya" in listed
    assert "Severity at least: 70" in listed
    assert "Country: KE, UG" in listed
    form = lead.get(f"/rules/write?rule={rule.id}").text
    assert 'value="KE, UG"' in form
    assert lead.post("/rules", act="keep", rule=str(rule.id), **SEVERE | {"f-country": "KE"}).status_code == 303
    assert rules_of(sessions)[0].filters == {"country": "KE"}
    lead.post(f"/rules/{rule.id}", act="off")
    assert not rules_of(sessions)[0].enabled
    assert "switched off" in text_of(lead.get("/rules"))


def test_a_draft_is_replayed_and_nothing_is_kept(sessions: Sessions, lead: Browser) -> None:
    with writing(sessions) as session:
        for days, status in ((1, "confirmed"), (9, "unreviewed"), (2, "rejected")):
            item = add_item(session, event_at=NOW - dt.timedelta(days=days))
            add_assessment(session, add_document(session, item), severity=90, status=status)
    answer = lead.post("/rules", act="replay", days="28", kind="item", severity="80", enabled="1")
    assert answer.status_code == 200
    said = text_of(answer)
    assert "3, that is 0.8 a week" in said
    assert "50%" in said
    assert "Confirmed, and missed by it 0 texts" in said
    assert 'value="80"' in answer.text
    assert rules_of(sessions) == []
    with reading(sessions) as session:
        assert session.scalars(select(Alert)).all() == []


def test_what_is_wrong_is_said_beside_what_was_typed(sessions: Sessions, lead: Browser) -> None:
    for wrong, said in (
        ({"name": ""}, "Name must have"),
        ({"p-min_stage": "9"}, "whole number from 0 to 4"),
        ({"p-min_stage": "many"}, "whole number from 0 to 4"),
    ):
        answer = lead.post("/rules", act="keep", **SEVERE | wrong)
        assert answer.status_code == 422
        assert said in text_of(answer)
        assert "KE, UG" in answer.text
    assert lead.post("/rules", act="dance", **SEVERE).status_code == 422
    assert lead.post("/rules", act="keep", **SEVERE | {"kind": "hunch"}).status_code == 422
    assert lead.get("/rules/write?kind=hunch").status_code == 422
    assert lead.get("/rules/write?rule=77").status_code == 404
    assert rules_of(sessions) == []


def test_only_a_lead_writes(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        rule = add_rule(session).id
    assert analyst.get("/rules/write?kind=item").status_code == 403
    assert analyst.post("/rules", act="keep", **SEVERE).status_code == 403
    assert analyst.post(f"/rules/{rule}", act="off").status_code == 403
    assert "/rules/write" not in analyst.get("/rules").text


def test_a_calendar_is_typed_line_by_line_and_shown_again(sessions: Sessions, lead: Browser) -> None:
    dates = "general election; 2027-08-10; 2027-08-11; ke\nremembrance; 2027-04-07; yearly\n"
    kept = {"kind": "calendar", "name": "Dates", "p-dates": dates, "p-raise_by": "20"}
    assert lead.post("/rules", act="keep", **kept).status_code == 303
    (rule,) = rules_of(sessions)
    assert rule.parameters["dates"] == [
        {"name": "general election", "from": "2027-08-10", "until": "2027-08-11", "country": "KE"},
        {"name": "remembrance", "from": "2027-04-07", "yearly": True},
    ]
    assert not rule.enabled
    shown = lead.get(f"/rules/write?rule={rule.id}").text
    assert "general election; 2027-08-10; 2027-08-11; KE" in shown
    assert "remembrance; 2027-04-07; ; ; yearly" in shown


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_each_kind_has_its_fields(lead: Browser, kind: str) -> None:
    answer = lead.get(f"/rules/write?kind={kind}")
    assert answer.status_code == 200
    names = {field.name for field in asked_of(RuleInput("", kind))}
    assert names <= {
        given.get("name") for tag in ("input", "select", "textarea") for given in Page(answer.text).all(tag)
    }
    assert ("Replay it" in answer.text) == (kind != "outage")


def test_a_surge_is_told_in_words() -> None:
    rule = RuleInput("", "surge", 0, ["incitement"], {"target": ["religion", "other"]}, {"group_by": "target"})
    assert in_words(rule) == [
        ("Signals", "Incitement to violence"),
        ("A series for each", "Target"),
        ("Target", "religion, other"),
    ]
