"""Puts the console together: the only module that knows every concrete part of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from doorstroom_client import Endpoints
from services.chassis.identity import TokenVerifier
from services.chassis.process import Process
from services.chassis.secret_file import SecretFile
from services.chassis.service import Service
from services.chassis.standalone import Standalone, alone
from services.chassis.timers import Timer
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Api
from services.chassis.wiring import CONTACT, Surroundings, Unusable, verifier_from
from services.console.connections import Connections
from services.console.demo import DemoUsers
from services.console.failures import Reason, SignInFailed
from services.console.grants import Grant
from services.console.oidc import proof
from services.console.oidc.provider import Provider, Registration
from services.console.oidc.questions import Questions
from services.console.pages import ROUTES
from services.console.seal import Seal
from services.console.sessions import Limits, Sessions
from services.console.settings import Settings
from services.console.tables import idempotency_keys, messages
from services.console.web.dispatch import Pages
from services.console.web.rates import PageRates
from services.console.web.rendering import Renderer
from services.console.web.site import Site

NAME = "console"
MIGRATIONS = Path(__file__).parent / "migrations"
KEY_FILE = "console.key"
"""What the file with the secret is called where it is made."""
FORGET_SECONDS = 60.0
_SERVICE = Standalone(NAME, MIGRATIONS, messages, idempotency_keys)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the console is told of the others."""

    verifier: TokenVerifier
    """Knows which access tokens the APIs accept."""
    endpoints: Callable[[], Endpoints]
    address: Callable[[], str]
    """Where people find the console."""
    demo: DemoUsers | None = None


class Nobody:
    """Renews nothing: without a provider and demo users nobody is signed in."""

    async def renew(self, _grant: Grant) -> Grant:
        """There is none."""
        raise SignInFailed(Reason.OVER, "nobody can sign in here")


def build(settings: Settings, surroundings: Surroundings, neighbours: Neighbours) -> Service:
    """The console, ready to start. Raises Unusable, Unavailable, ValueError or OSError."""
    ground, clock, demo = _SERVICE.ground(settings, surroundings), surroundings.clock, neighbours.demo
    secret = SecretFile.of(settings, settings.console_key_file, "DOORSTROOM_CONSOLE_KEY_FILE", KEY_FILE)
    seal = Seal(secret.read, surroundings.chance)
    connections = Connections()
    provider = _provider(settings, surroundings, neighbours.verifier, connections)
    if provider is not None and demo is not None:
        raise Unusable("demo users and DOORSTROOM_CONSOLE_ISSUER do not go together")
    limits = Limits(timedelta(minutes=settings.console_idle_minutes), timedelta(hours=settings.console_session_hours))
    sessions = Sessions(ground.transactions, ground.journal, seal, limits, provider or demo or Nobody(), clock)
    rates = PageRates(settings.console_session_requests_per_minute, settings.console_address_requests_per_minute, clock)
    site = Site(
        sessions,
        ground.journal,
        rates,
        seal,
        provider,
        demo,
        connections,
        neighbours.endpoints,
        neighbours.address,
        Renderer(),
        clock,
        lock=timedelta(minutes=min(settings.console_lock_minutes, settings.console_idle_minutes)),
    )
    background = {"connections": connections.hold, **({} if provider is None else {"provider": provider.follow})}
    forgetting = Timer("sessions", clock, sessions.forget, FORGET_SECONDS)
    return ground.service(_api(Pages(site, ROUTES)), (forgetting,), background)


def process(settings: Settings, demo: DemoUsers | None = None) -> Process:
    """The console alone, with a provider or with demo users. Raises Unusable, Unavailable, ValueError or OSError."""
    address = settings.console_address
    if address is None or (settings.console_issuer is None and demo is None):
        raise Unusable("set DOORSTROOM_CONSOLE_ADDRESS, DOORSTROOM_CONSOLE_ISSUER and DOORSTROOM_CONSOLE_CLIENT")
    endpoints, verifier = _endpoints(settings), verifier_from(settings)
    surroundings, neighbours = alone(settings), Neighbours(verifier, lambda: endpoints, lambda: address, demo)
    return Process([build(settings, surroundings, neighbours)], surroundings.broker, verifier, settings)


def _endpoints(settings: Settings) -> Endpoints:
    registry, shelters = settings.console_registry_address, settings.console_shelters_address
    municipalities, notifications = settings.console_municipalities_address, settings.console_notifications_address
    if registry is None or shelters is None or municipalities is None or notifications is None:
        names = ", ".join(f"DOORSTROOM_CONSOLE_{name}_ADDRESS" for name in ("REGISTRY", "SHELTERS", "MUNICIPALITIES"))
        raise Unusable(f"set {names} and DOORSTROOM_CONSOLE_NOTIFICATIONS_ADDRESS")
    return Endpoints(registry, shelters, municipalities, notifications)


def _api(pages: Pages) -> Api[UnitOfWork]:
    return Api(
        name=NAME,
        title="doorstroom console",
        description="Pages for people.",
        version="1.0.0",
        base_path="/console/v1",
        operations=(),
        access={},
        contact=CONTACT,
        plain=pages.plain(),
        elsewhere=pages.elsewhere,
    )


def _provider(
    settings: Settings, surroundings: Surroundings, verifier: TokenVerifier, connections: Connections
) -> Provider | None:
    issuer, client_id = settings.console_issuer, settings.console_client
    if issuer is None or client_id is None:
        return None
    registration = Registration(
        issuer,
        client_id,
        _proof(settings, client_id, surroundings),
        settings.console_scopes,
        settings.console_resource,
        int(settings.token_leeway_seconds),
    )
    questions = Questions(connections, settings.console_provider_timeout_seconds)
    return Provider(registration, questions, verifier, surroundings.clock)


def _proof(settings: Settings, client_id: str, surroundings: Surroundings) -> proof.ClientProof:
    key, secret = settings.console_client_key_file, settings.console_client_secret_file
    if key is not None:
        return proof.key_proof(client_id, key, surroundings.clock, surroundings.identifiers)
    if secret is not None:
        return proof.Secret(client_id, secret.read_text().strip())
    return proof.Nothing(client_id)
