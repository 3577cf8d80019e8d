"""An inhibition is begun and ended by a lead; the alert that it holds back says which other one holds it."""

import pytest
from sqlalchemy import select

from models.alert import Inhibition
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_alert, add_rule
from warn import timeline

CALLS = {
    "reason": "The call says it already.",
    "hours": "24",
    "holder_stage": "3",
    "held_severity": "60",
    "held_stage": "1",
    "equal": ["countries", "targets"],
}


def text_of(browser: Browser, path: str = "/inhibitions") -> str:
    return " ".join(Page(browser.get(path).text).text.split())


def only(sessions: Sessions) -> Inhibition:
    with reading(sessions) as session:
        return session.scalars(select(Inhibition)).one()


def test_an_inhibition_is_begun_shown_and_ended(sessions: Sessions, lead: Browser, outsider: Browser) -> None:
    assert lead.post("/inhibitions", **CALLS).status_code == 303
    row = only(sessions)
    assert (row.holder_filters, row.held_filters) == ({"min_stage": 3}, {"max_severity": 60, "max_stage": 1})
    assert (row.equal, row.hours, row.holder_rule_id) == (["targets", "countries"], 24, None)
    assert "stage 3 or higher severity 60 at most stage 1 at most Class of group, Country 1 day" in text_of(outsider)
    assert lead.post(f"/inhibitions/{row.id}").status_code == 303
    assert only(sessions).ended_at == NOW
    assert "over" in text_of(outsider)
    assert lead.post(f"/inhibitions/{row.id}").status_code == 409
    with reading(sessions) as session:
        acts = [event.details["act"] for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id))
                if event.action == "inhibition.changed"]  # fmt: skip
    assert acts == ["begin", "end"]


def test_an_inhibition_of_rules_names_them(sessions: Sessions, lead: Browser) -> None:
    with writing(sessions) as session:
        one, other = add_rule(session, name="Radio dark").id, add_rule(session, name="Source quiet").id
    rules = {"holder_rule": str(one), "held_rule": str(other), "equal": "countries"}
    assert lead.post("/inhibitions", reason="One outage.", hours="6", **rules).status_code == 303
    assert "rule “Radio dark” rule “Source quiet” Country 6 hours" in text_of(lead)


def test_an_alert_that_is_held_back_says_by_which(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        holder = add_alert(session).id
        held = add_alert(session, inhibited_by=holder).id
        timeline.add(session, held, "inhibited", NOW, note="The call says it already.")
    said = text_of(analyst, f"/alerts/{held}")
    assert f"Held back alert {holder}: who was told of that one is not told of this" in said
    assert "held back by another alert: The call says it already." in said
    assert "No partner was told: another alert holds it back." in said
    assert "held back" in text_of(analyst, "/alerts")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"reason": ""}, "Reason is empty"), ({"hours": "999"}, "from 1 to 168"), ({"held_rule": "77"}, "no rule 77"),
     ({"equal": []}, "Equal is empty"), ({"holder_stage": ""}, "Holder_filters is empty")],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_what_was_typed(
    sessions: Sessions, lead: Browser, wrong: dict[str, str], said: str
) -> None:
    answer = lead.post("/inhibitions", **CALLS | wrong)
    assert answer.status_code == 422
    assert said in Page(answer.text).text
    assert wrong.get("reason", CALLS["reason"]) in answer.text
    with reading(sessions) as session:
        assert session.scalars(select(Inhibition)).all() == []


def test_only_a_lead_lets_one_alert_hold_another(analyst: Browser) -> None:
    assert analyst.post("/inhibitions", **CALLS).status_code == 403
    assert "Let one alert hold another back" not in analyst.get("/inhibitions").text
