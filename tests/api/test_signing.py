"""Signatures are those of the published vectors, byte for byte; two schemes may sign side by side."""

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api import signing
from models.delivery import Webhook

HOUR = dt.timedelta(hours=1)
# Published by Standard Webhooks and by Svix; the pack beside the repository holds the same two.
VECTORS: list[dict[str, Any]] = [
    {
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "timestamp": 1614265330,
        "body": '{"test": 2432232314}',
        "signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    {
        "secret": "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
        "public": "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
        "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "timestamp": 1614265330,
        "body": '{"test": 2432232314}',
        "signature": "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
    },
]
PACK = Path(__file__).parents[3] / "shared" / "conformance" / "webhook_vectors.jsonl"
if PACK.exists():
    VECTORS += [json.loads(line) for line in PACK.read_text().splitlines()]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["signature"][:8])
def test_the_published_vectors_come_out(vector: dict[str, Any]) -> None:
    at = dt.datetime.fromtimestamp(vector["timestamp"], dt.UTC)
    assert signing.sign(vector["secret"], vector["id"], at, vector["body"]) == vector["signature"]
    if "public" in vector:
        assert signing.public_key(vector["secret"]) == vector["public"].split()[0]


def test_a_partner_verifies_ed25519_with_the_public_key_alone(now: dt.datetime) -> None:
    secret = signing.new_secret("ed25519")
    public = signing.public_key(secret)
    assert public is not None
    headers = signing.signed_headers("msg_1", now, '{"é": 1}', (secret,))
    version, _, packed = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    said = f"msg_1.{int(now.timestamp())}.".encode() + '{"é": 1}'.encode()
    key.verify(base64.b64decode(packed), said)
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(packed), said + b" ")


def test_changing_the_scheme_signs_with_both_meanwhile(now: dt.datetime) -> None:
    webhook = Webhook(secret=signing.new_secret())
    new = signing.rotate(webhook, now, HOUR, "ed25519")
    headers = signing.signed_headers("msg_1", now, "{}", signing.signing_secrets(webhook, now))
    versions = [one.partition(",")[0] for one in headers["webhook-signature"].split(" ")]
    assert versions == ["v1a", "v1"]
    assert signing.signing_secrets(webhook, now + HOUR) == (new,)
    assert signing.scheme_of(signing.rotate(webhook, now, HOUR)) == "ed25519"


def test_a_key_that_cannot_be_read_is_said_so(now: dt.datetime) -> None:
    with pytest.raises(ValueError, match="rotate its secret"):
        signing.sign("whsk_%%%", "msg_1", now, "{}")
