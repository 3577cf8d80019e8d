"""Rules: what each looks for, how it is written, and what it would have done before it wakes anybody.

Everybody reads them; a lead writes them, replays them over what is stored, and switches them off. None is deleted.
"""

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlalchemy import case, func, select

from api import audit
from api.console.desk import At, ConsoleRoute, Desk, Posted, one
from api.console.rendering import page, see_other, sentence
from api.console.rule_forms import WITHOUT_SEVERITY, asked_of, in_words, typed
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Id, Now, ReadSession
from api.errors import Invalid, NotFound
from models.alert import RULE_KINDS, Alert, Rule
from models.database import Sessions, reading, writing
from warn import rules
from warn.backtest import Report, backtest
from warn.errors import NameTaken, RuleRefused
from warn.rules import RuleInput
from warn.settings import WarnSettings

SPANS = (7, 28, 92)
NOT_REPLAYED = {"outage"}
KINDS = Spoken(
    {
        "item": "One text that is severe enough",
        "surge": "A share of what is read that rises beyond chance",
        "spread": "One message, or one group named, in several places",
        "new_target": "A group that no flagged text named before",
        "coded_term": "A word that rises with flagged texts",
        "outage": "Sources that go silent",
        "calendar": "Texts near a date that weighs: their severity is raised",
    }
)

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Listed:
    """One rule as the list shows it."""

    rule: Rule
    asks: list[tuple[str, str]]
    alerts: int
    unresolved: int


@router.get("/rules")
def show(at: At, session: ReadSession) -> Response:
    """List rules, those in use first."""
    unresolved = func.sum(case((Alert.state != "resolved", 1), else_=0))
    counted = select(Alert.rule_id, func.count(), unresolved).group_by(Alert.rule_id)
    alerts = {rule_id: (count, standing) for rule_id, count, standing in session.execute(counted)}
    found = session.scalars(select(Rule).order_by(Rule.enabled.desc(), Rule.id.desc())).all()
    rows = [Listed(one, in_words(one), *alerts.get(one.id, (0, 0))) for one in found]
    return page("rules.html", desk=at, rows=rows, kinds=KINDS.items())


@router.get("/rules/write")
def write(request: Request, at: At, session: ReadSession) -> Response:
    """Show the form of a new rule of a `kind`, or of the `rule` that is to be changed."""
    at.signed_in.actor.must("lead")
    number = request.query_params.get("rule", "")
    if number:
        found = session.get(Rule, int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
        if found is None:
            raise NotFound(_("there is no such rule"))
        return form_page(at, rules.input_of(found), number)
    return form_page(at, RuleInput("", kind_of(request.query_params.get("kind", ""))))


@router.post("/rules")
def send(at: At, form: Posted, *, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Replay what was typed, or keep it; what is wrong is said beside the form."""
    at.signed_in.actor.must("lead")
    rule, number = typed(form, kind_of(one(form, "kind"))), one(form, "rule")
    days = int(one(form, "days")) if one(form, "days") in {str(span) for span in SPANS} else 28
    try:
        if one(form, "act") == "replay":
            return form_page(at, rule, number, replay(sessions, rule, days, settings.warn, now), days=days)
        if one(form, "act") != "keep":
            raise Invalid(_("the form says neither to replay a rule nor to keep it"))
        keep(sessions, at, rule, number, now)
    except (RuleRefused, NameTaken) as refused:
        return form_page(at, rule, number, days=days, error=sentence(str(refused)), status=422)
    return see_other("/rules")


@router.post("/rules/{rule_id}")
def switch(rule_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Switch a rule on or off."""
    at.signed_in.actor.must("lead")
    asked = one(form, "act")
    if asked not in {"on", "off"}:
        raise Invalid(_("the form says nothing that can be done with a rule"))
    with writing(sessions) as session:
        rules.change_rule(session, rule_id, {"enabled": asked == "on"})
        audit.note(session, at.account_id, "rule.changed", now, details={"rule": rule_id, "act": asked})
    return see_other("/rules")


def replay(sessions: Sessions, rule: RuleInput, days: int, settings: WarnSettings, now: dt.datetime) -> Report:
    """Say what a rule would have done; a draft needs no name yet."""
    with reading(sessions) as session:
        named = RuleInput(**(vars(rule) | {"name": rule.name or "draft"}))
        return backtest(session, named, now - dt.timedelta(days=days), now, settings)


def keep(sessions: Sessions, at: Desk, rule: RuleInput, number: str, now: dt.datetime) -> None:
    """Keep a new rule, or the change of an old one; raises RuleRefused, NameTaken or NotFound."""
    with writing(sessions) as session:
        if number.isascii() and number.isdigit() and len(number) < 10:
            kept = rules.change_rule(session, int(number), vars(rule))
        else:
            kept = rules.create_rule(session, rule, at.account_id, now)
        audit.note(session, at.account_id, "rule.changed", now, details={"rule": kept.id, "act": "keep"})


def kind_of(text: str) -> str:
    """Return the kind of rule that was asked for; raises Invalid."""
    if text not in RULE_KINDS:
        raise Invalid(_("there is no such kind of rule"))
    return text


def form_page(
    at: Desk,
    rule: RuleInput,
    number: str = "",
    report: Report | None = None,
    *,
    days: int = 28,
    error: str = "",
    status: int = 200,
) -> Response:
    """Show a rule's form with what is in it, and below it what a replay found."""
    return page(
        "rule.html",
        status,
        desk=at,
        rule=rule,
        number=number,
        meaning=KINDS[rule.kind],
        fields=asked_of(rule),
        severe=rule.kind not in WITHOUT_SEVERITY,
        signalled=rule.kind != "outage",
        replayed=rule.kind not in NOT_REPLAYED,
        report=report,
        most=max([1, *(week.alarms for week in report.weeks)]) if report else 1,
        days=days,
        spans=SPANS,
        error=error,
    )
