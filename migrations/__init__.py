"""The history of the schema, and how a database is brought to its end.

Schema changes only; it knows the tables and nothing of what the rooms do with them.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

# All hosts that migrate one PostgreSQL take this lock first, so that only one of them does.
LOCK = 0x70C51


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to `revision` in one transaction: a kill half-way leaves the schema as it was."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        command.upgrade(_config(connection), revision)


def current(engine: Engine) -> str | None:
    """Return the revision the database is at, None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """Return the revision this version of Tocsin works with."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise RuntimeError("the package holds no migrations; reinstall it")
    return newest


def known() -> frozenset[str]:
    """Return every revision this version of Tocsin can start from."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
