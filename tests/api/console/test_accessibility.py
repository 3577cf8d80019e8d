"""axe-core finds nothing on any page: light and dark, on a desktop and on a phone, from the left and from the right.

Everything that unfolds is unfolded first, so that hidden parts are looked at too. What axe cannot judge (whether a page
can be understood when it is read out) no test here says.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from models.account import Account
from models.database import Sessions, writing
from tests.api.console.world import PAGES, build
from tests.browser import CHROMIUM, Tab

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed; Debian's package is chromium"),
]
AXE = Path(__file__).parents[2] / "vendor" / "axe-core" / "axe.min.js"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BY_COLOUR = ["color-contrast", "link-in-text-block"]
# The same page with other rows or a notice is looked at once.
LIKE_ANOTHER = {
    "/queue", "/queue?show=abstained", "/queue?show=rejected", "/alerts?show=acknowledged", "/alerts/3",
    "/sources?done=added", "/quarantine", "/precision", "/lexicon?language=sw",
}  # fmt: skip
# Pictures, and what was built last: looked at whole in the hardest combination, the dark included.
HARDEST = (
    "/",
    "/trends",
    "/trends?label=any&label=signal:incitement&days=7&measure=share",
    "/trends?by=country&days=30&bucket=hour",
    "/alerts/1",
    "/agreement",
    "/training",
    "/training/5",
    "/training/5/answer",
    "/thresholds",
    "/assessments/1",
)
VISITORS = ("/sign-in", "/sign-in?key=abc")
UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What a page looks like does not depend on the database."""
    return sqlite_url


def violations(tab: Tab, only: dict[str, Any]) -> list[str]:
    """Run axe in the page and return each rule that is broken, with where."""
    options = json.dumps({"runOnly": only, "resultTypes": ["violations"]})
    found = tab.run(
        f"axe.run({options}).then((done) => done.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))"
    )
    return [f"{rule}: {' | '.join(html[:120] for html in nodes[:4])}" for rule, nodes in found]


WHOLE: dict[str, Any] = {"type": "tag", "values": RULES}
COLOURS: dict[str, Any] = {"type": "rule", "values": BY_COLOUR}
# What has nothing to do with colours is the same in both schemes.
SCHEMES = (("light", WHOLE), ("dark", COLOURS))


def looked_at(tab: Tab, url: str, schemes: Sequence[tuple[str, dict[str, Any]]] = SCHEMES) -> list[str]:
    """Look at one page, by default in both schemes."""
    tab.go(url)
    tab.run(UNFOLD)
    found = []
    for scheme, only in schemes:
        tab.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        found += [f"{url} ({scheme}) {one}" for one in violations(tab, only)]
    return found


def prepare(tab: Tab) -> None:
    tab.ask("Page.addScriptToEvaluateOnNewDocument", source=AXE.read_text())


def test_axe_is_the_file_that_it_says() -> None:
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == SHA256


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(
    sessions: Sessions, address: str, tab: Tab, enter: Callable[..., Tab], width: int, locale: str
) -> None:
    prepare(tab)
    tab.size(width)
    tab.ask("Network.setExtraHTTPHeaders", headers={"Accept-Language": locale})
    found = [fault for path in VISITORS for fault in looked_at(tab, address + path)]
    enter("admin")
    build(sessions)
    with writing(sessions) as session:
        session.query(Account).filter_by(name="Ben").one().locale = locale
    for path in (path for path in PAGES if path not in LIKE_ANOTHER):
        found += looked_at(tab, address + path)
    assert found == []


def test_axe_finds_nothing_in_the_dark_from_the_right_on_a_phone(
    sessions: Sessions, address: str, tab: Tab, enter: Callable[..., Tab]
) -> None:
    prepare(tab)
    tab.size(360)
    enter("admin")
    build(sessions)
    with writing(sessions) as session:
        session.query(Account).filter_by(name="Ben").one().locale = "ar"
    found = [fault for path in HARDEST for fault in looked_at(tab, address + path, [("dark", WHOLE)])]
    assert found == []
    tab.go(f"{address}/trends")
    assert tab.run("[document.dir, matchMedia('(prefers-color-scheme: dark)').matches]") == ["rtl", True]
    wide = tab.run("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide


def test_the_alarm_of_these_tests_rings(address: str, tab: Tab) -> None:
    prepare(tab)
    tab.go(f"{address}/sign-in")
    tab.run("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=/x><input><a href=/></a>')")
    broken = {fault.partition(":")[0] for fault in violations(tab, {"type": "tag", "values": RULES})}
    assert {"image-alt", "label", "link-name"} <= broken
