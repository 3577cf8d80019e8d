"""Slow down whoever guesses: count tries by account and by address, in the database, so that all processes see them.

Nobody is locked out for good: a count is forgotten after a quarter of an hour, and a link that works once passes
whatever the counts of passwords say. The tightest limit is on one name from one address; the wider ones are there for
guesses that come from everywhere or go for everybody. Only hashes of names and addresses are kept, for a day.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable

from sqlalchemy import case, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api.errors import TooMany
from models.base import is_sqlite
from models.credential import SignInTry
from models.database import Sessions, writing

WINDOW = dt.timedelta(minutes=15)
SAME_NAME_AND_ADDRESS = 5
SAME_NAME = 50  # over all addresses: a password outlives this, and so does its owner's patience
SAME_ADDRESS = 100  # over all names: an office behind one address signs in together
CODES = 5  # of one account: a million codes, three of them good at a time

Limits = tuple[tuple[str, int], ...]


def password_limits(name: str, address: str) -> Limits:
    """Return what a try of a password counts against, as (key, most within the window)."""
    name = name.strip().casefold()
    return (
        (key_of("password", name, address), SAME_NAME_AND_ADDRESS),
        (key_of("name", name), SAME_NAME),
        (key_of("address", address), SAME_ADDRESS),
    )


def code_limits(account_id: int) -> Limits:
    """Return what a try of a second factor counts against."""
    return ((key_of("code", str(account_id)), CODES),)


def count(sessions: Sessions, limits: Limits, now: dt.datetime) -> None:
    """Count one try before it is made, in a transaction of its own; raises TooMany where one is too many.

    Counting first keeps a thousand tries at once from passing as one.
    """
    with writing(sessions) as session:
        # In one order, so that two who count the same keys do not wait for each other.
        found = [(most, *_count(session, key, now)) for key, most in sorted(limits)]
    over = [since + WINDOW - now for most, since, tries in found if tries > most]
    if over:
        wait = max(over)
        minutes = max(1, -(-int(wait.total_seconds()) // 60))
        unit = "minute" if minutes == 1 else "minutes"
        raise TooMany(f"too many tries; wait {minutes} {unit}, or ask for a sign-in link", retry_after=wait)


def succeeded(session: Session, limits: Iterable[tuple[str, int]]) -> None:
    """Take back the count of a try that was right; the first key, the narrowest, starts anew."""
    for number, (key, _) in enumerate(limits):
        left = 0 if number == 0 else case((SignInTry.count > 0, SignInTry.count - 1), else_=0)
        session.execute(update(SignInTry).where(SignInTry.key == key).values(count=left))


def key_of(*parts: str) -> str:
    """Return the hash by which a count is found."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


def _count(session: Session, key: str, now: dt.datetime) -> tuple[dt.datetime, int]:
    """Add one to a count that is not old yet, or start it anew; return since when and how many."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    old = SignInTry.since <= now - WINDOW
    statement = (
        insert(SignInTry)
        .values(key=key, since=now, count=1)
        .on_conflict_do_update(
            index_elements=[SignInTry.key],
            set_={
                "since": case((old, now), else_=SignInTry.since),
                "count": case((old, 1), else_=SignInTry.count + 1),
            },
        )
        .returning(SignInTry.since, SignInTry.count)
    )
    since, tries = session.execute(statement).one()
    return since, tries
