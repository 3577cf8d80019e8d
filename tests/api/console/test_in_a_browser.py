"""The console in a real Chromium: hostile texts stay texts, keys do a reviewer's work, and no script is needed."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.review import Review
from tests.api.console.test_hostile_text import PACK, in_batches, write_everywhere
from tests.api.console.test_review_day import add_passage
from tests.browser import CHROMIUM, BrowserFailed, Tab
from tests.factories import add_assessment, add_document, add_item

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed; Debian's package is chromium"),
]
SCREENS = (
    "/",
    "/queue",
    "/alerts",
    "/sources",
    "/webhooks",
    "/quarantine",
    "/agreement",
    "/precision?by=source",
    "/people",
    "/audit",
    "/lexicon",
    "/about",
)
SIZES = (1280, 360)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: what differs between the two is tested where the queries are."""
    return sqlite_url


def press_and_wait(tab: Tab, key: str) -> str:
    tab.press(key)
    tab.wait_for("Page.loadEventFired")
    return str(tab.run("location.pathname + location.search"))


def acted(tab: Tab) -> list[object]:
    """Return every sign that something of a source ran or was loaded: dialogs, broken policies, foreign requests."""
    foreign = [
        event["request"]["url"]
        for event in tab.told("Network.requestWillBeSent")
        if not event["request"]["url"].startswith(("http://127.0.0.1:", "about:", "data:"))
    ]
    policy = [
        event["entry"]["text"] for event in tab.told("Log.entryAdded") if "Content Security" in event["entry"]["text"]
    ]
    return [*tab.told("Page.javascriptDialogOpening"), *foreign, *policy]


def test_the_alarm_of_these_tests_rings(tab: Tab, address: str) -> None:
    tab.go(f"{address}/sign-in")
    tab.run("alert(1)")
    assert len(acted(tab)) == 1
    tab.run("document.body.insertAdjacentHTML('beforeend', '<img src=http://127.0.0.2/x onerror=alert(1)>')")
    until = time.monotonic() + 10
    while len(acted(tab)) < 2 and time.monotonic() < until:
        tab.run("1")
    assert len(acted(tab)) > 1


