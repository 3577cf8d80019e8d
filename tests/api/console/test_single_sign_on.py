"""Over a provider come those who have an account here, with the role that they have here."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from api import auth, second_factor
from api.account_settings import AccountSettings
from api.oidc import Provider
from api.roles import SCOPES_OF
from ingest.http import Network
from ingest.settings import IngestSettings
from models.account import Account
from models.audit import AuditEvent
from models.credential import Identity
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser
from tests.api.provider import CLIENT, SECRET, FakeProvider, providing
from tests.conftest import NOW


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with providing() as provider:
        provider.claims = {"iat": int(NOW.timestamp()), "email": "amina@desk.example", "email_verified": True}
        yield provider


@pytest.fixture
def connect(app: FastAPI, fake: FakeProvider) -> Callable[..., None]:
    """Set the provider, with `more` settings."""

    def connected(**more: Any) -> None:
        own = {
            "oidc_issuer": fake.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_name": "Keshu ID",
        }
        app.state.settings = replace(app.state.settings, accounts=AccountSettings(**(own | more)))
        network = Network(IngestSettings(allowed_networks=("127.0.0.0/8",)))
        app.state.provider = Provider(app.state.settings.accounts, network)

    connected()
    return connected


@pytest.fixture
def amina(sessions: Sessions) -> int:
    auth.create_sign_in_link(sessions, "Amina", SCOPES_OF["reviewer"], NOW)
    with writing(sessions) as session:
        account = session.scalars(select(Account)).one()
        account.email = "amina@desk.example"
    return account.id


def go(visitor: Browser, fake: FakeProvider) -> Any:
    """Press the button, be let in there, and come back."""
    there = visitor.client.get("/sign-in/oidc")
    assert there.headers["location"].startswith(f"{fake.issuer}/authorize?")
    back = urlsplit(fake.authorize(there.headers["location"]))
    return visitor.client.get(f"{back.path}?{back.query}")


def test_an_account_is_found_by_its_verified_address_and_then_by_its_subject(
    sessions: Sessions, connect: Callable[..., None], fake: FakeProvider, amina: int, visitor: Browser
) -> None:
    assert "Sign in with Keshu ID" in visitor.get("/sign-in").text
    assert go(visitor, fake).headers["location"] == "/"
    assert visitor.get("/queue").status_code == 200
    assert visitor.get("/people").status_code == 403
    assert "tocsin_oidc" not in visitor.client.cookies
    fake.claims |= {"email": "new@desk.example"}
    assert go(visitor, fake).headers["location"] == "/"
    with reading(sessions) as session:
        linked = session.scalars(select(Identity)).one()
        kept = session.scalars(select(AuditEvent.details).where(AuditEvent.action == "session.opened")).all()
        linking = session.scalars(select(AuditEvent.details).where(AuditEvent.action == "identity.changed")).all()
    assert (linked.account_id, linked.subject, linked.last_used_at) == (amina, "248289761001", NOW)
    assert kept == [{"via": "oidc"}] * 2
    assert linking == [{"what": "linked", "issuer": fake.issuer}]


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"email_verified": False}, "vouches for"),
        ({"email": "emil@desk.example"}, "vouches for"),
        ({"email": None}, "vouches for"),
        ({"nonce": "x"}, "another sign-in"),
    ],
)
def test_nobody_else_comes_in(
    sessions: Sessions,
    connect: Callable[..., None],
    fake: FakeProvider,
    amina: int,
    visitor: Browser,
    claims: dict[str, Any],
    says: str,
) -> None:
    fake.claims |= claims
    refused = go(visitor, fake)
    assert (refused.status_code, says in refused.text) == (401, True)
    assert visitor.get("/queue").status_code == 303
    with reading(sessions) as session:
        assert session.scalars(select(Identity)).all() == []
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "session.refused")).one()


def test_a_second_subject_does_not_take_an_address_over(
    connect: Callable[..., None], fake: FakeProvider, amina: int, visitor: Browser
) -> None:
    go(visitor, fake)
    fake.claims |= {"sub": "somebody else"}
    assert "belongs to another identity" in go(visitor, fake).text


def test_an_account_that_is_off_or_has_no_role_stays_out(
    sessions: Sessions, connect: Callable[..., None], fake: FakeProvider, amina: int, visitor: Browser
) -> None:
    for change in ({"disabled_at": NOW}, {"disabled_at": None, "role": None}):
        with writing(sessions) as session:
            for name, value in change.items():
                setattr(session.get_one(Account, amina), name, value)
        assert go(visitor, fake).status_code == 401


def test_roles_come_from_a_claim_only_where_the_operator_says_so(
    sessions: Sessions, connect: Callable[..., None], fake: FakeProvider, amina: int, visitor: Browser
) -> None:
    fake.claims |= {"groups": ["desk", "chiefs"]}
    go(visitor, fake)
    assert visitor.get("/people").status_code == 403
    connect(oidc_role_claim="groups", oidc_roles=("desk=reviewer", "chiefs=admin"))
    go(visitor, fake)
    assert visitor.get("/people").status_code == 200
    fake.claims |= {"groups": "desk"}
    go(visitor, fake)
    assert visitor.get("/people").status_code == 403
    fake.claims |= {"groups": ["visitors", 7, None]}
    assert "no role here" in go(visitor, fake).text
    with reading(sessions) as session:
        roles = session.scalars(select(AuditEvent.details).where(AuditEvent.action == "account.changed")).all()
    assert roles == [{"role": "admin", "was": "reviewer"}, {"role": "reviewer", "was": "admin"}]


def test_our_second_factor_is_asked_unless_the_provider_asks_its_own(
    sessions: Sessions, connect: Callable[..., None], fake: FakeProvider, amina: int, visitor: Browser
) -> None:
    with writing(sessions) as session:
        seed = second_factor.begin(session, amina, "", NOW)
        second_factor.confirm(session, amina, pyotp.TOTP(seed).at(NOW), "", NOW)
    assert go(visitor, fake).headers["location"] == "/sign-in/code"
    connect(oidc_second_factor=True)
    assert go(visitor, fake).headers["location"] == "/"


def test_a_provider_that_is_down_leaves_the_other_ways(
    connect: Callable[..., None], fake: FakeProvider, visitor: Browser
) -> None:
    fake.down = True
    answer = visitor.client.get("/sign-in/oidc")
    assert (answer.status_code, "come in with a link" in answer.text) == (503, True)
    assert 'name="password"' in answer.text


def test_without_a_provider_there_is_no_such_page(app: FastAPI, visitor: Browser) -> None:
    assert visitor.get("/sign-in/oidc").status_code == 404
    assert visitor.get("/sign-in/oidc/callback?code=x&state=y").status_code == 404
    assert "/sign-in/oidc" not in visitor.get("/sign-in").text


def test_an_answer_that_came_to_another_browser_is_refused(
    app: FastAPI, connect: Callable[..., None], fake: FakeProvider, amina: int, visitor: Browser
) -> None:
    there = visitor.client.get("/sign-in/oidc")
    back = urlsplit(fake.authorize(there.headers["location"]))
    other = TestClient(app, follow_redirects=False)
    assert other.get(f"{back.path}?{back.query}").status_code == 401
    assert "/token" not in fake.asked
