"""The arrow `poll`: sources whose turn it is are asked, and what they publish becomes items.

1. Sources that are due are claimed, healthy ones first, and read by many threads, few per host.
2. A reader keeps the raw bytes, parses them and yields batches of entries.
3. Entries, cursor, state, trail and next turn of a source are stored in one transaction, if the claim is still ours.

One slow or hostile host holds one thread, for at most one deadline. What an answer means is decided in `schedule.py`.
"""

import datetime as dt
import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import bindparam, case, delete, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ingest import evidence, hijack, moves, quota, read, schedule
from ingest.errors import BadAnswer, IngestError, ReadingKilled
from ingest.health import look, remembered
from ingest.hosts import Hosts, host_of, pause
from ingest.http import Network
from ingest.readers import Batch, Place, reader_for, sandbox
from ingest.readers.feed import TOO_MANY
from ingest.settings import IngestSettings
from models import claims
from models.database import Sessions, reading, writing
from models.item import Item
from models.source import CHANGED, CLOCKS_DIFFER, OVER_QUOTA, Fetch, Source, due

log = logging.getLogger(__name__)

LOOK_AGAIN = 1.0
DEADLY_ATTEMPTS = 10
DEADLY_REST = dt.timedelta(hours=1)
TRAIL = 30
RECENT = 50
_line = threading.Lock()
# Made once, because making them at each poll took longer than running them.
LATEST = (
    select(Item.event_at, Item.fetched_at)
    .where(Item.source_id == bindparam("source"))
    .order_by(Item.id.desc())
    .limit(RECENT)
)
NOTE = insert(Fetch.__table__)  # type: ignore[arg-type]  # it is a table
_trail = Fetch.__table__.c
_old = select(_trail.id).where(_trail.source_id == bindparam("source")).order_by(_trail.id.desc()).offset(TRAIL)
FORGET = delete(Fetch.__table__).where(_trail.id.in_(_old))  # type: ignore[arg-type]  # it is a table


def poll(sessions: Sessions, network: Network, settings: IngestSettings, now: dt.datetime) -> int:
    """Read every source that is due at `now`; return how many items came in."""
    _mind_the_clock(sessions, now)
    _skip_deadly(sessions, now)
    hosts = Hosts(settings)
    started = time.monotonic()
    waiting: list[tuple[str, int, str]] = []  # (token, source id, host)
    running: dict[Future[int], tuple[str, int, str]] = {}
    moved, look_at = 0, started
    with ThreadPoolExecutor(settings.poll_workers, thread_name_prefix="poll") as pool:
        while True:
            elapsed = time.monotonic() - started
            open_for_more = elapsed < settings.poll_turn_seconds
            # Claimed in bulk, because each claim is a transaction. While one host drips, others fall due: look again.
            if open_for_more and started + elapsed >= look_at and len(waiting) < settings.poll_workers // 2 + 1:
                claimed = _claim(sessions, settings.poll_workers, settings, now + dt.timedelta(seconds=elapsed))
                waiting += claimed
                look_at = started + elapsed + (0 if len(claimed) == settings.poll_workers else LOOK_AGAIN)
            for job in list(waiting):
                if len(running) >= settings.poll_workers:
                    break
                if not hosts.start(job[2]):
                    continue
                waiting.remove(job)
                running[pool.submit(read_source, sessions, network, settings, now, job[0], job[1])] = job
            if not open_for_more:
                _give_back(sessions, waiting)
                waiting.clear()
            if not running and not waiting:
                return moved
            patience = hosts.pause if waiting else LOOK_AGAIN
            done, _ = wait(running, timeout=patience, return_when=FIRST_COMPLETED)
            if not running:
                time.sleep(hosts.pause)
            for future in done:
                hosts.end(running.pop(future)[2])
                moved += future.result()


