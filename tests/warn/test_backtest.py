"""Backtests: what a rule would have done, told before it wakes anybody."""

import datetime as dt

import pytest
from sqlalchemy import select

from models.alert import Alert
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from tests.factories import add_alert, add_assessment, add_document, add_item, add_rule
from tests.warn.history import write_history
from warn import confirmed
from warn.backtest import Report, backtest
from warn.errors import RuleRefused
from warn.rules import RuleInput
from warn.settings import WarnSettings

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
ITEM = RuleInput("Calls for violence", "item", min_severity=70)
SURGE = RuleInput("Rise", "surge")


def replay(sessions: Sessions, now: dt.datetime, rule: RuleInput, days: int = 28) -> Report:
    with reading(sessions) as session:
        return backtest(session, rule, now - days * DAY, now, WarnSettings())


def test_an_item_rule_is_replayed_week_by_week(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        for days in (1, 2, 8, 60):
            add_assessment(session, add_document(session, add_item(session, event_at=now - days * DAY)))
        add_assessment(session, severity=60)
    report = replay(sessions, now, ITEM)
    assert report.alarms == 3
    assert report.alarms_per_week == pytest.approx(0.75)
    assert [week.alarms for week in report.weeks] == [0, 0, 0, 1, 2]
    assert report.examples[0].title == "Incitement against an ethnic or racial group (KE)"
    with reading(sessions) as session:
        assert session.scalars(select(Alert)).all() == []


def test_copies_are_one_alarm(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        item = add_item(session, event_at=now - DAY)
        cluster = add_assessment(session, add_document(session, item)).cluster_id
        for _ in range(3):
            item = add_item(session, event_at=now - DAY / 2)
            add_assessment(session, add_document(session, item, cluster_id=cluster))
    report = replay(sessions, now, ITEM)
    assert report.alarms == 1
    assert report.examples[0].summary.startswith("4 posts from 4 sources")


def test_reviews_say_how_right_a_rule_would_have_been(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        for status, severity in (("confirmed", 80), ("rejected", 80), ("rejected", 80), ("confirmed", 10)):
            document = add_document(session, add_item(session, event_at=now - DAY))
            marks = [["signal", "incitement", 0.9]]
            add_assessment(
                session,
                document,
                severity=severity,
                status=status,
                flagged_now=status == "confirmed",
                marks=[("signal", "incitement")] if status == "confirmed" else [],
                details={"machine_marks": marks},
            )
    report = replay(sessions, now, RuleInput("Calls", "item", min_severity=70, signals=["incitement"]))
    assert (report.alarms, report.precision, report.missed) == (3, pytest.approx(1 / 3), 1)
    assert report.reviews is not None
    assert report.reviews["rejected"] == 2


def test_nobody_decided_is_not_all_wrong(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_assessment(session, add_document(session, add_item(session, event_at=now - DAY)))
    assert replay(sessions, now, ITEM).precision is None


def test_an_outdated_reading_is_not_replayed(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        assessment = add_assessment(session, add_document(session, add_item(session, event_at=now - DAY)))
        session.get_one(Assessment, assessment.id).current = False
    assert replay(sessions, now, ITEM).alarms == 0


def test_a_surge_rule_is_replayed_episode_by_episode(sessions: Sessions, now: dt.datetime) -> None:
    burst = {hours: 8 for start in (10, 300) for hours in range(start, start + 5)}
    with writing(sessions) as session:
        write_history(session, now, days=100, extra=burst)
    report = replay(sessions, now, SURGE)
    assert report.alarms == 2
    assert report.examples[0].title == "Surge of flagged posts"
    assert sum(week.alarms for week in report.weeks) == 2
    assert (report.precision, report.missed) == (None, 0)


def test_a_surge_rule_is_held_against_the_surges_that_people_judged(sessions: Sessions, now: dt.datetime) -> None:
    burst = {hours: 8 for start in (10, 300) for hours in range(start, start + 5)}
    with writing(sessions) as session:
        write_history(session, now, days=100, extra=burst)
        rule = add_rule(session, kind="surge")
        for hours, verdict, key in (
            (300, "confirmed", "surge:any:all:::1"),
            (10, "disputed", "surge:any:all:::2"),
            (150, "confirmed", "surge:any:all:::3"),
            (150, "confirmed", "surge:any:target:religion::4"),
            (1000, "confirmed", "surge:any:all:::5"),
        ):
            at = now - hours * HOUR
            alert = add_alert(session, rule, kind="surge", group_key=key, opened_at=at, last_event_at=at)
            confirmed.decide(session, alert.id, verdict, None, None, now)
    report = replay(sessions, now, SURGE)
    assert report.reviews == {"confirmed": 1, "disputed": 1}
    assert (report.precision, report.missed) == (0.5, 1)


def test_a_replay_before_there_were_feeds_is_refused(sessions: Sessions, now: dt.datetime) -> None:
    with pytest.raises(RuleRefused, match="before 1990"):
        replay(sessions, dt.datetime(1, 3, 1, tzinfo=dt.UTC), ITEM)


@pytest.mark.parametrize(
    ("rule", "days", "sentence"),
    [(ITEM, 93, "more than 92 days"), (ITEM, -1, "until must lie"), (RuleInput("", "item"), 7, "name must have")],
)
def test_a_replay_without_sense_is_refused(
    sessions: Sessions, now: dt.datetime, rule: RuleInput, days: int, sentence: str
) -> None:
    with pytest.raises(RuleRefused, match=sentence):
        replay(sessions, now, rule, days)
