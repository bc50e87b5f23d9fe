"""What a client's certificate says: its thumbprint, to which a token may be bound, and the OIN of its holder."""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

KNOWN_LIMIT = 1000
_OIN = re.compile(r"[0-9]{20}")
_CERTIFICATES_BEGIN = b"-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The certificate of a TLS connection, whose chain and key the proxy before us has verified."""

    thumbprint: str
    """SHA-256 of the DER encoding, in base64url: `x5t#S256` (RFC 8705, section 3.1)."""
    oin: str | None
    """The organisation's identification number: the subject's serial number, when that is twenty digits."""


@lru_cache(maxsize=KNOWN_LIMIT)
def read_certificate(value: str) -> ClientCertificate:
    """The certificate in a header: as RFC 9440 has it (`:base64:`), or as PEM with percent signs, as nginx sends it.

    Raises ValueError.
    """
    certificate = _certificate(value)
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    thumbprint = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    numbers = [str(found.value) for found in certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)]
    oin = numbers[0] if len(numbers) == 1 and _OIN.fullmatch(numbers[0]) else None
    return ClientCertificate(thumbprint, oin)


def _certificate(value: str) -> x509.Certificate:
    if len(value) > 2 and value[0] == value[-1] == ":":  # noqa: PLR2004 - both colons, and something between
        return x509.load_der_x509_certificate(base64.b64decode(value[1:-1], validate=True))
    content = unquote_to_bytes(value)
    if content.count(_CERTIFICATES_BEGIN) != 1:
        message = "a header with a client certificate has exactly one"
        raise ValueError(message)
    return x509.load_pem_x509_certificate(content)
