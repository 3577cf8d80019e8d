"""Look an installation over and say in plain lines what is well and what is not.

Each check is one function that returns findings; none repairs anything.
"""

import datetime as dt
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker

import migrations
from api.second_reader import last_heard, reader_name
from api.settings import Settings
from classify import drift
from classify.checkpoint import BUNDLED, config_file
from classify.errors import ModelBroken
from ingest.proxy import proxy_of
from models.claims import Heartbeat
from models.database import Sessions, connect, reading
from models.delivery import Webhook
from models.document import Document
from models.item import Item
from models.source import Source

RESERVE_BYTES = 500 * 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """One line of the report. `ok` None means: worth knowing, nothing to do."""

    subject: str
    ok: bool | None
    sentence: str


def examine(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    """Yield findings, the cheap ones first; the model is loaded last because that takes seconds."""
    yield Finding("python", sys.version_info >= (3, 11), f"Python {sys.version.split()[0]}, 3.11 or newer is needed")
    yield _disk(settings)
    yield _port(settings)
    yield from _proxy(settings)
    sessions, database = _database(settings)
    yield database
    if sessions is not None:
        for check in (_beats, _sources, _waiting, _webhooks):
            yield from check(sessions, now)
        yield _drift(settings, sessions, now)
        if settings.assist.second_reader_url:
            yield _second_reader(settings, sessions, now)
    yield _model(settings)


def _disk(settings: Settings) -> Finding:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    return Finding("disk", free > RESERVE_BYTES, f"{free // 1024**2} MB free at {settings.home}, keep 500 MB")


def _port(settings: Settings) -> Finding:
    with socket.socket() as probe:
        probe.settimeout(1)
        taken = probe.connect_ex((settings.host, settings.port)) == 0
    state = "answers: Tocsin or something else runs there" if taken else "is free"
    return Finding("port", None, f"{settings.host}:{settings.port} {state}")


def _proxy(settings: Settings) -> Iterator[Finding]:
    proxy = proxy_of(settings.ingest.proxy or "")
    if proxy is None:
        return
    try:
        socket.create_connection((proxy.host, proxy.port), timeout=5).close()
    except OSError as error:
        yield Finding("proxy", False, f"{proxy} cannot be reached ({error}); nothing is fetched or sent without it")
    else:
        yield Finding("proxy", True, f"{proxy} answers; all connections over HTTP go through it")


def _database(settings: Settings) -> tuple[Sessions | None, Finding]:
    try:
        engine = connect(settings.database_url)
        found = migrations.current(engine)
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        return None, Finding("database", False, f"cannot be opened ({reason}); check TOCSIN_DATABASE_URL")
    if found is None:
        return None, Finding("database", False, "is empty; run `tocsin migrate`")
    wanted = migrations.head()
    if found != wanted:
        return None, Finding("database", False, f"is at {found}, this version needs {wanted}; run `tocsin migrate`")
    name = engine.dialect.name
    return sessionmaker(engine, expire_on_commit=False), Finding("database", True, f"{name}, schema {found}")


def _beats(sessions: Sessions, now: dt.datetime) -> Iterator[Finding]:
    with reading(sessions) as session:
        beats = list(session.scalars(select(Heartbeat).order_by(Heartbeat.arrow)))
    if not beats:
        yield Finding("worker", None, "has never run; start it with `tocsin run` or `tocsin work`")
    for beat in beats:
        age = now - beat.beat_at
        late = age > dt.timedelta(seconds=max(60, 3 * beat.every_seconds))
        sentence = f"last turn {_ago(age)} ago" + (f", which failed: {beat.error}" if beat.error else "")
        yield Finding(f"arrow {beat.arrow}", not late and not beat.error, sentence)


def _sources(sessions: Sessions, now: dt.datetime) -> Iterator[Finding]:
    with reading(sessions) as session:
        enabled = list(session.scalars(select(Source).where(Source.enabled).order_by(Source.name)))
    yield Finding("sources", bool(enabled), f"{len(enabled)} enabled")
    for source in enabled:
        if source.state not in {"new", "ok", "paused"}:
            since = f" for {_ago(now - source.state_since)}" if source.state_since else ""
            yield Finding("source", False, f"{source.name} is {source.state}{since}: {source.state_reason}")


def _waiting(sessions: Sessions, _now: dt.datetime) -> Iterator[Finding]:
    with reading(sessions) as session:
        unscored = session.scalar(select(func.count()).where(Document.unscored_reason.is_not(None))) or 0
        stuck = sum(
            session.scalar(select(func.count()).where(table.quarantined_at.is_not(None))) or 0
            for table in (Item, Document)
        )
    yield Finding("unscored", unscored == 0, f"{unscored} documents could not be scored")
    yield Finding("quarantine", stuck == 0, f"{stuck} rows were moved out of the way")


def _webhooks(sessions: Sessions, now: dt.datetime) -> Iterator[Finding]:
    with reading(sessions) as session:
        failing = list(session.scalars(select(Webhook).where(Webhook.failing_since.is_not(None))))
    for webhook in failing:
        assert webhook.failing_since is not None  # noqa: S101  the query says so
        yield Finding("webhook", False, f"{webhook.id} has been failing for {_ago(now - webhook.failing_since)}")


def _drift(settings: Settings, sessions: Sessions, now: dt.datetime) -> Finding:
    """Whether what is scored now looks like what was scored before, and at release."""
    with reading(sessions) as session:
        found = drift.look(session, now, _release(settings.classify.model))
    if not found.compared:
        few = f"{found.rows} texts in the last week; {drift.LEAST} on each side are needed to compare scores"
        return Finding("drift", None, few)
    if not found.moved:
        return Finding("drift", True, f"scores are as before, against {' and '.join(found.compared)}")
    most = "; ".join(change.sentence for change in found.moved[:3])
    return Finding("drift", False, f"{most}; look at what changed in the sources before trusting thresholds")


def _second_reader(settings: Settings, sessions: Sessions, now: dt.datetime) -> Finding:
    last, waiting = last_heard(sessions)
    heard = f"gave its last opinion {_ago(now - last)} ago" if last else "has given no opinion yet"
    sentence = f"{reader_name(settings.assist)} {heard}; {waiting} passages wait for its answer"
    return Finding("second reader", None, sentence)


def _release(model: str) -> Mapping[str, Any] | None:
    """The card's outline of scores at release; never fetched, so a hub name has none here."""
    folder = BUNDLED if model == "bundled" else Path(model)
    try:
        release = config_file(folder).get("card", {}).get("release")
    except ModelBroken:  # the model's own check says what is wrong
        return None
    return release if isinstance(release, dict) else None


def _model(settings: Settings) -> Finding:
    from classify.engines import load
    from classify.errors import ClassifyError

    try:
        scorer = load(settings.classify)
    except ClassifyError as error:
        return Finding("model", False, str(error))
    sentence = f"{scorer.config.model} loads, its weights are the ones it was released with; it runs on {scorer.engine}"
    return Finding("model", True, sentence)


def _ago(age: dt.timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    steps: list[tuple[int, str]] = [(86_400, "days"), (3_600, "hours"), (60, "minutes")]
    for size, name in steps:
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"
