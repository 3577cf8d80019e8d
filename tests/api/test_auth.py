"""Secrets open doors once, for as long and as far as they were made to."""

import datetime as dt

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api import accounts, auth
from api.errors import NotAllowed, NotFound, NotSignedIn
from api.roles import Actor
from models.account import SCOPES, Account, Token
from models.database import Sessions, reading, writing

HOUR = dt.timedelta(hours=1)


def test_a_token_names_its_account_and_scopes(sessions: Sessions, now: dt.datetime) -> None:
    token = auth.create_token(sessions, "desk", ["push", "read"], now)
    actor = auth.token_actor(sessions, token, now)
    assert (actor.name, actor.scopes) == ("desk", {"read", "push"})


def test_the_database_keeps_no_token(sessions: Sessions, now: dt.datetime) -> None:
    token = auth.create_token(sessions, "desk", ["read"], now)
    with reading(sessions) as session:
        kept = session.scalars(select(Token)).one()
    assert token not in repr(vars(kept))
    assert token.startswith("toc_")
    assert len(token) == 53


def test_a_second_token_belongs_to_the_same_account(sessions: Sessions, now: dt.datetime) -> None:
    first, second = (auth.create_token(sessions, "desk", ["read"], now) for _ in range(2))
    assert auth.token_actor(sessions, first, now).account_id == auth.token_actor(sessions, second, now).account_id


def test_a_mistyped_token_is_told_without_the_database() -> None:
    token = auth.TOKEN_PREFIX + auth.with_checksum(auth.new_secret())
    assert auth.well_formed(token)
    for spoiled in (token[:-1], token[:-1] + "é", "", token.swapcase(), token + "\ud800"):
        assert not auth.well_formed(spoiled)


def test_an_unknown_token_opens_nothing(sessions: Sessions, now: dt.datetime) -> None:
    with pytest.raises(NotSignedIn, match="not known"):
        auth.token_actor(sessions, auth.TOKEN_PREFIX + auth.with_checksum(auth.new_secret()), now)


def test_an_expired_token_opens_nothing(sessions: Sessions, now: dt.datetime) -> None:
    token = auth.create_token(sessions, "desk", ["read"], now, expires_at=now + HOUR)
    assert auth.token_actor(sessions, token, now)
    with pytest.raises(NotSignedIn, match="expired"):
        auth.token_actor(sessions, token, now + HOUR)


def test_a_revoked_token_opens_nothing(sessions: Sessions, now: dt.datetime) -> None:
    token = auth.create_token(sessions, "desk", ["read"], now)
    assert auth.token_actor(sessions, token, now)
    assert accounts.revoke_tokens(sessions, "desk", now) == 1
    with pytest.raises(NotSignedIn, match="revoked"):
        auth.token_actor(sessions, token, now)


def test_revoking_ends_sessions_and_links_too(sessions: Sessions, now: dt.datetime) -> None:
    secret, _ = auth.open_session(sessions, link_key(auth.create_sign_in_link(sessions, "desk", SCOPES, now)), now)
    unused = link_key(auth.create_sign_in_link(sessions, "desk", SCOPES, now))
    accounts.revoke_tokens(sessions, "desk", now)
    assert auth.session_actor(sessions, secret, now) is None
    with pytest.raises(NotSignedIn):
        auth.open_session(sessions, unused, now)
    with pytest.raises(NotFound, match="'nobody'"):
        accounts.revoke_tokens(sessions, "nobody", now)


def test_the_time_of_use_is_written_every_five_minutes(sessions: Sessions, now: dt.datetime) -> None:
    token = auth.create_token(sessions, "desk", ["read"], now)
    seen = []
    for minute in (0, 4, 5):
        auth.token_actor(sessions, token, now + minute * dt.timedelta(minutes=1))
        with reading(sessions) as session:
            seen.append(session.scalars(select(Token.last_used_at)).one())
    assert seen == [now, now, now + dt.timedelta(minutes=5)]


def test_a_full_disk_keeps_nobody_from_reading(sessions: Sessions, now: dt.datetime) -> None:
    token = auth.create_token(sessions, "desk", ["read"], now)

    def full(_session: Session) -> None:
        raise OperationalError("COMMIT", None, Exception("disk is full"))

    event.listen(sessions.class_, "before_commit", full)
    try:
        assert auth.token_actor(sessions, token, now).name == "desk"
    finally:
        event.remove(sessions.class_, "before_commit", full)


def test_unknown_scopes_and_names_are_refused(sessions: Sessions, now: dt.datetime) -> None:
    with pytest.raises(ValueError, match="got root"):
        auth.create_token(sessions, "desk", ["root"], now)
    with pytest.raises(ValueError, match="printable"):
        auth.create_token(sessions, "a\nb", ["read"], now)


def test_admin_may_everything_and_push_sees_nothing() -> None:
    assert all(Actor(1, "a", frozenset({"admin"})).may(scope) for scope in SCOPES)
    assert Actor(1, "a", frozenset({"review"})).may("read")
    assert not Actor(1, "a", frozenset({"push"})).may("read")
    with pytest.raises(NotAllowed, match="scope 'admin'"):
        Actor(1, "a", frozenset({"review"})).must("admin")


def test_a_sign_in_link_opens_one_session(sessions: Sessions, now: dt.datetime) -> None:
    key = link_key(auth.create_sign_in_link(sessions, "operator", SCOPES, now))
    secret, opened = auth.open_session(sessions, key, now)
    assert auth.session_actor(sessions, secret, now) == opened
    assert opened.actor.name == "operator"
    with pytest.raises(NotSignedIn):
        auth.open_session(sessions, key, now)


def test_a_sign_in_link_grows_old(sessions: Sessions, now: dt.datetime) -> None:
    key = link_key(auth.create_sign_in_link(sessions, "operator", SCOPES, now))
    with pytest.raises(NotSignedIn, match="too old"):
        auth.open_session(sessions, key, now + auth.LINK_LIFETIME)


def test_a_session_ends_by_time_by_hand_and_with_its_account(sessions: Sessions, now: dt.datetime) -> None:
    secrets = []
    for _ in range(2):
        key = link_key(auth.create_sign_in_link(sessions, "operator", SCOPES, now))
        secrets.append(auth.open_session(sessions, key, now)[0])
    assert auth.session_actor(sessions, secrets[0], now + auth.SESSION_LIFETIME) is None
    auth.end_session(sessions, secrets[0], now)
    assert auth.session_actor(sessions, secrets[0], now) is None
    assert auth.session_actor(sessions, secrets[1], now) is not None
    with writing(sessions) as session:
        session.scalars(select(Account)).one().disabled_at = now
    assert auth.session_actor(sessions, secrets[1], now) is None


def test_a_form_must_carry_the_sessions_own_secret(sessions: Sessions, now: dt.datetime) -> None:
    _, opened = auth.open_session(sessions, link_key(auth.create_sign_in_link(sessions, "operator", SCOPES, now)), now)
    assert auth.csrf_matches(opened, opened.csrf)
    assert not any(auth.csrf_matches(opened, sent) for sent in (None, "", "é\ud800", opened.csrf + "x"))


def test_what_ended_is_forgotten_a_day_later(sessions: Sessions, now: dt.datetime) -> None:
    auth.open_session(sessions, link_key(auth.create_sign_in_link(sessions, "operator", SCOPES, now)), now)
    assert accounts.forget_ended(sessions, now) == 0
    assert accounts.forget_ended(sessions, now + dt.timedelta(days=3)) == 2


def link_key(path: str) -> str:
    return path.partition("key=")[2]
