"""Alerts: what each rests on, who was told, and a person's word on it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api import audit
from api.console import words
from api.console.alert_desk import alert_desk
from api.console.chart import draw
from api.console.desk import At, ConsoleRoute, Desk, Posted, clean, one
from api.console.exploring import Question
from api.console.passages import entries_of
from api.console.rendering import decimal, number, page, see_other, sentence
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Id, Now, ReadSession
from api.errors import Invalid, NotFound
from api.pagination import after, write_cursor
from api.queue import details
from api.routes.timeline import shown
from models.account import Account
from models.alert import ALERT_STATES, Alert, AlertAssessment, Rule, Silence, tagged
from models.database import Sessions, reading, writing
from models.delivery import Delivery, Webhook, shown_address
from warn import timeline
from warn.alerts import acknowledge, resolve
from warn.errors import Conflict, WarnError
from warn.lifecycle import LONGEST_TAG
from warn.settings import WarnSettings
from warn.trends import Point, trends
from warn.words import INDICATORS

ABOUT = Spoken(
    {
        "signals": "Signals",
        "targets": "Targets",
        "target_names": "Groups named",
        "countries": "Countries",
        "regions": "Regions",
        "languages": "Languages",
        "sources": "Sources",
    }
)
SPOKEN: dict[str, Mapping[str, str]] = {"signals": words.SIGNALS, "targets": words.TARGETS}
BEFORE = dt.timedelta(days=2)
ON_A_PAGE = 50
PASSAGES = 10
TABS = Spoken({"open": "Open", "acknowledged": "Acknowledged", "resolved": "Resolved", "all": "All"})
EMPTY = Spoken(
    {
        "open": "No alert is open. Rules look at what comes in every minute.",
        "acknowledged": "Nobody is working on an alert.",
        "resolved": "No alert has been resolved yet.",
        "all": "No alert was ever raised.",
    }
)

router = APIRouter(route_class=ConsoleRoute)


@router.get("/alerts")
def alerts(request: Request, at: At, session: ReadSession, now: Now) -> Response:
    """List alerts of one state, newest first."""
    shown = request.query_params.get("show", "open")
    shown = shown if shown in TABS else "open"
    query = select(Alert).order_by(Alert.id.desc()).limit(ON_A_PAGE + 1)
    if shown in ALERT_STATES:
        query = query.where(Alert.state == shown)
    tag = clean(request.query_params.get("tag", ""))[:LONGEST_TAG]
    if tag:
        query = query.where(tagged(tag))
    if (beyond := after(request.query_params.get("cursor") or None, "id", Alert.id)) is not None:
        query = query.where(beyond)
    rows = session.scalars(query).all()
    last = rows[ON_A_PAGE - 1] if len(rows) > ON_A_PAGE else None
    return page(
        "alerts.html",
        desk=at,
        now=now,
        tabs=[(f"/alerts{asked(key, tag)}", label, key == shown) for key, label in TABS.items()],
        tag=tag,
        alerts=rows[:ON_A_PAGE],
        next=f"/alerts{asked(shown, tag, write_cursor('id', last.id))}" if last else "",
        empty=EMPTY[shown],
    )


def asked(show: str, tag: str, cursor: str = "") -> str:
    """Return the query string of one list."""
    return "?" + urlencode({"show": show} | ({"tag": tag} if tag else {}) | ({"cursor": cursor} if cursor else {}))


@router.get("/alerts/{alert_id}")
def alert(alert_id: Id, at: At, *, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Show one alert."""
    return alert_page(sessions, at, alert_id, settings=settings.warn, now=now)


