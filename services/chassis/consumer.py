"""Takes what is ready from a service's queue into one transaction, and settles each message exactly once.

Messages are acknowledged only after the transaction that holds their effect is committed. When a batch fails, each of
its messages is tried alone, so that a poisonous one harms no neighbour; after a number of attempts it goes to
quarantine. A lost database is nobody's fault: the batch waits for it, and nothing counts as an attempt.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random_exponential,
)

from schemas import catalogue
from schemas.base import Message as EventData
from schemas.envelope import Event, InvalidMessage
from services.chassis import inbox, quarantine, tracing
from services.chassis.broker.port import Broker, Delivery, Subscription
from services.chassis.broker.topology import Queue, first_said
from services.chassis.errors import DoorstroomError, Unavailable
from services.chassis.quarantine import Rejected
from services.chassis.tables import MessageTables
from services.chassis.unit_of_work import Transactions, UnitOfWork

log = structlog.get_logger(__name__)

Handler = Callable[[UnitOfWork, Sequence[Any]], Awaitable[None]]
"""Gives the data of its messages in a batch their effect, in the transaction of the unit of work.

One handler may be that of several types, and then has them together, in the order in which they came.
"""

Incoming = tuple[Delivery, Event]

DELIVERED_TOO_OFTEN = "delivered too often without an answer: the service may have ended each time it tried"


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """Bounds of one consumer."""

    batch: int = 100
    attempts: int = 5
    first_pause_seconds: float = 0.1
    longest_pause_seconds: float = 5.0


class Consumer:
    """Feeds one service's handlers from its queue."""

    def __init__(
        self,
        transactions: Transactions,
        tables: MessageTables,
        broker: Broker,
        queue: Queue,
        handlers: Mapping[type[EventData], Handler],
        settings: ConsumerSettings | None = None,
    ) -> None:
        self._transactions = transactions
        self._measures = transactions.measures
        self._tables = tables
        self._broker = broker
        self._queue = queue
        self._handlers = handlers
        self._settings = settings or ConsumerSettings()
        self._subscription: Subscription | None = None
        self._dead_letters: Subscription | None = None

    @property
    def consuming(self) -> bool:
        """Whether messages reach us now, dead letters included."""
        subscriptions = (self._subscription, self._dead_letters)
        return all(subscription is not None and subscription.consuming for subscription in subscriptions)

    async def run(self) -> None:
        """Consume until cancelled; what is in hand then goes back to the queue."""
        self._subscription = subscription = self._broker.subscribe(self._queue)
        try:
            async with asyncio.TaskGroup() as retries:
                while True:
                    deliveries = await subscription.batch(self._settings.batch)
                    await self._take(subscription, deliveries, retries)
        finally:
            await subscription.close()

    async def collect_dead_letters(self) -> None:
        """Until cancelled, keep in quarantine what the broker has delivered too often: its consumer died each time."""
        self._dead_letters = subscription = self._broker.dead_letters(self._queue)
        attempts = self._queue.delivery_limit + 1
        try:
            while True:
                dead = await subscription.batch(self._settings.batch)
                await self._quarantine(subscription, [Rejected(each, DELIVERED_TOO_OFTEN, attempts) for each in dead])
        finally:
            await subscription.close()

    async def _take(
        self, subscription: Subscription, deliveries: Sequence[Delivery], retries: asyncio.TaskGroup
    ) -> None:
        valid, rejected = self._sort(deliveries)
        if rejected:
            await self._quarantine(subscription, rejected)
        if not valid:
            return
        try:
            await self._patiently(lambda: self._handle(valid))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, its neighbours go on
            log.warning("batch-failed", messages=len(valid), error=_describe(error))
            for incoming in valid:
                retries.create_task(self._alone(subscription, incoming))
        else:
            self._measures.handled.inc(len(valid))
            await subscription.acknowledge([delivery for delivery, _ in valid])

    def _sort(self, deliveries: Sequence[Delivery]) -> tuple[list[Incoming], list[Rejected]]:
        valid: list[Incoming] = []
        rejected: list[Rejected] = []
        for delivery in deliveries:
            try:
                event = _read(delivery)
            except InvalidMessage as error:
                rejected.append(Rejected(delivery, str(error), 1))
                continue
            if type(event.data) in self._handlers:
                valid.append((delivery, event))
            else:
                rejected.append(Rejected(delivery, "no handler in this service for this type of message", 1))
        return valid, rejected

    async def _handle(self, incoming: Sequence[Incoming]) -> None:
        """Give the messages their effect in one transaction, as if none was seen before; if that fails, look first.

        Nearly always none was, and then the inbox costs no round trip: the transaction ends with its rows, and the
        primary key refuses all of it when one of them was there.
        """
        events = list({event.id: event for _, event in incoming}.values())
        with tracing.handling(self._queue.name, events):
            await self._once_each(events)

    async def _once_each(self, events: Sequence[Event]) -> None:
        try:
            await self._transactions.run(lambda unit: self._apply_all(unit, events))
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - a message seen before may trip over its own effect in any way
            # What failed for another reason fails again here, and is raised.
            await self._transactions.run(lambda unit: self._apply_new(unit, events))

    async def _apply_all(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        await self._apply(unit, events)
        await inbox.note(unit, self._tables.inbox, [event.id for event in events])

    async def _apply_new(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        fresh = await inbox.remember(unit, self._tables.inbox, [event.id for event in events])
        await self._apply(unit, [event for event in events if event.id in fresh])

    async def _apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        """Give each event its effect: all of one handler together, in their order, and handlers in a fixed order."""
        by_handler: dict[Handler, list[EventData]] = {handler: [] for handler in self._handlers.values()}
        for event in events:
            by_handler[self._handlers[type(event.data)]].append(event.data)
        for handler, messages in by_handler.items():
            if messages:
                await handler(unit, messages)

    async def _alone(self, subscription: Subscription, incoming: Incoming) -> None:
        """Try one message by itself, a bounded number of times, and then put it into quarantine."""
        delivery, event = incoming
        trying = AsyncRetrying(
            stop=stop_after_attempt(self._settings.attempts),
            wait=wait_exponential(self._settings.first_pause_seconds, self._settings.longest_pause_seconds),
            before_sleep=lambda state: _report_failure(event, state),
            reraise=True,
        )
        try:
            await trying(self._patiently, lambda: self._handle([incoming]))
        except Exception as error:  # noqa: BLE001 - the last resort is quarantine, never loss
            await self._quarantine(subscription, [Rejected(delivery, _describe(error), self._settings.attempts)])
        else:
            self._measures.handled.inc()
            await subscription.acknowledge([delivery])

    async def _quarantine(self, subscription: Subscription, rejected: Sequence[Rejected]) -> None:
        """Keep these messages; one that cannot be kept goes back to the queue and harms no neighbour."""
        for item in rejected:
            log.error("message-quarantined", id=quarantine.identifier(item.delivery)[:12], reason=item.reason)
        try:
            await self._keep(rejected)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must be kept
            if len(rejected) > 1:
                for item in rejected:
                    await self._quarantine(subscription, [item])
                return
            log.critical("message-not-kept", error=_describe(error))
            await asyncio.sleep(self._settings.longest_pause_seconds)
            await subscription.requeue([item.delivery for item in rejected])
        else:
            self._measures.quarantined.inc(len(rejected))
            await subscription.acknowledge([item.delivery for item in rejected])

    async def _keep(self, rejected: Sequence[Rejected]) -> None:
        await self._patiently(
            lambda: self._transactions.run(lambda unit: quarantine.keep(unit, self._tables.quarantine, rejected))
        )

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, waiting as long as the database is away."""
        with suppress(Unavailable):
            # Nearly always this is all; what counts attempts costs as much as a statement.
            await work()
            return
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_random_exponential(multiplier=0.1, max=self._settings.longest_pause_seconds),
            before_sleep=lambda _state: log.warning("database-awaited", queue=self._queue.name),
        ):
            with attempt:
                await work()


def _read(delivery: Delivery) -> Event:
    """The event in a delivery. Raises InvalidMessage.

    Who may publish what, the broker knows by the routing key; so an event under another's key is nobody's.
    """
    event = catalogue.parse(delivery.body)
    if catalogue.routing_key(event) != first_said(delivery.routing_key):
        raise InvalidMessage("type: not what the routing key says")
    return event


def _report_failure(event: Event, state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    reason = _describe(error) if error is not None else "unknown"
    log.warning("message-failed", message_id=str(event.id), attempt=state.attempt_number, error=reason)


def _describe(error: BaseException) -> str:
    """Name an error without its text, which may hold values; ours have none."""
    return f"{type(error).__name__}: {error.detail}" if isinstance(error, DoorstroomError) else type(error).__name__
