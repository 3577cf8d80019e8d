"""axe-core finds nothing on any page: light and dark, on a desktop and on a phone, from the left and from the right.

Every route that a browser can open is looked at, so that a new page cannot escape. Four looks hold every pair of the
three choices; on a phone the console's own script is kept out, as if scripts were off. Everything that unfolds is
unfolded first, the menu apart, so that hidden parts are looked at too. What axe cannot judge (whether a page can be
understood when it is read out) no test here says.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyotp
import pytest
from fastapi import FastAPI

from api import auth
from api.account_settings import AccountSettings
from api.settings import Settings
from models.database import Sessions
from tests.api.console.world import DOOR, PAGES, STEPS, build, unseen
from tests.browser import CHROMIUM, Tab
from tests.conftest import NOW

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed; Debian's package is chromium"),
]
AXE = Path(__file__).parents[2] / "vendor" / "axe-core" / "axe.min.js"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# The same page with other rows or a notice is looked at once.
LIKE_ANOTHER = {
    "/queue", "/queue?show=abstained", "/queue?show=rejected", "/alerts?show=acknowledged", "/alerts/3",
    "/sources?done=added", "/quarantine", "/precision", "/lexicon?language=sw",
}  # fmt: skip
# The menu lies over the page when it is open, and would hide from axe what stands beneath.
UNFOLD = "document.querySelectorAll('details:not(.menu)').forEach((one) => { one.open = true; })"
OPEN_MENU = "document.querySelector('.menu').open = true"
SEEN = """[document.dir, matchMedia('(prefers-color-scheme: dark)').matches,
    [...document.styleSheets].length, document.documentElement.scrollWidth - document.documentElement.clientWidth]"""


class Look(NamedTuple):
    """How a page is looked at; `scripts` is whether the console's own script runs."""

    width: int
    scheme: str
    locale: str
    scripts: bool


# Of width, scheme and direction each pair of choices stands in one of these.
LOOKS = (
    Look(1280, "light", "en", scripts=True),
    Look(1280, "dark", "ar", scripts=True),
    Look(360, "light", "ar", scripts=False),
    Look(360, "dark", "en", scripts=False),
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What a page looks like does not depend on the database."""
    return sqlite_url


def violations(tab: Tab) -> list[str]:
    """Run axe in the page and return each rule that is broken, with where."""
    options = json.dumps({"runOnly": RULES, "resultTypes": ["violations"]})
    found = tab.run(
        f"axe.run({options}).then((done) => done.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))"
    )
    return [f"{rule}: {' | '.join(html[:120] for html in nodes[:4])}" for rule, nodes in found]


def wear(tab: Tab, look: Look) -> None:
    """Make the browser one that sees pages like this."""
    tab.size(look.width)
    tab.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": look.scheme}])
    tab.ask("Network.setExtraHTTPHeaders", headers={"Accept-Language": look.locale})
    tab.ask("Network.setBlockedURLs", urls=[] if look.scripts else ["*/console.js*"])


def looked_at(tab: Tab, look: Look, unfold: str = UNFOLD) -> list[str]:
    """Look at the page that is open: it must be seen as wanted, be no wider than its window, and please axe."""
    tab.run(unfold)
    direction, dark, styled, wider = tab.run(SEEN)
    assert (direction, dark, styled) == ("rtl" if look.locale == "ar" else "ltr", look.scheme == "dark", 1)
    found = violations(tab) + ([f"{wider} pixels too wide"] if wider else [])
    return [f"{tab.run('location.pathname + location.search')} {look}: {one}" for one in found]


def prepare(tab: Tab) -> None:
    tab.ask("Page.addScriptToEvaluateOnNewDocument", source=AXE.read_text())


def submit(tab: Tab, **fields: str) -> None:
    for name, value in fields.items():
        tab.run(f"document.querySelector('main [name={name}]').value = {json.dumps(value)}")
    tab.run("document.querySelector('main button.main').click()")
    tab.wait_for("Page.loadEventFired")


def test_axe_is_the_file_that_it_says() -> None:
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == SHA256


def test_no_page_escapes() -> None:
    assert unseen([*PAGES, *DOOR, *STEPS]) == []
    assert "/codebook" in unseen([path for path in PAGES if path != "/codebook"])


def test_axe_finds_nothing(sessions: Sessions, address: str, tab: Tab, enter: Callable[..., Tab]) -> None:
    prepare(tab)
    enter("admin")
    build(sessions)
    found, pages = [], [path for path in PAGES if path not in LIKE_ANOTHER]
    assert {path.partition("?")[0] for path in LIKE_ANOTHER} <= {path.partition("?")[0] for path in PAGES}
    for look in LOOKS:
        wear(tab, look)
        for path in pages:
            tab.go(address + path)
            found += looked_at(tab, look)
        found += looked_at(tab, look, OPEN_MENU)
    assert found == []


def test_axe_finds_nothing_on_the_way_in(sessions: Sessions, app: FastAPI, address: str, tab: Tab) -> None:
    prepare(tab)
    app.state.settings = Settings(accounts=AccountSettings(second_factor_roles=("reviewer",)))
    found = []
    for look in LOOKS:
        wear(tab, look)
        for path in DOOR:
            tab.go(address + path)
            found += looked_at(tab, look)
        name = f"{look}"
        for purpose in ("password", "sign_in"):
            tab.go(address + auth.create_sign_in_link(sessions, name, ["read", "review"], NOW, purpose=purpose))
            submit(tab)
            if purpose == "password":
                assert tab.run("location.pathname") == STEPS[0]
                found += looked_at(tab, look)
                submit(tab, new="four herons over Marrok")
                assert tab.run("location.pathname") == STEPS[1]
                found += looked_at(tab, look)
                seed = tab.run("document.querySelector('main code').innerText.replaceAll(' ', '')")
                submit(tab, code=pyotp.TOTP(seed).at(NOW))
                found += looked_at(tab, look)  # the recovery codes
        assert tab.run("location.pathname") == STEPS[2]
        found += looked_at(tab, look)
    assert found == []


def test_the_alarm_of_these_tests_rings(address: str, tab: Tab) -> None:
    prepare(tab)
    tab.go(f"{address}/sign-in")
    tab.run("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=/x><input><a href=/></a>')")
    broken: dict[str, Any] = dict.fromkeys(fault.partition(":")[0] for fault in violations(tab))
    assert {"image-alt", "label", "link-name"} <= broken.keys()
