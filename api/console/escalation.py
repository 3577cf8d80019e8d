"""The escalation index: how far speech against a group has gone in a place, how sure that is, and what speaks against.

Everything that is asked for stands in the address; the picture, the table and the CSV hold the same figures.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.datastructures import QueryParams

from api.console import levels, words
from api.console.desk import At, ConsoleRoute, clean
from api.console.explored import span_in_words
from api.console.plot import moment
from api.console.queue import choices
from api.console.rendering import HEADERS, decimal, page, sentence
from api.console.translation import gettext as _
from api.dependencies import Now, ReadSession
from api.routes.trends import escalation_csv
from models.codebook import TARGETS
from warn.errors import TrendRefused
from warn.escalation import Escalation, IndexPoint, Question, escalation
from warn.trends import BUCKETS

SPANS = (30, 90, 182, 365)
LONGEST = 200
DAILY_UP_TO = 90  # days that are shown day by day; longer stretches by the week
COUNTRY = 2

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class View:
    """What was asked, as it stands in the address; an empty string asks for nothing."""

    target: str = ""
    name: str = ""
    country: str = ""
    region: str = ""
    days: str = "182"

    def question(self, now: dt.datetime) -> Question:
        """Return what to ask of the room warn."""
        bucket = "day" if int(self.days) < DAILY_UP_TO else "week"
        since = now - dt.timedelta(days=int(self.days))
        return Question(
            bucket, since, now, self.target or None, self.name or None, self.country or None, self.region or None
        )

    def query(self, **more: str) -> str:
        """Return the query string of this view."""
        return "?" + urlencode([(key, value) for key, value in (vars(self) | more).items() if value])


@router.get("/trends/escalation")
def show(request: Request, at: At, session: ReadSession, now: Now) -> Response:
    """Show the index of one group and place; `format=csv` gives its figures as a file."""
    view = read_view(request.query_params)
    asked, refused = view.question(now), ""
    try:
        found = escalation(session, asked, now)
    except TrendRefused as error:
        found, refused = Escalation([], [], [], None, {}), sentence(str(error))
    if request.query_params.get("format") == "csv":
        headers = HEADERS | {"Content-Disposition": 'attachment; filename="escalation.csv"'}
        return Response(escalation_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
    titled = title(view)
    return page(
        "escalation.html",
        422 if refused else 200,
        desk=at,
        view=view,
        error=refused,
        found=found,
        title=titled,
        plot=levels.draw(found.points, found.changes, title=titled, summary=in_words(found, asked.bucket)),
        counter=levels.beside(
            found.points, title=_("Counter-speech"), summary=counter_in_words(found.points, asked.bucket)
        ),
        reviewed=[one for one in found.precisions if one.confirmed + one.rejected],
        choices=choices(session),
        spans=[(str(days), span_in_words(days)) for days in sorted({*SPANS, int(view.days)})],
        csv=f"/trends/escalation{view.query(format='csv')}",
    )


def read_view(query: QueryParams) -> View:
    """Read a view out of the address; what cannot be understood is left out."""
    days, country = query.get("days", ""), query.get("country", "")
    return View(
        target=query.get("target", "") if query.get("target", "") in TARGETS else "",
        name=clean(query.get("name", ""))[:LONGEST],
        country=country.upper() if len(country) == COUNTRY and country.isascii() and country.isalpha() else "",
        region=clean(query.get("region", ""))[:LONGEST],
        days=days if days in {str(span) for span in SPANS} else "182",
    )


def title(view: View) -> str:
    """Say what the picture shows."""
    group = ", ".join(one for one in (view.name, words.TARGETS.get(view.target, "")) if one)
    place = ", ".join(one for one in (view.region, view.country) if one)
    said = _("Escalation index: %(group)s", group=group) if group else _("Escalation index of all that is flagged")
    return f"{said} ({place})" if place else said


def in_words(found: Escalation, bucket: str) -> str:
    """Say in sentences what the picture shows, for whoever does not see it."""
    known = [point for point in found.points if point.index is not None]
    if not known:
        return _("Nothing was read.")
    step = BUCKETS[bucket].length
    best = max(known, key=lambda point: point.index or 0)
    said = _(
        "%(first)s at first, %(last)s at last, most %(highest)s on %(when)s.",
        first=decimal(known[0].index or 0),
        last=decimal(known[-1].index or 0),
        highest=decimal(best.index or 0),
        when=moment(best.at, step),
    )
    if found.changes:
        said += " " + _("Changes of level: %(count)s.", count=len(found.changes))
    masked = len(found.points) - len(known)
    if masked:
        said += " " + _("Too little was read in %(some)s of %(all)s.", some=masked, all=len(found.points))
    return said


def counter_in_words(points: Sequence[IndexPoint], bucket: str) -> str:
    """Say what the picture of counter-speech shows."""
    known = [(point.at, point.counter_speech) for point in points if point.counter_speech is not None]
    if not known:
        return _("Nothing was said for or against.")
    best = max(known, key=lambda one: one[1])
    return _(
        "%(last)s at last, most %(highest)s on %(when)s.",
        last=f"{known[-1][1]:.0%}",
        highest=f"{best[1]:.0%}",
        when=moment(best[0], BUCKETS[bucket].length),
    )
