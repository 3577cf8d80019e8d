"""Certificates for servers of tests that speak TLS: those that sign themselves, and those of an invented issuer."""

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOUR = dt.timedelta(hours=1)


def certificate(folder: Path, host: str, ends: dt.timedelta) -> tuple[Path, Path]:
    """Write a certificate that signs itself and the key to it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - 9 * HOUR).not_valid_after(now + ends)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = builder.sign(key, hashes.SHA256())
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths[1].write_bytes(key.private_bytes(*plain))
    return paths


class Issuer:
    """Somebody who signs certificates for others; `root` is the file that trusts them."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)
        self.name = x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, f"{name} R1")])
        self.root = folder / f"{name}.pem"
        self.root.write_bytes(self._signed(self.name, self.key.public_key(), None))

    def certificate(
        self, host: str, key: ec.EllipticCurvePrivateKey | None = None
    ) -> tuple[Path, ec.EllipticCurvePrivateKey]:
        """Write a new certificate for a host with its key into one file, for a `key` of before or a new one."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        path = self.folder / f"{x509.random_serial_number()}.pem"
        plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(key.private_bytes(*plain) + self._signed(name, key.public_key(), host))
        return path, key

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePublicKey, host: str | None) -> bytes:
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(self.name, name, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - HOUR).not_valid_after(now + HOUR)
        builder = builder.add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        if host is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
