"""A browser at the console: signed in as an analyst, as an admin, or not at all."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import auth
from api.console.pages import router
from api.console.translation import speak
from api.dependencies import Throttle
from api.scoring import LazyScorer
from api.settings import Settings
from models.database import Sessions
from tests.browser import Tab, opened
from tests.conftest import NOW


@dataclass
class Browser:
    """One person's browser, which keeps cookies and follows what forms ask for."""

    client: TestClient
    csrf: str = ""

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        if found := re.search(r'name="csrf" value="(\w+)"', answer.text):
            self.csrf = found[1]
        return answer

    def post(self, path: str, **fields: Any) -> Any:
        if not self.csrf:
            self.get("/about")
        return self.client.post(path, data={"csrf": self.csrf} | fields)


class Page(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in {"td", "th", "dd", "dt", "li", "small", "p"}:
            self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(autouse=True)
def _english() -> None:
    """Forget the language that a test before spoke: outside of a request nothing else does."""
    speak("en")


@pytest.fixture
def app(sessions: Sessions) -> FastAPI:
    app = FastAPI()
    app.state.sessions = sessions
    app.state.settings = Settings()
    app.state.throttle = Throttle()
    app.state.clock = lambda: NOW
    app.state.scorer = LazyScorer(app.state.settings.classify)
    app.include_router(router)
    return app


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[Browser]:
    """Somebody without a session."""
    with TestClient(app, follow_redirects=False) as client:
        yield Browser(client)


@pytest.fixture
def sign_in(app: FastAPI, sessions: Sessions) -> Callable[..., Browser]:
    def signed_in(name: str, *scopes: str) -> Browser:
        browser = Browser(TestClient(app, follow_redirects=False))
        key = auth.create_sign_in_link(sessions, name, scopes, NOW).partition("key=")[2]
        assert browser.client.post("/sign-in", data={"key": key}).status_code == 303
        return browser

    return signed_in


@pytest.fixture
def analyst(sign_in: Callable[..., Browser]) -> Browser:
    """May read and decide."""
    return sign_in("Amina", "review")


@pytest.fixture
def lead(sign_in: Callable[..., Browser]) -> Browser:
    """Runs the desk."""
    return sign_in("Leila", "lead")


@pytest.fixture
def admin(sign_in: Callable[..., Browser]) -> Browser:
    """May everything."""
    return sign_in("Ben", "admin")


@pytest.fixture
def outsider(sign_in: Callable[..., Browser]) -> Browser:
    """May only read."""
    return sign_in("Chidi", "read")


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """Serve the console on a free port of loopback."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture
def tab() -> Iterator[Tab]:
    with opened() as tab:
        yield tab


@pytest.fixture
def enter(tab: Tab, address: str, sessions: Sessions) -> Callable[..., Tab]:
    def signed_in(*scopes: str) -> Tab:
        tab.go(address + auth.create_sign_in_link(sessions, "Ben", scopes, NOW))
        tab.run("document.querySelector('form button').click()")
        tab.wait_for("Page.loadEventFired")
        return tab

    return signed_in
