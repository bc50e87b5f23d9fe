"""What each user may do at a real RabbitMQ, and everything that it may not: services, and organisations with a queue.

What is allowed is said here in the tests' own words; whatever else there is to try, is tried and must be refused.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import chain, permutations, product
from pathlib import Path

import aiormq
import pytest
from aiormq.abc import AbstractChannel
from aiormq.exceptions import (
    ChannelAccessRefused,
    ChannelPreconditionFailed,
    InvalidFrameError,
    ProbableAuthenticationError,
)
from click.testing import CliRunner

from schemas.catalogue import MESSAGES
from schemas.export import PUBLISHED
from schemas.messages.delivery import QueueLost
from services.chassis.broker.rabbitmq import RabbitMQBroker
from services.chassis.settings import DEFAULT_PREFIX
from services.chassis.wiring import topology
from services.cli.__main__ import cli
from services.cli.embedded import SERVICES
from services.cli.passwords import kept_passwords
from services.cli.permissions import definitions
from services.cli.servers import PrivateRabbitMQ
from services.notifications.channels.amqp import queue as agency_queue
from tests.support.waiting import until

QUEUE_LOST = QueueLost.TYPE
EVENTS, DEAD_LETTERS = "doorstroom.events", "doorstroom.events.dead-letter"
AGENCIES = ("coordination-north", "gm0344")
SERVICE_NAMES = ("registry", "shelters", "municipalities", "notifications")
OWN: Mapping[str, tuple[str, ...]] = {
    **{f"service-{name}": (f"doorstroom.{name}",) for name in SERVICE_NAMES[:3]},
    "service-notifications": ("doorstroom.notifications", *(f"doorstroom.agencies.{name}" for name in AGENCIES)),
}
"""The queues that each service makes; with each goes its quarantine."""
USERS = (*OWN, *(f"agency-{name}" for name in AGENCIES))
QUEUES = tuple(f"{name}{end}" for names in OWN.values() for name in names for end in ("", ".quarantine"))
EXAMPLE = Path(__file__).parents[2] / "deploy" / "rabbitmq" / "definitions.json"

NOT_LET_IN = (ProbableAuthenticationError, InvalidFrameError)
"""The second is how aiormq takes that the broker answers with a goodbye in place of a welcome."""

Act = Callable[[AbstractChannel], Awaitable[object]]


def makes(user: str, queue: str) -> bool:
    return queue.removesuffix(".quarantine") in OWN.get(user, ())


def reads(user: str, queue: str) -> bool:
    return makes(user, queue) or queue == f"doorstroom.agencies.{user.removeprefix('agency-')}"


def keys_of(service: str) -> set[str]:
    """What a service says: its own facts, that its queue was lost, and to itself what it heard before."""
    said = {key for item in MESSAGES if item.owner in (service, None) for key in item.routing_keys}
    told = {f"nl.doorstroom.notifications.{name}" for name in AGENCIES} if service == "notifications" else set()
    return said | told | {f"again.{service}.nl.doorstroom.beds.bed-freed.v1"}


@dataclass(frozen=True, slots=True)
class Installation:
    """A broker with all users, on which every service has made what is its own."""

    server: PrivateRabbitMQ
    passwords: Mapping[str, str]

    def url(self, user: str) -> str:
        return self.server.url_of(user, self.passwords[user])


@pytest.fixture(scope="module")
def installed(private_rabbitmq: PrivateRabbitMQ, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    passwords = kept_passwords(tmp_path_factory.mktemp("passwords"), DEFAULT_PREFIX, AGENCIES)
    private_rabbitmq.take(definitions(DEFAULT_PREFIX, "/", AGENCIES, passwords))
    made = Installation(private_rabbitmq, passwords)
    asyncio.run(_declare_everything(made))
    return made


async def _declare_everything(installed: Installation) -> None:
    for definition in SERVICES:
        queues = [definition.queue(DEFAULT_PREFIX)]
        if definition.name == "notifications":
            queues += [agency_queue(DEFAULT_PREFIX, name) for name in AGENCIES]
        url = installed.url(f"service-{definition.name}")
        broker = RabbitMQBroker(url, topology(DEFAULT_PREFIX, queues), name=definition.name)
        await broker.start()
        await until(lambda broker=broker: broker.connected)
        await broker.close()


class Tries:
    """Connections of every user, on which anything can be tried."""

    def __init__(self, connections: Mapping[str, aiormq.abc.AbstractConnection]) -> None:
        self._connections = connections

    async def allowed(self, user: str, act: Act) -> bool:
        """Whether the broker lets this user do it; that it is in conflict with what is there comes after."""
        channel = await self._connections[user].channel()
        try:
            await asyncio.wait_for(act(channel), 10)
        except ChannelAccessRefused:
            return False
        except ChannelPreconditionFailed:
            return True
        await channel.close()
        return True


@pytest.fixture
async def tries(installed: Installation) -> AsyncIterator[Tries]:
    async with AsyncExitStack() as stack:
        connections = {}
        for user in USERS:
            connections[user] = await aiormq.connect(installed.url(user))
            stack.push_async_callback(connections[user].close)
        yield Tries(connections)


Case = tuple[str, str, Act, bool]
"""A user, what it tries, and whether it may."""


async def surprises(tries: Tries, cases: Iterator[Case]) -> list[str]:
    """Where the broker says something else than it should."""
    found = [(user, thing, allowed, await tries.allowed(user, act)) for user, thing, act, allowed in cases]
    assert len(found) >= len(USERS)
    return [f"{user}: {thing}: {really}" for user, thing, allowed, really in found if allowed != really]


def get(queue: str) -> Act:
    return lambda channel: channel.basic_get(queue)


def consume(queue: str) -> Act:
    return lambda channel: channel.basic_consume(queue, _heard)


async def _heard(_message: object) -> None: ...


def purge(queue: str) -> Act:
    return lambda channel: channel.queue_purge(queue)


def declare(queue: str) -> Act:
    return lambda channel: channel.queue_declare(queue, durable=True)


def delete(queue: str) -> Act:
    return lambda channel: channel.queue_delete(queue)


def bind(queue: str, key: str) -> Act:
    return lambda channel: channel.queue_bind(queue, EVENTS, key)


def unbind(queue: str, key: str) -> Act:
    return lambda channel: channel.queue_unbind(queue, EVENTS, key)


def say(exchange: str, key: str) -> Act:
    return lambda channel: channel.basic_publish(b"", exchange=exchange, routing_key=key)


def make_exchange(name: str) -> Act:
    return lambda channel: channel.exchange_declare(name, exchange_type="topic", durable=True)


def remove_exchange(name: str) -> Act:
    return lambda channel: channel.exchange_delete(name)


def tie(destination: str, source: str) -> Act:
    return lambda channel: channel.exchange_bind(destination, source, routing_key="#")


def test_the_example_is_what_the_command_prints() -> None:
    """So that nobody reads of rights that are not given."""
    arguments = [word for name in AGENCIES for word in ("--agency", name)]
    printed = CliRunner().invoke(cli, ["broker", "definitions", *arguments])
    assert (printed.exit_code, printed.output) == (0, EXAMPLE.read_text())


async def test_everyone_reads_their_own_queues_and_no_other(tries: Tries) -> None:
    """By asking for one message, by consuming, and by emptying it, which is a way of reading too."""
    cases = (
        (user, f"{act.__name__} {queue}", act(queue), reads(user, queue))
        for user, queue, act in product(USERS, QUEUES, (get, consume, purge))
    )
    assert await surprises(tries, cases) == []


async def test_services_make_their_own_queues_and_agencies_none(tries: Tries) -> None:
    """Nor does anybody make one of another name, or one that the broker would name."""
    names = (*QUEUES, "mine", "doorstroom.agencies.other", "doorstroom.registry2", "doorstroom-registry", "")
    cases = ((user, f"declare {queue}", declare(queue), makes(user, queue)) for user, queue in product(USERS, names))
    assert await surprises(tries, cases) == []


async def test_nobody_removes_what_is_anothers(tries: Tries) -> None:
    """No queue of others, and no exchange."""
    of_others = ((user, queue) for user, queue in product(USERS, QUEUES) if not makes(user, queue))
    queues = ((user, f"delete {queue}", delete(queue), False) for user, queue in of_others)
    exchanges = (
        (user, f"delete {name}", remove_exchange(name), False) for user, name in product(USERS, (EVENTS, DEAD_LETTERS))
    )
    assert await surprises(tries, chain(queues, exchanges)) == []


async def test_nobody_makes_or_ties_exchanges(tries: Tries) -> None:
    """Not even those that are there; nor ties one to another, by which messages could be led elsewhere."""
    names = (EVENTS, DEAD_LETTERS, "mine", "doorstroom.events2")
    made = ((user, f"declare {name}", make_exchange(name), False) for user, name in product(USERS, names))
    pairs = permutations((EVENTS, DEAD_LETTERS, "amq.topic"), 2)
    tied = ((user, f"tie {ends}", tie(*ends), False) for user, ends in product(USERS, pairs))
    assert await surprises(tries, chain(made, tied)) == []


async def test_services_say_what_is_theirs_and_nothing_in_anothers_name(tries: Tries) -> None:
    """Every routing key that there is, tried by everyone; and keys that nobody has."""
    known = set().union(*(keys_of(name) for name in SERVICE_NAMES))
    unknown = {
        "nl.doorstroom.beds.bed-freed.v2",
        "nl.doorstroom.notifications.other",
        "again",
        "",
    }
    cases = (
        (user, f"say {key}", say(EVENTS, key), user in OWN and key in keys_of(user.removeprefix("service-")))
        for user, key in product(USERS, sorted(known | unknown))
    )
    assert await surprises(tries, cases) == []


async def test_nobody_puts_anything_into_anothers_queue_past_the_events(tries: Tries) -> None:
    """Neither by the default exchange, nor by those that every broker has, nor as a dead letter of somebody else."""
    ways = ("", "amq.topic", "amq.direct", "amq.fanout", "amq.headers")
    past = ((user, f"{way}: {queue}", say(way, queue), False) for user, queue, way in product(USERS, QUEUES, ways))
    buried = (
        (user, f"bury in {queue}", say(DEAD_LETTERS, queue), makes(user, queue) and queue.endswith(".quarantine"))
        for user, queue in product(USERS, QUEUES)
    )
    assert await surprises(tries, chain(past, buried)) == []


async def test_services_hear_what_they_ask_for_and_nothing_else(tries: Tries) -> None:
    """Everything that anyone is bound with, and more, for one's own queue; for another's, a word of its own too."""
    wanted = {
        definition.queue(DEFAULT_PREFIX).name: definition.queue(DEFAULT_PREFIX).bindings for definition in SERVICES
    }
    everything = {"#", "nl.doorstroom.#", "*", *(key for keys in wanted.values() for key in keys)}

    def cases() -> Iterator[Case]:
        for user, queue in product(USERS, QUEUES[::2]):
            heard = wanted.get(queue, ()) if makes(user, queue) and queue in wanted else ()
            for key in sorted(everything) if heard else ("#", QUEUE_LOST, wanted.get(queue, ("*",))[0]):
                # What service of the notifications hears, it could also lead into the queues that it keeps.
                if heard or not makes(user, queue):
                    yield user, f"bind {queue} with {key}", bind(queue, key), key in heard
                if key not in heard and not makes(user, queue):
                    yield user, f"unbind {queue} from {key}", unbind(queue, key), False

    assert await surprises(tries, cases()) == []


async def test_nobody_enters_another_virtual_host_or_without_the_password(installed: Installation) -> None:
    """Nor with another's password; and no user is an administrator."""
    installed.server.control("add_vhost", "other")
    for user in USERS:
        others = installed.passwords[next(other for other in USERS if other != user)]
        for url in (
            installed.url(user).removesuffix("%2F") + "other",
            installed.server.url_of(user, others),
            installed.server.url_of(user, ""),
        ):
            with pytest.raises(NOT_LET_IN):
                await aiormq.connect(url)
    listed = json.loads(installed.server.control("list_users", "--formatter", "json"))
    assert {row["user"] for row in listed if row["tags"]} == {"doorstroom"}


