"""Who is asking: bearer tokens of machines, one-time sign-in links and browser sessions of people.

Secrets are 256 random bits, shown once; the database keeps their SHA-256, which is enough for secrets that nobody can
guess. A session may be half open: it then waits for a further step (`signing_in.py`) and opens nothing. This file knows
accounts and secrets; it knows no password, no route, no cookie and no page.
"""

import datetime as dt
import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Select, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api import audit
from api.errors import NotSignedIn
from api.roles import Actor, checked_scopes, role_of
from models.account import Account, BrowserSession, SignInLink, Token
from models.database import Sessions, reading, writing

TOKEN_PREFIX = "toc_"  # noqa: S105  what a leaked token is recognised by, not a secret
SECRET_LENGTH = 43  # characters of 62 kinds: 256 bits
CHECKSUM_LENGTH = 6
PREFIX_LENGTH = 10  # of a token, kept to tell it by; 220 bits stay unknown
LAST_USED_STEP = dt.timedelta(minutes=5)
SEEN_STEP = dt.timedelta(minutes=1)
LINK_LIFETIME = dt.timedelta(hours=1)
SESSION_LIFETIME = dt.timedelta(hours=12)
HALF_LIFETIME = dt.timedelta(minutes=10)  # of a session that waits for a further step
_ALPHABET = string.digits + string.ascii_letters


@dataclass(frozen=True)
class SignedIn:
    """A browser session that is still good: who, and the secret that each of its forms must carry.

    While it is `waiting_for` a step, it opens nothing but that step.
    """

    actor: Actor
    csrf: str
    expires_at: dt.datetime
    waiting_for: tuple[str, ...] = ()


def no_steps(_session: Session, _account: Account, _purpose: str | None) -> Sequence[str]:
    """Ask for nothing more than the link."""
    return ()


# Says which steps are still missing once somebody has shown a first proof of who they are.
Steps = Callable[[Session, Account, str | None], Sequence[str]]


def create_token(
    sessions: Sessions,
    name: str,
    scopes: Collection[str],
    now: dt.datetime,
    expires_at: dt.datetime | None = None,
    *,
    by: int | None = None,
) -> str:
    """Make a token for the account `name` (made when new) and return it; it cannot be shown again.

    `by` is the account that asked for it, None for the operator at the command line. Raises ValueError when a scope
    or the name is wrong.
    """
    wanted = checked_scopes(scopes)
    token = TOKEN_PREFIX + with_checksum(new_secret())
    with writing(sessions) as session:
        account = account_named(session, name, now)
        made = Token(
            account_id=account.id,
            sha256=digest(token),
            prefix=token[:PREFIX_LENGTH],
            scopes=wanted,
            created_at=now,
            expires_at=expires_at,
        )
        session.add(made)
        session.flush()
        details = {"account": account.id, "scopes": wanted}
        audit.note(session, by, "token.created", now, about=("token", made.id), details=details)
    return token


def token_actor(sessions: Sessions, token: str, now: dt.datetime) -> Actor:
    """Return who `token` belongs to; raises NotSignedIn when it is unknown, expired or revoked.

    The time of use is written at most once in `LAST_USED_STEP`, so that reading does not become writing.
    """
    if not well_formed(token):
        raise NotSignedIn("the token is not one of ours, or was cut when copied; it reads toc_ and 49 characters")
    with reading(sessions) as session:
        row = session.execute(
            select(Token, Account).join(Account, Account.id == Token.account_id).where(Token.sha256 == digest(token))
        ).one_or_none()
    if row is None:
        raise NotSignedIn("the token is not known here; ask the operator for a new one")
    known, account = row
    if known.revoked_at is not None or account.disabled_at is not None:
        raise NotSignedIn("the token was revoked; ask the operator for a new one")
    if known.expires_at is not None and known.expires_at <= now:
        raise NotSignedIn("the token has expired; ask the operator for a new one")
    if known.last_used_at is None or now - known.last_used_at >= LAST_USED_STEP:
        # A full disk or a busy database must not keep anybody from reading.
        with suppress(OperationalError), writing(sessions) as session:
            session.execute(update(Token).where(Token.id == known.id).values(last_used_at=now))
    return Actor(account.id, account.name, frozenset(known.scopes), known.id)


