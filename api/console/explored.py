"""What a view of the trends explorer holds: its lines, what people know of its days, its words, its table and its CSV.

It knows no form; the picture is `api.console.plot`'s.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.console import words
from api.console.exploring import MOST_LINES, Question
from api.console.narrowing import Narrowing
from api.console.plot import MARKS, Line, Mark, moment, shown, value_of
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.export import csv_writer
from api.routes import events as events_shown
from api.routes.trends import POINT_COLUMNS
from models.codebook import PATHWAYS, SIGNALS
from warn import events
from warn.settings import WarnSettings
from warn.tally import ANY, STANCE_LABELS
from warn.trends import BUCKETS, Point, Series, trends

COLUMNS = ("label", "key", "name", *POINT_COLUMNS)
LEGENDS = Spoken({"voices": "voices flagged", "documents": "documents flagged", "share": "share of what was read"})
PER = Spoken({"hour": "per hour", "day": "per day", "week": "per week"})
SPOKEN_STANCES = Spoken(
    {
        "stance:reports": "Reported, not flagged",
        "stance:condemns": "Condemned, not flagged",
        "stance:reclaims": "Reclaimed, not flagged",
    }
)
SPOKEN_SPANS = Spoken({1: "one day", 7: "a week", 182: "half a year", 365: "a year"})
UNTICKED = 4  # lines that are drawn of a grouping before anything is ticked
Found = list[tuple[str, Series]]


@dataclass(frozen=True)
class Listed:
    """One value of the grouping, to tick: its name, what it holds, and whether it is drawn."""

    key: str
    name: str
    voices: int
    documents: int
    alarms: int
    drawn: bool


def label_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what can be compared, in the groups of the form."""
    return [
        (_("All together"), [(ANY, label_in_words(ANY))]),
        (_("Signals"), [(f"signal:{key}", words.SIGNALS[key]) for key in SIGNALS]),
        (_("Pathways"), [(f"pathway:{key}", words.PATHWAYS[key]) for key in PATHWAYS]),
        (_("Counter-speech and reports"), [(key, SPOKEN_STANCES[key]) for key in STANCE_LABELS]),
    ]


def label_in_words(label: str) -> str:
    """Return what a label is called where it stands alone."""
    kind, key = label.partition(":")[::2]
    if kind == "signal":
        return words.SIGNALS[key]
    if kind == "pathway":
        return _("%(name)s (pathway)", name=words.PATHWAYS[key])
    return SPOKEN_STANCES.get(label) or _("Whatever is flagged")


def series(session: Session, asked: Question, settings: WarnSettings, now: dt.datetime) -> Found:
    """Return every series of the view with its label, the busiest of each label first; raises TrendRefused."""
    since, until = asked.span(now)
    return [
        (label, one)
        for label in asked.label
        for one in trends(
            session,
            label=label,
            bucket=asked.width,
            since=since,
            until=until,
            group_by=asked.by or None,
            country=asked.country or None,
            detector=asked.detector,
            now=now,
            settings=settings,
        )
    ]


def picked(asked: Question, found: Found, since: dt.datetime, until: dt.datetime) -> list[Line]:
    """Return the lines to draw: the ticked ones, or the first; never more than can be told apart."""
    if asked.by:
        keys = [key for key in asked.pick if any(one.key == key for _label, one in found)]
        keys = keys or [one.key for label, one in found if label == asked.label[0]][:UNTICKED]
        found = [(label, one) for label, one in found if one.key in keys]
    return [
        Line(
            number,
            one.key,
            name_of(label, one, asked),
            one.points,
            queue=queue_of(label, one, asked, since, until),
            label=label,
        )
        for number, (label, one) in enumerate(found[:MOST_LINES], 1)
    ]


def name_of(label: str, one: Series, asked: Question) -> str:
    """Return what a line is called: its label, its value, or both where both differ between lines."""
    value = value_in_words(asked.by, one.key, one.name)
    if not asked.by:
        return label_in_words(label)
    return value if len(asked.label) == 1 else f"{label_in_words(label)}: {value}"


def value_in_words(by: str, key: str, name: str) -> str:
    """Return what a value of a grouping is called."""
    return words.TARGETS.get(key, name) if by == "target" else name or _("not known")


