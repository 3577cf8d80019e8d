"""Two workers, one database: each alert is opened once, by whichever comes first."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from models.alert import Alert, AlertAssessment
from models.database import Sessions, reading, writing
from models.delivery import Delivery
from models.tally import TallyHour, mark_changed
from tests.factories import add_assessment, add_document, add_rule, add_webhook
from tests.warn.history import write_history
from warn.alerts import acknowledge, raise_alerts, resolve
from warn.errors import AlreadyResolved
from warn.settings import WarnSettings

SMALL = WarnSettings(alert_batch=3)
WORKERS = 4


def all_at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Run each in a thread of its own, started together; return what they raised."""
    gate, raised = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        gate.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001  handed to the test
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def count(sessions: Sessions, table: type[object]) -> int:
    with reading(sessions) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_text_is_one_alert_whoever_raises_it(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        for _ in range(5):
            cluster = None
            for _ in range(6):
                cluster = add_assessment(session, add_document(session, cluster_id=cluster)).cluster_id
    assert all_at_once(*[lambda: raise_alerts(sessions, SMALL, now)] * WORKERS) == []
    raise_alerts(sessions, SMALL, now)
    with reading(sessions) as session:
        assert sorted(session.scalars(select(Alert.count))) == [6] * 5
    assert count(sessions, AlertAssessment) == 30
    assert count(sessions, Delivery) == 5


def test_a_surge_is_one_alert_whoever_raises_it(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session, kind="surge", min_severity=0)
        write_history(session, now, extra={1: 9, 2: 9})
    assert all_at_once(*[lambda: raise_alerts(sessions, SMALL, now)] * WORKERS) == []
    assert count(sessions, Alert) == 1


def test_an_hour_is_counted_once_whoever_counts_it(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        for _ in range(20):
            assessment = add_assessment(session)
            mark_changed(session, [(assessment.cluster_id, assessment.event_at)])
    assert all_at_once(*[lambda: raise_alerts(sessions, SMALL, now)] * WORKERS) == []
    with reading(sessions) as session:
        volume = select(TallyHour.documents).where(TallyHour.label == "volume", TallyHour.dimension == "all")
        assert session.scalars(volume.where(TallyHour.country == "")).all() == [20]


@pytest.mark.parametrize("turn", range(3))
def test_of_two_people_who_resolve_one_is_told_it_is_too_late(sessions: Sessions, now: dt.datetime, turn: int) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        add_assessment(session)
    raise_alerts(sessions, SMALL, now)

    def close(move: Callable[..., Alert]) -> None:
        with writing(sessions) as session:
            move(session, 1, None, None, now)

    (late,) = all_at_once(lambda: close(resolve), lambda: close(resolve))
    assert isinstance(late, AlreadyResolved)
    (later,) = all_at_once(lambda: close(acknowledge))
    assert isinstance(later, AlreadyResolved)
    assert count(sessions, Delivery) == 2
