"""One account as administrators see it: role, address, how its owner signs in, and what is reset for them."""

import datetime as dt

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import accounts, auth, second_factor, signing_in
from api.accounts import existing
from api.console.account import factor_of
from api.console.desk import At, ConsoleRoute, Desk, Posted, one
from api.console.rendering import page, see_other, sentence
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.console.words import VIAS
from api.dependencies import AllSessions, CurrentSettings, Id, Now
from api.errors import ApiError, Conflict, Invalid, NotFound
from api.roles import SCOPES_OF
from api.settings import Settings
from models.account import Account, BrowserSession
from models.credential import Identity, Password
from models.database import Sessions, reading, writing

SPOKEN_ROLES = Spoken(
    {
        "reader": "Reader: sees",
        "reviewer": "Reviewer: sees and decides",
        "lead": "Lead: reviews, assigns, settles, and keeps rules, silences and sources",
        "admin": "Administrator: everything",
    }
)
DONE = Spoken(
    {
        "role": "The role was changed; its owner signs in again.",
        "email": "The address was changed.",
        "factor": "The second factor was reset and every session ended.",
        "password": "The password was taken away and every session ended.",
        "identity": "This identity opens the account no more.",
    }
)

router = APIRouter(route_class=ConsoleRoute)


@router.get("/people/accounts/{account_id}")
def show(request: Request, account_id: Id, at: At, sessions: AllSessions, now: Now) -> Response:
    """Show one account."""
    at.signed_in.actor.must("admin")
    return person_page(sessions, at, account_id, now, done=DONE.get(request.query_params.get("done", ""), ""))


@router.post("/people/accounts/{account_id}/change")
def change(
    account_id: Id, at: At, form: Posted, *, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Change role or address, reset what its owner has lost, or make a link for a new password."""
    at.signed_in.actor.must("admin")
    act = one(form, "act")
    try:
        if act == "link":
            made = password_link(sessions, settings, account_id, at.account_id, now)
            return person_page(sessions, at, account_id, now, made=made)
        with writing(sessions) as session:
            apply(session, account_id, act, one(form, "value"), at.account_id, now)
    except (Invalid, Conflict) as refused:
        return person_page(sessions, at, account_id, now, refused=refused)
    return see_other(f"/people/accounts/{account_id}?done={act}")


def apply(session: Session, account_id: int, act: str, value: str, by: int, now: dt.datetime) -> None:
    """Do one of the acts of DONE; raises Invalid for another."""
    if act == "role":
        accounts.set_role(session, account_id, value, by, now)
    elif act == "email":
        accounts.set_email(session, account_id, value, by, now)
    elif act == "factor":
        accounts.reset_second_factor(session, account_id, by, now)
    elif act == "password":
        accounts.reset_password(session, account_id, by, now)
    elif act == "identity":
        accounts.unlink(session, account_id, value, by, now)
    else:
        raise Invalid(_("the form does not say what to change"))


def password_link(sessions: Sessions, settings: Settings, account_id: int, by: int, now: dt.datetime) -> str:
    """Return the address with which somebody sets a new password, once."""
    with reading(sessions) as session:
        account = existing(session, account_id)
    if account.role is None:
        raise Conflict(_("this account has no role yet; give it one, or is it a program's?"))
    path = auth.create_sign_in_link(
        sessions,
        account.name,
        SCOPES_OF[account.role],
        now,
        settings.link_lifetime,
        purpose=signing_in.PASSWORD,
        by=by,
    )
    return f"{settings.base_url}{path}"


def person_page(
    sessions: Sessions,
    at: Desk,
    account_id: int,
    now: dt.datetime,
    *,
    done: str = "",
    made: str = "",
    refused: ApiError | None = None,
) -> Response:
    """Return the page of one account; `made` is a link that is shown this once."""
    with reading(sessions) as session:
        account = session.get(Account, account_id)
        if account is None:
            raise NotFound(_("there is no account %(id)s", id=account_id))
        open_now = select(BrowserSession).where(
            BrowserSession.account_id == account_id, BrowserSession.ended_at.is_(None), BrowserSession.expires_at > now
        )
        identities = select(Identity).where(Identity.account_id == account_id).order_by(Identity.id)
        return page(
            "person.html",
            refused.status if refused else 200,
            desk=at,
            now=now,
            account=account,
            vias=VIAS,
            roles=SPOKEN_ROLES.items(),
            password=session.get(Password, account_id),
            factor=factor_of(session, account_id),
            codes_left=second_factor.codes_left(session, account_id),
            identities=session.scalars(identities).all(),
            browsers=session.scalars(open_now.order_by(BrowserSession.id.desc())).all(),
            done=done,
            made=made,
            error=sentence(refused.detail) if refused else "",
        )
