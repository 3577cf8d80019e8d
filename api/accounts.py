"""What is done to accounts, mostly by administrators: roles, e-mail addresses, switching off, ending what they hold.

Each act is written into the audit log in its own transaction. It knows no page and no password.
"""

import datetime as dt
import re

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from api import audit, passwords, second_factor
from api.auth import digest
from api.errors import Conflict, Invalid, NotFound
from api.roles import highest, role_of
from models.account import ROLES, Account, BrowserSession, SignInLink, Token
from models.credential import Identity, SignInTry
from models.database import Sessions, writing

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def existing(session: Session, account_id: int) -> Account:
    """Return an account; raises NotFound."""
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound(f"there is no account {account_id}")
    return account


def named(session: Session, name: str) -> int:
    """Return the id of the account of this name; raises NotFound."""
    found = session.scalar(select(Account.id).where(Account.name == name))
    if found is None:
        raise NotFound(f"there is no account {name}; one begins with tocsin sign-in --name NAME")
    return found


def set_role(session: Session, account_id: int, role: str, by: int | None, now: dt.datetime) -> None:
    """Change what a person may do; their sessions and unused links end, and so do tokens that could do more.

    Raises NotFound, Invalid, and Conflict when somebody would change their own role.
    """
    account = existing(session, account_id)
    if role not in ROLES:
        raise Invalid(f"role: it must be one of {', '.join(ROLES)}")
    if account_id == by:
        raise Conflict("nobody can change the role of the account they are signed in with; ask another administrator")
    if account.role == role:
        return
    details = {"role": role, "was": account.role}
    account.role = role
    end_sessions(session, account_id, by, now)
    _end_links(session, account_id, now)
    for token in session.scalars(select(Token).where(Token.account_id == account_id, Token.revoked_at.is_(None))):
        if highest({role_of(token.scopes) or "", role}) != role:
            token.revoked_at = now
            audit.note(session, by, "token.revoked", now, about=("token", token.id))
    audit.note(session, by, "account.changed", now, about=("account", account_id), details=details)


def may_be_invited(session: Session, name: str, role: str, by: int, now: dt.datetime) -> None:
    """Give somebody who is here already the role that they are invited with; raises Conflict like `set_role`."""
    account = session.scalars(select(Account).where(Account.name == name.strip())).one_or_none()
    if account is None:
        return
    if account.disabled_at is not None:
        raise Conflict("this account is switched off; let it in again first")
    if account.role != role:
        set_role(session, account.id, role, by, now)


def reset_second_factor(session: Session, account_id: int, by: int | None, now: dt.datetime) -> None:
    """Take a second factor away that its owner has lost, and end their sessions; raises NotFound and Conflict."""
    existing(session, account_id)
    if not second_factor.remove(session, account_id, by, now):
        raise Conflict("this account has no second factor")
    end_sessions(session, account_id, by, now)


def reset_password(session: Session, account_id: int, by: int | None, now: dt.datetime) -> None:
    """Take a password away that others may know, and end its owner's sessions; links still let them in."""
    existing(session, account_id)
    passwords.remove(session, account_id, by, now)
    end_sessions(session, account_id, by, now)


def unlink(session: Session, account_id: int, identity: str, by: int | None, now: dt.datetime) -> None:
    """Let an identity at a provider open this account no more; raises NotFound."""
    known = session.get(Identity, int(identity)) if identity.isdecimal() and len(identity) < 19 else None
    if known is None or known.account_id != account_id:
        raise NotFound("this account has no such identity")
    details = {"what": "unlinked", "issuer": known.issuer}
    session.delete(known)
    audit.note(session, by, "identity.changed", now, about=("account", account_id), details=details)


def set_email(session: Session, account_id: int, email: str, by: int | None, now: dt.datetime) -> None:
    """Say at which address a person is known to an OpenID provider, empty for none; raises Invalid and Conflict."""
    account = existing(session, account_id)
    address = email.strip().lower() or None
    if address is not None and not (len(address) <= 254 and ADDRESS.fullmatch(address)):
        raise Invalid("email: it must read like name@example.org")
    taken = select(Account.name).where(Account.email == address, Account.id != account_id)
    if address is not None and session.scalars(taken).first() is not None:
        raise Conflict("another account has this e-mail address")
    account.email = address
    # The log says that it changed, not what it is: rows are kept for good, and an address is personal.
    details = {"email": "changed" if address else "removed"}
    audit.note(session, by, "account.changed", now, about=("account", account_id), details=details)


