"""Inhibitions: which alerts hold which others back from partners, and why; a lead makes one and ends it.

Alerts are raised and shown all the same. The form knows rules, severity and stage; the HTTP API knows every filter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from api import audit
from api.console import words
from api.console.desk import At, ConsoleRoute, Desk, Posted, many, one
from api.console.rendering import page, see_other, sentence
from api.console.silences import hours_in_words
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import MAX_ID, AllSessions, Id, Now, ReadSession
from models.account import Account
from models.alert import Inhibition, Rule
from models.codebook import STAGES
from models.database import reading, writing
from warn import inhibitions
from warn.about import FIELDS
from warn.errors import InhibitionRefused, NotFound
from warn.inhibitions import InhibitionInput
from warn.rules import wanted_values

HOURS = (6, 24, 72, 168)
USUAL_HOURS = "24"
USUAL_EQUAL = ["countries", "targets"]
MOST = 100
EQUAL = Spoken(
    {
        "countries": "Country",
        "targets": "Class of group",
        "target_names": "Group named",
        "signals": "Signal",
        "regions": "Region",
        "languages": "Language",
        "sources": "Source",
    }
)

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Listed:
    """One inhibition as the list shows it."""

    inhibition: Inhibition
    holder: list[str]
    held: list[str]
    equal: list[str]
    hours: str
    by: str


@router.get("/inhibitions")
def show(at: At, session: ReadSession) -> Response:
    """List inhibitions, those that have not ended first."""
    return inhibitions_page(session, at)


@router.post("/inhibitions")
def add(at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Let one alert hold another; a refusal is shown beside what was typed."""
    at.signed_in.actor.must("lead")
    try:
        with writing(sessions) as session:
            kept = inhibitions.create_inhibition(session, typed(form), at.account_id, now)
            details = {"inhibition": kept.id, "act": "begin"}
            audit.note(session, at.account_id, "inhibition.changed", now, details=details)
    except (InhibitionRefused, NotFound) as refused:
        with reading(sessions) as session:
            return inhibitions_page(session, at, form, sentence(str(refused)))
    return see_other("/inhibitions")


@router.post("/inhibitions/{inhibition_id}")
def end(inhibition_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """End an inhibition now; what it held is delivered at the next turn."""
    del form  # it has been checked
    at.signed_in.actor.must("lead")
    with writing(sessions) as session:
        inhibitions.end_inhibition(session, inhibition_id, now)
        details = {"inhibition": inhibition_id, "act": "end"}
        audit.note(session, at.account_id, "inhibition.changed", now, details=details)
    return see_other("/inhibitions")


def typed(form: FormData) -> InhibitionInput:
    """Return the inhibition that was typed."""
    hours = one(form, "hours")
    return InhibitionInput(
        reason=one(form, "reason")[:2000],
        holder_rule_id=whole(one(form, "holder_rule"), MAX_ID),
        holder_filters=levels(form, "holder", "min"),
        held_rule_id=whole(one(form, "held_rule"), MAX_ID),
        held_filters=levels(form, "held", "max"),
        equal=[key for key in FIELDS if key in many(form, "equal")],
        hours=int(hours) if hours in {str(some) for some in HOURS} else 0,
    )


def levels(form: FormData, which: str, bound: str) -> dict[str, Any]:
    """Return the severity and the stage that were typed for one of the two."""
    asked = {name: whole(one(form, f"{which}_{name}"), 100, least=0) for name in ("severity", "stage")}
    return {f"{bound}_{name}": value for name, value in asked.items() if value is not None}


def whole(word: str, most: int, least: int = 1) -> int | None:
    """Return a whole number within bounds, None for anything else."""
    return int(word) if word.isascii() and word.isdigit() and least <= int(word[:19]) <= most else None


def inhibitions_page(session: Session, at: Desk, form: FormData | None = None, error: str = "") -> Response:
    """Show the inhibitions, and the form with what was typed in it."""
    rules = {row.id: row.name for row in session.execute(select(Rule.id, Rule.name).order_by(Rule.name))}
    order = (Inhibition.ended_at.is_not(None), Inhibition.id.desc())
    found = session.scalars(select(Inhibition).order_by(*order).limit(MOST)).all()
    people = {row.created_by for row in found}
    names = {row.id: row.name for row in session.scalars(select(Account).where(Account.id.in_(people)))}
    hours = one(form, "hours") if form else USUAL_HOURS
    asked = [f"{which}_{name}" for which in ("holder", "held") for name in ("rule", "severity", "stage")]
    return page(
        "inhibitions.html",
        422 if error else 200,
        desk=at,
        rows=[
            Listed(
                row,
                in_words(row.holder_rule_id, row.holder_filters, rules),
                in_words(row.held_rule_id, row.held_filters, rules),
                [EQUAL[key] for key in row.equal if key in EQUAL],
                hours_in_words(row.hours),
                names.get(row.created_by or 0, ""),
            )
            for row in found
        ],
        rules=[(str(rule_id), name) for rule_id, name in rules.items()],
        hours=[(str(some), hours_in_words(some)) for some in HOURS],
        stages=[(str(stage), words.STAGES[stage]) for stage in STAGES],
        equal=EQUAL.items(),
        ticked=many(form, "equal") if form else USUAL_EQUAL,
        form={key: one(form, key) if form else "" for key in ("reason", *asked)} | {"hours": hours},
        error=error,
    )


def in_words(rule_id: int | None, filters: Mapping[str, Any], rules: Mapping[int, str]) -> list[str]:
    """Say which alerts are meant."""
    said = [_("rule “%(name)s”", name=rules.get(rule_id, str(rule_id)))] if rule_id else []
    for key in sorted(filters):  # PostgreSQL keeps keys in an order of its own
        value = filters[key]
        if key == "min_severity":
            said.append(_("severity %(severity)s or more", severity=value))
        elif key == "max_severity":
            said.append(_("severity %(severity)s at most", severity=value))
        elif key == "min_stage":
            said.append(_("stage %(stage)s or higher", stage=value))
        elif key == "max_stage":
            said.append(_("stage %(stage)s at most", stage=value))
        else:
            spoken = {"signals": words.SIGNALS, "targets": words.TARGETS, "kinds": words.ALERT_KINDS}.get(key, {})
            said.append(", ".join(spoken.get(one_value, one_value) for one_value in wanted_values(value)))
    return said
