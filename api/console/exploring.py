"""What the trends explorer was asked, as it stands in the address bar.

Every link and form of the explorer carries this, so that a bookmark is a view. What cannot be understood is left out.
It knows no table.
"""

import datetime as dt
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from api.console.desk import clean
from warn.standard.registry import STANDARD
from warn.tally import ANY, LABELS
from warn.trends import BUCKETS, GROUPS, SHARE

MOST_LINES = 6
LONGEST = 200
MEASURES = ("voices", "documents", "share")
# Days that can be looked at, with the bucket that shows them best.
SPANS = {1: "hour", 7: "hour", 30: "day", 90: "day", 182: "week", 365: "week"}
DETECTORS = (SHARE, *STANDARD)
COUNTRY = 2


@dataclass(frozen=True)
class Question:
    """One view: `label` are the lines to compare, `pick` values of `by`; an empty string asks for nothing."""

    label: tuple[str, ...] = (ANY,)
    by: str = ""
    pick: tuple[str, ...] = ()
    days: str = "30"
    until: str = ""
    bucket: str = ""
    country: str = ""
    measure: str = "voices"
    detector: str = SHARE

    @property
    def width(self) -> str:
        """The bucket: the one asked for, or the one that suits the days."""
        return self.bucket or SPANS.get(int(self.days)) or ("hour" if int(self.days) <= 7 else "day")

    def span(self, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """Return the beginning and the end of what is shown; `until` is the last day shown."""
        end = now
        if self.until:
            day = dt.date.fromisoformat(self.until)
            end = min(now, dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(days=1))
        return end - dt.timedelta(days=int(self.days)), end

    def query(self, **changes: object) -> str:
        """Return the query string of this view with `changes`; what is as usual is left out."""
        own = {one.name for one in fields(self)}
        changed = replace(self, **{key: value for key, value in changes.items() if key in own})  # type: ignore[arg-type]
        pairs = [
            (one.name, value) for one in fields(self) for value in _given(getattr(changed, one.name), one.default)
        ] + [(key, str(value)) for key, value in changes.items() if key not in own and value]
        return "?" + urlencode(pairs) if pairs else ""

    def hidden(self, *without: str) -> list[tuple[str, str]]:
        """Return the fields that a form must carry along besides those it asks for itself."""
        return [
            (one.name, value)
            for one in fields(self)
            if one.name not in without
            for value in _given(getattr(self, one.name), one.default)
        ]


def read_question(query: QueryParams) -> Question:
    """Read a view out of the address."""
    labels = [one for one in dict.fromkeys(query.getlist("label")) if one in LABELS][:MOST_LINES]
    picked = [one for one in dict.fromkeys(clean(one)[:LONGEST] for one in query.getlist("pick")) if one]
    by = query.get("by", "")
    return Question(
        label=tuple(labels) or (ANY,),
        by=by if by in GROUPS else "",
        pick=tuple(picked[:MOST_LINES]) if by in GROUPS else (),
        days=_days(query.get("days", "")),
        until=_day(query.get("until", "")),
        bucket=_one_of(query.get("bucket", ""), tuple(BUCKETS), ""),
        country=_country(query.get("country", "")),
        measure=_one_of(query.get("measure", ""), MEASURES, MEASURES[0]),
        detector=_one_of(query.get("detector", ""), DETECTORS, SHARE),
    )


def _given(value: object, default: object) -> list[str]:
    if value == default:
        return []
    return [str(one) for one in value] if isinstance(value, tuple) else [str(value)]


def _one_of(value: str, allowed: tuple[str, ...], otherwise: str) -> str:
    return value if value in allowed else otherwise


def _days(text: str) -> str:
    return str(max(1, min(3660, int(text)))) if text.isascii() and text.isdigit() and len(text) < 6 else "30"


def _day(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _country(text: str) -> str:
    return text.upper() if len(text) == COUNTRY and text.isascii() and text.isalpha() else ""
