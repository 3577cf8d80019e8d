"""Start what `tocsin run`, `serve` and `work` start: look before, run, and end in good order.

It refuses to start on a schema it does not know, or on a port that is taken, with a sentence that says what to do.
"""

import datetime as dt
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Collection

import uvicorn
from sqlalchemy import Engine, select
from sqlalchemy.orm import sessionmaker

import migrations
from api import auth
from api.app import create_app, utc_now
from api.checkpoints import ensure_key
from api.errors import CannotStart
from api.observe import set_up_logging
from api.scoring import LazyScorer
from api.settings import Settings
from api.worker import ARROWS, Worker, Works
from ingest.http import Network
from ingest.packs import load_pack
from models.account import SCOPES
from models.database import Sessions, connect, reading
from models.source import Source
from warn.rules import ensure_default_rules

LOG = logging.getLogger(__name__)
OPERATOR = "operator"
DRAIN = dt.timedelta(seconds=30)
HTTP_DRAIN_SECONDS = 10
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(settings: Settings) -> None:
    """Run everything in one process: migrate, load the sources, turn the arrows, serve, and print how to sign in."""
    set_up_logging(settings.log_format, settings.log_level)
    listening = listen(settings)
    sessions = prepare(settings)
    ensure_key(settings.evidence_key)
    scorer = LazyScorer(settings.classify)
    worker = Worker(Works(sessions, settings, Network(settings.ingest), scorer), utc_now)
    worker.start()
    path = auth.create_sign_in_link(sessions, OPERATOR, SCOPES, utc_now(), settings.link_lifetime)
    announce(settings, path)
    try:
        serve_on(listening, settings, sessions, scorer)
    finally:
        end(worker)


def serve(settings: Settings) -> None:
    """Serve the API and the console; the arrows turn elsewhere."""
    set_up_logging(settings.log_format, settings.log_level)
    listening = listen(settings)
    ensure_key(settings.evidence_key)
    serve_on(listening, settings, ready_sessions(settings), LazyScorer(settings.classify))


def work(settings: Settings, names: Collection[str] | None = None) -> None:
    """Turn the arrows (those named, or all) until SIGTERM or Ctrl-C."""
    set_up_logging(settings.log_format, settings.log_level)
    sessions = ready_sessions(settings)
    works = Works(sessions, settings, Network(settings.ingest), LazyScorer(settings.classify))
    worker = Worker(works, utc_now, [arrow for arrow in ARROWS if names is None or arrow.name in names])
    told = threading.Event()
    for number in SIGNALS:
        signal.signal(number, lambda *_: told.set())
    worker.start()
    LOG.info("turning %s", ", ".join(arrow.name for arrow in worker.arrows))
    told.wait()
    end(worker)


def prepare(settings: Settings) -> Sessions:
    """Bring an embedded installation up to date: folder, schema, rules, and the sources it was told to load."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = connect(settings.database_url)
    check_schema(engine, may_migrate=True)
    migrations.upgrade(engine)
    sessions: Sessions = sessionmaker(engine, expire_on_commit=False)
    now = utc_now()
    ensure_default_rules(sessions, now)
    for pack in filter(None, map(str.strip, settings.sources.split(","))):
        # The sample is for an installation that has nothing yet; an operator's own choice is loaded whenever it grows.
        if pack != "sample" or is_new(sessions):
            load_pack(sessions, pack, now, settings.ingest)
    return sessions


def ready_sessions(settings: Settings) -> Sessions:
    """Open a database that somebody else keeps up to date; raises CannotStart when it is not."""
    engine = connect(settings.database_url)
    check_schema(engine, may_migrate=False)
    return sessionmaker(engine, expire_on_commit=False)


def check_schema(engine: Engine, *, may_migrate: bool) -> None:
    """Raise CannotStart unless the schema is ours, or older and may be brought up to date."""
    found, ours = migrations.current(engine), migrations.head()
    if found == ours:
        return
    if found is not None and found not in migrations.known():
        raise CannotStart(
            f"the database is at schema {found}, which this version ({ours}) does not know: it was written by a newer "
            "Tocsin; install that version, or restore the backup made before the upgrade"
        )
    if not may_migrate:
        raise CannotStart(f"the database is at schema {found or 'none'}, this version needs {ours}: `tocsin migrate`")


def is_new(sessions: Sessions) -> bool:
    """Whether nothing is watched yet."""
    with reading(sessions) as session:
        return session.scalar(select(Source.id).limit(1)) is None


def listen(settings: Settings) -> socket.socket:
    """Take the port before anything else starts; raises CannotStart when that is not possible."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With the protocol named, asyncio sends at once (TCP_NODELAY); without it a page on a connection that is kept waits
    # 40 ms for the browser to acknowledge its headers.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        place = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"{place} is taken, perhaps by a Tocsin that runs already; stop it or set TOCSIN_PORT"
            ) from None
        raise CannotStart(f"cannot listen on {place} ({error.strerror}); set TOCSIN_HOST and TOCSIN_PORT") from None
    return listening


def serve_on(listening: socket.socket, settings: Settings, sessions: Sessions, scorer: LazyScorer) -> None:
    """Serve HTTP until SIGTERM or Ctrl-C."""
    config = uvicorn.Config(
        create_app(settings, sessions, scorer=scorer),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=HTTP_DRAIN_SECONDS,
    )
    LOG.info("listening on %s:%d", settings.host, settings.port)
    # Once it has shut down, uvicorn sends itself the signal that stopped it; that must not end us before our worker.
    for number in SIGNALS:
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listening])
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)  # whoever is in more haste than our drain may say so
    LOG.info("stopped")


def end(worker: Worker) -> None:
    """Stop the arrows; a turn that does not end in time is cut off, and taken up again at the next start."""
    if not worker.stop(DRAIN):
        LOG.warning("a turn did not end within %d seconds and was cut off; it is done again", DRAIN.total_seconds())
        logging.shutdown()
        os._exit(0)


def announce(settings: Settings, path: str) -> None:
    """Tell the person at the terminal where to go. The only thing that is printed, because it holds a key."""
    minutes = settings.sign_in_minutes
    print(  # noqa: T201
        f"\nTocsin is at {settings.base_url}\nSign in (once, within {minutes} minutes): {settings.base_url}{path}\n",
        flush=True,
    )
