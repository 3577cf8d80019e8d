"""A provider is believed when its token is signed, fresh, ours, and made for this very sign-in; else not."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from api.account_settings import AccountSettings
from api.errors import NotSignedIn, Unavailable
from api.oidc import UNDER_WAY, Provider, Vouched
from ingest.http import Network
from ingest.settings import IngestSettings
from tests.api.provider import CLIENT, SECRET, FakeProvider, providing
from tests.conftest import NOW

BACK = "https://desk.example/sign-in/oidc/callback"
AT = int(NOW.timestamp())
LOOPBACK = IngestSettings(allowed_networks=("127.0.0.0/8",))


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with providing() as provider:
        provider.claims = {"iat": AT, "email": "Amina@Desk.example", "email_verified": True}
        yield provider


@pytest.fixture
def provider(fake: FakeProvider) -> Provider:
    settings = AccountSettings(
        account_key="k", oidc_issuer=fake.issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET
    )
    return Provider(settings, Network(LOOPBACK))


def come_back(provider: Provider, fake: FakeProvider, now: dt.datetime = NOW, **changed: str) -> Vouched:
    """Go there and come back."""
    departure = provider.depart(BACK, NOW)
    address = fake.authorize(departure.address, **changed)
    query = dict(pair.split("=", 1) for pair in address.partition("?")[2].split("&"))
    query["iss"] = query["iss"].replace("%3A", ":").replace("%2F", "/")
    return provider.arrive(query, departure.sealed, BACK, now)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_the_provider_vouches_for_somebody(provider: Provider, fake: FakeProvider, algorithm: str) -> None:
    fake.algorithm = algorithm
    vouched = come_back(provider, fake)
    assert (vouched.issuer, vouched.subject, vouched.email) == (fake.issuer, "248289761001", "amina@desk.example")


@pytest.mark.parametrize("verified", [None, False, "true", 1])
def test_an_address_that_is_not_verified_is_none(provider: Provider, fake: FakeProvider, verified: object) -> None:
    fake.claims["email_verified"] = verified
    assert come_back(provider, fake).email is None


def test_the_secret_goes_as_the_provider_wants_it(provider: Provider, fake: FakeProvider) -> None:
    fake.about = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert come_back(provider, fake).subject
    wrong = Provider(replace(provider.settings, oidc_client_secret="no"), Network(LOOPBACK))
    with pytest.raises(NotSignedIn, match="did not redeem"):
        come_back(wrong, fake)


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"iss": "https://elsewhere.example"}, "Invalid issuer"),
        ({"aud": "another-client"}, "Audience"),
        ({"aud": [CLIENT, "another"]}, "another client"),
        ({"azp": "another"}, "another client"),
        ({"nonce": "x"}, "another sign-in"),
        ({"nonce": None}, "another sign-in"),
        ({"exp": AT - 31}, "too old"),
        ({"iat": AT + 120}, "not valid yet"),
        ({"nbf": AT + 120}, "not valid yet"),
        ({"exp": None}, "exp"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "ubject"),
        ({"exp": True}, "none"),
    ],
)
def test_a_claim_that_is_wrong_is_named(
    provider: Provider, fake: FakeProvider, claims: dict[str, Any], says: str
) -> None:
    fake.claims |= claims
    with pytest.raises(NotSignedIn, match=says):
        come_back(provider, fake)


def test_a_token_signed_by_somebody_else_does_not_hold(provider: Provider, fake: FakeProvider) -> None:
    fake.signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(NotSignedIn, match="Signature verification failed"):
        come_back(provider, fake)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_without_an_asymmetric_signature_does_not_hold(
    provider: Provider, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    def forged(_self: FakeProvider, nonce: str) -> str:
        claims = {"iss": fake.issuer, "aud": CLIENT, "sub": "1", "nonce": nonce, "iat": AT, "exp": AT + 300}
        # With HS256: the public key, which everybody knows, taken for a shared secret.
        return jwt.encode(claims, None if algorithm == "none" else "k" * 64, algorithm, headers={"kid": "first"})

    monkeypatch.setattr(FakeProvider, "token", forged)
    with pytest.raises(NotSignedIn, match="not taken"):
        come_back(provider, fake)


def test_a_key_of_another_family_does_not_hold(provider: Provider, fake: FakeProvider) -> None:
    come_back(provider, fake)  # the RSA key is kept
    fake.algorithm = "ES256"
    with pytest.raises(NotSignedIn):
        come_back(provider, fake)


def test_a_new_key_is_fetched_and_an_unknown_one_not_at_every_try(
    provider: Provider, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_back(provider, fake)
    fake.kid, fake.published = "second", ["first", "second"]
    with pytest.raises(NotSignedIn, match="none of the provider's"):
        come_back(provider, fake)
    assert fake.asked.count("/keys") == 1
    monkeypatch.setattr("api.oidc.FRESH_SECONDS", 0.0)
    assert come_back(provider, fake).subject
    assert fake.asked.count("/keys") == 2


@pytest.mark.parametrize("changed", [{"state": "x"}, {"iss": "https://elsewhere.example"}])
def test_an_answer_that_is_not_to_our_question_is_refused(
    provider: Provider, fake: FakeProvider, changed: dict[str, str]
) -> None:
    with pytest.raises(NotSignedIn):
        come_back(provider, fake, **changed)
    assert "/token" not in fake.asked


def test_a_code_is_worth_nothing_without_its_cookie_or_twice(provider: Provider, fake: FakeProvider) -> None:
    departure = provider.depart(BACK, NOW)
    state = departure.address.partition("state=")[2].partition("&")[0]
    fake.authorize(departure.address)
    query = {"code": "code-0", "state": state}
    for sealed in ("", "é", departure.sealed[:-3], provider.depart(BACK, NOW).sealed):
        with pytest.raises(NotSignedIn, match="another browser"):
            provider.arrive(query, sealed, BACK, NOW)
    with pytest.raises(NotSignedIn, match="too old"):
        provider.arrive(query, departure.sealed, BACK, NOW + UNDER_WAY + dt.timedelta(seconds=1))
    assert provider.arrive(query, departure.sealed, BACK, NOW).subject
    with pytest.raises(NotSignedIn, match="did not redeem"):
        provider.arrive(query, departure.sealed, BACK, NOW)
    with pytest.raises(NotSignedIn, match="did not sign you in"):
        provider.arrive({"state": state, "error": "access_denied"}, departure.sealed, BACK, NOW)


def test_a_provider_that_is_not_who_it_should_be_or_is_down(provider: Provider, fake: FakeProvider) -> None:
    fake.about = {"issuer": "https://elsewhere.example"}
    with pytest.raises(Unavailable, match="otherwise"):
        provider.depart(BACK, NOW)
    provider.kept.clear()
    fake.about = {"authorization_endpoint": "javascript:alert(1)"}
    with pytest.raises(Unavailable, match="no usable"):
        provider.depart(BACK, NOW)
    provider.kept.clear()
    fake.down = True
    with pytest.raises(Unavailable, match="503"):
        provider.depart(BACK, NOW)


def test_the_guard_stands_between(provider: Provider, fake: FakeProvider) -> None:
    guarded = Provider(provider.settings, Network(IngestSettings()))
    with pytest.raises(Unavailable, match="does not answer"):
        guarded.depart(BACK, NOW)
    assert fake.asked == []