def read_source(
    sessions: Sessions, network: Network, settings: IngestSettings, now: dt.datetime, token: str, source_id: int
) -> int:
    """Read one claimed source and store what it has; return how many items came in."""
    started = time.monotonic()
    place, health = _look_up(sessions, source_id)
    moved = 0
    last = Batch()
    behind = False  # something was turned away: what is remembered of the source must not run ahead of it
    failure: IngestError | None = None

    def keep(body: bytes, content_type: str | None) -> str:
        with in_line(sessions), writing(sessions) as session:
            return evidence.keep_raw(session, body, content_type, now, source_id)

    try:
        previous: Batch | None = None
        for batch in reader_for(place.kind).read(place, network, keep, settings, now):
            # One batch behind, so that the last one is stored together with the state of the source.
            if previous is not None:
                elapsed = dt.timedelta(seconds=time.monotonic() - started)
                stored = _store(sessions, token, source_id, previous, elapsed, settings, now)
                moved += _told(previous, stored)
                behind = behind or bool(stored and stored.turned_away)
            previous = last = replace(batch, remember={}, after=None) if behind else batch
    except IngestError as error:
        failure = error
    except OperationalError as error:
        # The database is busy or away: that is no fault of the source, which is read again when its claim ends.
        log.warning("the source %s was read and could not be stored: %s", source_id, str(error.orig)[:200])
        return moved
    except Exception as error:
        # A reader has a defect. The source waits visibly instead of taking the whole turn down.
        log.exception("source %s cannot be read", source_id)
        failure = IngestError(f"reading it failed in a way that is our defect ({type(error).__name__})")
    elapsed_ms = int((time.monotonic() - started) * 1000)
    moved += _told(last, _finish(sessions, token, source_id, health, last, failure, elapsed_ms, settings, now))
    if isinstance(failure, BadAnswer) and failure.status == TOO_MANY:
        wanted = schedule.retry_after(failure.retry_after, now)
        if wanted is not None:
            with in_line(sessions):
                pause(sessions, source_id, now + wanted, now)
    return moved


def in_line(sessions: Sessions) -> AbstractContextManager[object]:
    """Let the threads of a turn write one after the other on SQLite.

    It has one writer at a time, and lets whoever asks at the right moment go first: among many, some wait in vain.
    """
    return _line if sessions.kw["bind"].dialect.name == "sqlite" else nullcontext()


def _look(
    source: Source, batch: Batch, stored: read.Stored, health: schedule.Health, now: dt.datetime
) -> dict[str, Any]:
    return look(
        batch.entries,
        unknown=0 if batch.gapless else stored.unknown,
        renamed=stored.renamed,
        charset=batch.details.get("charset"),
        first=source.last_success_at is None or health.state == "new",
        now=now,
    )


def _fresh(batch: Batch) -> dt.timedelta:
    """Return how long an answer is good by its server's headers or its own word."""
    said = (batch.details.get(name, 0) for name in ("server_fresh_seconds", "fresh_seconds"))
    return dt.timedelta(seconds=max(said))


def _store(
    sessions: Sessions,
    token: str,
    source_id: int,
    batch: Batch,
    elapsed: dt.timedelta,
    settings: IngestSettings,
    now: dt.datetime,
) -> read.Stored | None:
    """Store one batch of many, if the source is still ours; None when it is not."""
    with in_line(sessions), writing(sessions) as session:
        source = claims.held_row(session, Source, token, source_id)
        if source is None:
            return None
        # A long file takes longer than one lease; each stored batch proves that we are alive.
        source.claimed_until = now + elapsed + lease_of(settings)
        stored = _keep_batch(session, source, batch, settings, now)
        for name, value in _remembered(batch, stored).items():
            setattr(source, name, value)
    return stored


def _remembered(batch: Batch, stored: read.Stored) -> dict[str, Any]:
    """Return what to remember of the source: nothing that would skip what was turned away."""
    return {} if stored.turned_away else batch.remember


