"""The Merkle log holds everything once, proves it, and names what somebody touched."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

from ingest import log, merkle
from ingest.log_check import verify_log
from models.alert import AlertEvent
from models.database import Sessions, reading, writing
from models.log import EMPTY_ROOT, LogEntry
from models.review import Review
from tests.factories import add_account, add_alert, add_assessment, add_document, add_item

HOUR = dt.timedelta(hours=1)


def fill(sessions: Sessions, now: dt.datetime, items: int = 9) -> None:
    """Bring in some of everything and log it."""
    with writing(sessions) as session:
        for _ in range(items):
            add_item(session)
        assessment = add_assessment(session, add_document(session))
        reviewer = add_account(session)
        session.add(Review(assessment_id=assessment.id, reviewer_id=reviewer.id, created_at=now, verdict="confirmed"))
        alert = add_alert(session)
        session.add(AlertEvent(alert_id=alert.id, at=now, kind="opened"))
    while log.append_waiting(sessions, now):
        pass


@pytest.fixture
def filled(sessions: Sessions, now: dt.datetime) -> Sessions:
    fill(sessions, now)
    assert verify_log(sessions, now + HOUR) == []
    return sessions


def test_everything_has_one_entry_and_nothing_is_logged_twice(filled: Sessions, now: dt.datetime) -> None:
    with reading(filled) as session:
        kinds = session.scalars(select(LogEntry.kind).order_by(LogEntry.position)).all()
        assert list(kinds) == ["item"] * 10 + ["assessment", "review", "alert", "event"]
        assert log.head(session).size == 14
    assert log.append_waiting(filled, now) == 0
    assert log.append_waiting(filled, now, whole=True) == 0


def test_every_entry_is_proved_in_every_later_tree(filled: Sessions, now: dt.datetime) -> None:
    with reading(filled) as session:
        leaves = [bytes.fromhex(one) for one in session.scalars(select(LogEntry.leaf_hash).order_by(LogEntry.position))]
        for size in range(1, 15):
            expected = bytes.fromhex(log.root_at(session, size))
            for position in range(size):
                proof = [bytes.fromhex(one) for one in log.inclusion(session, position, size)]
                assert merkle.includes(leaves[position], position, size, proof, expected)
            proof = [bytes.fromhex(one) for one in log.consistency(session, size, 14)]
            assert merkle.begins(size, 14, expected, bytes.fromhex(log.head(session).root), proof)


def test_the_log_only_grows(filled: Sessions, now: dt.datetime) -> None:
    with reading(filled) as session:
        before = log.head(session)
    fill(filled, now, items=5)
    with reading(filled) as session:
        after = log.head(session)
        assert log.root_at(session, before.size) == before.root
        proof = [bytes.fromhex(one) for one in log.consistency(session, before.size, after.size)]
    roots = bytes.fromhex(before.root), bytes.fromhex(after.root)
    assert merkle.begins(before.size, after.size, *roots, proof)
    assert verify_log(filled, now + 2 * HOUR) == []


@pytest.mark.parametrize(
    ("statement", "position", "problem"),
    [
        ("UPDATE items SET version = 7 WHERE id = 4", 3, "the row was changed"),
        ("UPDATE assessments SET severity = 1", 10, "the row was changed"),
        ("UPDATE reviews SET verdict = 'rejected'", 11, "the row was changed"),
        ("UPDATE alerts SET opened_at = '2020-01-01 00:00:00+00:00'", 12, "the row was changed"),
        ("UPDATE alert_events SET note = 'slipped in'", 13, "the row was changed"),
        ("DELETE FROM alert_events", 13, "the row is gone"),
        ("UPDATE log_entries SET entry = '{}' WHERE position = 5", 5, "the entry was changed"),
        ("DELETE FROM log_entries WHERE position = 6", 6, "are missing"),
        ("DELETE FROM log_entries WHERE position = 13", 13, "the log's head"),
        ("UPDATE log_heads SET size = 3", 14, "the log's head"),
        ("UPDATE log_nodes SET hash = 'ff' WHERE level = 1 AND position = 2", 4, "does not follow"),
    ],
)
def test_a_touched_row_is_named(
    filled: Sessions, now: dt.datetime, statement: str, position: int, problem: str
) -> None:
    with writing(filled) as session:
        session.execute(sql(statement))
    first = verify_log(filled, now)[0]
    assert (first.position, problem in first.problem) == (position, True), first


def test_a_text_that_was_forgotten_leaves_the_log_whole(filled: Sessions, now: dt.datetime) -> None:
    with writing(filled) as session:
        session.execute(sql("UPDATE items SET content = '', title = NULL, url = NULL, author = NULL"))
        session.execute(sql("UPDATE documents SET text = '', title = NULL"))
    assert verify_log(filled, now) == []


def test_a_row_slipped_in_late_is_logged_by_the_whole_look_or_named(filled: Sessions, now: dt.datetime) -> None:
    with writing(filled) as session:
        add_item(session, id=100_000)
    assert log.append_waiting(filled, now) == 1
    with writing(filled) as session:
        late = add_item(session, id=500).id
    assert log.append_waiting(filled, now) == 0
    assert verify_log(filled, now) == []
    assert [one.problem for one in verify_log(filled, now + 2 * HOUR)] == [f"item {late} has no entry in the log"]
    assert log.append_waiting(filled, now, whole=True) == 1


def test_an_empty_log_holds(sessions: Sessions, now: dt.datetime) -> None:
    assert verify_log(sessions, now) == []
    with reading(sessions) as session:
        assert log.head(session) == log.Head(0, EMPTY_ROOT)
