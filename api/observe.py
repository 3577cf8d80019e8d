"""What the operator can watch: log lines and Prometheus figures, neither with a text or a secret in it."""

import datetime as dt
import json
import logging
import logging.config
import traceback
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.state import State

LOOK_EVERY = dt.timedelta(seconds=10)
BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """The figures of this process, and of the database at the moment it is asked."""

    def __init__(self) -> None:
        self.looked: tuple[dt.datetime, bytes] | None = None
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tocsin_http_requests", "Requests served.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "tocsin_http_request_seconds", "Time to serve one.", ["route"], buckets=BUCKETS, registry=self.registry
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self, look: Callable[[], State], now: dt.datetime) -> bytes:
        """Return everything in Prometheus' text format; `look` is asked at most every `LOOK_EVERY`.

        Nobody has to sign in for figures, and counting a million rows takes half a second.
        """
        if self.looked is None or not dt.timedelta() <= now - self.looked[0] < LOOK_EVERY:
            registry = CollectorRegistry()
            registry.register(_StateCollector(look()))
            self.looked = (now, generate_latest(registry))
        return generate_latest(self.registry) + self.looked[1]


class _StateCollector(Collector):
    """Shows what the database says as gauges."""

    def __init__(self, state: State) -> None:
        self.state = state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give each figure once."""
        waiting = GaugeMetricFamily("tocsin_waiting", "Rows that wait for an arrow.", labels=["arrow"])
        for arrow, count in self.state.waiting.items():
            waiting.add_metric([arrow], count)
        yield waiting
        sources = GaugeMetricFamily("tocsin_sources", "Enabled sources by state.", labels=["state"])
        for name, count in self.state.sources.items():
            sources.add_metric([name], count)
        yield sources
        yield GaugeMetricFamily("tocsin_quarantined", "Rows moved out of the way.", value=self.state.quarantined)
        yield GaugeMetricFamily("tocsin_unscored", "Documents that could not be scored.", value=self.state.unscored)
        yield GaugeMetricFamily("tocsin_open_alerts", "Alerts nobody has resolved.", value=self.state.open_alerts)
        yield GaugeMetricFamily("tocsin_failed_deliveries", "Deliveries given up.", value=self.state.failed_deliveries)
        age = GaugeMetricFamily("tocsin_arrow_beat_age_seconds", "Time since an arrow's last turn.", labels=["arrow"])
        late = GaugeMetricFamily("tocsin_arrow_late", "1 when an arrow should have turned by now.", labels=["arrow"])
        moved = GaugeMetricFamily("tocsin_arrow_moved", "Rows moved in an arrow's last turn.", labels=["arrow"])
        for beat in self.state.beats:
            age.add_metric([beat.arrow], beat.age_seconds if beat.age_seconds is not None else float("inf"))
            late.add_metric([beat.arrow], beat.late)
            moved.add_metric([beat.arrow], beat.moved)
        yield from (age, late, moved)


class JsonLines(logging.Formatter):
    """One JSON object per line; control characters in a message cannot start a line of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        line = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["crash"] = frames_of(record.exc_info[1])
        return json.dumps(line)


class PlainLines(logging.Formatter):
    """Lines for people; control characters are shown, not obeyed."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).strftime("%H:%M:%S")
        message = record.getMessage() + (f"\n{frames_of(record.exc_info[1])}" if record.exc_info else "")
        shown = "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in message)
        return f"{at} {record.levelname.lower():7} {record.name}: {shown.replace(chr(10), chr(10) + '    ')}"


def frames_of(error: BaseException | None) -> str:
    """Say what kind of crash it was and where, without its message: that may quote a text, a key or a whole row."""
    if error is None:
        return ""
    frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-15:]))
    return f"{type(error).__name__} in\n{frames}".rstrip()


def set_up_logging(form: str, level: str) -> None:
    """Have everything logged to stderr in one form; call once, when a process starts."""
    formatter = "api.observe.JsonLines" if form == "json" else "api.observe.PlainLines"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"lines": {"()": formatter}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
            "root": {"level": level.upper(), "handlers": ["stderr"]},
            "loggers": {
                # These tell addresses and queries, which may hold keys and search words; api.access tells the routes.
                "uvicorn.access": {"level": "CRITICAL", "propagate": False},
                "httpx": {"level": "WARNING"},
                "httpcore": {"level": "WARNING"},
                "apscheduler": {"level": "ERROR"},  # a turn that is still running is no news
                "alembic": {"level": "WARNING"},
                "api.access": {"level": "INFO" if form == "json" else "WARNING"},
            },
        }
    )
