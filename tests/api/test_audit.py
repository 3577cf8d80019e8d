"""Whoever reads a whole text through the API is in the log; a log that cannot be written keeps nobody from reading."""

import logging

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from tests.factories import add_assessment, add_document


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
    ]


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
