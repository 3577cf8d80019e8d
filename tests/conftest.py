"""What every test may ask for: a database of each kind, and a world without a network.

`sessions` gives a fresh, migrated database, once on SQLite and once on PostgreSQL. PostgreSQL is started here, from the
binaries the machine has, as an unprivileged user when we are root, because it refuses root.
"""

import datetime as dt
import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import sessionmaker

import migrations
from models.base import Base
from models.database import Sessions, connect

NOW = dt.datetime(2026, 3, 14, 9, 30, tzinfo=dt.UTC)
PG_USER = "postgres"


@pytest.fixture
def now() -> dt.datetime:
    """One fixed moment, so that no test depends on the clock."""
    return NOW


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a fresh, migrated database."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    """Give the session factory that every arrow takes."""
    engine = connect(database_url)
    yield sessionmaker(engine, expire_on_commit=False)
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate once; each test copies the file."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    engine = connect(f"sqlite:///{path}")
    migrations.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Return the URL of a copy of the migrated SQLite file."""
    path = tmp_path / "tocsin.sqlite"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start one PostgreSQL per test process, reachable only through a socket in its own folder."""
    binaries = postgresql_binaries()
    if binaries is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed, and CI must test on it: install Debian's package postgresql")
        pytest.skip("PostgreSQL is not installed; install it to run this test on it too")
    folder = Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
    as_user = ["runuser", "-u", PG_USER, "--"] if getpass.getuser() == "root" else []
    if as_user:
        shutil.chown(folder, PG_USER)
    data = folder / "data"
    run = [
        *as_user,
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "tocsin",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run(run, check=True, capture_output=True, cwd=folder)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c full_page_writes=off"
    control = [*as_user, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    subprocess.run(
        [*control, "-o", options, "-l", str(folder / "log"), "start"], check=True, stdout=subprocess.DEVNULL, cwd=folder
    )
    yield f"postgresql+psycopg://tocsin@/postgres?host={folder}"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_engine(postgresql_server: str) -> Iterator[Engine]:
    """Migrate the server's database once; each test empties it."""
    engine = connect(postgresql_server)
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_engine: Engine) -> str:
    """Return the URL of the migrated PostgreSQL database, emptied."""
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with postgresql_engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    return postgresql_server


def postgresql_binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs, or None where it is not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if folders:
        return folders[-1]
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None
