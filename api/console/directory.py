"""The private directory of who can act: reviewers read it, administrators keep it.

It names people who could calm things down; nothing is ever concluded about them.
"""

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from sqlalchemy import select
from starlette.datastructures import FormData

from api.console.desk import At, ConsoleRoute, Posted, one
from api.console.partners import in_words
from api.console.rendering import page, see_other
from api.console.translation import gettext as _
from api.dependencies import AllSessions, Id, Now, ReadSession
from api.errors import Invalid
from api.routes import contacts
from models.contact import Contact
from models.database import writing

MOST = 500
FIELDS = ("name", "kind", "role", "country", "region", "language", "reach", "tier", "notes")
OPTIONAL = {"country", "region", "language"}

router = APIRouter(route_class=ConsoleRoute)


@router.get("/contacts")
def show(request: Request, at: At, session: ReadSession) -> Response:
    """List the directory by place; `edit` opens one entry in the form."""
    at.signed_in.actor.must("review")
    query = select(Contact).order_by(Contact.enabled.desc(), Contact.country, Contact.region, Contact.name).limit(MOST)
    rows = session.scalars(query).all()
    edited = next((row for row in rows if str(row.id) == request.query_params.get("edit", "")), None)
    form = {name: (getattr(edited, name) or "") if edited else "" for name in FIELDS}
    groups = ", ".join(edited.groups) if edited else ""
    form |= {"groups": groups, "tier": form["tier"] or "counts"}
    return page("contacts.html", desk=at, rows=rows, edited=edited, form=form)


@router.post("/contacts")
def add(at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Add somebody who could act."""
    at.signed_in.actor.must("admin")
    try:
        sent = contacts.ContactSent.model_validate(typed(form))
    except ValidationError as refused:
        raise Invalid(in_words(refused)) from None
    with writing(sessions) as session:
        contacts.create_contact(at.signed_in.actor, session, now, sent)
    return see_other("/contacts")


@router.post("/contacts/{contact_id}")
def change(contact_id: Id, at: At, form: Posted, sessions: AllSessions) -> Response:
    """Change an entry, switch it off or on, or forget it."""
    at.signed_in.actor.must("admin")
    asked, who = one(form, "act"), at.signed_in.actor
    try:
        with writing(sessions) as session:
            if asked == "forget":
                contacts.delete_contact(who, session, contact_id)
            elif asked in {"on", "off"}:
                contacts.change_contact(who, session, contact_id, contacts.ContactChange(enabled=asked == "on"))
            elif asked == "change":
                contacts.change_contact(who, session, contact_id, contacts.ContactChange.model_validate(typed(form)))
            else:
                raise Invalid(_("the form says nothing that can be done with an entry"))
    except ValidationError as refused:
        raise Invalid(in_words(refused)) from None
    return see_other("/contacts")


def typed(form: FormData) -> dict[str, object]:
    """Return an entry as the API takes it: empty places are everywhere, groups stand between commas."""
    found: dict[str, object] = {name: one(form, name) or (None if name in OPTIONAL else "") for name in FIELDS}
    found["groups"] = [part.strip() for part in one(form, "groups").split(",") if part.strip()]
    if isinstance(found["country"], str):
        found["country"] = found["country"].upper()
    return found
