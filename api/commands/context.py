"""What every command starts from: the settings, the database, the time."""

import datetime as dt

from api.settings import Settings
from models.database import Sessions, open_sessions


def read_settings() -> Settings:
    """Read TOCSIN_* and tocsin.toml; raises BadSettings that names every bad value."""
    from api.settings import load

    return load()


def open_database(settings: Settings) -> Sessions:
    """Open the database the settings name."""
    return open_sessions(settings.database_url)


def now() -> dt.datetime:
    """Return this moment; below the command line time is an argument."""
    return dt.datetime.now(dt.UTC)
