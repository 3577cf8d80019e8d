"""A lead hands passages over and settles between reviewers; what was handed over stays with its reviewer."""

import datetime as dt
from collections.abc import Callable

from fastapi import FastAPI
from sqlalchemy import select

from api.deciding import see_to_second_look
from models.account import Account
from models.assessment import Assessment
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from models.review import Review, SecondLook
from tests.api.console.conftest import Browser
from tests.api.console.test_review_day import LABELS, add_passage
from tests.conftest import NOW
from tests.factories import add_account


def id_of(sessions: Sessions, name: str) -> str:
    with reading(sessions) as session:
        return str(session.scalars(select(Account.id).where(Account.name == name)).one())


def test_what_a_lead_hands_over_waits_for_its_reviewer(
    sessions: Sessions, app: FastAPI, lead: Browser, analyst: Browser, sign_in: Callable[..., Browser]
) -> None:
    first, second = add_passage(sessions, severity=90), add_passage(sessions, severity=80)
    amina = id_of(sessions, "Amina")
    assert lead.post(f"/assessments/{first}/assign", reviewer=amina).status_code == 303
    emil = sign_in("Emil", "review")
    assert emil.post("/queue/next").headers["location"].startswith(f"/assessments/{second}")
    assert f"/assessments/{first}" not in emil.get("/queue?show=mine").text
    assert f"/assessments/{first}" in analyst.get("/queue?show=mine").text
    # Opening another passage gives an ordinary one back, and keeps what was handed over.
    analyst.get(f"/assessments/{second}")
    analyst.get(f"/assessments/{first}")
    later = NOW + dt.timedelta(hours=1)
    app.state.clock = lambda: later
    assert "Amina" in emil.get(f"/assessments/{first}").text
    assert f"/assessments/{first}" in analyst.get("/queue?show=mine").text
    analyst.post(f"/assessments/{first}", verdict="rejected", last_review_id="0", **LABELS)
    assert f"/assessments/{first}" not in analyst.get("/queue?show=mine").text
    with reading(sessions) as session:
        kept = session.scalars(select(AuditEvent).where(AuditEvent.action == "passage.assigned")).one()
    assert (kept.subject_id, kept.details) == (first, {"to": int(amina)})


def test_nobody_is_handed_what_another_reads_or_what_they_may_not_decide(
    sessions: Sessions, lead: Browser, analyst: Browser, outsider: Browser, sign_in: Callable[..., Browser]
) -> None:
    passage = add_passage(sessions)
    sign_in("Emil", "review").get(f"/assessments/{passage}")
    assert lead.post(f"/assessments/{passage}/assign", reviewer=id_of(sessions, "Amina")).status_code == 409
    for wrong in (id_of(sessions, "Chidi"), "x", "", "999"):
        assert lead.post(f"/assessments/{passage}/assign", reviewer=wrong).status_code == 422
    assert lead.post("/assessments/999/assign", reviewer=id_of(sessions, "Amina")).status_code == 404


def test_a_lead_settles_between_two(sessions: Sessions, lead: Browser, analyst: Browser) -> None:
    passage = add_passage(sessions)
    with writing(sessions) as session:
        for verdict in ("confirmed", "rejected"):
            reviewer = add_account(session).id
            session.add(Review(assessment_id=passage, reviewer_id=reviewer, created_at=NOW, verdict=verdict))
        session.add(SecondLook(assessment_id=passage, created_at=NOW))
        session.flush()
        see_to_second_look(session, passage, NOW, 0.0)
    assert f"/assessments/{passage}" not in analyst.get("/queue?show=second").text
    assert f"/assessments/{passage}" in lead.get("/queue?show=second").text
    sent = {"verdict": "rejected", "last_review_id": "2"} | LABELS
    refused = analyst.post(f"/assessments/{passage}", **sent)
    assert (refused.status_code, "a lead decides" in refused.text) == (403, True)
    assert lead.post(f"/assessments/{passage}", **sent).status_code == 303
    with reading(sessions) as session:
        assert session.get_one(Assessment, passage).status == "rejected"
