"""How a person signs in, step by step: a link, a password or a provider first, then whatever is still missing.

    link, password, provider --> code (who has a second factor) --> password (who was sent to set one)
                             --> enrolment (whose role needs a second factor and has none) --> the console

Between the steps the browser holds half a session (`auth.step_done`), which opens nothing but the next step. Tries are
counted before they are made (`attempts.py`); what is refused is in the audit log. It knows no page and no cookie.
"""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api import attempts, audit, auth, passwords, second_factor
from api.accounts import end_sessions
from api.auth import SignedIn
from api.errors import Invalid, NotAllowed, NotSignedIn
from api.roles import SCOPES_OF, Actor, role_of
from api.settings import Settings
from models.account import Account
from models.credential import Password
from models.database import Sessions, reading, writing

CODE, PASSWORD, ENROLMENT = "code", "password", "enrolment"
ORDER = (CODE, PASSWORD, ENROLMENT)
# What a browser is told with its session: the cookie's secret, and the session.
Opened = tuple[str, SignedIn]


def missing_steps(settings: Settings, *, trusted: bool = False) -> auth.Steps:
    """Return what tells the steps that are missing after a first proof; `trusted` leaves the second factor out."""

    def steps(session: Session, account: Account, purpose: str | None) -> Sequence[str]:
        has_one = second_factor.has_one(session, account.id)
        needed = {
            CODE: has_one and not trusted,
            PASSWORD: purpose == PASSWORD,
            ENROLMENT: not has_one and not trusted and account.role in settings.accounts.second_factor_roles,
        }
        return [step for step in ORDER if needed[step]]

    return steps


def with_link(sessions: Sessions, settings: Settings, key: str, now: dt.datetime, *, agent: str = "") -> Opened:
    """Use a one-time link up; raises NotSignedIn."""
    return auth.open_session(sessions, key, now, settings.session_lifetime, agent=agent, steps=missing_steps(settings))


def with_password(
    sessions: Sessions,
    settings: Settings,
    name: str,
    password: str,
    now: dt.datetime,
    *,
    address: str,
    agent: str = "",
) -> Opened:
    """Sign in by name and password; raises NotSignedIn without saying which was wrong, or TooMany."""
    limits = attempts.password_limits(name, address)
    attempts.count(sessions, limits, now)
    account = passwords.find(sessions, name, password)
    if account is None or account.role is None:
        refused(sessions, known(sessions, name), PASSWORD, now)
        raise NotSignedIn("the name or the password is wrong")
    with writing(sessions) as session:
        attempts.succeeded(session, limits)
        missing = missing_steps(settings)(session, account, None)
        return auth.begin_session(
            session,
            account,
            SCOPES_OF[account.role],
            now,
            settings.session_lifetime,
            agent=agent,
            via=PASSWORD,
            missing=missing,
        )


def with_code(sessions: Sessions, settings: Settings, secret: str, code: str, now: dt.datetime) -> Opened:
    """Take the step of the second factor; raises NotSignedIn, NotAllowed on a wrong code, or TooMany."""
    account_id = waiting(sessions, secret, CODE, now).actor.account_id
    limits = attempts.code_limits(account_id)
    attempts.count(sessions, limits, now)
    with writing(sessions) as session:
        if second_factor.accepts(session, account_id, code, settings.accounts.account_key, now):
            attempts.succeeded(session, limits)
            return auth.step_done(session, secret, CODE, now, settings.session_lifetime)
    refused(sessions, account_id, CODE, now)
    raise NotAllowed("this code is wrong, or was used already; take the next one")


def with_new_password(sessions: Sessions, settings: Settings, secret: str, password: str, now: dt.datetime) -> Opened:
    """Take the step of a new password, and end every other session; raises NotSignedIn and Invalid."""
    account_id = waiting(sessions, secret, PASSWORD, now).actor.account_id
    with reading(sessions) as session:
        account = session.get_one(Account, account_id)
    argon2 = passwords.new_hash(password, account)
    with writing(sessions) as session:
        passwords.keep(session, account_id, argon2, account_id, now)
        end_sessions(session, account_id, account_id, now, keep=secret)
        return auth.step_done(session, secret, PASSWORD, now, settings.session_lifetime)


