"""Our own keys: made when they are first needed, turned over in time, and published for as long as it takes."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from services.chassis.database import UniqueViolation
from services.chassis.errors import Unavailable
from services.chassis.identity import KeySet
from services.chassis.identity.keys import REVOKED, client_mark
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.identity import store
from services.identity.domain import lifecycle
from services.identity.domain.lifecycle import Period
from services.identity.handlers.thumbprints import thumbprint
from services.identity.store import StoredSigningKey

log = structlog.get_logger(__name__)

ALGORITHM = "PS256"
"""What the OAuth 2.0 profile NL GOV recommends."""
KEY_BITS = 3072


@dataclass(frozen=True, slots=True)
class Signer:
    """The key whose turn it is."""

    id: str
    key: rsa.RSAPrivateKey

    def sign(self, claims: Mapping[str, Any]) -> str:
        """An access token (RFC 9068)."""
        return jwt.encode(dict(claims), self.key, algorithm=ALGORITHM, headers={"kid": self.id, "typ": "at+jwt"})


class SigningKeys:
    """The keys in the database. They are read anew each time: another replica may have made one."""

    def __init__(self, transactions: Transactions, secrets: Callable[[], Sequence[bytes]], rotation: timedelta) -> None:
        """`secrets` gives what the private keys are encrypted with, the one in use first.

        It raises Unavailable when it cannot.
        """
        self._transactions = transactions
        self._secrets = secrets
        self._rotation = rotation
        self._making = asyncio.Lock()
        self._opened: dict[str, rsa.RSAPrivateKey] = {}
        self._published: tuple[dict[str, Any], KeySet] | None = None

    async def signer(self) -> Signer:
        """The key to sign with now. Raises Unavailable."""
        stored = await self._ready()
        turn = lifecycle.signing(_periods(stored), self._transactions.clock())
        key = next((key for key in stored if turn is not None and key.number == turn.number), None)
        if key is None:
            raise Unavailable("There is no key to sign with yet; try again later.")
        return Signer(key.id, self._open(key))

    async def document(self) -> dict[str, Any]:
        """The public keys, and whose tokens count no more, as a JWKS document. Raises Unavailable."""
        await self._ready()
        assert self._published is not None, "it is ready"  # noqa: S101 - for the type checker
        return self._published[0]

    def current(self, now: datetime) -> KeySet:  # noqa: ARG002 - the database has them as they are now
        """The public keys as they were last read, for a verifier in the same process. Raises Unavailable."""
        if self._published is None:
            raise Unavailable("The keys of the token endpoint were not read yet; try again later.")
        return self._published[1]

    async def look_again(self) -> bool:
        """Read the keys anew."""
        await self._ready()
        return True

    async def refresh(self) -> None:
        """Read anew what a verifier in the same process goes by, if anybody ever did. Raises Unavailable."""
        if self._published is not None:
            await self._ready()

    @property
    def usable(self) -> bool:
        """They are read when they are needed."""
        return True

    async def _ready(self) -> list[StoredSigningKey]:
        stored = await self._read()
        if self._due(stored) is not None:
            async with self._making:
                stored = await self._read()
                if (period := self._due(stored)) is not None:
                    await self._make(period, stored)
                    stored = await self._read()
        await self._publish(stored)
        return stored

    async def _publish(self, stored: Sequence[StoredSigningKey]) -> None:
        # Longer ago, and no token of theirs is alive.
        since = self._transactions.clock() - lifecycle.OVERLAP
        revoked = await self._transactions.read(lambda unit: store.revoked_since(unit, since))
        document = {"keys": [key.jwk for key in stored], REVOKED: [client_mark(client_id) for client_id in revoked]}
        if self._published is None or self._published[0] != document:
            self._published = (document, KeySet.from_document(document))

    def _due(self, stored: Sequence[StoredSigningKey]) -> Period | None:
        return lifecycle.next_period(_periods(stored), self._transactions.clock(), self._rotation)

    async def _read(self) -> list[StoredSigningKey]:
        return await self._transactions.read(store.find_signing_keys)

    async def _make(self, period: Period, stored: Sequence[StoredSigningKey]) -> None:
        # Not in the event loop, nor with a transaction open: it takes up to a second.
        made = await asyncio.to_thread(_generate, period, self._secrets()[0])
        over = [other.number for other in lifecycle.over(_periods(stored), self._transactions.clock())]
        try:
            await self._transactions.run(lambda unit: store.add_signing_key(unit, made, over))
        except UniqueViolation:
            return  # Another replica was faster, and its key is as good.
        log.info("signing-key-made", number=made.number, signs_from=made.signs_from.isoformat(), destroyed=len(over))

    def _open(self, stored: StoredSigningKey) -> rsa.RSAPrivateKey:
        if stored.id not in self._opened:
            key = _opened(stored, self._secrets())
            if key is None:
                log.warning("signing-key-not-opened", number=stored.number)
                raise Unavailable("The signing key cannot be opened at the moment; try again later.")
            self._opened = {**self._opened, stored.id: key}
        return self._opened[stored.id]


async def encrypt_again(secrets: Sequence[bytes], unit: UnitOfWork) -> int:
    """Encrypt our keys with the first of these secrets; how many were encrypted with another.

    Raises Unavailable when one cannot be opened with any.
    """
    changed = 0
    for stored in await store.find_signing_keys(unit):
        if _opened(stored, secrets[:1]) is not None:
            continue
        key = _opened(stored, secrets[1:])
        if key is None:
            raise Unavailable("A signing key can be opened with no secret in the file: `clients renew-signing-key`.")
        await store.change_private_key(unit, stored.number, _pem(key, secrets[0]))
        changed += 1
    return changed


def _opened(stored: StoredSigningKey, secrets: Sequence[bytes]) -> rsa.RSAPrivateKey | None:
    for secret in secrets:
        try:
            key = serialization.load_pem_private_key(stored.private_key.encode(), secret)
        except ValueError:
            continue
        assert isinstance(key, rsa.RSAPrivateKey), "we make no others"  # noqa: S101 - for the type checker
        return key
    return None


def _pem(key: rsa.RSAPrivateKey, secret: bytes) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(secret)
    ).decode()


def _periods(stored: Sequence[StoredSigningKey]) -> list[Period]:
    return [Period(key.number, key.signs_from) for key in stored]


def _generate(period: Period, secret: bytes) -> StoredSigningKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    jwk = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    public = {name: jwk[name] for name in ("kty", "n", "e")}
    key_id = thumbprint(public)
    published = {**public, "kid": key_id, "use": "sig", "alg": ALGORITHM}
    return StoredSigningKey(period.number, key_id, _pem(key, secret), published, period.signs_from)
