"""The whole way in: a password, a second factor, a new password, an enrolment that a role needs."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from api import auth, passwords, second_factor
from api.account_settings import AccountSettings
from api.roles import SCOPES_OF
from models.account import Account, BrowserSession
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser
from tests.conftest import NOW

PASSWORD, BETTER = "four herons over Marrok", "five otters under Keshu"
HALF_A_MINUTE = dt.timedelta(seconds=30)


@pytest.fixture
def clock(app: FastAPI) -> Callable[[dt.timedelta], None]:
    """Let time pass."""

    def on(by: dt.timedelta) -> None:
        at = app.state.clock() + by
        app.state.clock = lambda: at

    return on


@pytest.fixture
def amina(sessions: Sessions) -> int:
    """A reviewer with a password."""
    auth.create_sign_in_link(sessions, "Amina", SCOPES_OF["reviewer"], NOW)
    with writing(sessions) as session:
        account = session.scalars(select(Account).where(Account.name == "Amina")).one()
        passwords.keep(session, account.id, passwords.new_hash(PASSWORD, account), account.id, NOW)
    return account.id


@pytest.fixture
def seed(sessions: Sessions, amina: int) -> str:
    """Her second factor's secret."""
    with writing(sessions) as session:
        seed = second_factor.begin(session, amina, "", NOW - 10 * HALF_A_MINUTE)
        second_factor.confirm(
            session, amina, pyotp.TOTP(seed).at(NOW - 10 * HALF_A_MINUTE), "", NOW - 10 * HALF_A_MINUTE
        )
    return seed


def needing(app: FastAPI, *roles: str) -> None:
    """Have these roles need a second factor."""
    app.state.settings = replace(app.state.settings, accounts=AccountSettings(second_factor_roles=roles))


def by_password(visitor: Browser, name: str = "Amina", password: str = PASSWORD) -> tuple[int, str]:
    answer = visitor.client.post("/sign-in", data={"name": name, "password": password})
    return answer.status_code, answer.headers.get("location", "")


def step(visitor: Browser, name: str, **fields: str) -> tuple[int, str]:
    """Open a step's page and send its form."""
    page = visitor.client.get(f"/sign-in/{name}")
    assert page.status_code == 200
    csrf = re.findall(r'name="csrf" value="(\w+)"', page.text)[0]
    answer = visitor.client.post(f"/sign-in/{name}", data={"csrf": csrf} | fields)
    return answer.status_code, answer.headers.get("location", "")


def kept(sessions: Sessions, action: str) -> list[tuple[int | None, dict[str, object]]]:
    query = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
    with reading(sessions) as session:
        return [(event.account_id, event.details) for event in session.scalars(query)]


def test_a_password_opens_the_console(sessions: Sessions, amina: int, visitor: Browser) -> None:
    assert by_password(visitor) == (303, "/")
    assert visitor.get("/queue").status_code == 200
    assert visitor.get("/people").status_code == 403
    assert kept(sessions, "session.opened") == [(amina, {"via": "password"})]


@pytest.mark.parametrize(("name", "password"), [("Amina", "wrong"), ("Emil", PASSWORD), ("", ""), ("\x00", "\x00")])
def test_what_is_wrong_is_not_said(sessions: Sessions, amina: int, visitor: Browser, name: str, password: str) -> None:
    answer = visitor.client.post("/sign-in", data={"name": name, "password": password})
    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert visitor.client.cookies.get("tocsin") is None
    assert kept(sessions, "session.refused") == [(None, {"how": "password"})]


def test_who_guesses_waits_and_a_link_still_lets_its_owner_in(
    sessions: Sessions, app: FastAPI, amina: int, visitor: Browser, clock: Callable[[dt.timedelta], None]
) -> None:
    assert [by_password(visitor, password="wrong")[0] for _ in range(7)] == [401] * 5 + [429] * 2
    slowed = visitor.client.post("/sign-in", data={"name": "Amina", "password": PASSWORD})
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "900")
    owner = Browser(TestClient(app, follow_redirects=False))
    key = auth.create_sign_in_link(sessions, "Amina", ["review"], NOW).partition("key=")[2]
    assert owner.client.post("/sign-in", data={"key": key}).status_code == 303
    clock(dt.timedelta(minutes=15))
    assert by_password(visitor) == (303, "/")


def test_between_two_steps_nothing_opens(amina: int, seed: str, visitor: Browser) -> None:
    assert by_password(visitor) == (303, "/sign-in/code")
    for path in ("/", "/queue", "/account", "/sessions", "/sign-in/password", "/sign-in/enrolment"):
        assert visitor.get(path).headers["location"] == "/sign-in", path
    assert visitor.client.post("/sessions", data={"csrf": "x"}).status_code == 401


def test_a_code_opens_the_console_once(
    sessions: Sessions, app: FastAPI, amina: int, seed: str, visitor: Browser
) -> None:
    by_password(visitor)
    half = visitor.client.cookies["tocsin"]
    code = pyotp.TOTP(seed).at(NOW)
    assert step(visitor, "code", code="000000")[0] == 403
    assert step(visitor, "code", code=code) == (303, "/")
    assert visitor.get("/queue").status_code == 200
    assert visitor.client.cookies["tocsin"] != half
    other = Browser(TestClient(app, follow_redirects=False))
    other.client.cookies.set("tocsin", half)
    assert other.get("/queue").status_code == 303
    by_password(other)
    assert step(other, "code", code=code)[0] == 403
    assert kept(sessions, "session.refused") == [(None, {"how": "code"})] * 2


