"""Starting looks first: the schema, the port; what cannot work is said in a sentence."""

import datetime as dt
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, select, text

from api import auth, run
from api.errors import CannotStart
from api.settings import Settings, load
from models.account import Account
from models.database import connect, open_sessions, reading
from models.source import Source


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_new_home_gets_schema_rules_and_the_sample(tmp_path: Path) -> None:
    settings = load({"TOCSIN_HOME": str(tmp_path / "var")}, tmp_path)
    sessions = run.prepare(settings)
    with reading(sessions) as session:
        assert session.scalars(select(Source.pack)).first() == "sample"
        before = len(session.scalars(select(Source.id)).all())
    run.prepare(settings)
    with reading(sessions) as session:
        assert len(session.scalars(select(Source.id)).all()) == before
    sessions.kw["bind"].dispose()


def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    engine = connect(database_url)
    run.check_schema(engine, may_migrate=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_from_the_future'"))
    try:
        with pytest.raises(CannotStart, match="newer Tocsin"):
            run.check_schema(engine, may_migrate=True)
    finally:
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :ours"), {"ours": run.migrations.head()})
        engine.dispose()


def test_serving_an_empty_database_asks_to_migrate_first(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/empty.sqlite")
    with pytest.raises(CannotStart, match="tocsin migrate"):
        run.check_schema(engine, may_migrate=False)
    run.check_schema(engine, may_migrate=True)
    engine.dispose()


def test_a_taken_port_is_said_to_be_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CannotStart, match="is taken"):
            run.listen(Settings(port=taken.getsockname()[1]))


def test_what_is_written_is_sent_at_once() -> None:
    """Asyncio switches Nagle's wait off only where the socket says that it is TCP's."""
    with run.listen(Settings(port=free_port())) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(CannotStart, match=r"203\.0\.113\.7"):
        run.listen(Settings(host="203.0.113.7", port=free_port()))


@pytest.mark.slow
def test_the_whole_service_starts_signs_in_and_stops_in_good_order(tmp_path: Path) -> None:
    port = free_port()
    environ = os.environ | {"TOCSIN_HOME": str(tmp_path / "var"), "TOCSIN_PORT": str(port), "TOCSIN_LOG_FORMAT": "json"}
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "run"],
        env=environ,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        wait_for(f"{base}/readyz")
        sessions = open_sessions(f"sqlite:///{tmp_path}/var/tocsin.sqlite")
        token = auth.create_token(sessions, "reader", ["read"], dt.datetime.now(dt.UTC))
        answer = httpx.get(f"{base}/v1/sources", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        assert answer.json()["items"]
        with reading(sessions) as session:
            assert session.scalars(select(Account.name).order_by(Account.id)).first() == "operator"
        sessions.kw["bind"].dispose()
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=40)
    link = re.search(rf"{base}/sign-in\?key=([0-9A-Za-z]{{43}})", out)
    assert link, out + err
    assert link.group(1) not in err
    assert token not in err
    assert process.returncode == 0, err


def wait_for(url: str, seconds: float = 90) -> None:
    """Ask until the answer is 200."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"no answer from {url}")
