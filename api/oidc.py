"""Speak to one OpenID provider: the address to send a browser to, and who came back (OpenID Connect Core 1.0).

Authorisation code with PKCE (S256), state and nonce; nothing else. What a sign-in under way must remember lies sealed
in a cookie of its browser, so that strangers fill no table. ID tokens are verified by PyJWT against the provider's
keys, with asymmetric algorithms only. Every call goes through the guarded client: a provider on a private network needs
TOCSIN_ALLOWED_NETWORKS. It knows no account and no page.
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import jwt
from cryptography.fernet import Fernet, InvalidToken

from api.account_settings import AccountSettings
from api.auth import new_secret
from api.errors import NotSignedIn, Unavailable
from ingest.errors import IngestError
from ingest.http import Answer, Network

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
UNDER_WAY = dt.timedelta(minutes=10)  # from the sign-in page to the provider and back
KEPT_SECONDS = 600.0  # how long a provider's description and keys are believed
FRESH_SECONDS = 30.0  # keys that lack the wanted one are not fetched again sooner
LEEWAY_SECONDS = 30
LARGEST = 256 * 1024
SECONDS = 10.0


@dataclass(frozen=True)
class Departure:
    """Where to send a browser, and what it must bring back in its cookie."""

    address: str
    sealed: str


@dataclass(frozen=True)
class Vouched:
    """Whom the provider vouches for; `email` is in lower case, and None unless the provider has verified it."""

    issuer: str
    subject: str
    email: str | None
    claims: Mapping[str, Any]


class Provider:
    """One provider, with what it says of itself and its keys kept for a while."""

    def __init__(self, settings: AccountSettings, network: Network) -> None:
        self.settings, self.network = settings, network
        self.lock = threading.Lock()
        self.kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def depart(self, redirect: str, now: dt.datetime) -> Departure:
        """Begin a sign-in; raises Unavailable when the provider does not answer."""
        state, nonce, verifier = new_secret(), new_secret(), new_secret()
        asked = {
            "response_type": "code",
            "client_id": self.settings.oidc_client_id,
            "redirect_uri": redirect,
            "scope": " ".join(self.settings.oidc_scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        place = self._endpoint("authorization_endpoint")
        sealed = self._box().encrypt_at_time(json.dumps([state, nonce, verifier]).encode(), int(now.timestamp()))
        return Departure(f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}", sealed.decode())

    def arrive(self, query: Mapping[str, str], sealed: str, redirect: str, now: dt.datetime) -> Vouched:
        """Return whom the provider vouches for; raises NotSignedIn when it does not, Unavailable without an answer."""
        state, nonce, verifier = self._remembered(sealed, now)
        if not hmac.compare_digest(state.encode(), query.get("state", "").encode("utf-8", "replace")):
            raise NotSignedIn("this sign-in was begun in another browser or is too old; begin again")
        # RFC 9207: an answer of another provider is not ours to redeem.
        if query.get("iss", self.settings.oidc_issuer) != self.settings.oidc_issuer:
            raise NotSignedIn("this answer comes from another provider")
        if "code" not in query:
            raise NotSignedIn("the provider did not sign you in; begin again, or come in with a link")
        return self._vouched(self._redeem(query["code"], verifier, redirect), nonce, now)

    def _redeem(self, code: str, verifier: str, redirect: str) -> str:
        """Exchange the code for an ID token."""
        about = self._about()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
            "client_id": self.settings.oidc_client_id,
        }
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        secret = self.settings.oidc_client_secret
        methods = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret and "client_secret_basic" in methods:
            pair = f"{quote(self.settings.oidc_client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif secret:
            form["client_secret"] = secret
        place, body = self._endpoint("token_endpoint"), urlencode(form).encode()
        try:
            answer = self.network.post(place, body, headers, timeout=SECONDS, max_response=LARGEST)
        except IngestError as error:
            raise Unavailable(f"the provider does not answer ({error}); try again, or come in with a link") from error
        if answer.status != 200:
            raise NotSignedIn("the provider did not redeem this sign-in; begin again")
        token = _object(answer).get("id_token")
        if not isinstance(token, str):
            raise NotSignedIn("the provider sent no ID token; it must know this client for OpenID Connect")
        return token

    def _vouched(self, token: str, nonce: str, now: dt.datetime) -> Vouched:
        """Verify an ID token (OpenID Connect Core 3.1.3.7)."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(str(header.get("kid", "")), str(header.get("alg")))
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self.settings.oidc_client_id,
                issuer=self.settings.oidc_issuer,
                # Times are compared below, with the clock of this service.
                options={
                    "require": ["iss", "sub", "aud", "exp", "iat"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise NotSignedIn(f"the provider's ID token does not hold ({error})") from error
        _check_claims(claims, nonce, self.settings.oidc_client_id, now)
        email = claims.get("email") if claims.get("email_verified") is True else None
        email = email.strip().lower() if isinstance(email, str) else None
        return Vouched(self.settings.oidc_issuer, str(claims["sub"]), email or None, claims)

    def _key(self, kid: str, algorithm: str) -> jwt.PyJWK:
        """Return the provider's key of this id; keys that lack it are fetched once more, not more often."""
        if algorithm not in ALGORITHMS:
            raise ValueError(f"it is signed with {algorithm[:20]}, which is not taken")
        for most in (KEPT_SECONDS, FRESH_SECONDS):
            found = self._get(self._endpoint("jwks_uri"), most)
            rows = [row for row in found.get("keys", []) if isinstance(row, dict) and row.get("use", "sig") == "sig"]
            fitting = [row for row in rows if row.get("kid", "") == kid or (not kid and len(rows) == 1)]
            if fitting:
                return jwt.PyJWK(fitting[0], algorithm=algorithm)
        raise ValueError("its key is none of the provider's")

    def _about(self) -> dict[str, Any]:
        """Return what the provider says of itself; raises Unavailable when it is another one than was set."""
        issuer = self.settings.oidc_issuer
        about = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration", KEPT_SECONDS)
        if about.get("issuer") != issuer:
            raise Unavailable(f"the provider calls itself otherwise than TOCSIN_OIDC_ISSUER, which is {issuer}")
        return about

    def _endpoint(self, name: str) -> str:
        place = self._about().get(name)
        secure = not self.settings.oidc_issuer.startswith("https://") or str(place).startswith("https://")
        if not isinstance(place, str) or not place.startswith(("https://", "http://")) or not secure:
            raise Unavailable(f"the provider names no usable {name}")
        return place

    def _get(self, url: str, most_seconds: float) -> dict[str, Any]:
        with self.lock:
            at, value = self.kept.get(url, (0.0, {}))
            if value and time.monotonic() - at < most_seconds:
                return value
            try:
                answer = self.network.get(url, {"accept": "application/json"}, deadline=SECONDS)
            except IngestError as error:
                raise Unavailable(
                    f"the provider does not answer ({error}); try again, or come in with a link"
                ) from error
            if answer.status != 200 or len(answer.body) > LARGEST:
                raise Unavailable(f"the provider answers {answer.status} at {url}; come in with a link")
            value = _object(answer)
            self.kept[url] = (time.monotonic(), value)
            return value

    def _remembered(self, sealed: str, now: dt.datetime) -> tuple[str, str, str]:
        """Return (state, nonce, verifier) out of the cookie."""
        try:
            opened = self._box().decrypt_at_time(sealed.encode(), int(UNDER_WAY.total_seconds()), int(now.timestamp()))
        except (InvalidToken, UnicodeEncodeError):
            raise NotSignedIn("this sign-in was begun in another browser or is too old; begin again") from None
        state, nonce, verifier = json.loads(opened)
        return state, nonce, verifier

    def _box(self) -> Fernet:
        key = hashlib.sha256(f"tocsin sign-in under way {self.settings.account_key}".encode()).digest()
        return Fernet(base64.urlsafe_b64encode(key))


def challenge_of(verifier: str) -> str:
    """Return the PKCE challenge of a verifier (RFC 7636, S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _check_claims(claims: Mapping[str, Any], nonce: str, client: str, now: dt.datetime) -> None:
    """Check nonce, authorised party and times; raises NotSignedIn."""
    said = str(claims.get("nonce", "")).encode("utf-8", "replace")
    if not hmac.compare_digest(said, nonce.encode()):
        raise NotSignedIn("the provider's ID token was made for another sign-in")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client) != client:
        raise NotSignedIn("the provider's ID token was made for another client")
    at = now.timestamp()
    times = [claims["exp"], claims["iat"], claims.get("nbf", 0)]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in times):
        raise NotSignedIn("the provider's ID token has times that are none")
    if claims["exp"] <= at - LEEWAY_SECONDS or max(times[1:]) > at + LEEWAY_SECONDS:
        raise NotSignedIn("the provider's ID token is too old or not valid yet; are both clocks right?")


def _object(answer: Answer) -> dict[str, Any]:
    try:
        value = json.loads(answer.body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Unavailable("the provider does not answer with JSON")
    return value