def create_sign_in_link(
    sessions: Sessions,
    name: str,
    scopes: Collection[str],
    now: dt.datetime,
    lifetime: dt.timedelta = LINK_LIFETIME,
    *,
    purpose: str | None = None,
    by: int | None = None,
) -> str:
    """Make a link that signs a browser in once as `name`; return its path, `/sign-in?key=...`.

    The account's role follows from the scopes. With the purpose `password` its owner is asked for a new one first.
    `by` is the account that asked for it, None for the operator. Raises ValueError for a wrong scope or name.
    """
    wanted = checked_scopes(scopes)
    key = new_secret()
    with writing(sessions) as session:
        account = account_named(session, name, now)
        account.role = role_of(wanted)
        made = SignInLink(
            account_id=account.id,
            sha256=digest(key),
            scopes=wanted,
            purpose=purpose,
            created_at=now,
            expires_at=now + lifetime,
        )
        session.add(made)
        details = {"role": account.role, "purpose": purpose or "sign-in"}
        audit.note(session, by, "link.created", now, about=("account", account.id), details=details)
    return f"/sign-in?key={key}"


def open_session(
    sessions: Sessions,
    key: str,
    now: dt.datetime,
    lifetime: dt.timedelta = SESSION_LIFETIME,
    *,
    agent: str = "",
    steps: Steps = no_steps,
) -> tuple[str, SignedIn]:
    """Use a sign-in link up and return the browser session's secret (for its cookie) and the session.

    Raises NotSignedIn when the link is unknown, used or too old. Of two who use one link at once, one gets in.
    """
    with writing(sessions) as session:
        use = (
            update(SignInLink)
            .where(SignInLink.sha256 == digest(key), SignInLink.used_at.is_(None), SignInLink.expires_at > now)
            .values(used_at=now)
            .returning(SignInLink.account_id, SignInLink.scopes, SignInLink.purpose)
        )
        used = session.execute(use).one_or_none()
        account = None if used is None else session.get(Account, used.account_id)
        if used is None or account is None or account.disabled_at is not None:
            raise NotSignedIn("this sign-in link was used already or is too old; ask the operator for a new one")
        missing = steps(session, account, used.purpose)
        return begin_session(session, account, used.scopes, now, lifetime, agent=agent, via="link", missing=missing)


def begin_session(
    session: Session,
    account: Account,
    scopes: Collection[str],
    now: dt.datetime,
    lifetime: dt.timedelta,
    *,
    agent: str,
    via: str,
    missing: Sequence[str] = (),
) -> tuple[str, SignedIn]:
    """Open a browser session, or half of one while steps are `missing`; return its secret and the session."""
    secret = new_secret()
    opened = BrowserSession(
        account_id=account.id,
        sha256=digest(secret),
        csrf=new_secret(),
        agent="".join(char for char in agent if char.isprintable())[:200] or None,
        scopes=list(scopes),
        via=via,
        waiting_for=",".join(missing) or None,
        created_at=now,
        seen_at=now,
        expires_at=now + (HALF_LIFETIME if missing else lifetime),
    )
    session.add(opened)
    session.flush()
    if not missing:
        _note_opened(session, opened, now)
    return secret, _signed_in(opened, account)


def step_done(
    session: Session, secret: str, step: str, now: dt.datetime, lifetime: dt.timedelta
) -> tuple[str, SignedIn]:
    """Take one step off a half-open session and return its new secret; after the last step it is open.

    The secret changes, so that whoever saw the one before holds nothing. Raises NotSignedIn when it is over.
    """
    query = _good(digest(secret), now).with_for_update()
    found = session.execute(query).one_or_none()
    if found is None or found[0].waiting_for is None:
        raise NotSignedIn("this sign-in took too long; begin again")
    opened, account = found
    left = [one for one in (opened.waiting_for or "").split(",") if one != step]
    fresh = new_secret()
    opened.sha256, opened.csrf, opened.seen_at = digest(fresh), new_secret(), now
    opened.waiting_for = ",".join(left) or None
    if opened.waiting_for is None:
        opened.expires_at = now + lifetime
        _note_opened(session, opened, now)
    session.flush()
    return fresh, _signed_in(opened, account)


