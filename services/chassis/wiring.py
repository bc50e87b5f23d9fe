"""What the wiring of every service has in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy import make_url

from services.chassis.broker.port import Broker
from services.chassis.broker.topology import Queue, Topology
from services.chassis.clock import Chance, Clock, Identifiers, system_chance, system_clock, system_identifiers
from services.chassis.database import Database
from services.chassis.identity import ALGORITHMS, ClaimNames, Keys, KeySet, Pace, RemoteKeys, TokenVerifier
from services.chassis.service import Service
from services.chassis.settings import Mode, ServiceSettings
from services.chassis.web import Contact

CONTACT = Contact("doorstroom", "maintainers@doorstroom.example", "https://doorstroom.example")

SettingsType = TypeVar("SettingsType", bound=ServiceSettings)


class Unusable(Exception):
    """The settings do not go together; the text says what to set."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is handed to a service from outside: the broker, the time, new ids, chance, and databases by their URL."""

    broker: Broker
    clock: Clock = system_clock
    identifiers: Identifiers = system_identifiers
    chance: Chance = system_chance
    connect: Callable[[str, int, str | None], Database] = Database.connect
    """Prepares the database at this URL, with at most so many sessions; and its owner's URL, if that is another."""

    def database(self, settings: ServiceSettings) -> Database:
        """The database of these settings."""
        owner = settings.database_owner_url
        url, owner_url = settings.database_url.get_secret_value(), owner.get_secret_value() if owner else None
        return self.connect(url, settings.database_pool_size, owner_url)


@dataclass(frozen=True, slots=True)
class Definition(Generic[SettingsType]):
    """A service as its surroundings see it: what it can be set to, what it consumes, and how it is built."""

    name: str
    settings: type[SettingsType]
    queue: Callable[[str], Queue]
    build: Callable[[SettingsType, Surroundings], Service]
    for_others: Callable[[SettingsType], Sequence[Queue]] = lambda _settings: ()
    """Queues that it keeps for those who are no service of ours."""

    def queues(self, settings: SettingsType) -> tuple[Queue, ...]:
        """Every queue that it declares."""
        return (self.queue(settings.broker_prefix), *self.for_others(settings))


def topology(prefix: str, queues: Sequence[Queue]) -> Topology:
    """One exchange for all events, and these queues."""
    return Topology(f"{prefix}.events", tuple(queues))


def verifier_from(settings: ServiceSettings, clock: Clock = system_clock) -> TokenVerifier:
    """Verifies tokens of the issuers in the settings. Raises Unusable, ValueError or OSError."""
    issuers = issuers_from(settings, clock)
    if not issuers:
        raise Unusable(
            "set DOORSTROOM_TOKEN_KEYS_URL to where the issuer of the accepted tokens publishes its keys (JWKS), "
            "DOORSTROOM_TOKEN_KEYS_FILE to a file, or DOORSTROOM_IDENTITY_KEYS_URL to where our token endpoint does"
        )
    return TokenVerifier(
        issuers,
        settings.token_audience,
        leeway=timedelta(seconds=settings.token_leeway_seconds),
        clients=frozenset(settings.token_clients.split()),
        names={settings.token_issuer: claim_names_from(settings)},
    )


def claim_names_from(settings: ServiceSettings) -> ClaimNames:
    """What the issuer in the settings calls things. Raises Unusable."""
    try:
        return ClaimNames.from_words(
            settings.token_organisation_claim,
            settings.token_role_claim,
            settings.token_scope_claim,
            settings.token_roles,
        )
    except ValueError as error:
        raise Unusable(f"DOORSTROOM_TOKEN_ROLES: {error}") from None


def issuers_from(settings: ServiceSettings, clock: Clock) -> dict[str, Keys]:
    """The keys of the issuers in the settings, by `iss`. Raises Unusable, ValueError or OSError."""
    algorithms = settings.token_algorithms.split()
    if not algorithms or not set(algorithms) <= set(ALGORITHMS):
        raise Unusable(f"DOORSTROOM_TOKEN_ALGORITHMS: give some of {' '.join(ALGORITHMS)}")
    file, url, own_url = settings.token_keys_file, settings.token_keys_url, settings.identity_keys_url
    if file is not None and url is not None:
        raise Unusable("set DOORSTROOM_TOKEN_KEYS_URL or DOORSTROOM_TOKEN_KEYS_FILE, and not both")
    issuers: dict[str, Keys] = {}
    if own_url is not None:
        issuers[settings.identity_issuer] = RemoteKeys(own_url, clock, pace=_pace(settings), algorithms=algorithms)
    if file is not None:
        issuers[settings.token_issuer] = KeySet.from_file(file, algorithms)
    if url is not None:
        issuers[settings.token_issuer] = RemoteKeys(url, clock, pace=_pace(settings), algorithms=algorithms)
    return issuers


def _pace(settings: ServiceSettings) -> Pace:
    return Pace(
        refresh=timedelta(seconds=settings.token_keys_refresh_seconds),
        keep=timedelta(seconds=settings.token_keys_keep_seconds),
        pause=timedelta(seconds=settings.token_keys_pause_seconds),
        timeout_seconds=settings.token_keys_timeout_seconds,
    )


def key_file_beside(settings: ServiceSettings, name: str) -> Path | None:
    """Where a key is kept that no setting names: on one machine beside the database, elsewhere nowhere."""
    url = make_url(settings.database_url.get_secret_value())
    is_file = settings.mode is Mode.EMBEDDED and url.get_backend_name() == "sqlite"
    return Path(url.database).with_name(name) if is_file and url.database else None
