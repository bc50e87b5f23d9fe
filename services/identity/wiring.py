"""Puts the token endpoint together: the only module that knows every concrete part of it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from services.chassis import key_file
from services.chassis.broker.memory import InProcessBroker
from services.chassis.errors import Unavailable
from services.chassis.identity import TokenVerifier
from services.chassis.process import Process
from services.chassis.service import Parts, Service
from services.chassis.settings import Mode
from services.chassis.timers import Timer
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web.certificates import Certificates
from services.chassis.wiring import CONTACT, Surroundings, Unusable, key_file_beside, topology
from services.identity import routes, store
from services.identity.handlers.signing import SigningKeys
from services.identity.handlers.tokens import Terms, TokenEndpoint
from services.identity.settings import Settings
from services.identity.tables import idempotency_keys, messages

NAME = "identity"
MIGRATIONS = Path(__file__).parent / "migrations"
KEY_FILE = "identity.key"
"""What the file with the secret is called where it is made."""
SECRET_CHARACTERS = 32
FORGET_SECONDS = 60.0
FORGET_BATCH = 1000


class NothingRefused(Exception):
    """What this service refuses, it refuses in OAuth's words."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The service, and its keys for a verifier in the same process."""

    service: Service
    keys: SigningKeys


def build(settings: Settings, surroundings: Surroundings) -> Identity:
    """The token endpoint, ready to start. Raises Unusable or Unavailable in the distributed mode without a secret."""
    database = surroundings.connect(settings.database_url.get_secret_value(), settings.database_pool_size)
    clock = surroundings.clock
    transactions = Transactions(
        database, messages.outbox, clock, surroundings.identifiers, settings.source, NothingRefused
    )
    keys = SigningKeys(transactions, _secret(settings).read, timedelta(days=settings.identity_rotation_days))
    terms = Terms(
        settings.identity_issuer,
        settings.token_audience,
        settings.identity_token_seconds,
        settings.identity_tokens_per_minute,
        settings.identity_requests_per_minute,
    )
    certificates = Certificates.from_words(settings.client_certificate_header, settings.trusted_proxies)
    endpoint = TokenEndpoint(transactions, keys, terms)
    service = Service(
        Parts(
            name=NAME,
            migrations=MIGRATIONS,
            tables=messages,
            idempotency_keys=idempotency_keys,
            transactions=transactions,
            broker=surroundings.broker,
            queue=None,
            handlers={},
            api=routes.api(endpoint, keys, terms, certificates, CONTACT),
            retention=timedelta(days=settings.retention_days),
            keys_retention=timedelta(hours=settings.retention_keys_hours),
            timers=(Timer("assertions", clock, lambda: transactions.run(_forget), FORGET_SECONDS),),
        )
    )
    return Identity(service, keys)


def process(settings: Settings) -> Process:
    """The service alone: it exchanges no messages, and none of its routes takes a token."""
    broker = InProcessBroker(topology(settings.broker_prefix, []))
    identity = build(settings, Surroundings(broker))
    return Process([identity.service], broker, TokenVerifier({}, settings.token_audience), settings)


async def _forget(unit: UnitOfWork) -> datetime | None:
    """Forget a portion of what has expired; gives the present moment while there is more."""
    return unit.now if await store.forget_assertions(unit, FORGET_BATCH) == FORGET_BATCH else None


@dataclass(frozen=True, slots=True)
class Secret:
    """What the signing keys are encrypted with, in a file; on one machine it is made when needed."""

    file: Path
    make: bool

    def read(self) -> Sequence[bytes]:
        """The secret; and the one before while it is turned over.

        Raises Unavailable when the file cannot be read, or holds too little.
        """
        if self.make and not self.file.exists():
            make_secret(self.file)
        try:
            lines = key_file.read(self.file)
        except OSError:
            lines = []
        if not lines or min(map(len, lines)) < SECRET_CHARACTERS:
            raise Unavailable("The file of DOORSTROOM_IDENTITY_KEY_FILE cannot be read, or holds too little.")
        return lines


def make_secret(file: Path) -> None:
    """Make the file, unless it is there; readable by nobody else from the first moment."""
    key_file.make(file, new_secret())


def new_secret() -> bytes:
    """A new secret, as it stands in the file."""
    return secrets.token_urlsafe(SECRET_CHARACTERS).encode()


def _secret(settings: Settings) -> Secret:
    file, embedded = settings.identity_key_file or key_file_beside(settings, KEY_FILE), settings.mode is Mode.EMBEDDED
    if file is None:
        raise Unusable("set DOORSTROOM_IDENTITY_KEY_FILE to a file with 32 random characters, kept out of backups")
    secret = Secret(file, make=embedded)
    if not embedded:
        secret.read()
    return secret
