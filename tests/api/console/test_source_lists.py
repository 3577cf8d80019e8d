"""Sources are found at a site's address, taken in from a list and given out as one."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from api.settings import Settings
from ingest.opml import read_opml
from ingest.settings import IngestSettings
from models.database import Sessions, reading
from models.source import Source
from tests.api.console.conftest import Browser, Page
from tests.api.test_opml import LIST
from tests.fault_server import FaultServer, fault_server, text
from tests.ingest.feeds import item, rss
from tests.ingest.pages import page


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server() as running:
        head = '<link rel="alternate" type="application/rss+xml" href="/f">'
        running["/"] = text(page(head=head), content_type="text/html")
        running["/f"] = text(rss(item(1)))
        yield running


@pytest.fixture
def near(app: FastAPI) -> None:
    app.state.settings = Settings(ingest=IngestSettings(allowed_networks=("127.0.0.1/32",), fetch_deadline_seconds=5))


def text_of(html: str) -> str:
    return " ".join(Page(html).text.split())


def send(browser: Browser, body: bytes) -> str:
    browser.get("/sources/find")
    answer = browser.client.post("/sources/opml", data={"csrf": browser.csrf}, files={"file": ("list.opml", body)})
    return str(answer.text)


@pytest.mark.usefixtures("near")
def test_what_is_found_can_be_watched_at_once(sessions: Sessions, admin: Browser, server: FaultServer) -> None:
    found = admin.post("/sources/find", url=server.url("/")).text
    assert "the page names it" in text_of(found)
    offered = {str(one.get("name")): str(one.get("value")) for one in Page(found).all("input") if one.get("value")}
    assert (offered["url"], offered["kind"], offered["name"]) == (server.url("/f"), "feed", "Radio Keshu")
    del offered["csrf"]
    assert admin.post("/sources", **offered).status_code == 303
    with reading(sessions) as session:
        assert session.query(Source).one().url == server.url("/f")


@pytest.mark.usefixtures("near")
def test_an_address_that_cannot_be_had_is_said(admin: Browser) -> None:
    refused = admin.post("/sources/find", url="http://127.0.0.2/")
    assert (refused.status_code, "mistake" in refused.text) == (422, True)


def test_a_list_is_taken_in_line_by_line_and_given_out(admin: Browser, outsider: Browser) -> None:
    said = text_of(send(admin, LIST))
    assert "Added: 2. Known already: 0. Refused: 1." in said
    assert "Inside" in said
    assert "Added: 0. Known already: 2." in text_of(send(admin, LIST))
    listed = outsider.get("/sources/opml")
    assert listed.headers["content-type"].startswith("text/x-opml")
    assert len(read_opml(listed.content)) == 2


def test_what_is_no_list_is_refused(admin: Browser) -> None:
    assert "this is no OPML" in send(admin, b"<x/>").replace("This", "this")
    assert "choose a file" in admin.post("/sources/opml").text.replace("Choose", "choose")


def test_only_leads_add_and_the_secret_of_the_form_is_asked_for(analyst: Browser, lead: Browser) -> None:
    analyst.get("/about")
    for path in ("/sources/find", "/sources/opml"):
        assert analyst.post(path).status_code == 403
    assert analyst.get("/sources/find").status_code == 403
    files = {"file": ("list.opml", LIST)}
    assert lead.get("/sources/find").status_code == 200
    assert lead.client.post("/sources/opml", data={"csrf": "wrong"}, files=files).status_code == 403
