"""The port of the channels: the one surface that every way of telling a recipient has.

The inbox is the truth: what is news to a recipient is stored there first, with a number that has no gaps. A channel is
told of it after the commit and before anything else happens, so it must not wait. There are two kinds:

- A `Channel` reads the inbox by itself, as the live stream and the pull feed do.
- A `Carrier` brings what its subscriptions select to an endpoint, as webhooks do. It only knows how to bring one thing
  once; what is due, retries, order, throttles, leases between replicas, and what becomes of it are not its affair.

To add one: write its module, and put it into the list in `wiring.py`. Nothing else knows which there are.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import ClassVar
from uuid import UUID

from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Operation
from services.notifications.domain.outcomes import DELIVERED, Outcome
from services.notifications.store import inbox
from services.notifications.store.inbox import News, StoredNotification

RETRIES = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""How long after each failed attempt the next one follows (Standard Webhooks); after the last one it is dead."""


class Channel:
    """One way in which a recipient is told. Whatever it does not need it leaves as it is here."""

    name: ClassVar[str]
    """In the API, in metrics and in logs."""

    @property
    def operations(self) -> Sequence[Operation[UnitOfWork]]:
        """What it adds to the API."""
        return ()

    @property
    def background(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What runs for as long as the service does, by name."""
        return {}

    def storing(self, unit: UnitOfWork, stored: Sequence[StoredNotification]) -> None:
        """In the transaction that stores these: for what is to leave by the outbox. Must not wait."""

    def stored(self, stored: Sequence[StoredNotification]) -> None:
        """This process has just committed these. Must not wait: the next channel is told after this one."""


def announce(channels: Sequence[Channel], unit: UnitOfWork, stored: Sequence[StoredNotification]) -> None:
    """Tell every channel of what this transaction stores: now, and once it is committed, in order."""
    for channel in channels:
        channel.storing(unit, stored)
    unit.after_commit += [partial(channel.stored, stored) for channel in channels]


class Channels(list[Channel]):
    """All of them, in the order in which they hear of what was stored."""

    def announce(self, unit: UnitOfWork, stored: Sequence[StoredNotification]) -> None:
        """Tell each of them in this transaction, and again once it is committed."""
        announce(self, unit, stored)

    async def tell(self, unit: UnitOfWork, news: Sequence[News]) -> None:
        """Put what this service says by itself into inboxes, and announce it; each version of a subject is told."""
        if news:
            await inbox.newer(unit, news)
            self.announce(unit, await inbox.add(unit, news))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a subscription's deliveries go."""

    subscription_id: UUID
    organisation: str
    address: str | None = field(repr=False)
    """As the channel's `check` gave it; None where the channel needs none."""
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """Those that are valid now, the newest first; none where the channel has no use for them."""
    language: str = "nl"
    """In which whoever is there reads, for channels that speak to people."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery. Its id, and that of its notification, are the same at every attempt."""

    delivery_id: UUID
    attempt: int
    """From 1 on; how often it was tried, this time included."""
    notification: StoredNotification


class Carrier(Channel, ABC):
    """A channel that brings deliveries to an endpoint."""

    retries: Sequence[timedelta] = RETRIES
    timeout_seconds: float = 15.0
    """The longest that anything below may take; after that it is a failure."""
    together: int = 1
    """How many deliveries to one endpoint may go as one."""
    personal: bool = False
    """Whether it reaches people, whose preferences count: their language, quiet hours, and who stands in for them."""
    has_secrets: bool = False
    """Whether what it brings is signed, so that an endpoint has a secret, which is shown once."""

    @abstractmethod
    def check(self, address: str | None) -> str | None:
        """The address as it is to be kept. Raises InvalidInput, which never repeats it; asks nobody."""

    async def introduce(self, endpoint: Endpoint) -> Outcome:  # noqa: ARG002 - for who asks first
        """Ask whether the endpoint wants anything at all, once after its registration. Raises nothing."""
        return DELIVERED

    @abstractmethod
    async def deliver(self, endpoint: Endpoint, parcels: Sequence[Parcel]) -> Outcome:
        """Bring these, at most `together`, in one go: one outcome for all of them. Raises nothing.

        They may arrive and the outcome be lost: then they come again, with the same ids.
        """

    async def close(self) -> None:
        """Give back what is held open."""
