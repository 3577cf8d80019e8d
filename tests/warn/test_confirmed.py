"""A confirmed event is not the measure of the next one; a disputed one is everyday."""

import datetime as dt

import numpy as np
import pytest

from models.database import Sessions, reading, writing
from tests.factories import add_rule
from tests.warn.history import write_history
from tests.warn.test_alerts import only_alert, raised
from warn import confirmed, series, timeline
from warn.baseline import Design, learn
from warn.confirmed import kept
from warn.errors import NotFound
from warn.series import DAY_SECONDS, HOUR_SECONDS, Scope
from warn.settings import WarnSettings
from warn.trends import trends

DAY = dt.timedelta(days=1)
BUILD = dict.fromkeys(range(1, 73), 3)
SCOPE = Scope("any")


def test_hours_left_out_do_not_count_as_history() -> None:
    random = np.random.default_rng(9)
    y, n = random.poisson(1.0, (3, 60 * 24)).astype(float), np.full((3, 60 * 24), 50.0)
    calm = learn(y, n, Design()).mu[:, -24:].mean(1)
    # Too slow a rise for the cap on single hours, and too long for the cleaning of days: it passes for the new normal.
    y[:, -400:-100] += 2
    mask = np.ones_like(y)
    mask[:, -400:-100] = 0
    assert (learn(y, n, Design()).mu[:, -24:].mean(1) > 1.4 * calm).all()
    assert learn(y, n, Design(), mask).mu[:, -24:].mean(1) == pytest.approx(calm, rel=0.1)


@pytest.fixture
def alarmed(sessions: Sessions, now: dt.datetime) -> int:
    with writing(sessions) as session:
        add_rule(session, kind="surge", min_severity=0)
        write_history(session, now, extra=BUILD)
    assert raised(sessions, now) == 1
    return only_alert(sessions).id


def test_a_confirmed_surge_leaves_the_history_of_its_series(sessions: Sessions, now: dt.datetime, alarmed: int) -> None:
    slot = series.slot_of(now, HOUR_SECONDS)

    def left_out() -> int:
        with reading(sessions) as session:
            mask = kept(session, SCOPE, ["", "x"], slot - 48, slot + 24, HOUR_SECONDS)
        return 0 if mask is None else int((1 - mask).sum())

    assert left_out() == 0
    assert not only_alert(sessions).reviewed
    with writing(sessions) as session:
        confirmed.decide(session, alarmed, "confirmed", None, None, now)
    assert left_out() == 25
    assert only_alert(sessions).reviewed
    with reading(sessions) as session:
        assert kept(session, Scope("signal:incitement"), [""], slot - 48, slot, HOUR_SECONDS) is None
        days = kept(session, SCOPE, [""], *(series.slot_of(now, DAY_SECONDS) + k for k in (-5, 1)), DAY_SECONDS)
    assert days is not None
    assert days[0].tolist() == [1, 1, 1, 1, 0, 0]
    with writing(sessions) as session:
        confirmed.decide(session, alarmed, "disputed", None, None, now)
    assert left_out() == 0


def test_what_a_partner_answers_moves_no_history(sessions: Sessions, now: dt.datetime, alarmed: int) -> None:
    slot = series.slot_of(now, HOUR_SECONDS)
    with writing(sessions) as session:
        timeline.answer(session, alarmed, "confirmed", None, None, now)
        assert kept(session, SCOPE, [""], slot - 48, slot + 24, HOUR_SECONDS) is None
        assert confirmed.verdict_of(session, alarmed) is None
        confirmed.decide(session, alarmed, "confirmed", None, None, now)
        timeline.answer(session, alarmed, "disputed", None, None, now)
        assert confirmed.verdict_of(session, alarmed) == "confirmed"
        assert timeline.sightings(session, [alarmed]) == {alarmed: {"seen": 0, "disputed": 1, "confirmed": 0}}


def test_a_trend_expects_less_after_a_confirmed_event(sessions: Sessions, now: dt.datetime, alarmed: int) -> None:
    later = now + 9 * DAY
    with writing(sessions) as session:
        write_history(session, later, days=9)

    def expected() -> float:
        with reading(sessions) as session:
            (found,) = trends(
                session, label="any", bucket="day", since=later - DAY, until=later, now=later, settings=WarnSettings()
            )
        return found.points[-1].expected or 0

    before = expected()
    with writing(sessions) as session:
        confirmed.decide(session, alarmed, "confirmed", None, None, now)
    assert expected() < 0.97 * before


def test_an_alert_that_is_not_there_cannot_be_confirmed(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session, pytest.raises(NotFound):
        confirmed.decide(session, 7, "confirmed", None, None, now)
