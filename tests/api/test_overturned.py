"""An overturned review corrects every series that it touched, by hour and by day, once, however often it is retried."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from api.reviews import Decision, add_review
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.review import Review
from models.tally import CountedHour, TallyDay, TallyHour, hour_of, mark_changed
from tests.factories import add_account, add_assessment, add_document, add_item, add_source
from warn import ledger, tally

MARKS = [("signal", "incitement"), ("pathway", "ideology"), ("target", "religion"), ("target_name", "Varni")]
Counts = dict[tuple[str, ...], tuple[int, int, int]]


@pytest.fixture
def posts(sessions: Sessions, now: dt.datetime) -> list[int]:
    """Two like posts of one hour, counted."""
    with writing(sessions) as session:
        source = add_source(session, country="KE")
        ids = []
        for _ in range(2):
            item = add_item(session, source, event_at=now)
            assessment = add_assessment(session, add_document(session, item), marks=MARKS)
            mark_changed(session, [(assessment.cluster_id, assessment.event_at)])
            ids.append(assessment.id)
    tally.recount(sessions, now)
    return ids


def counted(sessions: Sessions, table: Any) -> Counts:
    with reading(sessions) as session:
        return {
            (row.label, row.dimension, row.value, row.country): (row.documents, row.voices, row.confirmed)
            for row in session.scalars(select(table))
        }


def decide(sessions: Sessions, account: int, post: int, verdict: str, after: int, now: dt.datetime) -> int:
    with writing(sessions) as session:
        return add_review(session, account, post, Decision(verdict, last_review_id=after), now).id


def test_every_series_is_corrected_once_even_when_retried(
    sessions: Sessions, posts: list[int], now: dt.datetime
) -> None:
    with writing(sessions) as session:
        amina = add_account(session, name="Amina").id
    machine = counted(sessions, TallyHour)
    flagged = {key for key in machine if key[0] != "volume"}
    assert len(flagged) > 20  # label by dimension, in the world and in the country
    first = decide(sessions, amina, posts[0], "confirmed", 0, now)
    tally.recount(sessions, now)
    assert {counted(sessions, TallyHour)[key] for key in flagged} == {(2, 2, 1)}
    for _ in range(3):  # the browser, impatient
        decide(sessions, amina, posts[0], "rejected", first, now)
        tally.recount(sessions, now)
        for table in (TallyHour, TallyDay):
            after = counted(sessions, table)
            assert {after[key] for key in flagged} == {(1, 1, 0)}
            assert {after[key] for key in machine.keys() - flagged} == {(2, 2, 0)}
    with reading(sessions) as session:
        assert len(session.scalars(select(Review)).all()) == 2
        # Counted first, confirmed, overturned: what changed nothing is no further revision.
        assert session.scalars(select(CountedHour.revision)).all() == [3]


def test_a_recount_that_is_cut_off_leaves_hours_and_days_as_they_were(
    sessions: Sessions, posts: list[int], now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(sessions) as session:
        amina = add_account(session, name="Amina").id
    before = counted(sessions, TallyHour), counted(sessions, TallyDay)
    decide(sessions, amina, posts[0], "rejected", 0, now)
    plain = ledger.store

    def cut_off(*arguments: Any) -> int:
        plain(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "store", cut_off)
    with pytest.raises(KeyboardInterrupt):
        tally.recount(sessions, now)
    assert (counted(sessions, TallyHour), counted(sessions, TallyDay)) == before
    monkeypatch.setattr(ledger, "store", plain)
    assert tally.recount(sessions, now) == 1
    assert counted(sessions, TallyHour) == counted(sessions, TallyDay)
    assert counted(sessions, TallyHour)["any", "all", "", ""] == (1, 1, 0)
    with reading(sessions) as session:
        assert {hour_of(at) for at in session.scalars(select(Assessment.event_at))} == {hour_of(now)}
