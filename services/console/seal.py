"""What is encrypted, and what is marked, with the console's secret and one that only a browser has."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.chassis.clock import Chance

SECRET_BYTES = 32
SECRET_CHARACTERS = 43
"""As they are in a cookie: base64url without padding."""


class Seal:
    """Keys for each purpose, derived (HKDF) from the console's secret and the browser's.

    Neither what is in the database and the key file together, nor a cookie alone, opens anything.
    """

    def __init__(self, secrets: Callable[[], Sequence[bytes]], chance: Chance) -> None:
        """`secrets` gives the console's own; behind it the one before, for as long as it is turned over.

        It raises Unavailable when it cannot.
        """
        self._secrets = secrets
        self._chance = chance

    def new_secret(self) -> str:
        """One that only a browser will have."""
        return base64.urlsafe_b64encode(self._chance(SECRET_BYTES)).rstrip(b"=").decode()

    def close(self, purpose: str, browser: str, content: bytes, now: datetime) -> bytes:
        """Encrypt it. Raises Unavailable."""
        return self._fernet(purpose, browser).encrypt_at_time(content, int(now.timestamp()))

    def open(self, purpose: str, browser: str, sealed: bytes, now: datetime, ages: timedelta) -> bytes | None:
        """What was encrypted no longer ago than this; None for anything else. Raises Unavailable."""
        try:
            seconds = int(ages.total_seconds())
            return self._fernet(purpose, browser).decrypt_at_time(sealed, seconds, int(now.timestamp()))
        except InvalidToken:
            return None

    def mark(self, browser: str) -> str:
        """What a form of this browser has in it, and no other page can know. Raises Unavailable."""
        return self._marks(browser)[0]

    def is_marked(self, browser: str, mark: str) -> bool:
        """Whether a form came from a page of ours in this browser. Raises Unavailable."""
        return any(hmac.compare_digest(known.encode(), mark.encode()) for known in self._marks(browser))

    def _marks(self, browser: str) -> list[str]:
        return [hmac.new(key, b"form", "sha256").hexdigest() for key in self._keys("form", browser)]

    def _fernet(self, purpose: str, browser: str) -> MultiFernet:
        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in self._keys(purpose, browser)])

    def _keys(self, purpose: str, browser: str) -> list[bytes]:
        info = f"doorstroom console: {purpose}".encode()
        return [HKDF(SHA256(), 32, salt=browser.encode(), info=info).derive(secret) for secret in self._secrets()]


def digest(browser: str) -> str:
    """The secret as the database knows it."""
    return hashlib.sha256(browser.encode()).hexdigest()
