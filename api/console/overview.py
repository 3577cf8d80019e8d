"""The overview: what waits for people, what rose, which sources need a look, and whether everything turns."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from api import state
from api.console import briefing
from api.console.chart import draw
from api.console.desk import COUNT_UP_TO, At, ConsoleRoute, count_up_to
from api.console.exploring import Question
from api.console.rendering import number, page
from api.console.translation import gettext as _
from api.console.translation import ngettext
from api.dependencies import CurrentSettings, Now, ReadSession
from api.scoring import LazyScorer
from classify import drift
from classify.errors import ModelBroken
from models.alert import Alert
from models.assessment import Assessment
from models.source import Source
from warn.settings import WarnSettings
from warn.trends import Point, trends

DAYS = 14
MOST_ALERTS = 5
MOST_TROUBLED = 10
DRIFT_ROWS = 1_000  # on each side; `tocsin doctor` reads more, and the release's figures
MOST_MOVED = 3
# States in which a source does what it should, or was told not to.
CALM = ("ok", "new", "paused")

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Tile:
    """One number with its name; `loud` ones ask for somebody."""

    count: str
    label: str
    href: str = ""
    note: str = ""
    loud: bool = False


@router.get("/")
def overview(request: Request, at: At, session: ReadSession, settings: CurrentSettings, now: Now) -> Response:
    """Show the desk's morning page."""
    found = state.look(session, now, COUNT_UP_TO)
    days = last_days(session, settings.warn, now)
    alerts = session.scalars(
        select(Alert)
        .where(Alert.state != "resolved")
        .order_by(Alert.severity.desc(), Alert.id.desc())
        .limit(MOST_ALERTS)
    )
    return page(
        "overview.html",
        desk=at,
        now=now,
        tiles=tiles(session, found),
        briefing=brief(session, settings.warn, request.app.state.scorer, now),
        days=DAYS,
        drawn=draw(days),
        view=Question(days=str(DAYS)),
        alerts=list(alerts),
        sources=health(session),
        beats=found.beats if any(beat.beat_at for beat in found.beats) else (),
        moved=drift.look(session, now, most=DRIFT_ROWS).moved[:MOST_MOVED],
    )


def brief(session: Session, settings: WarnSettings, scorer: LazyScorer, now: dt.datetime) -> dict[str, Any]:
    """Return what the briefing shows; a model that cannot be had is said, and stops no page."""
    try:
        card, broken = scorer.card(), ""
    except ModelBroken as error:
        card, broken = {}, str(error)
    sections, total = briefing.what_rose(session, now)
    bands, owners = briefing.alerts_by_owner(session, settings)
    return {
        "sections": sections,
        "total": total,
        "bands": bands,
        "owners": owners,
        "age": briefing.queue_age(session, now),
        "states": briefing.sources_by_state(session),
        "coverage": briefing.coverage(session, card, broken),
    }


def tiles(session: Session, found: state.State) -> list[Tile]:
    """Return the numbers at the top: what waits for people first, then what is stuck."""
    waits = Assessment.current & (Assessment.status == "unreviewed")
    review = count_up_to(session, Assessment, waits & Assessment.flagged_now)
    abstained = count_up_to(session, Assessment, waits & Assessment.abstained)
    stuck = found.quarantined + found.failed_deliveries
    return [
        Tile(at_most(review), _("to review"), "/queue", _("flagged, and nobody has looked"), loud=bool(review)),
        Tile(at_most(abstained), _("the model abstained on"), "/queue?show=abstained", _("not scored is not “clean”")),
        Tile(at_most(found.open_alerts), _("alerts not resolved"), "/alerts", loud=bool(found.open_alerts)),
        Tile(
            at_most(found.waiting["assess"]),
            _("not scored yet"),
            note=_("%(count)s could not be scored", count=at_most(found.unscored)),
        ),
        Tile(
            at_most(stuck),
            _("set aside"),
            "/quarantine",
            note=_(
                "%(rows)s quarantined, %(messages)s messages given up",
                rows=at_most(found.quarantined),
                messages=at_most(found.failed_deliveries),
            ),
            loud=bool(stuck),
        ),
    ]


def at_most(count: int) -> str:
    """Return a count that was taken up to a limit."""
    return f"{number(COUNT_UP_TO)}+" if count > COUNT_UP_TO else number(count)


def last_days(session: Session, settings: WarnSettings, now: dt.datetime) -> list[Point]:
    """Return the last days of everything flagged, oldest first; none before the first count."""
    found = trends(
        session,
        label="any",
        bucket="day",
        since=now - (DAYS - 1) * dt.timedelta(days=1),
        until=now,
        now=now,
        settings=settings,
    )
    points = [point for series in found for point in series.points]
    return points if any(point.documents for point in points) else []


def health(session: Session) -> dict[str, object]:
    """Return a sentence on all sources, and those that somebody should look at, longest in trouble first."""
    total, off, calm = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((~Source.enabled, 1), else_=0)), 0),
            func.coalesce(func.sum(case((Source.enabled & Source.state.in_(CALM), 1), else_=0)), 0),
        )
    ).one()
    troubled = session.scalars(
        select(Source)
        .where(Source.enabled, Source.state.not_in(CALM))
        .order_by(Source.state_since, Source.id)
        .limit(MOST_TROUBLED)
    )
    return {"summary": in_a_sentence(total, off, calm), "troubled": list(troubled)}


def in_a_sentence(total: int, off: int, calm: int) -> str:
    """Say how many sources do what they should."""
    if not total:
        return _("No source is watched yet.")
    watched, trouble = total - off, total - off - calm
    said = [ngettext("%(num)s watched", "%(num)s watched", watched)]
    if trouble:
        said.append(ngettext("%(num)s needs a look", "%(num)s need a look", trouble))
    else:
        said.append(_("all are well"))
    paused = ngettext("; %(num)s paused", "; %(num)s paused", off) if off else ""
    return _("%(watched)s, %(state)s%(paused)s.", watched=said[0], state=said[1], paused=paused)
