"""What deserves an alert: rules that an operator writes, changes and switches off."""

import datetime as dt
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api import audit
from api.dependencies import CurrentSettings, Id, Lead, Moment, Now, Reader, ReadSession, Session, Word
from api.errors import NotFound
from api.pagination import Listed, PageWanted, after, listed
from api.problems import describe_failures
from api.strict_json import StrictRoute
from models.alert import RULE_KINDS, Rule
from warn import parameters, rules
from warn.backtest import backtest

router = APIRouter(prefix="/v1/rules", tags=["rules"], route_class=StrictRoute)

FILTERS = "Narrow by target, target_name, language, country, region, source, stance; a value or a list of values."
BACKTEST_SPAN = dt.timedelta(days=28)
PARAMETERS = (
    "The kind's own: " + "; ".join(f"{kind}: {', '.join(known)}" for kind, known in parameters.KINDS.items()) + "."
)


class RuleShape(BaseModel):
    """One rule."""

    id: int
    name: str
    kind: str
    min_severity: int
    signals: list[str]
    filters: dict[str, Any]
    parameters: dict[str, Any]
    enabled: bool
    created_at: dt.datetime
    evaluated_until: dt.datetime | None = Field(description="How far a surge rule has looked.")


class RuleSent(BaseModel):
    """A rule; it looks at what is assessed from now on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "Calls for violence in Kenya",
                "kind": "item",
                "min_severity": 70,
                "signals": ["incitement"],
                "filters": {"country": "KE"},
                "parameters": {"min_stage": 3},
            }
        },
    )

    name: Word
    kind: Literal[RULE_KINDS]  # type: ignore[valid-type]
    min_severity: int = Field(default=0, ge=0, le=100)
    signals: list[str] = Field(default_factory=list, description="Any of them; empty: whatever is flagged.")
    filters: dict[str, Any] = Field(default_factory=dict, description=FILTERS)
    parameters: dict[str, Any] = Field(default_factory=dict, description=PARAMETERS)
    enabled: bool = True


class RuleChange(BaseModel):
    """What to change; what is left out stays. The kind stays what it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"enabled": False}})

    name: Word | None = None
    kind: Literal[RULE_KINDS] | None = None  # type: ignore[valid-type]
    min_severity: int | None = Field(default=None, ge=0, le=100)
    signals: list[str] | None = None
    filters: dict[str, Any] | None = Field(default=None, description=FILTERS)
    parameters: dict[str, Any] | None = Field(default=None, description=PARAMETERS)
    enabled: bool | None = None


class BacktestSent(RuleSent):
    """A rule to replay over what is stored, by default the last 28 days."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"kind": "item", "min_severity": 70, "since": "2026-02-14", "until": "2026-03-14T09:30:00Z"}
        },
    )

    name: Word = "backtest"
    since: Moment | None = None
    until: Moment | None = None


class WeekShape(BaseModel):
    """A week, from Monday, and the alarms that would have begun in it."""

    at: dt.datetime
    alarms: int


class ExampleShape(BaseModel):
    """One alarm that would have been raised."""

    at: dt.datetime
    title: str
    summary: str


class BacktestShape(BaseModel):
    """What a rule would have done."""

    since: dt.datetime
    until: dt.datetime
    alarms: int
    alarms_per_week: float
    weeks: list[WeekShape]
    examples: list[ExampleShape] = Field(description="The latest alarms.")
    reviews: dict[str, int] | None = Field(
        description="What people decided about the posts behind the alarms; of surges, about alerts of the same series."
    )
    precision: float | None = Field(description="Confirmed among the decided; null where nobody decided.")
    missed: int | None = Field(description="Confirmed posts, or surges, of the time that the rule would leave alone.")
    complete: bool = Field(description="False when there was more than could be read.")


@router.get("", summary="List rules", responses=describe_failures(401, 403, 422))
def list_rules(_who: Reader, session: ReadSession, page: PageWanted) -> Listed[RuleShape]:
    """List rules, the newest first."""
    query = select(Rule).order_by(Rule.id.desc()).limit(page.limit + 1)
    if (beyond := after(page.cursor, "id", Rule.id)) is not None:
        query = query.where(beyond)
    return listed(session.scalars(query).all(), page, "id", lambda row: (row.id,), rule_shape)


@router.get("/{rule_id}", summary="One rule", responses=describe_failures(401, 403, 404, 422))
def get_rule(_who: Reader, session: ReadSession, rule_id: Id) -> RuleShape:
    """Show one rule."""
    rule = session.get(Rule, rule_id)
    if rule is None:
        raise NotFound(f"there is no rule {rule_id}")
    return rule_shape(rule)


@router.post("", status_code=201, summary="Write a rule", responses=describe_failures(401, 403, 409, 422))
def create_rule(who: Lead, session: Session, now: Now, sent: RuleSent) -> RuleShape:
    """Keep a new rule; the worker looks by it at its next turn."""
    kept = rules.create_rule(session, rules.RuleInput(**sent.model_dump()), who.account_id, now)
    audit.note(session, who.account_id, "rule.changed", now, details={"rule": kept.id, "act": "keep"})
    return rule_shape(kept)


@router.patch("/{rule_id}", summary="Change a rule", responses=describe_failures(401, 403, 404, 409, 422))
def change_rule(who: Lead, session: Session, now: Now, rule_id: Id, sent: RuleChange) -> RuleShape:
    """Change a rule, or switch it off: rules are not deleted, because their alerts name them."""
    changes = {name: value for name, value in sent.model_dump(exclude_unset=True).items() if value is not None}
    kept = rules.change_rule(session, rule_id, changes)
    audit.note(session, who.account_id, "rule.changed", now, details={"rule": rule_id, "act": "keep"})
    return rule_shape(kept)


@router.post("/backtest", summary="Replay a rule", responses=describe_failures(401, 403, 422))
def backtest_rule(
    _who: Lead, session: ReadSession, settings: CurrentSettings, now: Now, sent: BacktestSent
) -> BacktestShape:
    """Say what a rule would have done with what is stored, before anybody is woken by it. Nothing is kept."""
    values = sent.model_dump()
    until = values.pop("until") or now
    since = values.pop("since") or until - BACKTEST_SPAN
    report = backtest(session, rules.RuleInput(**values), since, until, settings.warn)
    return BacktestShape.model_validate(report, from_attributes=True)


def rule_shape(rule: Rule) -> RuleShape:
    """Show one rule."""
    return RuleShape.model_validate(rule, from_attributes=True)
