"""Sign the head of the evidence log, so that whoever keeps a copy is a witness: C2SP checkpoints as signed notes.

The Ed25519 key lives in a file that only its owner may read, and never in the database: who can rewrite the rows cannot
sign a new history. It is made at the first start.
"""

import base64
import hashlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from api.errors import CannotStart
from ingest.log import Head

ED25519 = b"\x01"  # the algorithm's number in a signed note


def ensure_key(path: Path) -> Ed25519PrivateKey:
    """Return the key, made now when there is none; raises CannotStart when the file holds something else."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(path)
    with os.fdopen(handle, "wb") as file:
        key = Ed25519PrivateKey.generate()
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """Read the key; raises CannotStart with what to do."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise CannotStart(
            f"the key of the evidence log at {path} cannot be read ({type(error).__name__}); restore it from your "
            "backup of the secrets, or move it away and tell your witnesses that a new key signs from now on"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise CannotStart(f"the key at {path} is no Ed25519 key; set TOCSIN_EVIDENCE_KEY_FILE to one that is")
    return key


def verifier(origin: str, key: Ed25519PrivateKey) -> str:
    """Return the public key in the form of signed notes: name, hash, key."""
    public = key.public_key().public_bytes_raw()
    return f"{origin}+{_key_hash(origin, public).hex()}+{base64.b64encode(ED25519 + public).decode()}"


def checkpoint(origin: str, head: Head, key: Ed25519PrivateKey) -> str:
    """Return the signed note: origin, size and root, then the signature after an empty line."""
    text = f"{origin}\n{head.size}\n{base64.b64encode(bytes.fromhex(head.root)).decode()}\n"
    signed = _key_hash(origin, key.public_key().public_bytes_raw()) + key.sign(text.encode())
    return f"{text}\n\u2014 {origin} {base64.b64encode(signed).decode()}\n"


def signed(path: Path, origin: str, head: Head) -> tuple[str | None, str | None]:
    """Return the signed note of a head and the key that verifies it; nothing while there is no key."""
    if not path.exists():
        return None, None
    key = read_key(path)
    return checkpoint(origin, head, key), verifier(origin, key)


def _key_hash(origin: str, public: bytes) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n" + ED25519 + public).digest()[:4]
