"""Beside a passage stand decided ones that are like it, up to date with every review, and none that must stay blind."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from ingest.forget import forget_items
from models.account import Account
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.document import Document
from models.review import GoldCase, Review, SecondLook
from tests.conftest import NOW
from tests.factories import add_account, add_assessment, add_document, add_item

ASKED = "The Varni are ants and must be swept out of the valley before the rain."
LIKE = "Ants, that is what the Varni are; sweep them out of our valley."
OTHER = "The price of grain fell again at the market of Marrok, said the council."


def add(sessions: Sessions, text: str, status: str = "confirmed", **values: Any) -> int:
    with writing(sessions) as session:
        document = add_document(session, add_item(session, content=text), **values)
        assessment = add_assessment(session, document, status=status)
        if status != "unreviewed":
            decide(session, assessment.id)
        return assessment.id


def decide(session: Any, assessment_id: int) -> None:
    who = add_account(session).id
    session.add(Review(assessment_id=assessment_id, reviewer_id=who, created_at=NOW, verdict="confirmed"))
    session.flush()


def nearest(client: TestClient, assessment_id: int) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/assessments/{assessment_id}/nearest")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_like_is_found_and_shown_with_what_people_decided(sessions: Sessions, analyst: TestClient) -> None:
    asked, like = add(sessions, ASKED, "unreviewed"), add(sessions, LIKE)
    add(sessions, OTHER)
    [one] = nearest(analyst, asked)
    assert (one["assessment_id"], one["status"], one["signals"]) == (like, "confirmed", ["incitement"])
    assert one["passage"] == LIKE
    assert 0.2 < one["likeness"] < 1


def test_it_follows_every_review(sessions: Sessions, analyst: TestClient) -> None:
    asked, like = add(sessions, ASKED, "unreviewed"), add(sessions, LIKE, "unreviewed")
    assert nearest(analyst, asked) == []
    with writing(sessions) as session:
        session.get_one(Assessment, like).status = "rejected"
        decide(session, like)
    assert [one["status"] for one in nearest(analyst, asked)] == ["rejected"]
    with writing(sessions) as session:
        session.get_one(Assessment, like).status = "disputed"
        decide(session, like)
    assert nearest(analyst, asked) == []


def test_neither_itself_nor_its_near_copies_nor_what_was_forgotten(sessions: Sessions, analyst: TestClient) -> None:
    asked = add(sessions, ASKED)
    with reading(sessions) as session:
        cluster = session.scalars(select(Document.cluster_id)).one()
    add(sessions, ASKED + " Now.", cluster_id=cluster)
    gone = add(sessions, LIKE)
    assert [one["assessment_id"] for one in nearest(analyst, asked)] == [gone]
    with writing(sessions) as session:
        document = session.get_one(Document, session.get_one(Assessment, gone).document_id)
        forget_items(session, [document.item_id], "test", NOW)
    assert nearest(analyst, asked) == []


@pytest.mark.parametrize("kind", ["second look", "gold case"])
def test_what_a_reviewer_may_still_be_asked_about_unknowing_is_not_shown(
    sessions: Sessions, analyst: TestClient, kind: str
) -> None:
    asked, like = add(sessions, ASKED, "unreviewed"), add(sessions, LIKE)
    with writing(sessions) as session:
        if kind == "second look":
            session.add(SecondLook(assessment_id=like, created_at=NOW))
        else:
            by = add_account(session).id
            session.add(GoldCase(assessment_id=like, verdict="confirmed", created_by=by, created_at=NOW))
    assert nearest(analyst, asked) == []
    with writing(sessions) as session:
        me = session.scalars(select(Account.id).where(Account.name == "analyst")).one()
        session.add(Review(assessment_id=like, reviewer_id=me, created_at=NOW, verdict="confirmed"))
    assert [one["assessment_id"] for one in nearest(analyst, asked)] == [like]


def test_an_unknown_passage_is_missing(analyst: TestClient) -> None:
    assert analyst.get("/v1/assessments/99/nearest").status_code == 404