def session_actor(
    sessions: Sessions, secret: str | None, now: dt.datetime, idle: dt.timedelta | None = None
) -> SignedIn | None:
    """Return the browser session that `secret` (of the cookie) opens, None when there is none or it is over.

    Over is also what was not used for `idle`, and what still waits for a step. The time of use is kept by the minute.
    """
    found = half_session(sessions, secret, now)
    if found is None or found[1].waiting_for:
        return None
    row, signed_in = found
    seen = row.seen_at or row.created_at
    if idle is not None and now - seen >= idle:
        return None
    if now - seen >= SEEN_STEP:
        # A full disk or a busy database must not keep anybody from reading.
        with suppress(OperationalError), writing(sessions) as session:
            session.execute(update(BrowserSession).where(BrowserSession.id == row.id).values(seen_at=now))
    return signed_in


def half_session(sessions: Sessions, secret: str | None, now: dt.datetime) -> tuple[BrowserSession, SignedIn] | None:
    """Return the session of a cookie whether or not it waits for a step, None when there is none or it is over."""
    if not secret:
        return None
    with reading(sessions) as session:
        row = session.execute(_good(digest(secret), now)).one_or_none()
    return None if row is None else (row[0], _signed_in(*row))


def end_session(sessions: Sessions, secret: str, now: dt.datetime) -> None:
    """Sign a browser out; unknown secrets are ignored."""
    with writing(sessions) as session:
        ended = (
            update(BrowserSession)
            .where(BrowserSession.sha256 == digest(secret), BrowserSession.ended_at.is_(None))
            .values(ended_at=now)
            .returning(BrowserSession.id, BrowserSession.account_id)
        )
        for row in session.execute(ended).all():
            audit.note(session, row.account_id, "session.ended", now, about=("session", row.id))


def csrf_matches(signed_in: SignedIn, sent: str | None) -> bool:
    """Whether a form carries its session's secret, compared in constant time."""
    return hmac.compare_digest(signed_in.csrf.encode(), (sent or "").encode("utf-8", "replace"))


def account_named(session: Session, name: str, now: dt.datetime) -> Account:
    """Return the account called `name`, made when new; raises ValueError when the name cannot be one."""
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise ValueError("the name must be 1 to 100 printable characters")
    account = session.scalars(select(Account).where(Account.name == name)).one_or_none()
    if account is None:
        account = Account(name=name, created_at=now)
        session.add(account)
        session.flush()
    return account


def new_secret() -> str:
    """Return 256 random bits as letters and digits, which survive copying, URLs and cookies."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(SECRET_LENGTH))


def with_checksum(secret: str) -> str:
    """Append six characters by which a cut or mistyped token is told without asking the database."""
    number = zlib.crc32(secret.encode())
    checksum = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        checksum += _ALPHABET[digit]
    return secret + checksum


def well_formed(token: str) -> bool:
    """Whether `token` can be one of ours at all."""
    body = token.removeprefix(TOKEN_PREFIX)
    secret = body[:SECRET_LENGTH]
    return token.startswith(TOKEN_PREFIX) and body.isascii() and hmac.compare_digest(with_checksum(secret), body)


def digest(secret: str) -> str:
    """Return what the database keeps of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _good(sha256: str, now: dt.datetime) -> Select[BrowserSession, Account]:
    """Select a session that is not over, with its account."""
    return (
        select(BrowserSession, Account)
        .join(Account, Account.id == BrowserSession.account_id)
        .where(
            BrowserSession.sha256 == sha256,
            BrowserSession.ended_at.is_(None),
            BrowserSession.expires_at > now,
            Account.disabled_at.is_(None),
        )
    )


def _note_opened(session: Session, opened: BrowserSession, now: dt.datetime) -> None:
    about = ("session", opened.id)
    audit.note(session, opened.account_id, "session.opened", now, about=about, details={"via": opened.via})


def _signed_in(opened: BrowserSession, account: Account) -> SignedIn:
    waiting = tuple((opened.waiting_for or "").split(",")) if opened.waiting_for else ()
    actor = Actor(account.id, account.name, frozenset(opened.scopes))
    return SignedIn(actor, opened.csrf, opened.expires_at, waiting)
