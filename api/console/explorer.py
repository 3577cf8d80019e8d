"""The trends explorer: lines over time with what was expected of them, beside what people know of those days.

Everything that is asked for stands in the address; the picture, the table and the CSV hold the same figures.
"""

import datetime as dt

from fastapi import APIRouter, Request, Response

from api.console import explored
from api.console.desk import At, ConsoleRoute, Posted, one
from api.console.exploring import DETECTORS, MEASURES, MOST_LINES, SPANS, read_question
from api.console.plot import plot
from api.console.queue import choices
from api.console.rendering import HEADERS, page, see_other, sentence
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Id, Now, ReadSession
from api.errors import Invalid
from models.database import writing
from warn import events
from warn.errors import TrendRefused
from warn.trends import GROUPS, SHARE

SPOKEN_GROUPS = Spoken(
    {
        "target": "Target",
        "target_name": "Group named",
        "language": "Language",
        "country": "Country",
        "source": "Source",
    }
)
SPOKEN_MEASURES = Spoken(
    {
        "voices": "Voices (copies count once)",
        "documents": "Documents flagged",
        "share": "Share of what was read",
    }
)
SPOKEN_BUCKETS = Spoken({"hour": "by the hour", "day": "by the day", "week": "by the week"})

router = APIRouter(route_class=ConsoleRoute)


@router.get("/trends")
def explore(request: Request, at: At, session: ReadSession, settings: CurrentSettings, now: Now) -> Response:
    """Show one view; `format=csv` gives its figures as a file."""
    asked = read_question(request.query_params)
    since, until = asked.span(now)
    refused = ""
    try:
        found = explored.series(session, asked, settings.warn, now)
    except TrendRefused as error:
        found, refused = [], sentence(str(error))
    lines = explored.picked(asked, found, since, until)
    if request.query_params.get("format") == "csv":
        headers = HEADERS | {"Content-Disposition": 'attachment; filename="trends.csv"'}
        return Response(explored.as_csv(lines), media_type="text/csv; charset=utf-8", headers=headers)
    marks = explored.marks(session, since, until, asked.country or None)
    whole = plot(lines, asked.measure, marks, title=explored.title(asked), summary=explored.in_words(lines, asked))
    return page(
        "trends.html",
        422 if refused else 200,
        desk=at,
        asked=asked,
        since=since,
        until=until,
        typed_until=until.strftime("%Y-%m-%dT%H:%M"),
        shown_as="" if asked.width == "hour" else "day",
        error=refused,
        lines=lines,
        plot=whole,
        each=[
            (line, plot([line], asked.measure, marks, title=line.name, summary=explored.in_words([line], asked)))
            for line in (lines if len(lines) > 1 else ())
        ],
        marks=marks,
        rows=explored.table(lines, asked),
        found=explored.listing(asked, found, lines),
        offered=explored.label_groups(),
        choices=choices(session),
        groups=[(key, SPOKEN_GROUPS[key]) for key in GROUPS],
        measures=[(key, SPOKEN_MEASURES[key]) for key in MEASURES],
        spans=[(str(days), explored.span_in_words(days)) for days in sorted({*SPANS, int(asked.days)})],
        buckets=SPOKEN_BUCKETS.items(),
        detectors=[(key, _("our own, on the share") if key == SHARE else key) for key in DETECTORS],
        legend=explored.LEGENDS[asked.measure],
        csv=f"/trends{asked.query(format='csv')}",
        most=MOST_LINES,
    )


@router.post("/trends/events")
def write_down(request: Request, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Keep an event, and show the view again that it was written beside."""
    at.signed_in.actor.must("review")
    query = read_question(request.query_params).query()
    with writing(sessions) as session:
        events.write_down(
            session,
            typed_moment(one(form, "at")),
            one(form, "title"),
            at.account_id,
            now,
            note=one(form, "note"),
            country=one(form, "where") or None,
        )
    return see_other(f"/trends{query}#marks")


@router.post("/trends/events/{event_id}")
def take_back(request: Request, event_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Show an event no longer."""
    del form  # it has been checked
    at.signed_in.actor.must("review")
    with writing(sessions) as session:
        events.take_back(session, event_id, at.account_id, now)
    return see_other(f"/trends{read_question(request.query_params).query()}#marks")


def typed_moment(text: str) -> dt.datetime:
    """Return a time that was typed, in UTC; raises Invalid."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(_("When: write a day and a time, as in 2026-03-14 09:30 (UTC); go back and fill it in")) from None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
