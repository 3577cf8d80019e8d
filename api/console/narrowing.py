"""What the queue is narrowed to, as it stands in the address bar, and the way one has come through it.

Every link and form of the queue carries this, so that a bookmark is a saved search and a decision leads to the next
passage of the same search. What cannot be understood narrows nothing. It knows no table.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from api.console.desk import clean
from api.console.translation import Spoken
from api.queue import ORDERS, QueueFilters
from models.codebook import PATHWAYS, SIGNALS, TARGETS

LONGEST = 200
TRAIL = 20  # how far back "previous" can go

SPOKEN_ORDERS = Spoken(
    {
        "severity": "worst first",
        "newest": "newest first",
        "uncertainty": "least certain first",
        "oldest": "longest waiting first",
    }
)
# What each tab is called, and the filters it stands for.
TABS = Spoken(
    {
        "review": "To review",
        "flagged": "Flagged",
        "abstained": "Model abstained",
        "second": "Second look",
        "mine": "Assigned to you",
        "unsure": "Unsure",
        "disputed": "Disputed",
        "confirmed": "Confirmed",
        "rejected": "Rejected",
        "all": "Everything",
    }
)
STANDS_FOR = {
    "review": QueueFilters(flag=True, status="unreviewed"),
    "flagged": QueueFilters(flag=True),
    "abstained": QueueFilters(abstained=True, status="unreviewed"),
    "second": QueueFilters(),
    "mine": QueueFilters(),
    "unsure": QueueFilters(status="unsure"),
    "disputed": QueueFilters(status="disputed"),
    "confirmed": QueueFilters(status="confirmed"),
    "rejected": QueueFilters(status="rejected"),
    "all": QueueFilters(),
}


@dataclass(frozen=True)
class Narrowing:
    """One search; empty strings do not narrow."""

    show: str = "review"
    q: str = ""
    signal: str = ""
    target: str = ""
    language: str = ""
    country: str = ""
    source: str = ""
    min_severity: str = ""
    order: str = "severity"
    # What other pages lead here with; the form carries them along.
    pathway: str = ""
    target_name: str = ""
    since: str = ""
    until: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything besides the tab is set."""
        return replace(self, show="review", order="severity") != Narrowing()

    @property
    def filters(self) -> QueueFilters:
        """What the queue is asked for."""
        return replace(
            STANDS_FOR[self.show],
            q=self.q or None,
            signal=self.signal or None,
            target=self.target or None,
            language=self.language or None,
            country=self.country or None,
            source=self.source or None,
            min_severity=int(self.min_severity) if self.min_severity else None,
            pathway=self.pathway or None,
            target_name=self.target_name or None,
            since=_moment(self.since),
            until=_moment(self.until),
        )

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What the form does not ask for itself, as (name, value)."""
        given = [(name, getattr(self, name)) for name in ("pathway", "target_name", "since", "until")]
        return [(name, value) for name, value in given if value]

    def asked(self, account_id: int, *, thirds: bool = False) -> QueueFilters:
        """What the queue is asked for by this reader; what waits for one person differs from what waits for another."""
        if self.show == "second":
            return replace(self.filters, second_for=account_id, thirds=thirds)
        return replace(self.filters, assigned_to=account_id) if self.show == "mine" else self.filters

    def query(self, **more: object) -> str:
        """Return the query string that stands for this search, with `more` parameters that are not empty."""
        own = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}
        given = {name: value for name, value in (own | more).items() if value not in ("", None)}
        return "?" + urlencode(given) if given else ""

    def href(self, assessment_id: int, trail: "Trail | None" = None, **more: object) -> str:
        """Return the address of one passage within this search."""
        return f"/assessments/{assessment_id}{self.query(trail=str(trail or ''), **more)}"


@dataclass(frozen=True)
class Trail:
    """The passages seen before this one, latest first."""

    ids: tuple[int, ...] = ()

    def __str__(self) -> str:
        """The trail as the address holds it."""
        return ".".join(map(str, self.ids))

    def then(self, assessment_id: int) -> "Trail":
        """Return the trail with one more step."""
        return Trail((assessment_id, *(one for one in self.ids if one != assessment_id))[:TRAIL])


def read_narrowing(query: Mapping[str, str]) -> Narrowing:
    """Read a search out of the address."""
    given = {one.name: clean(query.get(one.name, ""))[:LONGEST] for one in fields(Narrowing)}
    severity = given["min_severity"]
    return Narrowing(
        show=given["show"] if given["show"] in TABS else "review",
        q=given["q"],
        signal=given["signal"] if given["signal"] in SIGNALS else "",
        target=given["target"] if given["target"] in TARGETS else "",
        language=given["language"],
        country=given["country"].upper(),
        source=given["source"],
        min_severity=str(min(100, int(severity))) if severity.isascii() and severity.isdigit() and severity else "",
        order=given["order"] if given["order"] in ORDERS else "severity",
        pathway=given["pathway"] if given["pathway"] in PATHWAYS else "",
        target_name=given["target_name"],
        since=given["since"] if _moment(given["since"]) else "",
        until=given["until"] if _moment(given["until"]) else "",
    )


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def read_trail(query: Mapping[str, str]) -> Trail:
    """Read the way one came out of the address."""
    parts = query.get("trail", "")[:400].split(".")
    return Trail(tuple(int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 19)[:TRAIL])
