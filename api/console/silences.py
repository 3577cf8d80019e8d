"""Silences: what is held back now, why and until when; a lead makes one and ends it.

Alerts are raised and shown all the same. When a silence ends, what it held and is unresolved goes out.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from api import audit
from api.console import words
from api.console.desk import At, ConsoleRoute, Desk, Posted, many, one
from api.console.rendering import page, see_other, sentence
from api.console.translation import Spoken, ngettext
from api.console.translation import gettext as _
from api.dependencies import MAX_ID, AllSessions, Id, Now, ReadSession
from models.account import Account
from models.alert import Alert, Rule, Silence
from models.codebook import SIGNALS
from models.database import reading, writing
from warn import silences
from warn.errors import NotFound, SilenceRefused
from warn.rules import wanted_values
from warn.silences import SilenceInput

HOURS = (1, 4, 12, 24, 72, 168, 720)
MOST = 100
DAY = 24
TYPED = Spoken(
    {
        "target_names": "Groups named",
        "countries": "Countries",
        "regions": "Regions",
        "languages": "Languages",
        "sources": "Sources",
    }
)

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Listed:
    """One silence as the list shows it; `held` unresolved alerts wait for its end."""

    silence: Silence
    scope: list[str]
    by: str
    held: int
    state: str


@router.get("/silences")
def show(at: At, session: ReadSession, now: Now) -> Response:
    """List silences, those that hold something back first."""
    return silences_page(session, at, now)


@router.post("/silences")
def add(at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Hold deliveries back; a refusal is shown beside what was typed."""
    at.signed_in.actor.must("lead")
    try:
        with writing(sessions) as session:
            kept = silences.create_silence(session, typed(form, now), at.account_id, now)
            audit.note(session, at.account_id, "silence.changed", now, details={"silence": kept.id, "act": "begin"})
    except (SilenceRefused, NotFound) as refused:
        with reading(sessions) as session:
            return silences_page(session, at, now, form, sentence(str(refused)))
    return see_other("/silences")


@router.post("/silences/{silence_id}")
def end(silence_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """End a silence now; what it held is delivered at the next turn."""
    del form  # it has been checked
    at.signed_in.actor.must("lead")
    with writing(sessions) as session:
        silences.end_silence(session, silence_id, now)
        audit.note(session, at.account_id, "silence.changed", now, details={"silence": silence_id, "act": "end"})
    return see_other("/silences")


def typed(form: FormData, now: dt.datetime) -> SilenceInput:
    """Return the silence that was typed: a rule, or what alerts are about, or both."""
    hours = one(form, "hours")
    rule = one(form, "rule")
    filters = {key: [part.strip() for part in one(form, key).split(",") if part.strip()] for key in TYPED}
    filters["countries"] = [code.upper() for code in filters["countries"]]
    filters["signals"] = [key for key in many(form, "signals") if key in SIGNALS]
    return SilenceInput(
        reason=one(form, "reason")[:2000],
        ends_at=now + dt.timedelta(hours=int(hours) if hours in {str(some) for some in HOURS} else 0),
        rule_id=int(rule) if rule.isascii() and rule.isdigit() and 0 < int(rule[:19]) <= MAX_ID else None,
        filters={key: values for key, values in filters.items() if values},
    )


def silences_page(
    session: Session, at: Desk, now: dt.datetime, form: FormData | None = None, error: str = ""
) -> Response:
    """Show the silences, and the form with what was typed in it."""
    rules = {row.id: row.name for row in session.execute(select(Rule.id, Rule.name).order_by(Rule.name))}
    waiting = (
        select(Alert.silenced_by, func.count().label("alerts"))
        .where(Alert.silenced_by.is_not(None), Alert.state != "resolved")
        .group_by(Alert.silenced_by)
    )
    held = {row.silenced_by: row.alerts for row in session.execute(waiting)}
    found = session.scalars(select(Silence).order_by(Silence.ends_at.desc(), Silence.id.desc()).limit(MOST)).all()
    people = {row.created_by for row in found}
    names = {row.id: row.name for row in session.scalars(select(Account).where(Account.id.in_(people)))}
    return page(
        "silences.html",
        422 if error else 200,
        desk=at,
        rows=[
            Listed(
                row,
                scope_of(row, rules),
                names.get(row.created_by or 0, ""),
                held.get(row.id, 0),
                "over" if row.ends_at <= now else "coming" if row.starts_at > now else "on",
            )
            for row in found
        ],
        rules=[(str(rule_id), name) for rule_id, name in rules.items()],
        hours=[(str(some), hours_in_words(some)) for some in HOURS],
        fields=[(key, label, one(form, key) if form else "") for key, label in TYPED.items()],
        form={key: one(form, key) if form else "" for key in ("reason", "hours", "rule")},
        ticked=many(form, "signals") if form else [],
        error=error,
    )


def scope_of(row: Silence, rules: Mapping[int, str]) -> list[str]:
    """Say what a silence holds back."""
    said = [_("rule “%(name)s”", name=rules.get(row.rule_id, str(row.rule_id)))] if row.rule_id else []
    for key in sorted(row.filters):  # PostgreSQL keeps keys in an order of its own
        spoken: Mapping[str, str] = {"signals": words.SIGNALS, "targets": words.TARGETS}.get(key, {})
        said.append(", ".join(spoken.get(value, value) for value in wanted_values(row.filters[key])))
    return said


def hours_in_words(hours: int) -> str:
    """Return how long a silence would last."""
    if hours < DAY:
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    return ngettext("%(num)s day", "%(num)s days", hours // DAY)
