"""What somebody should look at, what it rests on, and who has taken it on."""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from api import audit, queue
from api.dependencies import MAX_ID, AllSessions, Id, Moment, Now, Reader, ReadSession, Reviewer, Session, Word
from api.errors import NotFound
from api.pagination import Listed, PageWanted, after, listed
from api.problems import describe_failures
from api.shapes import AssessmentShape, assessment_shape, shown_whole
from api.strict_json import StrictRoute
from models.account import Account
from models.alert import ALERT_STATES, RULE_KINDS, SIGHTINGS, Alert, Rule, tagged
from models.database import reading
from warn import alerts, confirmed, timeline

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=StrictRoute)

MOST_ASSESSMENTS = 50


class RuleInBrief(BaseModel):
    """Which rule asked for it."""

    id: int
    name: str


class Step(BaseModel):
    """Somebody took a step, and why."""

    at: dt.datetime
    by: str = Field(description="The account's name.")
    note: str | None


class AlertShape(BaseModel):
    """One thing that somebody should look at. The machine proposes it; whether a person has looked is said here."""

    id: int
    rule: RuleInBrief
    kind: str = Field(description=f"One of {', '.join(RULE_KINDS)}.")
    state: str = Field(description=f"One of {', '.join(ALERT_STATES)}.")
    title: str
    summary: str
    severity: int
    count: int = Field(description="Events that joined it.")
    opened_at: dt.datetime
    last_event_at: dt.datetime
    indicators: list[str] = Field(description="Indicators of the UN Framework of Analysis it is consistent with.")
    details: dict[str, Any]
    reviewed: bool = Field(description="Whether a person has reviewed what it rests on.")
    silenced_by: int | None = Field(description="The silence that holds its deliveries back.")
    inhibited_by: int | None = Field(description="The alert that holds its deliveries back from who was told of that.")
    acknowledged: Step | None
    resolved: Step | None
    owner: str | None = Field(description="Whose alert it is.")
    escalated_at: dt.datetime | None = Field(description="When it was said that nobody had taken it on.")
    merged_into: int | None = Field(description="The alert that it goes on in.")
    tags: list[str] = Field(description="Words of the desk's own, to find it by.")
    sightings: dict[str, int] = Field(description="How many partners answer seen, disputed, confirmed.")
    machine: str


class AlertWithAssessments(AlertShape):
    """One alert with what it rests on."""

    assessments: list[AssessmentShape] = Field(description=f"The worst {MOST_ASSESSMENTS} of them.")
    verdict: Literal[confirmed.VERDICTS] | None = Field(  # type: ignore[valid-type]
        default=None, description="What a person or partner said last: a real event, or not; null while nobody has."
    )


class VerdictSent(BaseModel):
    """Whether it was an event. A confirmed surge leaves the history that later ones are measured against."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"verdict": "confirmed", "note": "Two partners saw the same."}}
    )

    verdict: Literal[confirmed.VERDICTS]  # type: ignore[valid-type]
    note: str | None = Field(default=None, max_length=5000)


class NoteSent(BaseModel):
    """Why, for those who come after."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "Called the desk in Marrok."}})

    note: str | None = Field(default=None, max_length=5000)


@router.get("", summary="List alerts", responses=describe_failures(401, 403, 422))
def list_alerts(
    _who: Reader,
    session: ReadSession,
    page: PageWanted,
    *,
    state: Annotated[Literal[ALERT_STATES] | None, Query()] = None,  # type: ignore[valid-type]
    kind: Annotated[Literal[RULE_KINDS] | None, Query()] = None,  # type: ignore[valid-type]
    rule_id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    min_severity: Annotated[int | None, Query(ge=0, le=100)] = None,
    tag: Annotated[Word | None, Query(description="Those with this tag.")] = None,
    since: Annotated[Moment | None, Query(description="Opened at this time or later.")] = None,
    until: Annotated[Moment | None, Query(description="Opened before this time.")] = None,
) -> Listed[AlertShape]:
    """List alerts, the newest first."""
    query = select(Alert).order_by(Alert.id.desc()).limit(page.limit + 1)
    for column, value in ((Alert.state, state), (Alert.kind, kind), (Alert.rule_id, rule_id)):
        if value is not None:
            query = query.where(column == value)
    if min_severity is not None:
        query = query.where(Alert.severity >= min_severity)
    if tag is not None:
        query = query.where(tagged(tag))
    if since is not None:
        query = query.where(Alert.opened_at >= since)
    if until is not None:
        query = query.where(Alert.opened_at < until)
    if (beyond := after(page.cursor, "id", Alert.id)) is not None:
        query = query.where(beyond)
    rows = session.scalars(query).all()
    names = Names(session, rows)
    return listed(rows, page, "id", lambda row: (row.id,), names.shape)


