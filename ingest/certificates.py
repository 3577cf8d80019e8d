"""Read out of a server's certificate who issued it and for whom, to tell a renewal from another owner. Pure."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Name


def described(certificate: bytes | None) -> dict[str, str]:
    """Return `issuer`, `organisation` (of the subject) and `key` (SHA-256 of the public key) of DER bytes.

    Empty without a certificate, and for one that the library cannot read. Issuers are known by their organisation,
    because the name of the intermediate that signs changes from renewal to renewal.
    """
    if certificate is None:
        return {}
    import hashlib

    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        read = x509.load_der_x509_certificate(certificate)
        key = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        issuer, subject = read.issuer, read.subject
    except (ValueError, UnsupportedAlgorithm):
        return {}
    return {
        "issuer": _named(issuer, "2.5.4.10") or _named(issuer, "2.5.4.3"),  # organisation, else common name
        "organisation": _named(subject, "2.5.4.10"),
        "key": hashlib.sha256(key).hexdigest(),
    }


def _named(name: "Name", oid: str) -> str:
    from cryptography.x509 import ObjectIdentifier

    found = name.get_attributes_for_oid(ObjectIdentifier(oid))
    return str(found[0].value) if found else ""
