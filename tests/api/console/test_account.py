"""One's own account: setting a password, enrolling and ending a second factor."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace

import pyotp
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from api import passwords
from api.account_settings import AccountSettings
from models.account import Account
from models.audit import AuditEvent
from models.credential import SecondFactor
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser
from tests.conftest import NOW

FIRST, SECOND = "four herons over Marrok", "five otters under Keshu"


def seed_on(html: str) -> str:
    return "".join(re.findall(r'<code dir="ltr">([^<]+)</code>', html)[0].split())


def enrol(browser: Browser) -> tuple[str, list[str]]:
    seed = seed_on(browser.post("/account/second-factor", act="begin").text)
    done = browser.post("/account/second-factor", act="confirm", code=pyotp.TOTP(seed).at(NOW))
    return seed, re.findall(r"<li><code>([^<]+)</code>", done.text)


def test_a_first_password_and_its_change(sessions: Sessions, analyst: Browser, sign_in: Callable[..., Browser]) -> None:
    assert "You have none" in analyst.get("/account").text
    assert analyst.post("/account/password", new="too short").status_code == 422
    other = sign_in("Amina", "review")
    assert analyst.post("/account/password", new=FIRST).headers["location"] == "/account?done=password"
    assert analyst.get("/account?done=password").status_code == 200
    assert other.get("/queue").status_code == 303
    assert passwords.find(sessions, "Amina", FIRST)
    for wrong in ("", SECOND):
        refused = analyst.post("/account/password", current=wrong, new=SECOND)
        assert (refused.status_code, "not your present password" in refused.text) == (422, True)
    assert analyst.post("/account/password", current=FIRST, new=SECOND).status_code == 303
    assert passwords.find(sessions, "Amina", FIRST) is None
    assert passwords.find(sessions, "Amina", SECOND)


def test_an_unattended_browser_does_not_guess_the_password(analyst: Browser) -> None:
    analyst.post("/account/password", new=FIRST)
    tried = [analyst.post("/account/password", current=f"no {n}", new=SECOND).status_code for n in range(6)]
    assert tried == [422] * 5 + [429]


def test_enrolling_shows_the_recovery_codes_once(sessions: Sessions, analyst: Browser) -> None:
    page = analyst.post("/account/second-factor", act="begin")
    assert "<svg" in page.text
    wrong = analyst.post("/account/second-factor", act="confirm", code="000000")
    assert (wrong.status_code, seed_on(wrong.text)) == (422, seed_on(page.text))
    _, codes = enrol(analyst)
    assert len(codes) == 10
    shown = analyst.get("/account").text
    assert "10 recovery codes are left" in shown
    assert not any(code in shown for code in codes)
    assert analyst.post("/account/second-factor", act="begin").status_code == 409
    assert analyst.post("/account/second-factor", act="crown").status_code == 422


def test_new_codes_and_the_end_need_a_code(sessions: Sessions, analyst: Browser) -> None:
    _, codes = enrol(analyst)
    for act in ("codes", "end"):
        assert analyst.post("/account/second-factor", act=act, code="000000").status_code == 422
    fresh = re.findall(
        r"<li><code>([^<]+)</code>", analyst.post("/account/second-factor", act="codes", code=codes[0]).text
    )
    assert len(fresh) == 10
    assert analyst.post("/account/second-factor", act="end", code=codes[1]).status_code == 422
    assert analyst.post("/account/second-factor", act="end", code=fresh[0]).headers["location"] == "/account?done=ended"
    with reading(sessions) as session:
        assert session.scalars(select(SecondFactor)).all() == []
        done = session.scalars(select(AuditEvent).where(AuditEvent.action == "second_factor.changed")).all()
    assert [event.details["what"] for event in done] == [
        "enrolled",
        "new recovery codes",
        "new recovery codes",
        "ended",
    ]


def test_a_role_that_needs_one_keeps_it(app: FastAPI, analyst: Browser) -> None:
    _, codes = enrol(analyst)
    app.state.settings = replace(app.state.settings, accounts=AccountSettings(second_factor_roles=("reviewer",)))
    assert analyst.post("/account/second-factor", act="end", code=codes[0]).status_code == 409


def test_an_account_from_before_there_were_roles_takes_its_sessions(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        session.scalars(select(Account)).one().role = None
    assert "–" in analyst.get("/account").text
    analyst.post("/account/password", new=FIRST)
    with reading(sessions) as session:
        assert session.scalars(select(Account.role)).one() == "reviewer"


@pytest.mark.parametrize("path", ["/account/password", "/account/second-factor"])
def test_a_form_from_elsewhere_changes_nothing(analyst: Browser, path: str) -> None:
    assert analyst.client.post(path, data={"csrf": "x", "new": FIRST, "act": "begin"}).status_code == 403


def test_the_key_of_the_installation_was_lost(app: FastAPI, analyst: Browser) -> None:
    enrol(analyst)
    app.state.settings = replace(app.state.settings, accounts=AccountSettings(account_key="another"))
    later = NOW + dt.timedelta(minutes=5)
    app.state.clock = lambda: later
    refused = analyst.post("/account/second-factor", act="codes", code="123456")
    assert (refused.status_code, "account_key" in refused.text) == (503, True)
