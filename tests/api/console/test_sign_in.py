"""Getting in takes a link and a press of a button, and every form says where it came from."""

from collections.abc import Callable

import pytest

from api import auth
from models.database import Sessions
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW

PAGES = [
    "/",
    "/queue",
    "/alerts",
    "/sources",
    "/webhooks",
    "/quarantine",
    "/sessions",
    "/precision",
    "/precision?by=source",
    "/about",
]


def new_link(sessions: Sessions) -> str:
    return auth.create_sign_in_link(sessions, "Amina", ["review"], NOW)


def test_a_preview_of_the_link_does_not_use_it_up(sessions: Sessions, visitor: Browser) -> None:
    link = new_link(sessions)
    key = link.partition("key=")[2]
    for _ in range(2):
        assert visitor.get(link).status_code == 200
    assert visitor.client.post("/sign-in", data={"key": key}).status_code == 303
    assert visitor.get("/about").status_code == 200


def test_a_link_works_once(sessions: Sessions, visitor: Browser) -> None:
    key = new_link(sessions).partition("key=")[2]
    visitor.client.post("/sign-in", data={"key": key})
    again = visitor.client.post("/sign-in", data={"key": key})
    assert again.status_code == 401
    assert "used already" in again.text


def test_a_sign_in_from_another_site_is_refused(sessions: Sessions, visitor: Browser) -> None:
    key = new_link(sessions).partition("key=")[2]
    refused = visitor.client.post("/sign-in", data={"key": key}, headers={"sec-fetch-site": "cross-site"})
    assert refused.status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_without_a_session_every_page_leads_to_the_sign_in(visitor: Browser, path: str) -> None:
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_signing_out_ends_the_session_for_the_cookie_too(analyst: Browser) -> None:
    cookie = analyst.client.cookies["tocsin"]
    assert analyst.post("/sign-out").status_code == 303
    analyst.client.cookies.set("tocsin", cookie)
    assert analyst.get("/about").status_code == 303


@pytest.mark.parametrize("path", ["/sign-out", "/preferences", "/assessments/1", "/alerts/1", "/sources", "/sources/1"])
@pytest.mark.parametrize("csrf", ["", "wrong"])
def test_a_form_without_the_sessions_secret_is_refused(admin: Browser, path: str, csrf: str) -> None:
    refused = admin.client.post(path, data={"csrf": csrf, "verdict": "rejected"})
    assert refused.status_code == 403
    assert "older than your session" in refused.text


@pytest.mark.parametrize("path", PAGES)
def test_pages_forbid_what_escaping_could_miss(admin: Browser, path: str) -> None:
    answer = admin.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;")
    assert "form-action 'self'; frame-ancestors 'none'; base-uri 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.content) < 60_000


@pytest.mark.parametrize("path", ["/sign-in", *PAGES])
def test_every_field_has_a_label_and_nothing_is_loaded_from_elsewhere(admin: Browser, path: str) -> None:
    page = Page(admin.get(path).text)
    labels = {label.get("for") for label in page.all("label")}
    for tag in ("input", "select", "textarea"):
        for field in page.all(tag):
            wrapped = field.get("type") in {"hidden", "checkbox", "radio"}
            assert wrapped or field.get("id") in labels, field
    loaded = [
        attributes.get("src") or attributes.get("href")
        for tag in ("script", "img", "link")
        for attributes in page.all(tag)
    ]
    assert loaded
    assert all(address and address.startswith("/static/") for address in loaded)
    assert not any(
        "style" in attributes or any(name.startswith("on") for name in attributes) for _, attributes in page.elements
    )


def test_preferences_are_kept_in_the_browser(analyst: Browser) -> None:
    answer = analyst.post("/preferences", back="/queue?show=all")
    assert answer.headers["location"] == "/queue?show=all"
    assert analyst.client.cookies["tocsin_view"] == "nomask.nokeys"
    analyst.post("/preferences", back="/", mask="on", keys="on")
    assert analyst.client.cookies["tocsin_view"] == "mask.keys"


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org", "/\\example.org", "x", "/a\nb"])
def test_a_form_leads_nowhere_else(analyst: Browser, back: str) -> None:
    assert analyst.post("/preferences", back=back).headers["location"] in {"/", "/ab"}


def test_a_reader_cannot_decide_nor_change_sources(outsider: Browser, sign_in: Callable[..., Browser]) -> None:
    assert outsider.post("/assessments/1", verdict="rejected").status_code == 403
    assert outsider.post("/alerts/1", act="resolve").status_code == 403
    assert outsider.post("/sources", name="x").status_code == 403
    assert sign_in("Dina", "push").get("/queue").status_code == 403


def test_an_address_that_was_cut_is_a_page_too(analyst: Browser) -> None:
    assert analyst.get("/assessments/12x").status_code == 404
    assert analyst.get("/assessments/99999999999999999999").status_code == 404
    assert analyst.get("/assessments/7").status_code == 404
    assert "no passage 7" in analyst.get("/assessments/7").text
