"""The thumbprint of a public key: an id that everyone who has the key can compute (RFC 7638)."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

REQUIRED = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
"""What identifies a key of each kind (RFC 7638, section 3.2; RFC 8037, appendix A.3)."""


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """SHA-256 of the members that identify the key, in base64url."""
    members = {name: jwk[name] for name in REQUIRED[jwk["kty"]]}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
