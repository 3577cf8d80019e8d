"""Each arrow turns at its own pace; one that fails says so and stops no other."""

import datetime as dt
import threading
import time

import pytest
from sqlalchemy import select

from api import worker
from api.scoring import LazyScorer
from api.settings import Settings
from api.state import ARROWS as NAMES
from api.worker import ARROWS, Arrow, Worker, Works
from classify.errors import ModelBroken
from ingest.http import Network
from ingest.settings import IngestSettings
from models.claims import Heartbeat
from models.database import Sessions, reading


def worker_of(sessions: Sessions, now: dt.datetime, *arrows: Arrow) -> Worker:
    settings = Settings()
    works = Works(sessions, settings, Network(IngestSettings()), LazyScorer(settings.classify))
    return Worker(works, lambda: now, arrows)


def beat_of(sessions: Sessions, arrow: str) -> Heartbeat | None:
    with reading(sessions) as session:
        return session.scalars(select(Heartbeat).where(Heartbeat.arrow == arrow)).one_or_none()


def test_the_flow_is_five_arrows() -> None:
    assert tuple(arrow.name for arrow in ARROWS) == NAMES


def test_an_arrow_turns_until_nothing_moves(sessions: Sessions, now: dt.datetime) -> None:
    left = [3, 2, 1, 0, 9]
    arrow = Arrow("poll", lambda _w, _n: left.pop(0), 5, 40)
    worker_of(sessions, now, arrow).run(arrow)
    assert left == [9]
    beat = beat_of(sessions, "poll")
    assert beat is not None
    assert (beat.beat_at, beat.error, beat.every_seconds) == (now, None, 40)


def test_a_failing_arrow_says_why_and_waits_for_its_next_turn(sessions: Sessions, now: dt.datetime) -> None:
    turns = []

    def turn(_works: Works, _now: dt.datetime) -> int:
        turns.append(1)
        raise ModelBroken("the weights were changed")

    arrow = Arrow("assess", turn, 2, 30)
    working = worker_of(sessions, now, arrow)
    working.run(arrow)
    assert len(turns) == 1
    beat = beat_of(sessions, "assess")
    assert beat is not None
    assert beat.error == "the weights were changed"


def test_a_crash_is_kept_without_its_message(
    sessions: Sessions, now: dt.datetime, caplog: pytest.LogCaptureFixture
) -> None:
    text = "inrav eht tuo evird"[::-1]

    def turn(_works: Works, _now: dt.datetime) -> int:
        raise KeyError(text)

    arrow = Arrow("raise", turn, 2, 30)
    worker_of(sessions, now, arrow).run(arrow)
    beat = beat_of(sessions, "raise")
    assert beat is not None
    assert beat.error is not None
    assert beat.error.startswith("KeyError")
    assert text not in beat.error + caplog.text.splitlines()[0]


def test_recovery_clears_the_error(sessions: Sessions, now: dt.datetime) -> None:
    results: list[int | Exception] = [ModelBroken("broken"), 0]

    def turn(_works: Works, _now: dt.datetime) -> int:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    arrow = Arrow("assess", turn, 2, 30)
    working = worker_of(sessions, now, arrow)
    working.run(arrow)
    working.run(arrow)
    beat = beat_of(sessions, "assess")
    assert beat is not None
    assert beat.error is None


def test_one_broken_arrow_stops_no_other(sessions: Sessions, now: dt.datetime) -> None:
    turned = threading.Event()

    def breaks(_works: Works, _now: dt.datetime) -> int:
        raise ModelBroken("broken")

    def works(_works: Works, _now: dt.datetime) -> int:
        turned.set()
        return 0

    working = worker_of(sessions, now, Arrow("assess", breaks, 0.05, 30), Arrow("deliver", works, 0.05, 20))
    working.start()
    assert turned.wait(5)
    assert working.stop()


def test_stopping_waits_for_the_turn_and_not_for_ever(sessions: Sessions, now: dt.datetime) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow(_works: Works, _now: dt.datetime) -> int:
        began.set()
        go_on.wait(5)
        return 1

    working = worker_of(sessions, now, Arrow("poll", slow, 0.05, 40))
    working.start()
    assert began.wait(5)
    started = time.monotonic()
    assert not working.stop(dt.timedelta(seconds=0.2))
    assert time.monotonic() - started < 2
    go_on.set()
    assert working.stop()


def test_idle_arrows_write_a_beat_every_few_seconds_only(
    sessions: Sessions, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    monkeypatch.setattr(worker, "write_beat", lambda *_, **__: written.append(1))
    arrow = Arrow("poll", lambda _w, _n: 0, 5, 40)
    working = worker_of(sessions, now, arrow)
    for _ in range(20):
        working.run(arrow)
    assert len(written) == 1
