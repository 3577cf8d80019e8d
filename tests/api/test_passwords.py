"""Passwords: what is good enough, what is kept of them, and what a wrong one costs."""

import datetime as dt

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from api import passwords
from api.errors import Invalid
from models.account import Account
from models.credential import Password
from models.database import Sessions, reading, writing
from tests.conftest import NOW
from tests.factories import add_account

GOOD = "four herons over Marrok"
LIGHT = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
HEAVIER = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1)


def person(name: str = "Amina", email: str | None = None) -> Account:
    return Account(id=1, name=name, email=email, created_at=NOW)


@pytest.fixture
def amina(sessions: Sessions) -> int:
    with writing(sessions) as session:
        account = add_account(session, name="Amina", email="amina@desk.example")
        passwords.keep(session, account.id, passwords.new_hash(GOOD, account, LIGHT), account.id, NOW)
    return account.id


@pytest.mark.parametrize(
    ("weak", "says"),
    [
        ("short", "at least 12"),
        ("", "at least 12"),
        ("x" * 1025, "at least 12"),
        ("aaaaaaaaaaaaaaaa", "everybody tries first"),
        ("Password123456", "everybody tries first"),
        ("QWERTYUIOPASDF", "everybody tries first"),
        ("ｐａｓｓｗｏｒｄ１２３４５６", "everybody tries first"),
        ("correct horse battery staple", "everybody tries first"),
        ("iloveyouforever!!", "everybody tries first"),
        ("Amina Wanjiru 1", "a name that others know"),
        ("tocsin-tocsin-1", "a name that others know"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(weak: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        passwords.checked(weak, person("Amina Wanjiru"))


@pytest.mark.parametrize(
    "good", [GOOD, "samaki wanne juu ya mto", "شجرة الزيتون عند الباب", "a name of Amina in much more"]
)
def test_length_is_what_counts(good: str) -> None:
    assert passwords.checked(good, person())


def test_the_list_holds_only_what_the_rules_let_through() -> None:
    assert len(passwords.common()) > 150
    assert all(word == word.casefold().strip() for word in passwords.common())


@given(st.text(max_size=40))
def test_any_text_is_taken_or_refused_in_one_form(typed: str) -> None:
    try:
        taken = passwords.checked(typed, person())
    except Invalid:
        return
    assert passwords.composed(taken) == taken
    taken.encode()


def test_the_hash_alone_is_kept(sessions: Sessions, amina: int) -> None:
    with reading(sessions) as session:
        kept = session.get_one(Password, amina).argon2
    assert kept.startswith("$argon2id$")
    assert GOOD not in kept


@pytest.mark.parametrize("name", ["Amina", " Amina ", "amina@desk.example", "AMINA@desk.example"])
def test_name_or_address_and_password_find_the_account(sessions: Sessions, amina: int, name: str) -> None:
    found = passwords.find(sessions, name, GOOD, LIGHT)
    assert found is not None
    assert found.id == amina


@pytest.mark.parametrize(("name", "password"), [("Amina", GOOD + "x"), ("Amina", ""), ("amina", GOOD), ("Emil", GOOD)])
def test_what_is_wrong_finds_nobody(sessions: Sessions, amina: int, name: str, password: str) -> None:
    assert passwords.find(sessions, name, password, LIGHT) is None


def test_keyboards_may_type_one_password_differently(sessions: Sessions, amina: int) -> None:
    with writing(sessions) as session:
        account = session.get_one(Account, amina)
        passwords.keep(session, amina, passwords.new_hash("cafe\u0301 au bord du lac", account, LIGHT), amina, NOW)
    assert passwords.find(sessions, "Amina", "caf\u00e9 au bord du lac", LIGHT)


def test_an_account_that_is_off_is_not_found(sessions: Sessions, amina: int) -> None:
    with writing(sessions) as session:
        session.get_one(Account, amina).disabled_at = NOW
    assert passwords.find(sessions, "Amina", GOOD, LIGHT) is None


def test_a_hash_with_lesser_parameters_is_renewed(sessions: Sessions, amina: int) -> None:
    assert passwords.find(sessions, "Amina", "wrong", HEAVIER) is None
    with reading(sessions) as session:
        before = session.get_one(Password, amina).argon2
    assert passwords.find(sessions, "Amina", GOOD, HEAVIER)
    with reading(sessions) as session:
        after = session.get_one(Password, amina).argon2
    assert "t=1" in before
    assert "t=2" in after
    assert not HEAVIER.check_needs_rehash(after)


def test_an_unknown_name_costs_a_hash_too(sessions: Sessions, amina: int) -> None:
    with writing(sessions) as session:
        add_account(session, name="without a password")

    class Counting(PasswordHasher):
        verified = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002
            self.verified += 1
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=64, parallelism=1)
    for name in ("Amina", "nobody", "without a password"):
        assert passwords.find(sessions, name, "not it", hasher) is None
    assert hasher.verified == 3


def test_a_password_is_taken_away(sessions: Sessions, amina: int) -> None:
    for _ in range(2):
        with writing(sessions) as session:
            passwords.remove(session, amina, amina, NOW + dt.timedelta(days=1))
    with reading(sessions) as session:
        assert session.scalars(select(Password)).all() == []
    assert passwords.find(sessions, "Amina", GOOD, LIGHT) is None