def queue_of(label: str, one: Series, asked: Question, since: dt.datetime, until: dt.datetime) -> str:
    """Return the address of the passages behind a line."""
    kind, key = label.partition(":")[::2]
    narrowing = {kind: key} if kind in {"signal", "pathway"} else {}
    if asked.by:
        narrowing[asked.by] = one.name if asked.by == "source" else one.key
    if asked.country:
        narrowing.setdefault("country", asked.country)
    show = "all" if kind == "stance" else "flagged"
    return "/queue" + Narrowing(show=show, since=stamp(since), until=stamp(until), **narrowing).query()


def stamp(moment: dt.datetime) -> str:
    """Return a time as an address holds it."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%MZ")


def listing(asked: Question, found: Found, lines: Sequence[Line]) -> list[Listed]:
    """Return every value of the grouping, to choose from; nothing without a grouping."""
    drawn = {line.key for line in lines}
    return [
        Listed(
            one.key,
            value_in_words(asked.by, one.key, one.name),
            sum(point.voices for point in one.points),
            sum(point.flagged for point in one.points),
            sum(point.alarm for point in one.points),
            one.key in drawn,
        )
        for label, one in found
        if asked.by and label == asked.label[0]
    ]


def marks(session: Session, since: dt.datetime, until: dt.datetime, country: str | None) -> list[Mark]:
    """Return what is known of the days shown: numbered events that people wrote down, lettered calendar dates."""
    written = events_shown.shown(session, events.notes(session, since, until, country))
    found = [
        Mark(str(number), one.at, one.at, one.title, one.id, one.note, one.by, one.created_at, one.country)
        for number, one in enumerate(written, 1)
    ]
    dates = events.occurrences(session, since, until, country)
    for sign, date in zip(MARKS, dates, strict=False):
        first, last = (dt.datetime.combine(day, dt.time(), dt.UTC) for day in (date.first, date.last))
        end = last + dt.timedelta(days=1)
        found.append(
            Mark(sign, first, end, date.name, note=_("calendar rule “%(name)s”", name=date.rule), country=date.country)
        )
    return found


def title(asked: Question) -> str:
    """Say what the picture shows."""
    said = ", ".join(label_in_words(label) for label in asked.label)
    place = f" ({asked.country})" if asked.country else ""
    return f"{said}{place}: {LEGENDS[asked.measure]} {PER[asked.width]}"


def in_words(lines: Sequence[Line], asked: Question) -> str:
    """Say in sentences what a picture shows, for whoever does not see it."""
    return " ".join(_in_a_sentence(line, asked) for line in lines) or _("Nothing was counted.")


def _in_a_sentence(line: Line, asked: Question) -> str:
    step = BUCKETS[asked.width].length
    values = [(point, value) for point in line.points if (value := value_of(point, asked.measure)) is not None]
    if not values:
        return _("%(name)s: nothing was read.", name=line.name)
    best, highest = max(values, key=lambda one: one[1])
    first, last = values[0][1], values[-1][1]
    said = _(
        "%(name)s: %(first)s at first, %(last)s at last, most %(highest)s on %(when)s.",
        name=line.name,
        first=shown(first, asked.measure),
        last=shown(last, asked.measure),
        highest=shown(highest, asked.measure),
        when=moment(best.at, step),
    )
    alarms = [moment(point.at, step) for point in line.points if point.alarm]
    if alarms:
        said += " " + _("Alarms: %(count)s, the first on %(when)s.", count=len(alarms), when=alarms[0])
    silent = len(line.points) - len(values)
    if silent:
        said += " " + _("Nothing was read in %(some)s of %(all)s.", some=silent, all=len(line.points))
    return said


def table(lines: Sequence[Line], asked: Question) -> list[tuple[dt.datetime, list[tuple[str, Point]]]]:
    """Return one row per bucket, the newest first, with a cell for each line: what is drawn, and its point."""
    columns = [line.points for line in lines]
    rows = [
        (points[0].at, [(shown(value_of(point, asked.measure), asked.measure), point) for point in points])
        for points in zip(*columns, strict=True)
    ]
    return rows[::-1]


def as_csv(lines: Sequence[Line]) -> str:
    """Write every point of every line as one row, as `GET /v1/trends` does, with the label before it."""
    write = csv_writer(COLUMNS)
    rows = [
        {"label": line.label, "key": line.key, "name": line.name}
        | {name: getattr(point, name) for name in POINT_COLUMNS}
        | {"at": point.at.isoformat()}
        for line in lines
        for point in line.points
    ]
    return "".join([write(dict(zip(COLUMNS, COLUMNS, strict=True))), *map(write, rows)])


def span_in_words(days: int) -> str:
    """Return how long a stretch is."""
    return SPOKEN_SPANS.get(days) or _("%(count)s days", count=days)
