"""A reviewer's first day and second morning in a real Chromium: a password, a second factor, and in again with both."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from fastapi import FastAPI

from api import auth
from models.database import Sessions
from tests.api.console import test_in_a_browser
from tests.browser import CHROMIUM, Tab
from tests.conftest import NOW

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed; Debian's package is chromium"),
]
PASSWORD = "four herons over Marrok"
database_url = test_in_a_browser.database_url


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[Path]:
    """Where the screens are kept, to be looked at."""
    folder = tmp_path / "screens"
    folder.mkdir()
    yield folder
    assert len(list(folder.glob("*.png"))) == 7


def fill(tab: Tab, **fields: str) -> None:
    """Type into fields by their names."""
    for name, value in fields.items():
        tab.run(f"document.querySelector('main [name={name}]:not([type=hidden])').focus()")
        tab.ask("Input.insertText", text=value)


def press(tab: Tab, selector: str = "main button.main") -> str:
    """Click, wait, and return where one is."""
    tab.run(f"document.querySelector('{selector}').click()")
    tab.wait_for("Page.loadEventFired")
    return str(tab.run("location.pathname"))


def look(tab: Tab, folder: Path, name: str) -> None:
    """Take a picture at the size of a telephone or of a desk; no screen is wider than its window."""
    tab.picture(folder / f"{name}.png")
    assert not tab.run("document.documentElement.scrollWidth - document.documentElement.clientWidth"), name


def test_a_password_and_a_second_factor(
    sessions: Sessions, app: FastAPI, address: str, tab: Tab, pictures: Path
) -> None:
    tab.size(360)
    link = auth.create_sign_in_link(sessions, "Amina", ["read", "review"], NOW, purpose="password")
    tab.go(address + link)
    assert press(tab) == "/sign-in/password"
    fill(tab, new="password12345")
    assert press(tab) == "/sign-in/password"
    assert "everybody tries first" in tab.run("document.querySelector('#mistake').innerText")
    look(tab, pictures, "1-choose-a-password")
    fill(tab, new=PASSWORD)
    assert press(tab) == "/"

    tab.go(f"{address}/account")
    look(tab, pictures, "2-account")
    press(tab, "button[value=begin]")
    look(tab, pictures, "3-enrol")
    assert tab.run("document.querySelector('.qrcode svg').getBoundingClientRect().width") > 100
    seed = tab.run("document.querySelector('main code').innerText.replaceAll(' ', '')")
    fill(tab, code=pyotp.TOTP(seed).at(NOW))
    press(tab)
    codes = tab.run("[...document.querySelectorAll('.codes code')].map((one) => one.innerText)")
    assert len(codes) == 10
    look(tab, pictures, "4-recovery-codes")
    assert press(tab, "main a.button") == "/account"
    assert press(tab, "form.who button") == "/sign-in"

    tab.size(1280)
    next_day = NOW + dt.timedelta(days=1)
    app.state.clock = lambda: next_day
    tab.go(f"{address}/sign-in")
    fill(tab, name="Amina", password="not this one at all")
    assert press(tab) == "/sign-in"
    look(tab, pictures, "5-wrong")
    fill(tab, password=PASSWORD)
    assert press(tab) == "/sign-in/code"
    look(tab, pictures, "6-code")
    fill(tab, code=pyotp.TOTP(seed).at(next_day))
    assert press(tab) == "/"
    tab.go(f"{address}/sessions")
    look(tab, pictures, "7-sessions")
    assert "a password" in tab.run("document.querySelector('main table').innerText")
    assert test_in_a_browser.acted(tab) == []


def test_the_way_in_needs_no_script(sessions: Sessions, app: FastAPI, address: str, tab: Tab) -> None:
    tab.go(address + auth.create_sign_in_link(sessions, "Amina", ["read", "review"], NOW))
    tab.ask("Emulation.setScriptExecutionDisabled", value=True)
    root = tab.ask("DOM.getDocument")["root"]["nodeId"]
    node = tab.ask("DOM.querySelector", nodeId=root, selector="main button")["nodeId"]
    corners = tab.ask("DOM.getBoxModel", nodeId=node)["model"]["content"]
    x, y = (corners[0] + corners[4]) / 2, (corners[1] + corners[5]) / 2
    for kind in ("mousePressed", "mouseReleased"):
        tab.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    tab.wait_for("Page.loadEventFired")
    tab.go(f"{address}/account")
    tab.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert "Enrol an authenticator" in tab.run("document.body.innerText")
