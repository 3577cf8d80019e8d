"""A worker process for the kill tests: the real arrows on a real database, with a scorer that needs no weights.

Run as `python -m tests.kill_worker DATABASE_URL HOME`; it turns all arrows until it is killed.
"""

import datetime as dt
import os
import sys
import threading
from pathlib import Path

from api.settings import load
from api.worker import Worker, Works
from ingest.http import Network
from models.database import open_sessions
from tests.fakes import FakeScorer


class Ready:
    """A scorer that is there already; every batch takes long enough to be killed in."""

    def get(self) -> FakeScorer:
        return FakeScorer(pause=0.02)


def main() -> None:
    url, home = sys.argv[1], Path(sys.argv[2])
    settings = load({"TOCSIN_DATABASE_URL": url, "TOCSIN_HOME": str(home), "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8"})
    sessions = open_sessions(url)
    worker = Worker(
        Works(sessions, settings, Network(settings.ingest), Ready()),  # type: ignore[arg-type]
        clock=lambda: dt.datetime.now(dt.UTC) + dt.timedelta(seconds=float(os.environ.get("SKEW", "0"))),
    )
    worker.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
