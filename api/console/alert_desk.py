"""What a desk does with an alert besides taking it on: owner, note, tags, merge, verdict, and who was engaged.

Each form of the alert's page comes here; what each does is the room warn's business. Partners see none of it but a
merge, which they are told as the end of one alert.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.console import alert_words
from api.console.desk import At, ConsoleRoute, Desk, Posted, one
from api.console.rendering import see_other
from api.console.translation import gettext as _
from api.dependencies import MAX_ID, AllSessions, Id, Now
from api.errors import Invalid
from models.account import Account
from models.alert import SIGHTINGS, Alert, AlertEvent
from models.contact import Contact
from models.database import writing
from warn import confirmed, contacts, lifecycle

MOST = 200
LONGEST = 5_000

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Answer:
    """What one partner says now, or who was engaged, as a line of the timeline tells it."""

    at: dt.datetime
    who: str
    kind: str
    note: str


@dataclass(frozen=True)
class AlertDesk:
    """Everything that the forms of one alert offer; the directory is for reviewers alone."""

    owners: list[tuple[str, str]] = field(default_factory=list)
    owner: str = ""
    others: list[tuple[int, str]] = field(default_factory=list)
    tags: str = ""
    verdict: str = ""
    contacts: list[Contact] = field(default_factory=list)
    engaged: list[Answer] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


@router.post("/alerts/{alert_id}/desk")
def act(alert_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Do what one of the forms asks for; the alert's page shows it, a merge the page of the other alert."""
    at.signed_in.actor.must("review")
    asked, who = one(form, "act"), at.account_id
    note = one(form, "note")[:LONGEST]
    target = alert_id
    with writing(sessions) as session:
        if asked == "owner":
            lifecycle.assign(session, alert_id, one(form, "owner") or None, who, now)
        elif asked == "note":
            if not note:
                raise Invalid(_("a note needs words; go back and write some"))
            lifecycle.annotate(session, alert_id, note, who, now)
        elif asked == "tags":
            lifecycle.tag(session, alert_id, one(form, "tags").split(","), who, now)
        elif asked == "merge":
            target = lifecycle.merge(session, alert_id, number(one(form, "into")), who, now).id
        elif asked == "engage":
            contacts.engaged(session, alert_id, number(one(form, "contact")), who, note, now)
        elif asked in confirmed.VERDICTS:
            confirmed.decide(session, alert_id, asked, who, note or None, now)
        else:
            raise Invalid(_("the form says nothing that can be done with an alert"))
    return see_other(f"/alerts/{target}#h-desk")


def alert_desk(session: Session, at: Desk, alert: Alert, events: Sequence[AlertEvent]) -> AlertDesk:
    """Return what the forms of an alert offer to one reader."""
    names = names_of(session, events)
    answers = latest_answers(events, names)
    if not at.may_review:
        return AlertDesk(answers=answers)
    accounts = select(Account.id, Account.name).where(Account.disabled_at.is_(None)).order_by(Account.name).limit(MOST)
    people = dict(session.execute(accounts).all())
    return AlertDesk(
        owners=[(name, name) for name in people.values()],
        owner=people.get(alert.owner_id or 0, ""),
        others=others(session, alert),
        tags=", ".join(alert.tags),
        verdict=confirmed.verdict_of(session, alert.id) or "",
        contacts=contacts.could_engage(session, alert.id),
        engaged=engaged(session, events, names),
        answers=answers,
    )


def others(session: Session, alert: Alert) -> list[tuple[int, str]]:
    """Return the alerts that this one could go on in, those of its rule first."""
    query = (
        select(Alert)
        .where(Alert.state != "resolved", Alert.id != alert.id)
        .order_by((Alert.rule_id != alert.rule_id), Alert.id.desc())
        .limit(MOST)
    )
    return [(one.id, f"{one.id}: {alert_words.title(one)[:80]}") for one in session.scalars(query)]


def names_of(session: Session, events: Sequence[AlertEvent]) -> dict[int | None, str]:
    """Return the names of everybody in a timeline."""
    ids = {event.account_id for event in events if event.account_id is not None}
    return {one.id: one.name for one in session.scalars(select(Account).where(Account.id.in_(ids)))}


def latest_answers(events: Sequence[AlertEvent], names: dict[int | None, str]) -> list[Answer]:
    """Return what each partner says now: the latest answer of each counts."""
    latest = {event.account_id: event for event in events if event.kind in SIGHTINGS}
    return [
        Answer(event.at, names.get(event.account_id, ""), event.kind, event.note or "") for event in latest.values()
    ]


def engaged(session: Session, events: Sequence[AlertEvent], names: dict[int | None, str]) -> list[Answer]:
    """Return who was engaged, by whom and when; whoever left the directory is told by number alone."""
    lines = [event for event in events if event.kind == "engaged"]
    ids = {event.details.get("contact_id") for event in lines}
    known: dict[Any, str] = {one.id: one.name for one in session.scalars(select(Contact).where(Contact.id.in_(ids)))}
    return [
        Answer(
            event.at,
            known.get(event.details.get("contact_id"))
            or _("contact %(number)s, since removed", number=event.details.get("contact_id")),
            names.get(event.account_id, ""),
            event.note or "",
        )
        for event in lines
    ]


def number(text: str) -> int:
    """Return a row's number that a form sent; raises Invalid."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_ID):
        raise Invalid(_("choose one from the list; go back and do so"))
    return int(text)