def _told(batch: Batch, stored: read.Stored | None) -> int:
    """Tell whoever wants to know what became of a batch; return how many items came in with it."""
    if stored is None:
        return 0
    if batch.after is not None and not stored.turned_away:
        batch.after(stored)
    return stored.new + stored.versions


def _finish(
    sessions: Sessions,
    token: str,
    source_id: int,
    health: schedule.Health,
    batch: Batch,
    failure: IngestError | None,
    elapsed_ms: int,
    settings: IngestSettings,
    now: dt.datetime,
) -> read.Stored | None:
    """Store the last batch, the state of the source and its next turn, and give the claim back: one transaction."""
    with in_line(sessions), writing(sessions) as session:
        source = claims.held_row(session, Source, token, source_id)
        if source is None:
            return None
        stored = _keep_batch(session, source, batch, settings, now)
        details = dict(batch.details) | ({"erased": len(stored.erased)} if stored.erased else {})
        if batch.entries:
            source.looks = remembered(_look(source, batch, stored, health, now), source.looks)
        details |= {"held": stored.held} if stored.held else {}
        details |= {"turned_away": len(stored.turned_away)} if stored.turned_away else {}
        if failure is None and batch.about:
            identity = hijack.compared(source.identity, batch.about, now)
            if identity is not source.identity:
                source.identity = identity
        health = replace(health, notices=_notices(session, source, settings))
        health = replace(health, arrivals=_arrivals(session, source_id), looks=tuple(source.looks))
        if failure is None:
            turn = schedule.after_success(health, batch.reason, settings, now, _fresh(batch))
            details |= moves.follow(source, batch.details.get("moved_to"), now)
        else:
            turn = schedule.after_failure(health, failure, now)
        _remember(
            session,
            source_id=source_id,
            at=now,
            outcome=failure.state if failure else batch.outcome,
            reason=str(failure)[:1000] if failure else batch.reason,
            status_code=getattr(failure, "status", None) or batch.status_code,
            body_bytes=batch.body_bytes,
            entries=len(batch.entries),
            new_items=stored.new + stored.versions,
            duration_ms=elapsed_ms,
            details=details,
        )
        if turn.state not in (health.state, "ok"):
            log.warning("the source %s is now %s: %s", health.name, turn.state, turn.state_reason)
        # All that changed goes out with the claim: most polls find nothing new, and each statement of theirs counts.
        values = _remembered(batch, stored) | asdict(turn) | {"last_polled_at": now}
        if failure is None:
            values["last_success_at"] = now
        session.flush()
        claims.release_row(session, Source, token, source_id, **values)
    return stored


def _notices(session: Session, source: Source, settings: IngestSettings) -> tuple[tuple[str, str], ...]:
    """Return what of a source outlasts its answers, the gravest first."""
    said = ((CHANGED, hijack.sentence(source.identity)), (OVER_QUOTA, quota.sentence(session, source, settings)))
    return tuple((state, sentence) for state, sentence in said if sentence)


def _keep_batch(
    session: Session, source: Source, batch: Batch, settings: IngestSettings, now: dt.datetime
) -> read.Stored:
    """Store a batch; its cursor is the caller's to move."""
    stored = read.store_entries(session, source, batch.entries, batch.raw_sha256, now, settings)
    refused = [*batch.refused, *((f"entry {index}", reason) for index, reason in stored.refused)]
    read.refuse(session, source.id, refused, batch.raw_sha256, now)
    read.mark_gone(session, source.id, batch.gone, now)
    return stored


def _claim(sessions: Sessions, limit: int, settings: IngestSettings, now: dt.datetime) -> list[tuple[str, int, str]]:
    """Take due sources, healthy ones first, so that failing hosts do not fill the threads before them."""
    order = case((Source.failures > 0, 1), else_=0)
    with writing(sessions) as session:
        token, ids = claims.claim(
            session, Source, due(now), order_by=order, limit=limit, lease=lease_of(settings), now=now
        )
        urls = dict(session.execute(select(Source.id, Source.url).where(Source.id.in_(ids))).all())
    return [(token, source_id, host_of(urls[source_id])) for source_id in ids]