async def test_an_agency_has_few_connections(installed: Installation) -> None:
    """One that forgets to close its own takes nothing from others."""
    async with AsyncExitStack() as stack:
        for _ in range(5):
            stack.push_async_callback((await aiormq.connect(installed.url("agency-gm0344"))).close)
        with pytest.raises(InvalidFrameError, match=r"Connection\.Close"):
            await aiormq.connect(installed.url("agency-gm0344"))


def test_what_is_declared_is_what_the_asyncapi_document_says(installed: Installation) -> None:
    """Every exchange, every queue and every binding: none missing, and none more."""
    channels = json.loads((PUBLISHED / "asyncapi.json").read_text())["channels"].values()
    queues, bindings, exchanges = set(), set(), set()
    for channel in channels:
        amqp = channel["bindings"]["amqp"]
        if amqp["is"] == "routingKey":
            exchanges.add((amqp["exchange"]["name"], amqp["exchange"]["type"], amqp["exchange"]["durable"]))
            continue
        patterns = channel["description"].removeprefix("Bound to the exchange with: ").split(", ")
        for name in AGENCIES if "parameters" in channel else ("",):
            queue = channel["address"].replace("{recipient}", name)
            queues.add((queue, amqp["queue"]["durable"], amqp["queue"]["autoDelete"]))
            bindings |= {(queue, pattern.replace("{recipient}", name)) for pattern in patterns}
    assert queues == {
        row
        for row in _listed(installed, "queues", "name", "durable", "auto_delete")
        if not row[0].endswith(".quarantine")
    }
    assert bindings == {
        row[1:]
        for row in _listed(installed, "bindings", "source_name", "destination_name", "routing_key")
        if row[0] == EVENTS
    }
    assert exchanges == {row for row in _listed(installed, "exchanges", "name", "type", "durable") if row[0] == EVENTS}


def _listed(installed: Installation, what: str, *columns: str) -> set[tuple[object, ...]]:
    rows = json.loads(installed.server.control(f"list_{what}", *columns, "--formatter", "json"))
    return {tuple(row[column] for column in columns) for row in rows}
