"""Whose account it is that an OpenID provider vouches for; nobody gets one this way who has none.

The subject decides where it is known. Else a verified e-mail address does, once: it links the subject, and from then on
the address may change. Roles are kept here, unless the operator has named a claim that decides.
"""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from api import accounts, audit, auth, signing_in
from api.errors import NotSignedIn
from api.oidc import Vouched
from api.roles import SCOPES_OF, highest
from api.settings import Settings
from models.account import Account
from models.credential import Identity
from models.database import Sessions, writing

VIA = "oidc"


def sign_in(
    sessions: Sessions, settings: Settings, vouched: Vouched, now: dt.datetime, *, agent: str = ""
) -> signing_in.Opened:
    """Open a session, or half of one, for whom the provider vouches for; raises NotSignedIn."""
    with writing(sessions) as session:
        account = account_of(session, vouched, now)
        role = role_for(session, settings, account, vouched, now)
        steps = signing_in.missing_steps(settings, trusted=settings.accounts.oidc_second_factor)
        return auth.begin_session(
            session,
            account,
            SCOPES_OF[role],
            now,
            settings.session_lifetime,
            agent=agent,
            via=VIA,
            missing=steps(session, account, None),
        )


def account_of(session: Session, vouched: Vouched, now: dt.datetime) -> Account:
    """Return the account that the subject or its verified address is known under; raises NotSignedIn."""
    query = select(Identity).where(Identity.issuer == vouched.issuer, Identity.subject == vouched.subject)
    known = session.scalars(query).one_or_none()
    if known is None:
        known = _link(session, vouched, now)
    known.last_used_at = now
    account = session.get_one(Account, known.account_id)
    if account.disabled_at is not None:
        raise NotSignedIn("this account is switched off; ask an administrator")
    return account


def role_for(session: Session, settings: Settings, account: Account, vouched: Vouched, now: dt.datetime) -> str:
    """Return the role to sign in with, kept here or taken from the claim; raises NotSignedIn where there is none."""
    claim = settings.accounts.oidc_role_claim
    if not claim:
        if account.role is None:
            raise NotSignedIn("this account has no role yet; ask an administrator")
        return account.role
    said = vouched.claims.get(claim)
    values = said if isinstance(said, list) else [said]
    meant = settings.accounts.claimed_roles
    role = highest({meant[value] for value in values if isinstance(value, str) and value in meant})
    if role is None:
        raise NotSignedIn("the provider gives you no role here; ask whoever runs it")
    if account.role != role:
        accounts.set_role(session, account.id, role, None, now)
    return role


def _link(session: Session, vouched: Vouched, now: dt.datetime) -> Identity:
    """Link a subject that is new to the account of its verified address, unless that has one of this provider."""
    found = select(Account).where(Account.email == vouched.email) if vouched.email else None
    account = session.scalars(found).one_or_none() if found is not None else None
    if account is None:
        raise NotSignedIn("no account here has the address that the provider vouches for; an administrator adds it")
    taken = select(Identity.id).where(Identity.account_id == account.id, Identity.issuer == vouched.issuer)
    if session.scalars(taken).first() is not None:
        raise NotSignedIn("the account of this address belongs to another identity there; ask an administrator")
    known = Identity(account_id=account.id, issuer=vouched.issuer, subject=vouched.subject, linked_at=now)
    session.add(known)
    session.flush()
    details = {"what": "linked", "issuer": vouched.issuer}
    audit.note(session, account.id, "identity.changed", now, about=("account", account.id), details=details)
    return known