def revoke_token(session: Session, token_id: int, by: int, now: dt.datetime) -> None:
    """Make one token worthless from now on; raises NotFound when there is none that still works."""
    ended = (
        update(Token).where(Token.id == token_id, Token.revoked_at.is_(None)).values(revoked_at=now).returning(Token.id)
    )
    if session.scalars(ended).one_or_none() is None:
        raise NotFound(f"there is no token {token_id} that still works")
    audit.note(session, by, "token.revoked", now, about=("token", token_id))


def end_sessions(
    session: Session,
    account_id: int,
    by: int | None,
    now: dt.datetime,
    *,
    only: int | None = None,
    keep: str | None = None,
) -> int:
    """End an account's browser sessions: all, `only` the one with this id, or all but the one whose secret is `keep`.

    Returns how many ended.
    """
    ended = update(BrowserSession).where(
        BrowserSession.account_id == account_id, BrowserSession.ended_at.is_(None), BrowserSession.expires_at > now
    )
    if only is not None:
        ended = ended.where(BrowserSession.id == only)
    if keep is not None:
        ended = ended.where(BrowserSession.sha256 != digest(keep))
    ids = session.scalars(ended.values(ended_at=now).returning(BrowserSession.id)).all()
    for one in ids:
        audit.note(session, by, "session.ended", now, about=("session", one))
    return len(ids)


def set_disabled(session: Session, account_id: int, by: int, now: dt.datetime, *, disabled: bool) -> None:
    """Keep an account out from now on, or let it in again; its tokens and sessions end and stay ended.

    Raises NotFound, and Conflict when somebody would lock themselves out.
    """
    account = existing(session, account_id)
    if disabled and account_id == by:
        raise Conflict("nobody can switch off the account they are signed in with; ask another administrator")
    account.disabled_at = now if disabled else None
    if disabled:
        session.execute(
            update(Token).where(Token.account_id == account_id, Token.revoked_at.is_(None)).values(revoked_at=now)
        )
        _end_links(session, account_id, now)
        end_sessions(session, account_id, by, now)
    audit.note(session, by, "account.changed", now, about=("account", account_id), details={"disabled": disabled})


def revoke_tokens(sessions: Sessions, name: str, now: dt.datetime) -> int:
    """Make every token and browser session of an account worthless from now on; return how many tokens those were.

    Raises NotFound when there is no account called `name`.
    """
    with writing(sessions) as session:
        account = session.scalars(select(Account).where(Account.name == name)).one_or_none()
        if account is None:
            raise NotFound(f"there is no account called {name!r}")
        ended = (
            update(Token)
            .where(Token.account_id == account.id, Token.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(Token.id)
        )
        revoked = session.scalars(ended).all()
        for one in revoked:
            audit.note(session, None, "token.revoked", now, about=("token", one))
        count = len(revoked)
        session.execute(
            update(BrowserSession)
            .where(BrowserSession.account_id == account.id, BrowserSession.ended_at.is_(None))
            .values(ended_at=now)
        )
        _end_links(session, account.id, now)
    return count


def forget_ended(sessions: Sessions, now: dt.datetime, keep: dt.timedelta = dt.timedelta(days=1)) -> int:
    """Delete links, sessions and counted tries that ended longer than `keep` ago; return how many of the first two."""
    before = now - keep
    ended_links = or_(SignInLink.expires_at < before, SignInLink.used_at < before)
    ended_sessions = or_(BrowserSession.expires_at < before, BrowserSession.ended_at < before)
    with writing(sessions) as session:
        links = session.scalars(select(SignInLink).where(ended_links)).all()
        browsers = session.scalars(select(BrowserSession).where(ended_sessions)).all()
        for row in (*links, *browsers):
            session.delete(row)
        session.execute(delete(SignInTry).where(SignInTry.since < before))
    return len(links) + len(browsers)


def _end_links(session: Session, account_id: int, now: dt.datetime) -> None:
    unused = update(SignInLink).where(SignInLink.account_id == account_id, SignInLink.used_at.is_(None))
    session.execute(unused.values(used_at=now))
