"""Passwords, for those who want one beside links: what is good enough, how it is kept, how it is checked.

Argon2id with the parameters of RFC 9106 for machines with little memory; a hash made with lesser ones is renewed when
its owner signs in. A name that does not exist takes as long as a wrong password. Rules are those of NIST SP 800-63B:
length, a list of common ones, nothing about characters. It knows no session and no page.
"""

import datetime as dt
import secrets
import threading
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api import audit
from api.errors import Invalid
from models.account import Account
from models.credential import Password
from models.database import Sessions, reading, writing

SHORTEST, LONGEST = 12, 1024
FEWEST_DIFFERENT = 5
HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
# Each check takes 64 MiB; a crowd at the door must not take all of the machine's memory.
AT_ONCE = threading.BoundedSemaphore(2)


def find(sessions: Sessions, name: str, password: str, hasher: PasswordHasher = HASHER) -> Account | None:
    """Return the account whose name (or e-mail address) and password these are, None otherwise.

    Whatever is wrong, one hash is computed. No transaction is open meanwhile.
    """
    kept = select(Account, Password).outerjoin(Password, Password.account_id == Account.id)
    kept = kept.where(or_(Account.name == name.strip(), Account.email == name.strip().lower()))
    with reading(sessions) as session:
        found = session.execute(kept.order_by(Account.name != name.strip()).limit(1)).one_or_none()
    account, known = found or (None, None)
    right = matches(known.argon2 if known else nobodys(hasher), password, hasher)
    if not right or known is None or account is None or account.disabled_at is not None:
        return None
    if hasher.check_needs_rehash(known.argon2):
        _renew(sessions, known, password, hasher)
    return account


def new_hash(password: str, account: Account, hasher: PasswordHasher = HASHER) -> str:
    """Return the hash of a new password of this account; raises Invalid, saying why, when it is too weak.

    It takes a while: call it without a transaction open.
    """
    return hash_of(checked(password, account), hasher)


def keep(session: Session, account_id: int, argon2: str, by: int | None, now: dt.datetime) -> None:
    """Give an account the password of this hash in place of the one it had."""
    known = session.get(Password, account_id)
    if known is None:
        session.add(Password(account_id=account_id, argon2=argon2, changed_at=now))
    else:
        known.argon2, known.changed_at = argon2, now
    audit.note(session, by, "password.changed", now, about=("account", account_id), details={"has_one": True})


def remove(session: Session, account_id: int, by: int | None, now: dt.datetime) -> None:
    """Leave an account with links alone."""
    known = session.get(Password, account_id)
    if known is not None:
        session.delete(known)
        audit.note(session, by, "password.changed", now, about=("account", account_id), details={"has_one": False})


def checked(password: str, account: Account) -> str:
    """Return the password as it is hashed; raises Invalid with what is wrong about it."""
    password = composed(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"password: it must have at least {SHORTEST} characters; a few words that belong to you do well")
    plain = password.casefold()
    if len(set(plain)) < FEWEST_DIFFERENT or plain in common() or _stem(plain) in common():
        raise Invalid("password: it is one of those that everybody tries first; take a few words that belong to you")
    own = [part for part in (account.name, (account.email or "").partition("@")[0], "tocsin") if len(part) > 2]
    left = plain
    for part in own:
        left = left.replace(part.casefold(), "")
    if len(left) < SHORTEST - 4 and left != plain:
        raise Invalid("password: it is little more than a name that others know; take words that nobody guesses")
    return password


@cache
def common() -> frozenset[str]:
    """Return the passwords that nobody may have: long ones that lead every list of leaked ones."""
    lines = (Path(__file__).parent / "common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def composed(password: str) -> str:
    """Return one form of what different keyboards type differently (NFKC); lone surrogates become question marks."""
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())


def hash_of(password: str, hasher: PasswordHasher = HASHER) -> str:
    """Return the Argon2 hash of a composed password."""
    with AT_ONCE:
        return hasher.hash(password)


def matches(argon2: str, password: str, hasher: PasswordHasher = HASHER) -> bool:
    """Whether a hash is that of a password, as typed."""
    with AT_ONCE:
        try:
            # What is too long could not have been set; a part of it takes as long.
            return hasher.verify(argon2, composed(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return False


@cache
def nobodys(hasher: PasswordHasher) -> str:
    """Return a hash that no password matches in practice, to be computed for names that do not exist."""
    return hasher.hash(secrets.token_hex(32))


def _renew(sessions: Sessions, known: Password, password: str, hasher: PasswordHasher) -> None:
    """Keep a hash with today's parameters, unless the password was changed meanwhile."""
    argon2 = hash_of(composed(password), hasher)
    with writing(sessions) as session:
        current = session.get(Password, known.account_id, with_for_update=True)
        if current is not None and current.argon2 == known.argon2:
            current.argon2 = argon2


def _stem(plain: str) -> str:
    """Return a password without the digits and signs that people add to a common one."""
    return plain.rstrip("0123456789!?.#*@$-_+ ") or plain