@router.get("/{alert_id}", summary="One alert", responses=describe_failures(401, 403, 404, 422))
def get_alert(who: Reader, sessions: AllSessions, now: Now, alert_id: Id) -> AlertWithAssessments:
    """Show one alert with the assessments it rests on."""
    with reading(sessions) as session:
        alert = session.get(Alert, alert_id)
        if alert is None:
            raise NotFound(f"there is no alert {alert_id}")
        rests_on = queue.details(session, queue.worst_of_alert(session, alert_id, MOST_ASSESSMENTS))
        shown = AlertWithAssessments(
            **dict(Names(session, [alert]).shape(alert)),
            assessments=[assessment_shape(found) for found in rests_on],
            verdict=confirmed.verdict_of(session, alert_id),
        )
    audit.note_listing(sessions, who.account_id, shown_whole(rests_on), now)
    return shown


@router.post("/{alert_id}/acknowledge", summary="Take it on", responses=describe_failures(401, 403, 404, 409, 422))
def acknowledge(who: Reviewer, session: Session, now: Now, alert_id: Id, sent: NoteSent | None = None) -> AlertShape:
    """Say that you are on it; partners who were told of the alert are told of this."""
    alert = alerts.acknowledge(session, alert_id, who.account_id, sent.note if sent else None, now)
    return Names(session, [alert]).shape(alert)


@router.post("/{alert_id}/resolve", summary="Close it", responses=describe_failures(401, 403, 404, 409, 422))
def resolve(who: Reviewer, session: Session, now: Now, alert_id: Id, sent: NoteSent | None = None) -> AlertShape:
    """Say that it is over, and why; partners who were told of the alert are told of this."""
    alert = alerts.resolve(session, alert_id, who.account_id, sent.note if sent else None, now)
    return Names(session, [alert]).shape(alert)


@router.post("/{alert_id}/verdict", summary="Say whether it was real", responses=describe_failures(401, 403, 404, 422))
def decide(who: Reviewer, session: Session, now: Now, alert_id: Id, sent: VerdictSent) -> AlertShape:
    """Say that it was an event, or was not; it can be said again, and the latest word holds."""
    alert = confirmed.decide(session, alert_id, sent.verdict, who.account_id, sent.note, now)
    return Names(session, [alert]).shape(alert)


class Names:
    """Knows the rules and accounts that some alerts name, so that showing many takes three queries."""

    def __init__(self, session: OrmSession, rows: Any) -> None:
        accounts = {one for row in rows for one in (row.acknowledged_by, row.resolved_by, row.owner_id) if one}
        rules = {row.rule_id for row in rows}
        self.accounts = dict(session.execute(select(Account.id, Account.name).where(Account.id.in_(accounts))).all())
        self.sightings = timeline.sightings(session, [row.id for row in rows])
        self.rules = dict(session.execute(select(Rule.id, Rule.name).where(Rule.id.in_(rules))).all())

    def shape(self, alert: Alert) -> AlertShape:
        """Show one alert."""
        looked = "a person has reviewed what it rests on" if alert.reviewed else "no person has reviewed it"
        return AlertShape(
            **{name: getattr(alert, name) for name in AlertShape.model_fields if hasattr(alert, name)},
            rule=RuleInBrief(id=alert.rule_id, name=self.rules[alert.rule_id]),
            acknowledged=self.step(alert.acknowledged_at, alert.acknowledged_by, alert.acknowledge_note),
            owner=self.accounts.get(alert.owner_id or 0),
            sightings=self.sightings.get(alert.id, dict.fromkeys(SIGHTINGS, 0)),
            resolved=self.step(alert.resolved_at, alert.resolved_by, alert.resolve_note),
            machine=f"raised by the rule '{self.rules[alert.rule_id]}' to be looked at; {looked}",
        )

    def step(self, at: dt.datetime | None, by: int | None, note: str | None) -> Step | None:
        """Show who took a step, None when nobody did."""
        return None if at is None else Step(at=at, by=self.accounts.get(by or 0, "(unknown)"), note=note)
