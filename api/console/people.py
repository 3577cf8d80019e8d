"""People and machines that may come in: accounts, tokens and browser sessions, and how each of them ends."""

import datetime as dt

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api import accounts, auth
from api.console.desk import At, ConsoleRoute, Desk, Posted, many, one, session_cookie
from api.console.person import SPOKEN_ROLES
from api.console.rendering import page, see_other, sentence
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.console.words import ROLE_NAMES, VIAS
from api.dependencies import AllSessions, CurrentSettings, Id, Now, ReadSession
from api.errors import Conflict, Invalid, NotFound
from api.roles import SCOPES_OF
from models.account import SCOPES, Account, BrowserSession, Token
from models.database import Sessions, reading, writing

MOST = 500
LONGEST_DAYS = 3650
TOKEN_STATES = Spoken({"works": "works", "expired": "expired", "revoked": "revoked"})

router = APIRouter(route_class=ConsoleRoute)


@router.get("/people")
def people(at: At, session: ReadSession, now: Now) -> Response:
    """List accounts and tokens."""
    at.signed_in.actor.must("admin")
    return people_page(session, at, now)


@router.post("/people/links")
def invite(at: At, form: Posted, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Make a sign-in link for a person and show it once."""
    at.signed_in.actor.must("admin")
    role = one(form, "role")
    if role not in SCOPES_OF:
        raise Invalid(_("a role is one of %(roles)s", roles=", ".join(SCOPES_OF)))
    try:
        with writing(sessions) as session:
            accounts.may_be_invited(session, one(form, "name"), role, at.account_id, now)
        path = auth.create_sign_in_link(
            sessions, one(form, "name"), SCOPES_OF[role], now, settings.link_lifetime, by=at.account_id
        )
    except (ValueError, Conflict) as refused:
        return refused_page(sessions, at, now, str(refused))
    with reading(sessions) as session:
        return people_page(session, at, now, made=("link", f"{settings.base_url}{path}"))


@router.post("/people/tokens")
def make_token(at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Make a token and show it once."""
    at.signed_in.actor.must("admin")
    try:
        expires_at = expiry(one(form, "days"), now)
        token = auth.create_token(sessions, one(form, "name"), many(form, "scopes"), now, expires_at, by=at.account_id)
    except ValueError as refused:
        return refused_page(sessions, at, now, str(refused))
    with reading(sessions) as session:
        return people_page(session, at, now, made=("token", token))


@router.post("/people/tokens/{token_id}")
def revoke(token_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Make one token worthless."""
    del form  # it has been checked
    at.signed_in.actor.must("admin")
    with writing(sessions) as session:
        accounts.revoke_token(session, token_id, at.account_id, now)
    return see_other("/people")


@router.post("/people/accounts/{account_id}")
def switch(account_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Switch an account off or on, or end its sessions."""
    at.signed_in.actor.must("admin")
    act = one(form, "act")
    with writing(sessions) as session:
        if act in {"off", "on"}:
            accounts.set_disabled(session, account_id, at.account_id, now, disabled=act == "off")
        elif act == "sign-out":
            accounts.end_sessions(session, account_id, at.account_id, now)
        else:
            raise Invalid(_("the form says neither to switch off, nor on, nor to sign out"))
    return see_other("/people")


@router.get("/sessions")
def own_sessions(request: Request, at: At, session: ReadSession, settings: CurrentSettings, now: Now) -> Response:
    """List the browsers one is signed in with."""
    mine = select(BrowserSession).where(
        BrowserSession.account_id == at.account_id,
        BrowserSession.ended_at.is_(None),
        BrowserSession.expires_at > now,
        func.coalesce(BrowserSession.seen_at, BrowserSession.created_at) > now - settings.session_idle,
    )
    here = auth.digest(request.cookies.get(session_cookie(settings), ""))
    rows = session.scalars(mine.order_by(BrowserSession.id.desc())).all()
    return page("sessions.html", desk=at, now=now, rows=[(row, row.sha256 == here) for row in rows], vias=VIAS)


@router.post("/sessions")
def end_own(
    request: Request, at: At, form: Posted, *, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """End one of one's own sessions, or all but this one."""
    number = one(form, "session")
    if number and not (number.isascii() and number.isdigit() and len(number) < 19):
        raise NotFound(_("there is no such session"))
    secret = request.cookies.get(session_cookie(settings), "")
    with writing(sessions) as session:
        accounts.end_sessions(
            session,
            at.account_id,
            at.account_id,
            now,
            only=int(number) if number else None,
            keep=None if number else secret,
        )
    return see_other("/sessions")


def people_page(
    session: Session, at: Desk, now: dt.datetime, *, made: tuple[str, str] | None = None, refused: str = ""
) -> Response:
    """Return the page; `made` is a (kind, secret) that is shown this once."""
    accounts = session.scalars(select(Account).order_by(Account.name).limit(MOST)).all()
    tokens = session.execute(
        select(Token, Account.name)
        .join(Account, Account.id == Token.account_id)
        .order_by(Token.revoked_at.is_not(None), Token.id.desc())
        .limit(MOST)
    ).all()
    open_now = select(BrowserSession.account_id).where(
        BrowserSession.ended_at.is_(None), BrowserSession.expires_at > now
    )
    signed_in = list(session.scalars(open_now))
    return page(
        "people.html",
        422 if refused else 200,
        desk=at,
        now=now,
        accounts=[(account, signed_in.count(account.id)) for account in accounts],
        tokens=[(token, name, state_of(token, now)) for token, name in tokens],
        states=TOKEN_STATES,
        token_prefix=auth.TOKEN_PREFIX,
        scopes=SCOPES,
        roles=SPOKEN_ROLES.items(),
        role_names=ROLE_NAMES,
        made=made,
        error=sentence(refused) if refused else "",
    )


def refused_page(sessions: Sessions, at: Desk, now: dt.datetime, detail: str) -> Response:
    """Return the page with what was wrong."""
    with reading(sessions) as session:
        return people_page(session, at, now, refused=detail)


def state_of(token: Token, now: dt.datetime) -> str:
    """Say whether a token still works."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at is not None and token.expires_at <= now else "works"


def expiry(days: str, now: dt.datetime) -> dt.datetime | None:
    """Return when a token ends that is to work for so many days, None for never; raises ValueError."""
    if days == "":
        return None
    if not (days.isascii() and days.isdigit() and len(days) < 6 and 0 < int(days) <= LONGEST_DAYS):
        raise ValueError(
            _("the days must be a whole number from 1 to %(most)s, or empty for a token without end", most=LONGEST_DAYS)
        )
    return now + dt.timedelta(days=int(days))
