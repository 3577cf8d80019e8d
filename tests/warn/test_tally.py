"""Tallies: a recount gives each series its documents, voices and confirmed documents, as often as it is asked."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.tally import StaleHour, TallyHour, mark_changed, mark_stale
from tests.factories import add_assessment, add_document, add_item, add_source
from warn import tally
from warn.ledger import Key
from warn.tally import recount

HOUR = dt.timedelta(hours=1)
INCITEMENT = "signal:incitement"


def hear(session: Session, at: dt.datetime, cluster: int | None = None, country: str = "KE", **values: object) -> int:
    """Add one assessment the way classify does, and return its cluster."""
    item = add_item(session, add_source(session, country=country), event_at=at)
    assessment = add_assessment(session, add_document(session, item, cluster_id=cluster), **values)
    mark_changed(session, [(assessment.cluster_id, assessment.event_at)])
    return assessment.cluster_id


def counts(
    sessions: Sessions, label: str, dimension: str = "all", value: str = "", country: str = ""
) -> list[tuple[int, int, int]]:
    """Return (documents, voices, confirmed) of one series, hour by hour."""
    key = Key(label, dimension, value, country)
    with reading(sessions) as session:
        query = select(TallyHour).filter_by(**key._asdict()).order_by(TallyHour.hour)
        return [(row.documents, row.voices, row.confirmed) for row in session.scalars(query)]


def test_volume_counts_everything_and_a_label_what_is_flagged(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        hear(session, now)
        hear(session, now, flag=False)
    assert recount(sessions, now) == 1
    assert counts(sessions, "volume") == [(2, 2, 0)]
    assert counts(sessions, "any") == counts(sessions, INCITEMENT) == [(1, 1, 0)]


@pytest.mark.parametrize(
    ("dimension", "value", "country"),
    [("target", "religion", ""), ("target_name", "Varni", "KE"), ("language", "sw", "KE"), ("country", "KE", "")],
)
def test_a_label_is_counted_in_each_dimension(
    sessions: Sessions, now: dt.datetime, dimension: str, value: str, country: str
) -> None:
    marks = [("signal", "incitement"), ("target", "religion"), ("target_name", "Varni")]
    with writing(sessions) as session:
        hear(session, now, language="sw", marks=marks)
        hear(session, now, country="SY", language="ar", marks=[("signal", "incitement"), ("target", "gender")])
    recount(sessions, now)
    assert counts(sessions, INCITEMENT, dimension, value, country) == [(1, 1, 0)]


def test_a_thousand_copies_are_one_voice_in_the_hour_of_the_first(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        cluster = hear(session, now)
        for copy in range(20):
            hear(session, now + (copy % 3) * HOUR, cluster)
    recount(sessions, now)
    assert counts(sessions, INCITEMENT) == [(8, 1, 0), (7, 0, 0), (6, 0, 0)]


def test_the_first_voice_is_found_for_each_series_apart(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        cluster = hear(session, now, country="KE")
        hear(session, now + HOUR, cluster, country="SY")
    recount(sessions, now)
    assert counts(sessions, INCITEMENT) == [(1, 1, 0), (1, 0, 0)]
    assert counts(sessions, INCITEMENT, "country", "SY") == [(1, 1, 0)]


def test_an_earlier_copy_that_arrives_late_takes_the_voice(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        cluster = hear(session, now)
    recount(sessions, now)
    with writing(sessions) as session:
        hear(session, now - 2 * HOUR, cluster)
    recount(sessions, now)
    assert counts(sessions, INCITEMENT) == [(1, 1, 0), (1, 0, 0)]


def test_a_rejected_document_leaves_every_label_but_not_the_volume(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        cluster = hear(session, now)
    recount(sessions, now)
    with writing(sessions) as session:
        assessment = session.scalars(select(Assessment)).one()
        assessment.status, assessment.flagged_now = "rejected", False
        mark_changed(session, [(cluster, now)])
    recount(sessions, now)
    assert counts(sessions, "any") == counts(sessions, INCITEMENT) == []
    assert counts(sessions, "volume") == [(1, 1, 0)]


def test_a_confirmed_document_is_counted_as_such(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        hear(session, now, status="confirmed")
    recount(sessions, now)
    assert counts(sessions, INCITEMENT) == [(1, 1, 1)]


def test_reported_hate_is_counted_apart(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        hear(session, now, flag=False, stance="reports", marks=[("signal", "incitement")])
    recount(sessions, now)
    assert counts(sessions, "stance:reports") == [(1, 1, 0)]
    assert counts(sessions, INCITEMENT) == counts(sessions, "any") == []


def test_an_outdated_reading_counts_for_nothing(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        hear(session, now, current=False)
    recount(sessions, now)
    assert counts(sessions, "volume") == []


def test_a_change_during_the_recount_is_counted_by_the_next(
    sessions: Sessions, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(sessions) as session:
        hear(session, now)
    plain = tally.cells

    def disturbed(*arguments: object) -> object:
        monkeypatch.setattr(tally, "cells", plain)
        with writing(sessions) as session:
            hear(session, now)
        return plain(*arguments)

    monkeypatch.setattr(tally, "cells", disturbed)
    recount(sessions, now)
    assert counts(sessions, "volume") == [(1, 1, 0)]
    assert recount(sessions, now) == 1
    assert counts(sessions, "volume") == [(2, 2, 0)]
    assert recount(sessions, now) == 0


def test_a_recount_that_comes_second_writes_nothing(
    sessions: Sessions, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(sessions) as session:
        hear(session, now)
    plain = tally.cells

    def overtaken(*arguments: object) -> object:
        monkeypatch.setattr(tally, "cells", plain)
        assert recount(sessions, now) == 1
        return plain(*arguments)

    monkeypatch.setattr(tally, "cells", overtaken)
    assert recount(sessions, now) == 0


def test_a_doubted_stretch_is_counted_again(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        hear(session, now)
        mark_stale(session, {now - 50 * HOUR})
    recount(sessions, now)
    with writing(sessions) as session:
        session.query(TallyHour).update({TallyHour.documents: 99})
        tally.doubt(session, now - HOUR, now + HOUR)
        assert session.scalars(select(StaleHour.hour)).all() == [now.replace(minute=0)]
    recount(sessions, now)
    assert counts(sessions, "volume") == [(1, 1, 0)]
