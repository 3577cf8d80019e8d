"""Who could be engaged about an alert: the entries of the private directory that fit its place and its groups.

It proposes and logs; whether and how anybody is approached is for people to decide.
"""

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.alert import Alert, AlertEvent
from models.contact import Contact
from warn import timeline
from warn.errors import NotFound
from warn.lifecycle import existing


def fits(contact: Contact, about: dict[str, list[str]]) -> bool:
    """Whether a contact is for an alert about this: each field that the contact leaves empty fits everything."""
    named = {*about.get("target_names", ()), *about.get("targets", ())}
    return (
        (contact.country is None or contact.country in about.get("countries", ()))
        and (contact.region is None or contact.region in about.get("regions", ()))
        and (not contact.groups or bool(named & {*contact.groups}))
    )


def could_engage(session: Session, alert_id: int) -> list[Contact]:
    """Return whom an alert is for, the most particular first; raises NotFound."""
    about: dict[str, Any] = existing(session, alert_id).details.get("about", {})
    found = [one for one in session.scalars(select(Contact).where(Contact.enabled)) if fits(one, about)]
    return sorted(found, key=lambda one: (-_particular(one), one.id))


def engaged(
    session: Session, alert_id: int, contact_id: int, account_id: int | None, note: str | None, now: dt.datetime
) -> AlertEvent:
    """Log that somebody was engaged; raises NotFound. The line keeps who it was, whatever becomes of the directory."""
    alert: Alert = existing(session, alert_id)
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise NotFound(f"There is no contact {contact_id}.")
    details = {"contact_id": contact.id, "kind": contact.kind, "tier": contact.tier}
    return timeline.add(session, alert.id, "engaged", now, account_id=account_id, note=note, details=details)


def _particular(contact: Contact) -> int:
    return (contact.country is not None) + 2 * (contact.region is not None) + 2 * bool(contact.groups)
