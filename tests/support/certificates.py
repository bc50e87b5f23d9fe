"""Client certificates, as a certificate authority would give them, and the headers in which proxies hand them on."""

import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

OIN = "00000099000000001000"


def certificate(*serial_numbers: str) -> x509.Certificate:
    """A certificate whose subject has these serial numbers."""
    key = ed25519.Ed25519PrivateKey.generate()
    names = [x509.NameAttribute(NameOID.SERIAL_NUMBER, number) for number in serial_numbers]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client.example.org"), *names])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2027, 1, 1, tzinfo=UTC)
    )
    return builder.sign(key, None)


def as_rfc_9440(given: x509.Certificate) -> str:
    return f":{base64.b64encode(given.public_bytes(Encoding.DER)).decode()}:"


def as_nginx(given: x509.Certificate) -> str:
    return quote(given.public_bytes(Encoding.PEM).decode(), safe="")


def thumbprint(given: x509.Certificate) -> str:
    digest = hashlib.sha256(given.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
