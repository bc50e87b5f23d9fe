"""Signatures of Standard Webhooks, version 1: HMAC-SHA256 over id, moment and body."""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime

SECRET_BYTES = 32
PREFIX = "whsec_"


def written(secret: bytes) -> str:
    """A secret as its owner gets it, once."""
    return PREFIX + base64.b64encode(secret).decode()


def signed(id_: str, moment: datetime, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers that say who sent this body, and when; with a signature for each secret that is valid now."""
    timestamp = str(int(moment.timestamp()))
    content = f"{id_}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets)
    return {
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
