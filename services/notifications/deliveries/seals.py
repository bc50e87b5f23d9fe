"""What of a subscription is encrypted: where it goes, and its secrets. The key is in a file, and in no database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.chassis import key_file
from services.chassis.database import Row
from services.chassis.encryption import KEY_BYTES, UnusableKey, make_key_file, read_keys, seal, unseal
from services.notifications.channels.port import Endpoint
from services.notifications.store.subscriptions import Subscription

KEY_FILE = "notifications.key"
"""What the file is called where it is made."""
SETTING = "DOORSTROOM_NOTIFICATIONS_KEY_FILE"

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Seals:
    """Seals and opens, with AES-256-GCM; what was sealed for one subscription cannot be opened as another's."""

    path: Path | None
    make: bool
    """Whether a file that is not there is made."""
    _keys: list[AESGCM] = field(default_factory=list, repr=False)
    _state: object = field(default=None, repr=False)
    """Of the file, when it was read: it is read again when it was turned over."""

    def check(self) -> None:
        """Raises UnusableKey when the file cannot be used."""
        state = None if self.path is None else key_file.state(self.path)
        if not self._keys or state is None or state != self._state:
            self._keys = [AESGCM(key) for key in _read(self.path, make=self.make)]
            self._state = state

    def seal_address(self, subscription_id: UUID, address: str | None) -> bytes | None:
        """Raises UnusableKey."""
        return None if address is None else self._seal(address.encode(), address_of(subscription_id))

    def seal_secret(self, subscription_id: UUID, secret_id: UUID, secret: bytes) -> bytes:
        """Raises UnusableKey."""
        return self._seal(secret, secret_of(subscription_id, secret_id))

    def address(self, subscription: Subscription) -> str | None:
        """Where it goes, as its owner sees it; None also when it cannot be read."""
        try:
            return self._address(subscription)
        except UnusableKey:
            return None

    def endpoint(self, subscription: Subscription, secrets: Sequence[Row]) -> Endpoint | None:
        """Where its deliveries go; None when that cannot be read, because the key is another."""
        id_ = subscription.id
        try:
            opened = tuple(self._open(row.sealed, secret_of(id_, row.id)) for row in secrets)
            return Endpoint(id_, subscription.organisation, self._address(subscription), opened)
        except UnusableKey as error:
            log.error("subscription-unreadable", subscription=str(id_), reason=error.detail)  # noqa: TRY400 - where is known
            return None

    def again(self, sealed: bytes, bound_to: str) -> bytes | None:
        """The same, sealed with the newest key; None where it is. Raises UnusableKey."""
        self.check()
        try:
            unseal(self._keys[:1], bound_to, sealed)
        except UnusableKey:
            return seal(self._keys[0], bound_to, unseal(self._keys, bound_to, sealed))
        return None

    def _address(self, subscription: Subscription) -> str | None:
        sealed = subscription.sealed_address
        return None if sealed is None else self._open(sealed, address_of(subscription.id)).decode()

    def _seal(self, content: bytes, bound_to: str) -> bytes:
        self.check()
        return seal(self._keys[0], bound_to, content)

    def _open(self, sealed: bytes, bound_to: str) -> bytes:
        self.check()
        return unseal(self._keys, bound_to, sealed)


def _read(path: Path | None, *, make: bool) -> list[bytes]:
    if path is None:
        raise UnusableKey(f"Set {SETTING} to a file with {KEY_BYTES} random bytes in base64, kept out of backups.")
    if make:
        make_key_file(path, SETTING)
    return read_keys(path, SETTING)


def address_of(subscription_id: UUID) -> str:
    """What the address of this subscription is bound to."""
    return f"{subscription_id}/address"


def secret_of(subscription_id: UUID, secret_id: UUID) -> str:
    """What this secret is bound to."""
    return f"{subscription_id}/secret/{secret_id}"