def test_paper_stands_in_for_the_telephone(sessions: Sessions, amina: int, seed: str, visitor: Browser) -> None:
    with writing(sessions) as session:
        codes = second_factor.new_codes(session, amina, NOW)
    by_password(visitor)
    assert step(visitor, "code", code=codes[0]) == (303, "/")


def test_a_link_needs_the_code_too(sessions: Sessions, amina: int, seed: str, visitor: Browser) -> None:
    key = auth.create_sign_in_link(sessions, "Amina", ["review"], NOW).partition("key=")[2]
    assert visitor.client.post("/sign-in", data={"key": key}).headers["location"] == "/sign-in/code"
    assert step(visitor, "code", code=pyotp.TOTP(seed).at(NOW)) == (303, "/")


def test_codes_are_not_guessed(amina: int, seed: str, visitor: Browser) -> None:
    by_password(visitor)
    assert [step(visitor, "code", code=f"00000{n}")[0] for n in range(7)] == [403] * 5 + [429] * 2
    assert step(visitor, "code", code=pyotp.TOTP(seed).at(NOW))[0] == 429


def test_half_a_sign_in_ends_after_ten_minutes(
    amina: int, seed: str, visitor: Browser, clock: Callable[[dt.timedelta], None]
) -> None:
    by_password(visitor)
    clock(dt.timedelta(minutes=10))
    assert visitor.get("/sign-in/code").headers["location"] == "/sign-in"


def test_a_form_from_elsewhere_takes_no_step(amina: int, seed: str, visitor: Browser) -> None:
    by_password(visitor)
    sent = {"csrf": "x", "code": pyotp.TOTP(seed).at(NOW)}
    assert visitor.client.post("/sign-in/code", data=sent).status_code == 403
    foreign = {"sec-fetch-site": "cross-site"}
    assert visitor.client.post("/sign-in", data={"name": "a", "password": "b"}, headers=foreign).status_code == 403


def test_a_link_for_a_new_password_asks_for_one(sessions: Sessions, app: FastAPI, amina: int, visitor: Browser) -> None:
    by_password(visitor)
    new = Browser(TestClient(app, follow_redirects=False))
    path = auth.create_sign_in_link(sessions, "Amina", ["review"], NOW, purpose="password")
    assert (
        new.client.post("/sign-in", data={"key": path.partition("key=")[2]}).headers["location"] == "/sign-in/password"
    )
    assert step(new, "password", new="short")[0] == 422
    assert visitor.get("/queue").status_code == 200
    assert step(new, "password", new=BETTER) == (303, "/")
    assert new.get("/queue").status_code == 200
    assert visitor.get("/queue").status_code == 303  # signed out everywhere else
    assert by_password(visitor)[0] == 401
    assert by_password(visitor, password=BETTER) == (303, "/")
    assert kept(sessions, "password.changed")[-1] == (amina, {"has_one": True})


def test_the_code_comes_before_the_new_password(sessions: Sessions, amina: int, seed: str, visitor: Browser) -> None:
    path = auth.create_sign_in_link(sessions, "Amina", ["review"], NOW, purpose="password")
    visitor.client.post("/sign-in", data={"key": path.partition("key=")[2]})
    assert visitor.get("/sign-in/password").headers["location"] == "/sign-in"
    assert step(visitor, "code", code=pyotp.TOTP(seed).at(NOW)) == (303, "/sign-in/password")
    assert visitor.get("/queue").status_code == 303
    assert step(visitor, "password", new=BETTER) == (303, "/")


def test_a_role_that_needs_a_second_factor_enrols_one(
    sessions: Sessions, app: FastAPI, amina: int, visitor: Browser, clock: Callable[[dt.timedelta], None]
) -> None:
    needing(app, "admin", "reviewer")
    assert by_password(visitor) == (303, "/sign-in/enrolment")
    assert visitor.get("/queue").status_code == 303
    page = visitor.client.get("/sign-in/enrolment").text
    seed = "".join(re.findall(r'<code dir="ltr">([^<]+)</code>', page)[0].split())
    assert "<svg" in page
    assert step(visitor, "enrolment", code="000000")[0] == 403
    csrf = re.findall(r'name="csrf" value="(\w+)"', visitor.client.get("/sign-in/enrolment").text)[0]
    done = visitor.client.post("/sign-in/enrolment", data={"csrf": csrf, "code": pyotp.TOTP(seed).at(NOW)})
    assert done.status_code == 200
    assert len(re.findall(r"<li><code>([^<]+)</code>", done.text)) == 10
    assert visitor.get("/queue").status_code == 200
    visitor.client.cookies.clear()
    clock(dt.timedelta(minutes=1))
    assert by_password(visitor) == (303, "/sign-in/code")


def test_a_session_that_rests_ends_and_one_that_is_used_goes_on(
    analyst: Browser, sign_in: Callable[..., Browser], clock: Callable[[dt.timedelta], None], sessions: Sessions
) -> None:
    resting = sign_in("Amina", "review")
    for _ in range(3):
        clock(dt.timedelta(minutes=50))
        assert analyst.get("/about").status_code == 200
    assert resting.get("/about").status_code == 303
    with reading(sessions) as session:
        seen = set(session.scalars(select(BrowserSession.seen_at)))
    assert seen == {NOW, NOW + dt.timedelta(minutes=150)}
    clock(dt.timedelta(minutes=50))
    assert "this one" in analyst.get("/sessions").text
    for _ in range(10):
        clock(dt.timedelta(minutes=100))
        analyst.get("/about")
    assert analyst.get("/about").status_code == 303  # twelve hours are over, used or not