def begin_enrolment(sessions: Sessions, settings: Settings, secret: str, now: dt.datetime) -> tuple[str, str]:
    """Return (secret, name) of the second factor that a half-open session must enrol; raises NotSignedIn."""
    actor = waiting(sessions, secret, ENROLMENT, now).actor
    with writing(sessions) as session:
        return second_factor.begin(session, actor.account_id, settings.accounts.account_key, now), actor.name


def with_enrolment(
    sessions: Sessions, settings: Settings, secret: str, code: str, now: dt.datetime
) -> tuple[Opened, list[str]]:
    """Take the step of enrolling; return the session and the recovery codes. Raises like `with_code`."""
    account_id = waiting(sessions, secret, ENROLMENT, now).actor.account_id
    codes = enrol(sessions, settings, account_id, code, now)
    if codes is None:
        raise NotAllowed("this code is wrong; is the telephone's clock right?")
    with writing(sessions) as session:
        return auth.step_done(session, secret, ENROLMENT, now, settings.session_lifetime), codes


def enrol(sessions: Sessions, settings: Settings, account_id: int, code: str, now: dt.datetime) -> list[str] | None:
    """Let a second factor that was begun count; return its recovery codes, None on a wrong code. Raises TooMany."""
    limits = attempts.code_limits(account_id)
    attempts.count(sessions, limits, now)
    with writing(sessions) as session:
        codes = second_factor.confirm(session, account_id, code, settings.accounts.account_key, now)
        if codes is not None:
            attempts.succeeded(session, limits)
    return codes


def waiting(sessions: Sessions, secret: str | None, step: str, now: dt.datetime) -> SignedIn:
    """Return the half-open session whose next step this is; raises NotSignedIn."""
    found = auth.half_session(sessions, secret, now)
    if found is None or next_step(found[1]) != step:
        raise NotSignedIn("this sign-in took too long; begin again")
    return found[1]


def next_step(signed_in: SignedIn) -> str | None:
    """Return the step that is due now, None once the session is open."""
    return next((step for step in ORDER if step in signed_in.waiting_for), None)


def change_password(
    sessions: Sessions, actor: Actor, current: str, password: str, now: dt.datetime, *, keep: str, address: str
) -> None:
    """Set or change one's own password, and end one's other sessions; raises Invalid and TooMany.

    Whoever has a password must know it: an unattended browser is not its owner.
    """
    with reading(sessions) as session:
        account = session.get_one(Account, actor.account_id)
        had = session.get(Password, actor.account_id)
    limits = attempts.password_limits(account.name, address)
    if had is not None:
        attempts.count(sessions, limits, now)
        if not passwords.matches(had.argon2, current):
            refused(sessions, actor.account_id, PASSWORD, now)
            raise Invalid("current: this is not your present password")
    argon2 = passwords.new_hash(password, account)
    with writing(sessions) as session:
        if had is not None:
            attempts.succeeded(session, limits)
        account = session.get_one(Account, actor.account_id)
        # An account from before there were roles takes the one that its session has.
        account.role = account.role or role_of(actor.scopes)
        passwords.keep(session, actor.account_id, argon2, actor.account_id, now)
        end_sessions(session, actor.account_id, actor.account_id, now, keep=keep)


def prove(sessions: Sessions, settings: Settings, account_id: int, code: str, now: dt.datetime) -> None:
    """Have somebody who is signed in show their second factor once more; raises Invalid and TooMany."""
    limits = attempts.code_limits(account_id)
    attempts.count(sessions, limits, now)
    with writing(sessions) as session:
        if second_factor.accepts(session, account_id, code, settings.accounts.account_key, now):
            attempts.succeeded(session, limits)
            return
    refused(sessions, account_id, CODE, now)
    raise Invalid("code: this code is wrong, or was used already; take the next one")


def known(sessions: Sessions, name: str) -> int | None:
    """Return the id of the account of this name, for the log."""
    with reading(sessions) as session:
        return session.scalars(select(Account.id).where(Account.name == name.strip())).one_or_none()


def refused(sessions: Sessions, account_id: int | None, how: str, now: dt.datetime) -> None:
    """Keep that somebody was refused: whose account was tried, and how."""
    about = ("account", account_id) if account_id is not None else None
    with writing(sessions) as session:
        audit.note(session, None, "session.refused", now, about=about, details={"how": how})
