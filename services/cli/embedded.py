"""The embedded mode: every service in this process, SQLite files, and an in-process bus."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from doorstroom_client import Endpoints
from services.chassis.broker.memory import InProcessBroker
from services.chassis.identity import DevelopmentIssuer, Keys, TokenVerifier
from services.chassis.identity.development import DEFAULT_ISSUER
from services.chassis.process import Process
from services.chassis.settings import Mode
from services.chassis.web import Api
from services.chassis.wiring import Definition, Surroundings, claim_names_from, issuers_from, topology
from services.console.demo import DemoUser, DemoUsers
from services.console.settings import Settings as ConsoleSettings
from services.console.wiring import NAME as CONSOLE
from services.console.wiring import Neighbours
from services.console.wiring import build as build_console
from services.identity.settings import Settings as IdentitySettings
from services.identity.wiring import NAME as IDENTITY
from services.identity.wiring import build as build_identity
from services.municipalities.wiring import MUNICIPALITIES
from services.notifications.wiring import NOTIFICATIONS
from services.registry.wiring import REGISTRY
from services.shelters.wiring import SHELTERS

SERVICES: tuple[Definition[Any], ...] = (REGISTRY, SHELTERS, MUNICIPALITIES, NOTIFICATIONS)
"""Those that own facts and exchange messages. The token endpoint stands beside them: it has no messages."""
NAMES = (*(definition.name for definition in SERVICES), IDENTITY)
"""All that have an API."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Everything in one process, and the issuer whose tokens it accepts."""

    process: Process
    issuer: DevelopmentIssuer


def database_url(data: Path, service: str) -> str:
    """Where a service's SQLite database is."""
    return f"sqlite:///{data / f'{service}.sqlite3'}"


def describe(definition: Definition[Any]) -> Api[Any]:
    """The API of a service, without anything behind it."""
    nowhere = definition.settings(mode=Mode.EMBEDDED, database_url=SecretStr("sqlite:///nothing.sqlite3"))
    return definition.build(nowhere, Surroundings(InProcessBroker(topology(nowhere.broker_prefix, [])))).api


def api_of(name: str) -> Api[Any]:
    """The API of any service, the token endpoint's too, without anything behind it."""
    if name != IDENTITY:
        return describe(next(definition for definition in SERVICES if definition.name == name))
    nowhere = IdentitySettings(mode=Mode.EMBEDDED, database_url=SecretStr("sqlite:///nothing.sqlite3"))
    return build_identity(nowhere, Surroundings(InProcessBroker(topology(nowhere.broker_prefix, [])))).service.api


def build_embedded(
    data: Path,
    users: Sequence[DemoUser] = (),
    **settings: Any,  # noqa: ANN401 - settings of any kind
) -> Embedded:
    """Put all services together in the folder `data`, which must exist. Raises Unusable, OSError or ValueError.

    `users` are those that anybody may be in the console.
    """
    issuer = DevelopmentIssuer(data, Mode.EMBEDDED)
    chosen = {
        definition.name: definition.settings(
            mode=Mode.EMBEDDED, database_url=SecretStr(database_url(data, definition.name)), **settings
        )
        for definition in SERVICES
    }
    any_settings = chosen[REGISTRY.name]
    queues = [queue for definition in SERVICES for queue in definition.queues(chosen[definition.name])]
    broker = InProcessBroker(topology(any_settings.broker_prefix, queues))
    surroundings = Surroundings(broker)
    services = [definition.build(chosen[definition.name], surroundings) for definition in SERVICES]
    identity = build_identity(
        IdentitySettings(mode=Mode.EMBEDDED, database_url=SecretStr(database_url(data, IDENTITY)), **settings),
        surroundings,
    )
    issuers: dict[str, Keys] = {
        DEFAULT_ISSUER: issuer.key_set(),
        any_settings.identity_issuer: identity.keys,
        **issuers_from(any_settings, surroundings.clock),
    }
    names = {any_settings.token_issuer: claim_names_from(any_settings)}
    verifier = TokenVerifier(issuers, any_settings.token_audience, names=names)
    demo = DemoUsers(issuer, users, surroundings.clock) if users else None
    console_settings = ConsoleSettings(
        mode=Mode.EMBEDDED, database_url=SecretStr(database_url(data, CONSOLE)), **settings
    )
    neighbours = Neighbours(
        verifier,
        lambda: Endpoints.at(process.root),
        lambda: console_settings.console_address or process.root,
        demo,
    )
    console = build_console(console_settings, surroundings, neighbours)
    process = Process([*services, identity.service, console], broker, verifier, any_settings)
    return Embedded(process, issuer)
