"""Puts the token endpoint together: the only module that knows every concrete part of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from services.chassis.identity import TokenVerifier
from services.chassis.process import Process
from services.chassis.secret_file import SecretFile
from services.chassis.service import Service
from services.chassis.standalone import Standalone, alone
from services.chassis.timers import Timer
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web.certificates import Certificates
from services.chassis.wiring import CONTACT, Surroundings
from services.identity import routes, store
from services.identity.handlers.signing import SigningKeys
from services.identity.handlers.tokens import Terms, TokenEndpoint
from services.identity.settings import Settings
from services.identity.tables import idempotency_keys, messages

NAME = "identity"
MIGRATIONS = Path(__file__).parent / "migrations"
KEY_FILE = "identity.key"
"""What the file with the secret is called where it is made."""
FORGET_SECONDS = 60.0
FORGET_BATCH = 1000
REFRESH_SECONDS = 15.0
"""How soon a verifier in the same process knows whom another one revoked."""
_SERVICE = Standalone(NAME, MIGRATIONS, messages, idempotency_keys)


@dataclass(frozen=True, slots=True)
class Identity:
    """The service, and its keys for a verifier in the same process."""

    service: Service
    keys: SigningKeys


def build(settings: Settings, surroundings: Surroundings) -> Identity:
    """The token endpoint, ready to start. Raises Unusable or Unavailable in the distributed mode without a secret."""
    ground, clock = _SERVICE.ground(settings, surroundings), surroundings.clock
    transactions = ground.transactions
    secret = SecretFile.of(settings, settings.identity_key_file, "DOORSTROOM_IDENTITY_KEY_FILE", KEY_FILE)
    keys = SigningKeys(transactions, secret.read, timedelta(days=settings.identity_rotation_days))
    terms = Terms(
        settings.identity_issuer,
        settings.token_audience,
        settings.identity_token_seconds,
        settings.identity_tokens_per_minute,
        settings.identity_requests_per_minute,
    )
    certificates = Certificates.from_words(settings.client_certificate_header, settings.trusted_proxies)
    endpoint = TokenEndpoint(transactions, ground.journal, keys, terms)
    timers = (
        Timer("assertions", clock, lambda: transactions.run(_forget), FORGET_SECONDS),
        Timer("keys", clock, keys.refresh, REFRESH_SECONDS),
    )
    return Identity(ground.service(routes.api(endpoint, keys, terms, certificates, clock, CONTACT), timers), keys)


def process(settings: Settings) -> Process:
    """The service alone: it exchanges no messages, and none of its routes takes a token."""
    surroundings = alone(settings)
    identity = build(settings, surroundings)
    return Process([identity.service], surroundings.broker, TokenVerifier({}, settings.token_audience), settings)


async def _forget(unit: UnitOfWork) -> datetime | None:
    """Forget a portion of what has expired; gives the present moment while there is more."""
    return unit.now if await store.forget_assertions(unit, FORGET_BATCH) == FORGET_BATCH else None
