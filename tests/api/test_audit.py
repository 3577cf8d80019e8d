"""Whoever reads a whole text through the API is in the log; a log that cannot be written keeps nobody from reading."""

import logging

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ingest import log
from models.alert import AlertAssessment
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from models.review import Review
from tests.conftest import NOW
from tests.factories import add_account, add_alert, add_assessment, add_document


def readings(sessions: Sessions) -> list[tuple[str, str | None, int | None]]:
    with reading(sessions) as session:
        kept = session.scalars(
            select(AuditEvent).where(AuditEvent.action.startswith("text.")).order_by(AuditEvent.id)
        ).all()
        return [(one.action, one.subject, one.subject_id) for one in kept]


def test_reads_through_the_api_are_kept(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        marked = add_assessment(session)
        harmless = add_assessment(session, flag=False)
        unread = add_document(session)
    for path in (
        f"/v1/assessments/{marked.id}",
        f"/v1/assessments/{harmless.id}",
        f"/v1/documents/{marked.document_id}",
        f"/v1/documents/{unread.id}",
        "/v1/export",
        "/v1/assessments",
    ):
        assert analyst.get(path).status_code == 200
    assert analyst.get("/v1/documents/999").status_code == 404
    assert readings(sessions) == [
        ("text.read_marked", "assessment", marked.id),
        ("text.read", "assessment", harmless.id),
        ("text.read_marked", "document", marked.document_id),
        ("text.read", "document", unread.id),
        ("text.exported", None, None),
        ("text.listed", None, None),
    ]


def test_a_list_keeps_which_texts_it_showed_whole(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        short = add_assessment(session)
        add_assessment(session, add_document(session, text="Long. " * 100))
    analyst.get("/v1/assessments")
    with reading(sessions) as session:
        kept = session.scalars(select(AuditEvent).where(AuditEvent.action == "text.listed")).one()
    assert kept.details == {"assessments": [short.id]}


def listed(sessions: Sessions) -> list[list[int]]:
    with reading(sessions) as session:
        kept = session.scalars(select(AuditEvent).where(AuditEvent.action == "text.listed").order_by(AuditEvent.id))
        return [one.details["assessments"] for one in kept]


def test_an_alert_keeps_which_texts_it_showed_whole(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        alert = add_alert(session)
        short, long = add_assessment(session), add_assessment(session, add_document(session, text="Long. " * 100))
        for one in (short, long):
            session.add(AlertAssessment(alert_id=alert.id, assessment_id=one.id, added_at=NOW))
    assert len(analyst.get(f"/v1/alerts/{alert.id}").json()["assessments"]) == 2
    assert listed(sessions) == [[short.id]]


def test_decided_passages_that_are_all_of_their_text_are_kept(sessions: Sessions, analyst: TestClient) -> None:
    words = "The Varni are ants, sweep them out of our valley. "
    with writing(sessions) as session:
        asked = add_assessment(session, add_document(session, text=words), marks=[]).id
        whole = add_assessment(session, add_document(session, text=words * 2), status="rejected", passages=[]).id
        part = add_assessment(session, add_document(session, text=words * 20), status="rejected", passages=[]).id
        for one in (whole, part):
            who = add_account(session).id
            session.add(Review(assessment_id=one, reviewer_id=who, created_at=NOW, verdict="rejected"))
    items = analyst.get(f"/v1/assessments/{asked}/nearest").json()["items"]
    assert {one["assessment_id"] for one in items} == {whole, part}
    assert listed(sessions) == [[whole]]


def test_a_bundle_is_in_the_log(sessions: Sessions, admin: TestClient) -> None:
    with writing(sessions) as session:
        passage = add_assessment(session).id
    assert admin.get(f"/v1/evidence/bundle?assessment_id={passage}").status_code == 409  # not in the evidence log yet
    assert readings(sessions) == []
    log.append_waiting(sessions, NOW)
    assert admin.get(f"/v1/evidence/bundle?assessment_id={passage}").status_code == 200
    assert readings(sessions) == [("text.exported", "assessment", passage)]


def test_a_log_that_cannot_be_written_keeps_nobody_from_reading_and_says_so(
    sessions: Sessions, analyst: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with writing(sessions) as session:
        passage = add_assessment(session).id
    analyst.get("/v1/sources")  # the token's time of use is written

    def full(_session: Session) -> None:
        raise OperationalError("COMMIT", None, Exception("disk is full"))

    event.listen(sessions.class_, "before_commit", full)
    try:
        with caplog.at_level(logging.ERROR, "api.audit"):
            assert analyst.get(f"/v1/assessments/{passage}").status_code == 200
    finally:
        event.remove(sessions.class_, "before_commit", full)
    assert "could not take up text.read_marked" in caplog.text
    assert readings(sessions) == []
