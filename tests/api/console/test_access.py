"""Who may see and send what: every route of the console has a row, and each role gets as far as its row says."""

from collections.abc import Callable

import pytest
from fastapi.routing import APIRoute

from api.console.access import NEEDS, OPEN
from api.console.desk import PLACES
from api.console.pages import MODULES
from api.roles import SCOPES_OF
from api.roles_page import may
from models.account import ROLES
from tests.api.console.conftest import Browser, Page

# They open a session, end it, or answer that a step is not due: what they do is tested where it is built.
OF_THE_DOOR = {key for key, needed in NEEDS.items() if needed == OPEN} | {("POST", "/sign-out")}


def filled(path: str) -> str:
    return path if "{" not in path else path.partition("{")[0] + "987654" + path.partition("}")[2]


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    found = [one for module in MODULES for one in module.router.routes if isinstance(one, APIRoute)]
    assert {(method, one.path) for one in found for method in one.methods} == set(NEEDS)


def test_without_a_session_nothing_opens_but_the_door(visitor: Browser) -> None:
    for method, path in set(NEEDS) - OF_THE_DOOR:
        answer = visitor.client.request(method, filled(path))
        expected = (303, "/sign-in") if method == "GET" else (401, None)
        assert (answer.status_code, answer.headers.get("location")) == expected, (method, path)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_as_far_as_its_row_says(sign_in: Callable[..., Browser], role: str) -> None:
    browser = sign_in("Amina", *SCOPES_OF[role])
    browser.get("/about")
    for (method, path), needed in NEEDS.items():
        if (method, path) in OF_THE_DOOR:
            continue
        # A form without a field: whoever may send it is told what is missing, and nothing is done.
        sent = browser.post(filled(path)) if method == "POST" else browser.get(filled(path))
        assert (sent.status_code == 403) != may(role, needed), (role, method, path, sent.status_code)
        assert sent.status_code < 500, (role, method, path)


@pytest.mark.parametrize("role", ROLES)
def test_the_navigation_shows_each_role_what_it_may_see(sign_in: Callable[..., Browser], role: str) -> None:
    browser = sign_in("Amina", *SCOPES_OF[role])
    at = Page(browser.get("/about").text)
    shown = {str(one["href"]) for one in at.all("a")} & PLACES
    assert {path for path in PLACES if may(role, NEEDS["GET", path])} == shown
    assert [path for path in shown if browser.get(path).status_code != 200] == []
