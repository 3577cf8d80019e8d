"""Sign messages after Standard Webhooks 1.0.0: HMAC-SHA256 (`v1`) with a shared secret, or Ed25519 (`v1a`).

The prefix of a secret says which it is: `whsec_` is shared with the partner, `whsk_` never leaves us and the partner
gets the `whpk_` that belongs to it. It knows neither messages nor the network.
"""

import base64
import binascii
import datetime as dt
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks.webhooks import Webhook as Signer

from models.delivery import Webhook

SCHEMES = ("hmac", "ed25519")
SHARED, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"


def new_secret(scheme: str = "hmac") -> str:
    """Return a new signing secret: 32 random bytes, or an Ed25519 seed followed by its public key."""
    if scheme == "hmac":
        return SHARED + base64.b64encode(secrets.token_bytes(32)).decode()
    key = Ed25519PrivateKey.generate()
    return PRIVATE + base64.b64encode(key.private_bytes_raw() + key.public_key().public_bytes_raw()).decode()


def scheme_of(secret: str) -> str:
    """Say which scheme a secret belongs to."""
    return "ed25519" if secret.startswith(PRIVATE) else "hmac"


def public_key(secret: str) -> str | None:
    """Return what a partner verifies Ed25519 signatures with; None for a shared secret, which has no public part."""
    if scheme_of(secret) == "hmac":
        return None
    return PUBLIC + base64.b64encode(_private(secret).public_key().public_bytes_raw()).decode()


def sign(secret: str, message_id: str, at: dt.datetime, body: str) -> str:
    """Return one signature with its version, over `id.timestamp.body`."""
    if scheme_of(secret) == "hmac":
        return str(Signer(secret).sign(message_id, at, body))
    signed = _private(secret).sign(f"{message_id}.{int(at.timestamp())}.{body}".encode())
    return "v1a," + base64.b64encode(signed).decode()


def signed_headers(message_id: str, at: dt.datetime, body: str, signing: tuple[str, ...]) -> dict[str, str]:
    """Return the three headers of Standard Webhooks; one signature for each secret that is valid now."""
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(sign(secret, message_id, at, body) for secret in signing),
    }


def signing_secrets(webhook: Webhook, now: dt.datetime) -> tuple[str, ...]:
    """Return the secrets that sign now: the new one, and the old one until its grace ends."""
    graced = webhook.previous_secret_until is not None and webhook.previous_secret_until > now
    previous = webhook.previous_secret if graced else None
    return (webhook.secret, previous) if previous else (webhook.secret,)


def rotate(webhook: Webhook, now: dt.datetime, grace: dt.timedelta, scheme: str | None = None) -> str:
    """Give the webhook a new secret, of another scheme if asked; the old one signs too until `grace` is over."""
    webhook.previous_secret = webhook.secret if grace else None
    webhook.previous_secret_until = now + grace if grace else None
    webhook.secret = new_secret(scheme or scheme_of(webhook.secret))
    return webhook.secret


def _private(secret: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret.removeprefix(PRIVATE), validate=True)[:32])
    except (ValueError, binascii.Error):
        raise ValueError("the Ed25519 key of a webhook cannot be read; rotate its secret") from None
