"""One desk, many series: a weekly budget over all of them, and one alarm for one event."""

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from models.alert import Alert
from models.database import Sessions, reading, writing
from tests.factories import add_assessment, add_document, add_item, add_rule, add_source
from tests.warn.history import write_history
from tests.warn.test_alerts import raised
from warn import surges
from warn.multiplicity import Heard, budget, speak_once, watched
from warn.rules import RuleInput
from warn.scan import Alarm
from warn.series import Scope
from warn.settings import WarnSettings

HOUR = dt.timedelta(hours=1)
BURST = {1: 6, 2: 6, 3: 6}
SETTINGS = WarnSettings()


def heard(now: dt.datetime, value: str, p: float, voices: range, rule: int = 1) -> Heard:
    alarm = Alarm(Scope("any", "target"), value, now, 3, len(voices), 1.0, 100, p)
    return Heard(rule, alarm, frozenset(voices))


def test_the_least_likely_speaks_for_those_that_share_its_posts(now: dt.datetime) -> None:
    all_posts, country = heard(now, "all", 1e-4, range(40)), heard(now, "country", 1e-9, range(20))
    source, other = heard(now, "source", 1e-6, range(10, 25)), heard(now, "other", 1e-5, range(30, 40))
    told = speak_once([all_posts, source, other, country])
    assert [(one.heard, one.folded) for one in told] == [(country, (source, all_posts)), (other, ())]


def test_alarms_whose_posts_are_unknown_speak_alone(now: dt.datetime) -> None:
    assert len(speak_once([heard(now, "a", 1e-4, range(0)), heard(now, "b", 1e-5, range(0))])) == 2


def test_the_desk_shares_its_week_among_its_series() -> None:
    rule = RuleInput("r", "surge")
    assert budget(rule, 1, SETTINGS) == 1.0
    assert budget(rule, 39, SETTINGS) == 1.0
    assert budget(rule, 3900, SETTINGS) == pytest.approx(0.01)
    assert budget(replace(rule, parameters={"budget": 0.1}), 39, SETTINGS) == 0.1


def test_series_are_counted_once_whichever_rule_watches_them(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        for value in ("religion", "gender"):
            write_history(session, now, days=20, dimension="target", value=value, rate=0.05)
            now -= 30 * 24 * HOUR  # the second lies before the history
    now += 60 * 24 * HOUR
    by_target = RuleInput("r", "surge", parameters={"group_by": "target"})
    with reading(sessions) as session:
        assert watched(session, [by_target], now, SETTINGS) == 1
        assert watched(session, [by_target, by_target, RuleInput("all", "surge")], now, SETTINGS) == 1


@pytest.mark.parametrize(("series", "raises"), [(1, 1), (50_000, 0)])
def test_the_more_series_the_more_one_must_show(
    sessions: Sessions, now: dt.datetime, monkeypatch: pytest.MonkeyPatch, series: int, raises: int
) -> None:
    monkeypatch.setattr(surges, "watched", lambda *_: series)
    with writing(sessions) as session:
        add_rule(session, kind="surge", min_severity=0)
        write_history(session, now, extra={1: 4, 2: 4, 3: 4})
    assert raised(sessions, now) == raises


def test_one_event_that_lifts_four_series_is_one_alert(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        source = add_source(session)
        for group in ("target", "target_name", "country", "source"):
            add_rule(session, kind="surge", min_severity=0, parameters={"group_by": group})
        values = {"target": "religion", "target_name": "Varni", "country": "KE", "source": str(source.id)}
        for number, (dimension, value) in enumerate(values.items()):
            write_history(session, now, dimension=dimension, value=value, extra=BURST, volume=number != 1)
        marks = [("signal", "incitement"), ("target", "religion"), ("target_name", "Varni")]
        for hour in (1, 2, 3):
            for _ in range(6):
                item = add_item(session, source, event_at=now.replace(minute=0) - hour * HOUR)
                add_assessment(session, add_document(session, item), marks=marks, ruled_at=now)
    assert raised(sessions, now) == 1
    with reading(sessions) as session:
        alert = session.scalars(select(Alert)).one()
    assert len(alert.details["rests_on"]["also"]) == 3
    assert raised(sessions, now + HOUR) == 0
