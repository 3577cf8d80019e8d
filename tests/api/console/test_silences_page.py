"""A silence is begun and ended by a lead, with its reason; what it holds back is shown to everybody."""

import datetime as dt

import pytest
from sqlalchemy import select

from models.alert import Silence
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_alert, add_rule

RALLY = {"reason": "A planned rally; the desk is there.", "hours": "4", "countries": "ke, UG", "signals": "incitement"}


def text_of(browser: Browser) -> str:
    return " ".join(Page(browser.get("/silences").text).text.split())


def only(sessions: Sessions) -> Silence:
    with reading(sessions) as session:
        return session.scalars(select(Silence)).one()


def test_a_silence_is_begun_shown_and_ended(sessions: Sessions, lead: Browser, outsider: Browser) -> None:
    assert lead.post("/silences", **RALLY).status_code == 303
    row = only(sessions)
    assert (row.filters, row.rule_id) == ({"countries": ["KE", "UG"], "signals": ["incitement"]}, None)
    assert row.ends_at == NOW + dt.timedelta(hours=4)
    with writing(sessions) as session:
        add_alert(session, silenced_by=row.id)
        add_alert(session, silenced_by=row.id, state="resolved", resolved_at=NOW)
    text = text_of(outsider)
    assert "A planned rally; the desk is there. KE, UG" in text
    assert "Incitement to violence" in text.split("KE, UG")[1]
    assert "UTC 1 Leila holding back" in text
    assert lead.post(f"/silences/{row.id}").status_code == 303
    assert only(sessions).ends_at == NOW
    assert "over" in text_of(outsider)
    assert lead.post(f"/silences/{row.id}").status_code == 409
    with reading(sessions) as session:
        acts = [event.details["act"] for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id))
                if event.action == "silence.changed"]  # fmt: skip
    assert acts == ["begin", "end"]


def test_a_silence_of_a_rule_names_it(sessions: Sessions, lead: Browser) -> None:
    with writing(sessions) as session:
        rule = add_rule(session, name="Severe item").id
    assert lead.post("/silences", reason="Being mended.", hours="24", rule=str(rule)).status_code == 303
    assert only(sessions).rule_id == rule
    assert "rule “Severe item”" in text_of(lead)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"reason": ""}, "Reason is empty"), ({"hours": "999"}, "must lie after"), ({"rule": "77"}, "no rule 77"),
     ({"countries": "", "signals": ""}, "name at least one")],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_what_was_typed(
    sessions: Sessions, lead: Browser, wrong: dict[str, str], said: str
) -> None:
    answer = lead.post("/silences", **RALLY | wrong)
    assert answer.status_code == 422
    assert said in Page(answer.text).text
    assert wrong.get("reason", RALLY["reason"]) in answer.text
    with reading(sessions) as session:
        assert session.scalars(select(Silence)).all() == []


def test_only_a_lead_holds_back(analyst: Browser) -> None:
    assert analyst.post("/silences", **RALLY).status_code == 403
    assert "Hold something back" not in analyst.get("/silences").text
