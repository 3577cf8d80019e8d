"""Whoever guesses is slowed down, by name and by address, and nobody for good."""

import datetime as dt

import pytest
from sqlalchemy import select

from api import attempts
from api.errors import TooMany
from models.credential import SignInTry
from models.database import Sessions, reading, writing
from tests.conftest import NOW

MINUTE = dt.timedelta(minutes=1)


def tries(sessions: Sessions, limits: attempts.Limits, times: int, now: dt.datetime = NOW) -> int:
    """Count so many tries; return how many of them were let through."""
    let = 0
    for _ in range(times):
        try:
            attempts.count(sessions, limits, now)
        except TooMany:
            continue
        let += 1
    return let


def test_five_tries_of_one_name_from_one_address(sessions: Sessions) -> None:
    assert tries(sessions, attempts.password_limits("Amina", "192.0.2.1"), 8) == 5
    assert tries(sessions, attempts.password_limits(" AMINA ", "192.0.2.1"), 1) == 0
    assert tries(sessions, attempts.password_limits("Amina", "192.0.2.2"), 1) == 1
    assert tries(sessions, attempts.password_limits("Ben", "192.0.2.1"), 1) == 1


def test_guesses_from_everywhere_meet_the_limit_of_the_name(sessions: Sessions) -> None:
    let = sum(tries(sessions, attempts.password_limits("Amina", f"192.0.2.{n}"), 1) for n in range(60))
    assert let == attempts.SAME_NAME


def test_guesses_for_everybody_meet_the_limit_of_the_address(sessions: Sessions) -> None:
    let = sum(tries(sessions, attempts.password_limits(f"person {n}", "192.0.2.1"), 1) for n in range(110))
    assert let == attempts.SAME_ADDRESS


def test_a_quarter_of_an_hour_later_it_starts_anew(sessions: Sessions) -> None:
    limits = attempts.password_limits("Amina", "192.0.2.1")
    tries(sessions, limits, 9)
    with pytest.raises(TooMany, match="wait 5 minutes") as told:
        attempts.count(sessions, limits, NOW + 10 * MINUTE)
    assert told.value.retry_after == 5 * MINUTE
    assert tries(sessions, limits, 9, NOW + 15 * MINUTE) == 5


def test_a_right_one_forgets_the_wrong_ones_before_it(sessions: Sessions) -> None:
    limits = attempts.password_limits("Amina", "192.0.2.1")
    tries(sessions, limits, 4)
    with writing(sessions) as session:
        attempts.succeeded(session, limits)
    assert tries(sessions, limits, 9) == 5
    with reading(sessions) as session:
        counts = dict(session.execute(select(SignInTry.key, SignInTry.count)).all())
    assert [counts[key] for key, _ in limits] == [9, 12, 12]


def test_neither_name_nor_address_is_kept(sessions: Sessions) -> None:
    tries(sessions, attempts.password_limits("Amina", "192.0.2.1"), 1)
    with reading(sessions) as session:
        keys = session.scalars(select(SignInTry.key)).all()
    assert all(len(key) == 64 and "Amina" not in key for key in keys)
