"""Copy the database while it is in use, and prove that the copy can be read.

A plain `cp` of a live SQLite file loses committed rows; this uses SQLite's own backup, or pg_dump.
"""

import datetime as dt
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url


class BackupFailed(Exception):
    """The copy could not be made or did not read back; nothing was left behind."""


def back_up(database_url: str, folder: Path, now: dt.datetime) -> Path:
    """Write one checked copy into `folder` and return its path.

    Raises BackupFailed with one sentence that says what to do.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    if make_url(database_url).get_backend_name() == "sqlite":
        return _sqlite(Path(make_url(database_url).database or ""), folder / f"tocsin-{stamp}.sqlite")
    return _postgresql(database_url, folder / f"tocsin-{stamp}.dump")


def _sqlite(live: Path, copy: Path) -> Path:
    if not live.is_file():
        raise BackupFailed(f"there is no database at {live}; check TOCSIN_DATABASE_URL or TOCSIN_HOME")
    partial = copy.with_suffix(".partial")
    partial.touch(mode=0o600)
    with closing(sqlite3.connect(live)) as source, closing(sqlite3.connect(partial)) as target:
        source.backup(target)
        # The copy stands alone: without this it would ask for a -wal file of its own.
        target.execute("PRAGMA journal_mode=DELETE")
        problem = target.execute("PRAGMA integrity_check").fetchone()[0]
    if problem != "ok":
        partial.unlink()
        raise BackupFailed(f"the copy of {live} does not read back ({problem}); run `tocsin doctor`")
    partial.replace(copy)
    return copy


def _postgresql(database_url: str, copy: Path) -> Path:
    if shutil.which("pg_dump") is None:
        raise BackupFailed("pg_dump is not installed here; install postgresql-client, or back up on its host")
    partial = copy.with_suffix(".partial")
    with tempfile.TemporaryDirectory() as private:
        target = conninfo(database_url, Path(private) / "passwords")
        dump = ["pg_dump", "--format=custom", f"--file={partial}", f"--dbname={target}"]
        for command in (dump, ["pg_restore", "--list", str(partial)]):
            done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
            if done.returncode:
                partial.unlink(missing_ok=True)
                reason = (done.stderr.strip() or "it gave no reason").splitlines()[-1]
                raise BackupFailed(f"{command[0]} failed: {reason}")
    partial.chmod(0o600)
    partial.replace(copy)
    return copy


def conninfo(database_url: str, passwords: Path) -> str:
    """Return the connection string for PostgreSQL's programs; the password goes to a file that only we can read.

    A command line is readable by every user of the machine.
    """
    url = make_url(database_url)
    named = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, **url.query}
    known: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    if url.password is not None:
        escaped = str(url.password).replace("\\", "\\\\").replace(":", "\\:")
        passwords.touch(mode=0o600)
        passwords.write_text(f"*:*:*:*:{escaped}\n")
        known["passfile"] = str(passwords)
    return make_conninfo(**known)