def lease_of(settings: IngestSettings) -> dt.timedelta:
    """Return how long a claim lasts: the wait for a host, one fetch, one reading and some air."""
    reading_seconds = settings.parse_cpu_seconds * sandbox.WALL_FACTOR
    return dt.timedelta(seconds=settings.poll_turn_seconds + settings.fetch_deadline_seconds + reading_seconds + 30)


def _give_back(sessions: Sessions, waiting: list[tuple[str, int, str]]) -> None:
    """Release what was claimed and not begun; the next turn takes it."""
    with writing(sessions) as session:
        for token, source_id, _ in waiting:
            claims.release(session, Source, token, [source_id], done=True)


def _mind_the_clock(sessions: Sessions, now: dt.datetime) -> None:
    """Say when the clock has gone back; `due` sees to it that nobody waits for the old time."""
    with reading(sessions) as session:
        ahead = select(Source.last_polled_at).where(due(now), Source.last_polled_at > now + CLOCKS_DIFFER).limit(1)
        last = session.scalar(ahead)
    if last is not None:
        log.warning("the clock went back: a source was last asked at %s and now it is %s", last, now)


def _skip_deadly(sessions: Sessions, now: dt.datetime) -> None:
    """Let sources rest for an hour that stopped their worker again and again, and say so; they are not given up.

    Many are read at once, so a worker that is killed from outside leaves an attempt on innocent ones too: the limit is
    high, and the rest is short.
    """
    with writing(sessions) as session:
        deadly = select(Source).where(due(now), claims.free(Source, now), Source.attempts >= DEADLY_ATTEMPTS)
        for source in session.scalars(deadly):
            error = ReadingKilled(f"the worker stopped {source.attempts} times while reading it, without a result")
            turn = schedule.after_failure(_health(source, ()), error, now)
            for name, value in asdict(turn).items():
                setattr(source, name, value)
            source.next_due_at = now + DEADLY_REST
            source.due_reason = "asked again after an hour: reading it stopped the worker"
            source.attempts = 0


def _look_up(sessions: Sessions, source_id: int) -> tuple[Place, schedule.Health]:
    with reading(sessions) as session:
        source = session.get_one(Source, source_id)
        place = Place(
            name=source.name,
            kind=source.kind,
            url=source.url or "",
            etag=source.etag,
            last_modified=source.last_modified,
            body_sha256=source.body_sha256,
            full_fetch_at=source.full_fetch_at,
            cursor=dict(source.cursor or {}),
            credential=source.credential,
            move_files=source.move_files,
        )
        return place, _health(source, ())


def _health(source: Source, arrivals: tuple[dt.datetime, ...]) -> schedule.Health:
    return schedule.Health(
        name=source.name,
        state=source.state,
        state_reason=source.state_reason,
        state_since=source.state_since,
        failures=source.failures,
        interval_seconds=source.interval_seconds,
        created_at=source.created_at,
        arrivals=arrivals,
        looks=tuple(source.looks or ()),
        by_hand=source.due_reason == schedule.BY_HAND,
    )


def _arrivals(session: Session, source_id: int) -> tuple[dt.datetime, ...]:
    """Return when the latest items appeared: of the first that were found together, when they were published."""
    times = session.execute(LATEST, {"source": source_id}).all()
    first = min((fetched for _, fetched in times), default=None)
    return tuple(sorted((event if fetched == first else fetched for event, fetched in times), reverse=True))


def _remember(session: Session, source_id: int, **values: Any) -> None:
    """Add an attempt to the trail of a source, and keep the latest ones only."""
    session.execute(NOTE, {"source_id": source_id, **values})
    session.execute(FORGET, {"source": source_id})
