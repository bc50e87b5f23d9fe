"""What all pages share: made once, by the wiring."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from yarl import URL

from doorstroom_client import Endpoints
from services.chassis.audit import Journal
from services.chassis.clock import Clock
from services.console.connections import Connections
from services.console.demo import DemoUsers
from services.console.oidc.provider import Provider
from services.console.seal import Seal
from services.console.sessions import Sessions
from services.console.web.rates import PageRates
from services.console.web.rendering import Renderer


@dataclass(frozen=True, slots=True)
class Site:
    """The parts."""

    sessions: Sessions
    journal: Journal
    rates: PageRates
    seal: Seal
    provider: Provider | None
    demo: DemoUsers | None
    connections: Connections
    endpoints: Callable[[], Endpoints]
    """Where the APIs are."""
    address: Callable[[], str]
    """Where people find the console: its one true address, with which it hands out cookies and takes codes."""
    renderer: Renderer
    clock: Clock
    lock: timedelta
    """A page at which nobody moves for so long closes itself."""

    @property
    def secure(self) -> bool:
        """Whether it is reached over TLS."""
        return URL(self.address()).scheme == "https"
