"""Backups: a copy that stands alone, and no password where others can read it."""

import datetime as dt
import subprocess
from pathlib import Path

import pytest

from api.backup import BackupFailed, back_up, conninfo
from models.database import open_sessions, reading, writing
from models.source import Source
from tests.conftest import postgresql_binaries
from tests.factories import add_source


def test_a_copy_holds_what_was_committed(sqlite_url: str, tmp_path: Path, now: dt.datetime) -> None:
    sessions = open_sessions(sqlite_url)
    with writing(sessions) as session:
        add_source(session, name="Radio Keshu")
    copy = back_up(sqlite_url, tmp_path / "safe", now)
    assert [path.name for path in copy.parent.iterdir()] == ["tocsin-20260314T093000Z.sqlite"]
    restored = open_sessions(f"sqlite:///{copy}")
    with reading(restored) as session:
        assert session.get_one(Source, 1).name == "Radio Keshu"
    for opened in (sessions, restored):
        opened.kw["bind"].dispose()


def test_a_missing_database_is_named(tmp_path: Path, now: dt.datetime) -> None:
    with pytest.raises(BackupFailed, match="there is no database at"):
        back_up(f"sqlite:///{tmp_path / 'none.sqlite'}", tmp_path / "safe", now)


def test_a_password_is_kept_off_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    info = conninfo("postgresql+psycopg://tocsin:s%3Aecret@db.internal:5433/desk", file)
    assert "ecret" not in info
    assert file.read_text() == "*:*:*:*:s\\:ecret\n"
    assert file.stat().st_mode & 0o077 == 0


def test_postgresql_is_dumped_and_reads_back(postgresql_url: str, tmp_path: Path, now: dt.datetime) -> None:
    sessions = open_sessions(postgresql_url)
    with writing(sessions) as session:
        add_source(session, name="Radio Keshu")
    sessions.kw["bind"].dispose()
    copy = back_up(postgresql_url, tmp_path / "safe", now)
    binaries = postgresql_binaries()
    assert binaries is not None
    listed = subprocess.run(
        [str(binaries / "pg_restore"), "--data-only", "--table=sources", "--file=-", str(copy)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "Radio Keshu" in listed.stdout