@router.post("/alerts/{alert_id}")
def act(alert_id: Id, at: At, form: Posted, *, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Acknowledge or resolve; a refusal is shown with the note that was typed."""
    at.signed_in.actor.must("review")
    change = {"acknowledge": acknowledge, "resolve": resolve}.get(one(form, "act"))
    if change is None:
        raise Invalid(_("the form says neither to acknowledge nor to resolve"))
    note = one(form, "note")
    try:
        with writing(sessions) as session:
            change(session, alert_id, at.account_id, note or None, now)
    except WarnError as refused:
        return alert_page(
            sessions,
            at,
            alert_id,
            settings=settings.warn,
            now=now,
            typed=note,
            refused=sentence(str(refused)),
            status=409 if isinstance(refused, Conflict) else 422,
        )
    return see_other(f"/alerts/{alert_id}")


def alert_page(
    sessions: Sessions,
    at: Desk,
    alert_id: int,
    *,
    settings: WarnSettings,
    now: dt.datetime,
    typed: str = "",
    refused: str = "",
    status: int = 200,
) -> Response:
    """Return the page of one alert, and keep which texts it showed; `typed` is a note whose action was `refused`."""
    with reading(sessions) as session:
        held = on_the_page(session, at, alert_id, settings, now)
        answer = page("alert.html", status, desk=at, now=now, error=refused, note=typed, **held)
    audit.note_listing(sessions, at.account_id, [one.id for one in held["entries"] if one.whole], now)
    return answer


def on_the_page(session: Session, at: Desk, alert_id: int, settings: WarnSettings, now: dt.datetime) -> dict[str, Any]:
    """Return everything that the page of one alert shows besides what was typed."""
    found = session.get(Alert, alert_id)
    if found is None:
        raise NotFound(_("there is no alert %(id)s", id=alert_id))
    resting = session.scalars(
        select(AlertAssessment.assessment_id)
        .where(AlertAssessment.alert_id == alert_id)
        .order_by(AlertAssessment.assessment_id.desc())
        .limit(PASSAGES)
    ).all()
    linked = count_linked(session, alert_id)
    points = surge_points(session, found, settings, now)
    events = timeline.lines(session, alert_id)
    return {
        "alert": found,
        "rule": session.get_one(Rule, found.rule_id),
        "silence": session.get(Silence, found.silenced_by) if found.silenced_by else None,
        "indicators": [(key, _(INDICATORS[key]) if key in INDICATORS else "") for key in found.indicators],
        "facts": facts(found.details),
        "drawn": draw(points) if points else None,
        "view": explored(found) if points else None,
        "names": names_of(session, found),
        "entries": entries_of(session, details(session, resting), "/assessments/{}".format, at),
        "more": max(0, linked - PASSAGES),
        "deliveries": deliveries(session, alert_id),
        "lines": shown(session, events),
        "own": alert_desk(session, at, found, events),
        "sightings": {
            key: count for key, count in timeline.sightings(session, [alert_id]).get(alert_id, {}).items() if count
        },
    }


def surge_points(session: Session, found: Alert, settings: WarnSettings, now: dt.datetime) -> list[Point]:
    """Return the hours that a surge rests on, with two days before them; none for an alert of another kind."""
    rests_on = found.details.get("rests_on", {})
    if found.kind != "surge" or "until" not in rests_on:
        return []
    dimension, value = rests_on["dimension"], rests_on["value"]
    grouped = dimension != "all"
    found_series = trends(
        session,
        label=rests_on["label"],
        bucket="hour",
        since=dt.datetime.fromisoformat(rests_on["since"]) - BEFORE,
        until=dt.datetime.fromisoformat(rests_on["until"]),
        group_by=dimension if grouped else None,
        values=[value] if grouped else None,
        country=None if dimension == "country" else rests_on["country"],
        now=now,
        settings=settings,
    )
    return [point for series in found_series for point in series.points]


def explored(found: Alert) -> Question:
    """Return the view of the explorer that holds the hours a surge rests on."""
    rests_on = found.details["rests_on"]
    since, until = (dt.datetime.fromisoformat(rests_on[end]).astimezone(dt.UTC) for end in ("since", "until"))
    grouped = rests_on["dimension"] != "all"
    return Question(
        label=(rests_on["label"],),
        by=rests_on["dimension"] if grouped else "",
        pick=(rests_on["value"],) if grouped else (),
        days=str((until - since + BEFORE).days + 1),
        until=until.date().isoformat(),
        bucket="hour",
        country="" if rests_on["dimension"] == "country" else rests_on["country"] or "",
    )


def count_linked(session: Session, alert_id: int) -> int:
    """Count the assessments that an alert rests on."""
    linked = select(func.count()).select_from(AlertAssessment).where(AlertAssessment.alert_id == alert_id)
    return session.scalar(linked) or 0


def names_of(session: Session, found: Alert) -> dict[int | None, str]:
    """Return the names of the people who acted on an alert."""
    ids = [one for one in (found.acknowledged_by, found.resolved_by, found.owner_id) if one]
    names: dict[int | None, str] = {
        one.id: one.name for one in session.scalars(select(Account).where(Account.id.in_(ids)))
    }
    return {None: _("somebody")} | names


def deliveries(session: Session, alert_id: int) -> list[dict[str, Any]]:
    """Return what was sent of an alert, or is still owed, to whom."""
    rows = session.execute(
        select(Delivery, Webhook)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.alert_id == alert_id)
        .order_by(Delivery.id)
    )
    keys = ("event", "state", "tries", "last_error", "delivered_at", "next_attempt_at")
    return [
        {"partner": webhook.description or shown_address(webhook)} | {key: getattr(delivery, key) for key in keys}
        for delivery, webhook in rows
    ]


def facts(details: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the alert is about and what people found, as (name, value)."""
    about = details.get("about", {})
    found = [
        (label, ", ".join(SPOKEN.get(key, {}).get(value, value) for value in about[key]))
        for key, label in ABOUT.items()
        if about.get(key)
    ]
    if details.get("reviews"):
        counts = ", ".join(
            f"{count} {words.STATUSES.get(status, status)}" for status, count in details["reviews"].items()
        )
        found.append((_("Reviews"), counts))
    if details.get("all_rejected"):
        found.append((_("Note"), _("People have rejected every passage that this alert rests on.")))
    rests_on = details.get("rests_on", {})
    if "observed" in rests_on:
        counted = _(
            "%(observed)s voices in %(hours)s hours, where %(expected)s were to be expected among %(scanned)s read",
            observed=number(rests_on["observed"]),
            hours=number(rests_on["window_hours"]),
            expected=decimal(rests_on["expected"], 1),
            scanned=number(rests_on["scanned"]),
        )
        found.append((_("Counted"), counted))
    return found
