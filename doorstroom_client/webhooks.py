"""Is this delivery from doorstroom, whole, and new? The way of Standard Webhooks (https://www.standardwebhooks.com).

The signature is an HMAC-SHA256 over `webhook-id`, `webhook-timestamp` and the body as it arrived: verify the bytes,
before anything parses them. A retry has the same id: remember those that you have handled for as long as retries may
come.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from doorstroom_client.errors import WebhookRefused
from doorstroom_client.tokens import Clock, system_clock

PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)
SECRETS_LIMIT = 10
SIGNATURES_LIMIT = 20
TOLERANCE = timedelta(minutes=5)
_ID = re.compile(r"[!-\-/-~]{1,256}")
"""Visible ASCII without a full stop, which separates what is signed."""
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A delivery that is to be believed."""

    id: str
    """The same over all retries of one delivery."""
    sent_at: datetime
    """When this attempt was sent."""
    body: bytes


class WebhookVerifier:
    """Verifies deliveries to one endpoint, with its secrets: the new and the old one during a rotation.

    Raises ValueError when a secret is not `whsec_` and the base64 of 24 to 64 bytes.
    """

    def __init__(self, secrets: Sequence[str], tolerance: timedelta = TOLERANCE, clock: Clock = system_clock) -> None:
        if not 1 <= len(secrets) <= SECRETS_LIMIT:
            message = f"give 1 to {SECRETS_LIMIT} secrets"
            raise ValueError(message)
        self._keys = [_key(secret) for secret in secrets]
        self._tolerance = tolerance
        self._clock = clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        """The delivery, when one of the secrets signed it and it was sent just now. Raises WebhookRefused."""
        found = {name.lower(): value for name, value in headers.items()}
        id_ = _header(found, "webhook-id", _ID)
        timestamp = _header(found, "webhook-timestamp", _TIMESTAMP)
        signatures = _signatures(found.get("webhook-signature", ""))
        expected = [_signature(key, id_, timestamp, body) for key in self._keys]
        # Every pair is compared, each in constant time: how long it takes tells nothing of where they differ.
        equal = [hmac.compare_digest(one, other) for one in expected for other in signatures]
        if not any(equal):
            raise WebhookRefused("no signature of this delivery was made with a secret of this endpoint")
        sent_at = datetime.fromtimestamp(int(timestamp), UTC)
        if abs(self._clock() - sent_at) > self._tolerance:
            raise WebhookRefused("this delivery was sent too long ago, or one of the two clocks is wrong")
        return Webhook(id_, sent_at, body)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or len(key) not in SECRET_BYTES:
        message = f"a secret is {PREFIX} and the base64 of {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} bytes"
        raise ValueError(message)
    return key


def _header(headers: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = headers.get(name, "")
    if not pattern.fullmatch(value):
        message = f"the header {name} is missing, or not of its form"
        raise WebhookRefused(message)
    return value


def _signatures(value: str) -> list[bytes]:
    """Those of version 1; a delivery may carry others, for other readers."""
    parts = value.split(" ")
    if len(parts) > SIGNATURES_LIMIT:
        raise WebhookRefused("the header webhook-signature has too many signatures")
    return [part.removeprefix("v1,").encode() for part in parts if part.startswith("v1,")]


def _signature(key: bytes, id_: str, timestamp: str, body: bytes) -> bytes:
    return base64.b64encode(hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, "sha256"))
