"""The private directory of who can act, by place: partner desks, leaders of communities and faiths, institutions."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from api.dependencies import Admin, Id, Now, ReadSession, Reviewer, Session, Word
from api.errors import NotFound
from api.pagination import Listed, PageWanted, after, listed
from api.problems import describe_failures
from api.strict_json import StrictRoute
from models.contact import CONTACT_KINDS, Contact
from models.delivery import TIERS

router = APIRouter(prefix="/v1/contacts", tags=["contacts"], route_class=StrictRoute)

Kind = Literal[CONTACT_KINDS]  # type: ignore[valid-type]
Tier = Literal[TIERS]  # type: ignore[valid-type]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1, two letters; null: everywhere.")]
Text = Annotated[str, Field(max_length=2000)]
Group = Annotated[str, Field(min_length=1, max_length=100)]


class ContactSent(BaseModel):
    """Somebody who could act."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "Council of elders, Marrok",
                "kind": "community_leader",
                "country": "KE",
                "region": "Marrok",
                "language": "sw",
                "reach": "through the partner desk in Marrok",
                "tier": "counts",
            }
        },
    )

    name: Word
    kind: Kind
    role: Text = ""
    country: Country | None = None
    region: Word | None = None
    groups: list[Group] = Field(default_factory=list, max_length=50, description="Groups they speak for; empty: all.")
    language: Annotated[str, Field(max_length=16)] | None = None
    reach: Text = Field(default="", description="How they are reached.")
    tier: Tier = Field(default="counts", description="What they may be told; the least unless you say otherwise.")
    notes: Text = ""


class ContactChange(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"enabled": False}})

    name: Word | None = None
    kind: Kind | None = None
    role: Text | None = None
    country: Country | None = None
    region: Word | None = None
    groups: list[Group] | None = Field(default=None, max_length=50)
    language: Annotated[str, Field(max_length=16)] | None = None
    reach: Text | None = None
    tier: Tier | None = None
    notes: Text | None = None
    enabled: bool | None = None


class ContactShape(BaseModel):
    """One entry of the directory."""

    id: int
    name: str
    kind: str
    role: str
    country: str | None
    region: str | None
    groups: list[str]
    language: str | None
    reach: str
    tier: str
    notes: str
    enabled: bool
    created_at: dt.datetime


@router.get("", summary="List contacts", responses=describe_failures(401, 403, 422))
def list_contacts(
    _who: Reviewer,
    session: ReadSession,
    page: PageWanted,
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="Only those of this country.")] = None,
) -> Listed[ContactShape]:
    """List the directory, the newest first."""
    query = select(Contact).order_by(Contact.id.desc()).limit(page.limit + 1)
    if country is not None:
        query = query.where(Contact.country == country)
    if (beyond := after(page.cursor, "id", Contact.id)) is not None:
        query = query.where(beyond)
    return listed(session.scalars(query).all(), page, "id", lambda row: (row.id,), contact_shape)


@router.post("", status_code=201, summary="Add a contact", responses=describe_failures(401, 403, 422))
def create_contact(who: Admin, session: Session, now: Now, sent: ContactSent) -> ContactShape:
    """Add somebody who could act."""
    contact = Contact(**sent.model_dump(), created_at=now, created_by=who.account_id)
    session.add(contact)
    session.flush()
    return contact_shape(contact)


@router.patch("/{contact_id}", summary="Change a contact", responses=describe_failures(401, 403, 404, 422))
def change_contact(_who: Admin, session: Session, contact_id: Id, sent: ContactChange) -> ContactShape:
    """Change an entry; null empties what may be empty."""
    contact = _existing(session, contact_id)
    optional = ("country", "region", "language")
    for name in sent.model_fields_set:
        if (value := getattr(sent, name)) is not None or name in optional:
            setattr(contact, name, value)
    return contact_shape(contact)


@router.delete(
    "/{contact_id}", status_code=204, summary="Remove a contact", responses=describe_failures(401, 403, 404, 422)
)
def delete_contact(_who: Admin, session: Session, contact_id: Id) -> None:
    """Forget an entry; timelines keep that somebody was engaged, and no longer say who."""
    session.delete(_existing(session, contact_id))


def contact_shape(contact: Contact) -> ContactShape:
    """Show one entry."""
    return ContactShape.model_validate(contact, from_attributes=True)


def _existing(session: OrmSession, contact_id: int) -> Contact:
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise NotFound(f"there is no contact {contact_id}")
    return contact
