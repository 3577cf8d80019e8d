"""A small OpenID provider on loopback: it shows no page, lets everybody in as its test says, and really signs.

It is strict where a provider is: a code is redeemed once, for the address it was made for, by who knows its verifier.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT, SECRET = "tocsin-desk", "a secret: with signs"
SIGNING = {"RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
SIGNING["ES256"] = ec.generate_private_key(ec.SECP256R1())


@dataclass
class Grant:
    """What a code stands for."""

    redirect: str
    challenge: str
    nonce: str
    used: bool = False


@dataclass
class FakeProvider:
    """Who it lets in (`claims`), and how it strays from what is right."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    kid: str = "first"
    published: list[str] = field(default_factory=lambda: ["first"])
    signing: Any = None
    about: dict[str, Any] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def authorize(self, address: str, **changed: str) -> str:
        """Do what the provider's own page does: return the address that the browser is sent back to."""
        query = dict(parse_qsl(urlsplit(address).query))
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT)
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = f"code-{len(self.grants)}"
        self.grants[code] = Grant(query["redirect_uri"], query["code_challenge"], query["nonce"])
        back = {"code": code, "state": query["state"], "iss": self.issuer} | changed
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def token(self, nonce: str) -> str:
        """Sign an ID token."""
        at = int(self.claims.get("iat", 0))
        said = {"iss": self.issuer, "aud": CLIENT, "sub": "248289761001", "nonce": nonce, "iat": at, "exp": at + 300}
        claims = {name: value for name, value in (said | self.claims).items() if value is not None}
        key = self.signing or SIGNING[self.algorithm]
        return jwt.encode(claims, key, self.algorithm, headers={"kid": self.kid} if self.kid else None)

    def answer(self, path: str) -> dict[str, Any] | None:
        """Return what stands at an address."""
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            } | self.about
        return {"keys": [self.public(kid) for kid in self.published]} if path == "/keys" else None

    def public(self, kid: str) -> dict[str, Any]:
        """Return the public half of the present key as a JWK."""
        family = jwt.algorithms.RSAAlgorithm if self.algorithm == "RS256" else jwt.algorithms.ECAlgorithm
        key = SIGNING[self.algorithm].public_key()
        return dict(json.loads(family.to_jwk(key))) | {"kid": kid, "use": "sig"}  # type: ignore[attr-defined]

    def redeem(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Exchange a code as RFC 6749 and RFC 7636 say."""
        grant = self.grants.get(form.get("code", ""))
        pair = base64.b64encode(b"tocsin-desk:a%20secret%3A%20with%20signs").decode()
        by_header = authorization == f"Basic {pair}"
        if not (by_header or form.get("client_secret") == SECRET):
            return 401, {"error": "invalid_client"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if grant is None or grant.used or (grant.redirect, grant.challenge) != (form["redirect_uri"], challenge):
            return 400, {"error": "invalid_grant"}
        grant.used = True
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": self.token(grant.nonce)}


@contextmanager
def providing() -> Iterator[FakeProvider]:
    """Run a provider for the length of the block."""
    provider = FakeProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            found = provider.answer(self.path)
            self.say(503 if provider.down else 200 if found else 404, found or {})

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.say(*provider.redeem(form, self.headers.get("authorization", "")))

        def say(self, status: int, value: dict[str, Any]) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
