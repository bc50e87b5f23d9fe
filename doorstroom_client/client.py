"""The client: every operation of every service, as a method that is named as the operation is."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import aiohttp

from doorstroom_client.cases import CaseCalls
from doorstroom_client.municipalities import MunicipalCalls
from doorstroom_client.notifications import NotificationCalls
from doorstroom_client.oversight import OversightCalls
from doorstroom_client.retries import RetryPolicy
from doorstroom_client.shelters import ShelterCalls
from doorstroom_client.stream import Event, line
from doorstroom_client.tokens import TokenSource, as_source
from doorstroom_client.transport import Transport
from doorstroom_client.waitlists import WaitlistCalls

Streaming = Literal["notifications", "shelters", "municipalities"]
"""The services that have a live stream."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the services are: the root of each, without a trailing slash."""

    registry: str
    shelters: str
    municipalities: str
    notifications: str

    @classmethod
    def at(cls, root: str) -> "Endpoints":
        """All of them behind one address."""
        return cls(root, root, root, root)


class Client(CaseCalls, WaitlistCalls, ShelterCalls, MunicipalCalls, NotificationCalls, OversightCalls):
    """The public APIs, typed. It acts with the tokens of one source, so for one organisation in one role.

    Every method raises ProblemError when the server refuses, ServerUnreachable when it does not answer, and
    UnreadableAnswer when it answers what doorstroom does not. A `key` makes a request yours: sent again with the same
    one, also by another process and up to a day later, it has its effect once. Without it, that holds for the retries
    of one call. Lists are read with `async for`; `await` gives their first page.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoints: Endpoints,
        token: str | Callable[[], Awaitable[str]] | TokenSource,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._transport = Transport(session, as_source(token), policy)
        self._registry = f"{endpoints.registry}/registry/v1"
        self._shelters = f"{endpoints.shelters}/shelters/v1"
        self._municipalities = f"{endpoints.municipalities}/municipalities/v1"
        self._notifications = f"{endpoints.notifications}/notifications/v1"

    def listen_once(self, service: Streaming, last_event_id: str | None = None) -> AsyncGenerator[Event, None]:
        """The live stream of a service as it comes, for whoever passes it on: it ends when the line breaks."""
        roots = {
            "notifications": self._notifications,
            "shelters": self._shelters,
            "municipalities": self._municipalities,
        }
        return line(self._transport, f"{roots[service]}/events", last_event_id)