@pytest.mark.skipif(not PACK.exists(), reason=f"the conformance pack is not at {PACK}")
def test_no_payload_of_the_pack_does_anything(sessions: Sessions, address: str, enter: Callable[..., Tab]) -> None:
    payloads = [json.loads(line)["payload"] for line in PACK.read_text().splitlines()]
    shown = []
    for batch in in_batches(payloads, 200):
        with writing(sessions) as session:
            passage = {"start": 3, "end": 9000, "signals": {}, "highlights": [{"start": 9, "end": 99, "weight": 1}]}
            document = add_document(session, add_item(session, content=batch, title=batch[:5000], author=batch[:200]))
            shown.append(add_assessment(session, document, passages=[passage]).id)
    for payload in payloads[:: len(payloads) // 20]:
        write_everywhere(sessions, payload)
    tab = enter("admin")
    elements = []
    for one in shown:
        tab.go(f"{address}/assessments/{one}")
        tab.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        elements.append(tab.run("document.querySelectorAll('script, iframe, object, embed, base, video').length"))
    for path in SCREENS:
        tab.go(address + path)
    assert elements == [1] * len(shown)  # our own script
    assert acted(tab) == []


def test_a_reviewers_day_on_the_keyboard(sessions: Sessions, address: str, enter: Callable[..., Tab]) -> None:
    worst, middle, mild = (add_passage(sessions, severity=severity) for severity in (90, 60, 40))
    tab = enter("review")
    tab.go(f"{address}/queue")
    assert press_and_wait(tab, "s") == f"/assessments/{worst}"
    assert tab.run("getComputedStyle(document.querySelector('#reveal p.text')).display !== 'none'")
    assert not tab.run("document.getElementById('reveal').open")
    tab.press("v")
    assert tab.run("document.getElementById('reveal').open")
    tab.press("j")
    for letter in "crz":  # typed into the note, not obeyed
        tab.press(letter)
    assert tab.run("document.getElementById('note').value") == "crz"
    tab.press("Escape")
    assert press_and_wait(tab, "c").startswith(f"/assessments/{middle}?")
    assert press_and_wait(tab, "z").startswith(f"/assessments/{worst}?")
    assert press_and_wait(tab, "r").startswith(f"/assessments/{middle}?")
    assert press_and_wait(tab, "u").startswith(f"/assessments/{mild}?")
    assert press_and_wait(tab, "c").startswith("/queue?")
    with reading(sessions) as session:
        held = [session.get_one(Assessment, one).status for one in (worst, middle, mild)]
    assert held == ["rejected", "unsure", "confirmed"]


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_a_whole_day_from_the_link_to_the_file(
    sessions: Sessions, address: str, enter: Callable[..., Tab], tab: Tab, tmp_path: Path, width: int, locale: str
) -> None:
    worst, next_one = (add_passage(sessions, severity=severity) for severity in (90, 60))
    tab.size(width)
    tab.ask("Network.setExtraHTTPHeaders", headers={"Accept-Language": locale})
    enter("review")
    assert tab.run("document.dir") == ("rtl" if locale == "ar" else "ltr")
    tab.go(f"{address}/queue")
    assert press_and_wait(tab, "s") == f"/assessments/{worst}"
    tab.press("v")
    assert tab.run("document.querySelector('#reveal p.text').checkVisibility()")
    for name, value in (
        ("met_context", "yes"),
        ("met_speaker", "no"),
        ("indicators", "13.5"),
        ("hallmarks", "dehumanization"),
    ):
        found = f"document.querySelector('[name={name}][value=\"{value}\"]')"
        tab.run(f"{found}.closest('details').open = true")
        click(tab, found)
    tab.run("document.querySelector('[name=why_context]').focus()")
    tab.ask("Input.insertText", text="Before the vote. قبل الاقتراع")
    tab.run("document.activeElement.blur()")
    tab.picture(tmp_path / f"decided-{width}-{locale}.png")
    assert not tab.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert press_and_wait(tab, "c").startswith(f"/assessments/{next_one}?")
    assert press_and_wait(tab, "z").startswith(f"/assessments/{worst}?")
    assert press_and_wait(tab, "c").startswith(f"/assessments/{next_one}?")
    with reading(sessions) as session:
        first, withdrawn, last = session.scalars(
            select(Review).where(Review.assessment_id == worst).order_by(Review.id)
        )
        assert (first.verdict, withdrawn.verdict, last.verdict) == ("confirmed", "withdrawn", "confirmed")
        assert (first.indicators, first.hallmarks) == (["13.5"], ["dehumanization"])
        assert first.worksheet == {
            "context": {"met": True, "note": "Before the vote. قبل الاقتراع"}, "speaker": {"met": False, "note": ""},
        }  # fmt: skip
    tab.go(f"{address}/queue?show=all")
    taken = "fetch(document.querySelector('a[href*=\"/queue/export\"]').href).then((one) => one.text())"
    tab.ask("Page.setBypassCSP", enabled=True)  # the page itself may fetch nothing
    tab.go(f"{address}/queue?show=all")
    assert "confirmed" in tab.run(taken)


def click(tab: Tab, element: str) -> None:
    """Click an element as a person does, where it is seen."""
    tab.run(f"{element}.scrollIntoView({{block: 'center'}})")
    x, y = tab.run(f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({element}.getBoundingClientRect())")
    for kind in ("mousePressed", "mouseReleased"):
        tab.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("scripts", [True, False])
def test_the_menu_opens_by_key_and_leads_on(
    address: str, enter: Callable[..., Tab], width: int, *, scripts: bool
) -> None:
    tab = enter("lead")
    tab.size(width)
    tab.ask("Network.setBlockedURLs", urls=[] if scripts else ["*/console.js*"])
    tab.go(f"{address}/queue")
    line = tab.run(
        "[...document.querySelectorAll('.top nav > a, .menu summary')].filter((one) => one.checkVisibility())"
        ".map((one) => one.getBoundingClientRect().top)"
    )
    assert max(line) - min(line) < 12  # one line
    tab.run("document.querySelector('.menu summary').focus()")
    tab.press("Enter")
    assert tab.run("document.querySelector('.menu').open")
    assert not tab.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    links = tab.run("[...document.querySelectorAll('.menu a')].map((one) => one.getAttribute('href'))")
    assert {"/training", "/lexicon", "/rules", "/codebook"} <= set(links)
    assert "/people" not in links  # a lead may not
    tab.press("Tab")
    assert tab.run("document.activeElement.getAttribute('href')") == links[0]
    if scripts:
        tab.press("Escape")
        assert not tab.run("document.querySelector('.menu').open")
        assert tab.run("document.activeElement.tagName") == "SUMMARY"


def test_a_day_without_scripts(sessions: Sessions, address: str, enter: Callable[..., Tab]) -> None:
    passage = add_passage(sessions)
    tab = enter("review")
    tab.ask("Emulation.setScriptExecutionDisabled", value=True)
    tab.go(f"{address}/queue")
    for selector in ("form.start button", "[value=rejected]", "#undo button", "[value=confirmed]"):
        root = tab.ask("DOM.getDocument")["root"]["nodeId"]
        node = tab.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        tab.ask("DOM.scrollIntoViewIfNeeded", nodeId=node)
        corners = tab.ask("DOM.getBoxModel", nodeId=node)["model"]["content"]
        x, y = (corners[0] + corners[4]) / 2, (corners[1] + corners[5]) / 2
        for kind in ("mousePressed", "mouseReleased"):
            tab.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        tab.wait_for("Page.loadEventFired")
    with reading(sessions) as session:
        assert session.get_one(Assessment, passage).status == "confirmed"


@pytest.mark.parametrize("width", SIZES)
def test_no_screen_is_wider_than_its_window(
    sessions: Sessions, address: str, enter: Callable[..., Tab], width: int
) -> None:
    passage = add_passage(sessions, "كلام " * 40 + "a" * 300)
    tab = enter("admin")
    tab.size(width)
    wide = {}
    for path in (*SCREENS, "/sessions", f"/assessments/{passage}"):
        tab.go(address + path)
        if more := tab.run("document.documentElement.scrollWidth - document.documentElement.clientWidth"):
            wide[path] = more
    assert wide == {}


def test_a_browser_that_says_nothing_is_an_error(tab: Tab) -> None:
    with pytest.raises(BrowserFailed, match="wasn't found"):
        tab.ask("Page.noSuchThing")


def test_a_picture_of_a_screen_can_be_taken(address: str, tab: Tab, tmp_path: Path) -> None:
    tab.go(f"{address}/sign-in")
    tab.picture(tmp_path / "sign-in.png")
    assert (tmp_path / "sign-in.png").read_bytes().startswith(b"\x89PNG")
