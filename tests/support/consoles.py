"""The console as a process with a port, with a provider or with demo users, and nothing behind it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from doorstroom_client import Endpoints
from services.chassis.broker.memory import InProcessBroker
from services.chassis.clock import Clock, system_clock
from services.chassis.identity import DevelopmentIssuer, Role, TokenVerifier
from services.chassis.identity.development import DEFAULT_ISSUER
from services.chassis.process import Process
from services.chassis.settings import Mode
from services.chassis.wiring import Surroundings, topology, verifier_from
from services.cli.servers.support import free_port
from services.console.demo import DemoUser, DemoUsers
from services.console.settings import Settings
from services.console.wiring import Neighbours, build

USERS = (
    DemoUser("coordinator", "North", "coordination-noord", Role.COORDINATOR, ("registry:read", "registry:write")),
    DemoUser("provider", "Shelter", "shelter-noord", Role.PROVIDER, ("shelters:read",)),
)


def settings(folder: Path, **given: Any) -> Settings:  # noqa: ANN401 - settings of any kind
    url = SecretStr(f"sqlite:///{folder / 'console.sqlite3'}")
    return Settings(mode=Mode.EMBEDDED, database_url=url, access_log=False, **given)


@asynccontextmanager
async def demo_console(
    folder: Path,
    clock: Clock = system_clock,
    users: Sequence[DemoUser] | None = USERS,
    public: str | None = None,
    host: str = "127.0.0.1",
    **given: Any,  # noqa: ANN401 - settings of any kind
) -> AsyncIterator[str]:
    """A console with demo users; gives where it listens. Where the APIs would be nobody answers, unless it is told.

    `public` is its address as people know it, when a proxy is in front.
    """
    issuer = DevelopmentIssuer(folder, Mode.EMBEDDED, clock=clock)
    verifier = TokenVerifier({DEFAULT_ISSUER: issuer.key_set()}, "doorstroom")
    demo = None if users is None else DemoUsers(issuer, users, clock)
    chosen = settings(folder, console_address=public, **given)
    async with _serving(chosen, verifier, clock, demo, host=host) as address:
        yield address


def provider_settings(issuer: str) -> dict[str, Any]:
    """What the console and the services are told of the provider."""
    return {
        "console_issuer": issuer,
        "console_client": "console",
        "console_scopes": "openid registry:read registry:write notifications:read",
        "token_issuer": issuer,
        "token_keys_url": f"{issuer}/jwks",
        "token_organisation_claim": "organisation.id",
        "token_role_claim": "roles",
        "token_roles": "doorstroom-coordinator=coordinator doorstroom-provider=provider",
    }


@asynccontextmanager
async def provider_console(folder: Path, port: int, issuer: str, **given: Any) -> AsyncIterator[str]:  # noqa: ANN401
    """A console at this port whose users come from a provider, which says who they are in words of its own."""
    chosen = settings(folder, **provider_settings(issuer), **given)
    async with _serving(chosen, verifier_from(chosen), system_clock, None, port) as address:
        yield address


@asynccontextmanager
async def _serving(
    chosen: Settings,
    verifier: TokenVerifier,
    clock: Clock,
    demo: DemoUsers | None,
    port: int = 0,
    host: str = "127.0.0.1",
) -> AsyncIterator[str]:
    broker = InProcessBroker(topology("test", []))
    apis = _apis(chosen)
    neighbours = Neighbours(verifier, lambda: apis, lambda: chosen.console_address or process.root, demo)
    process = Process([build(chosen, Surroundings(broker, clock), neighbours)], broker, verifier, chosen)
    await process.start(host, port)
    try:
        yield process.root
    finally:
        await process.stop(0)


def _apis(chosen: Settings) -> Endpoints:
    found = (
        chosen.console_registry_address,
        chosen.console_shelters_address,
        chosen.console_municipalities_address,
        chosen.console_notifications_address,
    )
    nowhere = f"http://127.0.0.1:{free_port()}"
    return Endpoints(*(address or nowhere for address in found))
