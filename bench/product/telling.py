"""How soon, and how often, the notifications' service tells somebody: by webhooks, and on many live streams at once."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aio_pika
import aiohttp

from bench.measure import MILLISECONDS, PER_SECOND, BenchError, Figure, latencies, resident_megabytes
from bench.receiver import Received, StreamReader, receiving
from bench.servers import Servers
from bench.targets import KILOBYTES, PRODUCT, RATE_WITH_DEAD, STREAM_MEMORY, STREAMS_LAST, WEBHOOK
from doorstroom_client import Client, Endpoints
from schemas import catalogue
from schemas.api.subscriptions import NewSubscription
from schemas.messages.offers import Household, OfferMade
from schemas.vocabulary import DeliveryOrder, ListKind, SubscriptionChannel, SubscriptionState
from services.chassis.clock import system_clock, system_identifiers
from services.chassis.identity import DevelopmentIssuer, Role
from services.chassis.identity.development import KEYS_FILE
from services.chassis.settings import Mode
from services.cli.cast import SCOPES
from services.cli.distributed import Replica, start_replica, stop_services, wait_ready

PREFIX = "bench-telling"
QUEUES = (f"{PREFIX}.notifications", f"{PREFIX}.notifications.quarantine")
EXCHANGES = (f"{PREFIX}.events", f"{PREFIX}.events.dead-letter")
ALONE, WELL, WIDE, WATCHED = "alone", "well", 5, "watched"
"""Organisations; `WELL` is the beginning of their names, and each of those has so many endpoints."""
DEAD_OF_EACH = 50
STREAMS_OF_EACH = 20
READY_SECONDS = 120.0
CONNECTING_AT_ONCE = 20
OPEN_SECONDS, SHOW_SECONDS = 30.0, 60.0


Happens = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Telling:
    """How much to measure."""

    alone: int
    well: int
    events: int
    dead: int
    streams: int


FULL = Telling(alone=300, well=10, events=100, dead=1000, streams=5000)
QUICK = Telling(alone=20, well=4, events=10, dead=100, streams=200)


@dataclass(slots=True)
class Installed:
    """One process of the service, what is said to it, and who acts for whom."""

    replica: Replica
    exchange: aio_pika.abc.AbstractExchange
    issuer: DevelopmentIssuer
    session: aiohttp.ClientSession

    def token(self, organisation: str, subject: str = "system") -> str:
        """Of a coordinator in this organisation."""
        return self.issuer.issue(subject, organisation, Role.COORDINATOR, SCOPES[Role.COORDINATOR], 3600)

    def client(self, organisation: str) -> Client:
        """The same, who asks."""
        endpoints = Endpoints(registry="", shelters="", municipalities="", notifications=self.replica.root)
        return Client(self.session, endpoints, self.token(organisation))

    async def happens(self, recipient: str) -> None:
        """An offer is made to them: it is told to the broker, and confirmed."""
        now, id_ = system_clock(), system_identifiers()
        data = OfferMade(
            vacancy_id=system_identifiers(),
            version=1,
            offer_id=system_identifiers(),
            list_kind=ListKind.SHELTER,
            recipient=recipient,
            household=Household(adults=1, children=0),
            deadline_at=now + timedelta(hours=24),
            made_at=now,
        )
        source = "urn:nld:kvknr:00000000.registry"
        event = catalogue.event(data, id=id_, source=source, subject=str(data.offer_id), time=now)
        message = aio_pika.Message(
            catalogue.encode(event),
            message_id=str(id_),
            content_type="application/cloudevents+json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self.exchange.publish(message, catalogue.routing_key(event), mandatory=True)

    async def subscribe(self, organisation: str, address: str) -> None:
        """One more endpoint of theirs; what is said to it comes as fast as it can."""
        wanted = NewSubscription(channel=SubscriptionChannel.WEBHOOK, address=address, order=DeliveryOrder.FASTEST)
        await self.client(organisation).subscribe(wanted)

    async def until_welcome(self, organisation: str) -> None:
        """Wait until every endpoint of theirs has said that it wants to be told."""
        async with asyncio.timeout(READY_SECONDS):
            while not await self._is_welcome(organisation):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)

    async def _is_welcome(self, organisation: str) -> bool:
        listed = [one async for one in self.client(organisation).list_subscriptions()]
        return all(one.state is SubscriptionState.ENABLED for one in listed)


async def measure(servers: Servers, load: Telling) -> list[Figure]:
    """Start one process, and return latencies, rate, and what streams cost."""
    received = Received()
    async with installed(servers) as product, receiving(received) as address:
        figures = await _alone(product, received, address, load)
        figures += await _with_dead(product, received, address, load)
        return figures + await _streams(product, load)


async def _alone(product: Installed, received: Received, address: str, load: Telling) -> list[Figure]:
    """Each event when the one before has arrived."""
    await product.subscribe(ALONE, f"{address}/alone")
    await product.until_welcome(ALONE)
    return latencies("e", PRODUCT, WEBHOOK, await one_by_one(lambda: product.happens(ALONE), received, load.alone))


async def one_by_one(happens: Happens, received: Received, count: int) -> list[float]:
    """How long each took until it was received; the first tenth warms up and is not counted."""
    seconds = []
    for number in range(count + count // 10):
        before, began = len(received.instants), time.perf_counter()
        await happens()
        await received.until(before + 1)
        if number >= count // 10:
            seconds.append(max(received.instants.values()) - began)
    return seconds


async def _with_dead(product: Installed, received: Received, address: str, load: Telling) -> list[Figure]:
    """What those that are well get, while all that are dead are being waited for."""
    graves = [f"dead-{number}" for number in range(load.dead // DEAD_OF_EACH)]
    await asyncio.gather(*(_subscribe_all(product, name, f"{address}/dead/{name}", DEAD_OF_EACH) for name in graves))
    healthy = [f"{WELL}-{number}" for number in range(load.well)]
    await asyncio.gather(*(_subscribe_all(product, name, f"{address}/{name}", WIDE) for name in healthy))
    await asyncio.gather(*(product.happens(name) for name in graves))
    await asyncio.sleep(2)
    before, began = len(received.instants), time.perf_counter()
    for _ in range(load.events):
        await asyncio.gather(*(product.happens(name) for name in healthy))
    count = load.events * load.well * WIDE
    await received.until(before + count)
    rate = count / (time.perf_counter() - began)
    return [Figure("e", PRODUCT, RATE_WITH_DEAD, rate, PER_SECOND, count)]


async def _subscribe_all(product: Installed, organisation: str, address: str, count: int) -> None:
    for number in range(count):
        await product.subscribe(organisation, f"{address}/{number}")
    await product.until_welcome(organisation)


async def _streams(product: Installed, load: Telling) -> list[Figure]:
    """What each costs in memory, and when the last has shown one event."""
    before = resident_megabytes(product.replica.process.pid)
    saw = Counting(load.streams)
    transports = await _open(product, load.streams, saw)
    kilobytes = 1000 * (resident_megabytes(product.replica.process.pid) - before) / load.streams
    began = time.perf_counter()
    await product.happens(WATCHED)
    await saw.end("showed the event", SHOW_SECONDS)
    last = 1000 * (time.perf_counter() - began)
    for transport in transports:
        transport.abort()
    return [
        Figure("e", PRODUCT, STREAM_MEMORY, kilobytes, KILOBYTES, load.streams),
        Figure("e", PRODUCT, STREAMS_LAST, last, MILLISECONDS, 1),
    ]


class Counting:
    """Counts, and says when it has come to an end."""

    def __init__(self, most: int) -> None:
        self.count = 0
        self._reached = asyncio.Event()
        self._most = most

    def __call__(self) -> None:
        """One more."""
        self.count += 1
        if self.count >= self._most:
            self._reached.set()

    async def end(self, what: str, seconds: float) -> None:
        """Wait for it. Raises BenchError."""
        try:
            async with asyncio.timeout(seconds):
                await self._reached.wait()
        except TimeoutError:
            message = f"Only {self.count} of {self._most} streams {what} after {seconds:.0f} s."
            raise BenchError(message) from None


async def _open(product: Installed, count: int, saw: Counting) -> list[asyncio.Transport]:
    loop, room = asyncio.get_running_loop(), asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def connect(number: int) -> asyncio.Transport:
        token = product.token(WATCHED, f"watcher-{number // STREAMS_OF_EACH}")
        head = f"GET /notifications/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        is_open = asyncio.Event()
        async with room:
            reader = StreamReader(head.encode(), is_open.set, saw)
            transport, _ = await loop.create_connection(lambda: reader, "127.0.0.1", product.replica.port)
            async with asyncio.timeout(OPEN_SECONDS):
                await is_open.wait()
            return transport

    return list(await asyncio.gather(*(connect(number) for number in range(count))))


@asynccontextmanager
async def installed(servers: Servers) -> AsyncIterator[Installed]:
    """Run the service meanwhile."""
    data = Path(tempfile.mkdtemp(prefix="doorstroom-bench-"))
    try:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(servers.database("notifications"))
            issuer = DevelopmentIssuer(data, Mode.EMBEDDED)
            environment = {
                "DOORSTROOM_TOKEN_KEYS_FILE": str(data / KEYS_FILE),
                "DOORSTROOM_BROKER_PREFIX": PREFIX,
                "DOORSTROOM_LOG_LEVEL": "WARNING",
                "DOORSTROOM_WEBHOOK_NETWORKS": "127.0.0.0/8",
                "DOORSTROOM_CLIENT_REQUESTS_PER_SECOND": "100000",
                "DOORSTROOM_ORGANISATION_REQUESTS_PER_SECOND": "100000",
            }
            asynchronous = url.replace("postgresql://", "postgresql+asyncpg://")
            replica = start_replica(data, "notifications", 0, asynchronous, servers.broker_url, environment)
            stack.callback(lambda: stop_services([replica]))
            await wait_ready(replica)
            connection = await stack.enter_async_context(await aio_pika.connect(servers.broker_url))
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            exchange = await channel.get_exchange(f"{PREFIX}.events")
            session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)))
            yield Installed(replica, exchange, issuer, session)
    finally:
        await servers.delete(QUEUES, EXCHANGES)
        shutil.rmtree(data)
