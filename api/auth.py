"""Who is asking: bearer tokens of machines, one-time sign-in links and browser sessions of people.

Secrets are 256 random bits, shown once; the database keeps their SHA-256, which is enough for secrets that nobody can
guess. Scopes: `read` sees, `review` decides (and sees), `push` brings items in (and sees nothing), `admin` may
everything. This file knows accounts and secrets; it knows no route, no cookie and no page.
"""

import datetime as dt
import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api import audit
from api.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from models.account import SCOPES, Account, BrowserSession, SignInLink, Token
from models.database import Sessions, reading, writing

TOKEN_PREFIX = "toc_"  # noqa: S105  what a leaked token is recognised by, not a secret
SECRET_LENGTH = 43  # characters of 62 kinds: 256 bits
CHECKSUM_LENGTH = 6
PREFIX_LENGTH = 10  # of a token, kept to tell it by; 220 bits stay unknown
LAST_USED_STEP = dt.timedelta(minutes=5)
LINK_LIFETIME = dt.timedelta(hours=1)
SESSION_LIFETIME = dt.timedelta(hours=12)
IMPLIED = {"admin": frozenset(SCOPES), "review": frozenset({"review", "read", "sight"})}
_ALPHABET = string.digits + string.ascii_letters


@dataclass(frozen=True)
class Actor:
    """Who does something, and what they may do; `token_id` is None in a browser session."""

    account_id: int
    name: str
    scopes: frozenset[str]
    token_id: int | None = None

    def may(self, scope: str) -> bool:
        """Whether any scope of this actor covers `scope`."""
        return any(scope in IMPLIED.get(own, {own}) for own in self.scopes)

    def must(self, scope: str) -> None:
        """Raise NotAllowed unless this actor may do what `scope` stands for."""
        if not self.may(scope):
            raise NotAllowed(
                f"this needs the scope '{scope}' and you have {', '.join(sorted(self.scopes)) or 'none'}; ask the "
                f"operator for a token with it (tocsin token create --name NAME --scopes {scope})"
            )


@dataclass(frozen=True)
class SignedIn:
    """A browser session that is still good: who, and the secret that each of its forms must carry."""

    actor: Actor
    csrf: str
    expires_at: dt.datetime


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


def revoke_token(session: Session, token_id: int, by: int, now: dt.datetime) -> None:
    """Make one token worthless from now on; raises NotFound when there is none that still works."""
    ended = (
        update(Token).where(Token.id == token_id, Token.revoked_at.is_(None)).values(revoked_at=now).returning(Token.id)
    )
    if session.scalars(ended).one_or_none() is None:
        raise NotFound(f"there is no token {token_id} that still works")
    audit.note(session, by, "token.revoked", now, about=("token", token_id))


def end_sessions(
    session: Session, account_id: int, by: int, now: dt.datetime, *, only: int | None = None, keep: str | None = None
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
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound(f"there is no account {account_id}")
    if disabled and account_id == by:
        raise Conflict("nobody can switch off the account they are signed in with; ask another administrator")
    account.disabled_at = now if disabled else None
    if disabled:
        session.execute(
            update(Token).where(Token.account_id == account_id, Token.revoked_at.is_(None)).values(revoked_at=now)
        )
        session.execute(
            update(SignInLink)
            .where(SignInLink.account_id == account_id, SignInLink.used_at.is_(None))
            .values(used_at=now)
        )
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
        session.execute(
            update(SignInLink)
            .where(SignInLink.account_id == account.id, SignInLink.used_at.is_(None))
            .values(used_at=now)
        )
    return count


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
    sessions: Sessions, name: str, scopes: Collection[str], now: dt.datetime, lifetime: dt.timedelta = LINK_LIFETIME
) -> str:
    """Make a link that signs a browser in once as `name`; return its path, `/sign-in?key=...`."""
    wanted = checked_scopes(scopes)
    key = new_secret()
    with writing(sessions) as session:
        account = account_named(session, name, now)
        session.add(
            SignInLink(
                account_id=account.id, sha256=digest(key), scopes=wanted, created_at=now, expires_at=now + lifetime
            )
        )
    return f"/sign-in?key={key}"


def open_session(
    sessions: Sessions, key: str, now: dt.datetime, lifetime: dt.timedelta = SESSION_LIFETIME, *, agent: str = ""
) -> tuple[str, SignedIn]:
    """Use a sign-in link up and return the browser session's secret (for its cookie) and the session.

    Raises NotSignedIn when the link is unknown, used or too old. Of two who use one link at once, one gets in.
    """
    secret = new_secret()
    with writing(sessions) as session:
        use = (
            update(SignInLink)
            .where(SignInLink.sha256 == digest(key), SignInLink.used_at.is_(None), SignInLink.expires_at > now)
            .values(used_at=now)
            .returning(SignInLink.account_id, SignInLink.scopes)
        )
        used = session.execute(use).one_or_none()
        account = None if used is None else session.get(Account, used.account_id)
        if used is None or account is None or account.disabled_at is not None:
            raise NotSignedIn("this sign-in link was used already or is too old; ask the operator for a new one")
        opened = BrowserSession(
            account_id=account.id,
            sha256=digest(secret),
            csrf=new_secret(),
            agent="".join(char for char in agent if char.isprintable())[:200] or None,
            scopes=list(used.scopes),
            created_at=now,
            expires_at=now + lifetime,
        )
        session.add(opened)
        session.flush()
        audit.note(session, account.id, "session.opened", now, about=("session", opened.id))
        signed_in = _signed_in(opened, account)
    return secret, signed_in


def session_actor(sessions: Sessions, secret: str | None, now: dt.datetime) -> SignedIn | None:
    """Return the browser session that `secret` (of the cookie) opens, None when there is none or it is over."""
    if not secret:
        return None
    query = (
        select(BrowserSession, Account)
        .join(Account, Account.id == BrowserSession.account_id)
        .where(
            BrowserSession.sha256 == digest(secret),
            BrowserSession.ended_at.is_(None),
            BrowserSession.expires_at > now,
            Account.disabled_at.is_(None),
        )
    )
    with reading(sessions) as session:
        row = session.execute(query).one_or_none()
    return None if row is None else _signed_in(*row)


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


def checked_scopes(scopes: Collection[str]) -> list[str]:
    """Return the scopes in their usual order; raises ValueError naming one that does not exist."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"the scopes must be some of {', '.join(SCOPES)}; got {', '.join(unknown) or 'none'}")
    return [scope for scope in SCOPES if scope in scopes]


def forget_ended(sessions: Sessions, now: dt.datetime, keep: dt.timedelta = dt.timedelta(days=1)) -> int:
    """Delete links and browser sessions that ended longer than `keep` ago; return how many."""
    before = now - keep
    ended_links = or_(SignInLink.expires_at < before, SignInLink.used_at < before)
    ended_sessions = or_(BrowserSession.expires_at < before, BrowserSession.ended_at < before)
    with writing(sessions) as session:
        links = session.scalars(select(SignInLink).where(ended_links)).all()
        browsers = session.scalars(select(BrowserSession).where(ended_sessions)).all()
        for row in (*links, *browsers):
            session.delete(row)
    return len(links) + len(browsers)


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


def _signed_in(opened: BrowserSession, account: Account) -> SignedIn:
    return SignedIn(Actor(account.id, account.name, frozenset(opened.scopes)), opened.csrf, opened.expires_at)
