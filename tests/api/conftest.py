"""A service on each database, and the fixed cast that calls it: an analyst, an admin, a pusher, an outsider."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from api import auth
from api.app import create_app
from api.settings import Settings
from models.database import Sessions


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def client(sessions: Sessions, settings: Settings, now: dt.datetime) -> Iterator[TestClient]:
    """The service without a token."""
    with TestClient(create_app(settings, sessions, clock=lambda: now), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def signed_in(client: TestClient, sessions: Sessions, now: dt.datetime) -> Callable[..., TestClient]:
    """Give a client with a token of these scopes."""

    def with_scopes(*scopes: str, name: str | None = None) -> TestClient:
        token = auth.create_token(sessions, name or "-".join(scopes), scopes, now)
        other = TestClient(client.app, raise_server_exceptions=False)
        other.headers["authorization"] = f"Bearer {token}"
        return other

    return with_scopes


@pytest.fixture
def analyst(signed_in: Callable[..., TestClient]) -> TestClient:
    return signed_in("read", "review", name="analyst")


@pytest.fixture
def admin(signed_in: Callable[..., TestClient]) -> TestClient:
    return signed_in("admin", name="admin")


@pytest.fixture
def pusher(signed_in: Callable[..., TestClient]) -> TestClient:
    return signed_in("push", name="partner")
