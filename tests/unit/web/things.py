"""A small service with every kind of operation, behind a real socket."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import aiohttp
from aiohttp import web
from pydantic import Field
from sqlalchemy import MetaData

from schemas.access import Access, Whose
from schemas.base import Schema
from services.chassis.errors import Conflict, NotFound, Unavailable
from services.chassis.idempotency import idempotency_keys_table
from services.chassis.identity import DevelopmentIssuer, KeySet, Role, TokenVerifier
from services.chassis.settings import Mode
from services.chassis.web import (
    Api,
    Call,
    Contact,
    EventStream,
    Operation,
    PageQuery,
    Reply,
    Runner,
    ServerSentEvent,
    WebSettings,
    build_application,
)

T = TypeVar("T")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CONTACT = Contact("Helpdesk", "helpdesk@example.org", "https://example.org")
THING_ID = UUID("019a0000-0000-7000-8000-000000000001")


class NewThing(Schema):
    """A body with the usual kinds of fields."""

    owner_id: UUID
    amount: int = Field(ge=1, le=20)
    label: Annotated[str, Field(max_length=40)] = "none"
    tags: list[Annotated[str, Field(max_length=20)]] = Field(default_factory=list, max_length=5)


class Thing(Schema):
    """What comes back."""

    thing_id: UUID
    amount: int


class ThingsQuery(PageQuery):
    """A list's query with a filter that may be repeated."""

    kind: list[str] = Field(default_factory=list)


class FoundNothing:
    """The result of a query that finds no row."""

    def one_or_none(self) -> None:
        """No row."""


class FakeUnit:
    """A unit of work without a database."""

    concerned: frozenset[UUID] = frozenset()

    async def execute(self, _statement: object, _parameters: object = None, /) -> Any:  # noqa: ANN401 - like SQLAlchemy
        """Do nothing."""
        return FoundNothing()

    async def write(self, _write: object, _rows: object, /) -> None:
        """Do nothing."""


class FakeWork:
    """Counts transactions, and can be told to have lost its database."""

    def __init__(self) -> None:
        self.ran = 0
        self.read_only = 0
        self.is_lost = False
        self.confined_to: list[str | None] = []
        """Of each time, whose rows it was to see."""

    async def run(self, work: Callable[[FakeUnit], Awaitable[T]], /, *, confined_to: str | None) -> T:
        """Run it, as if in a transaction."""
        self.ran += 1
        self.confined_to.append(confined_to)
        return await self._unit(work)

    async def read(self, work: Callable[[FakeUnit], Awaitable[T]], /, *, confined_to: str | None) -> T:
        """Run it, as if reading."""
        self.read_only += 1
        self.confined_to.append(confined_to)
        return await self._unit(work)

    async def _unit(self, work: Callable[[FakeUnit], Awaitable[T]]) -> T:
        if self.is_lost:
            detail = "The database did not answer."
            raise Unavailable(detail)
        return await work(FakeUnit())


@dataclass
class Handlers:
    """The handlers of the service, and what they were called with."""

    calls: list[Call[Any, Any]] = field(default_factory=list)
    streams: list[EventStream] = field(default_factory=list)

    async def create(self, call: Call[NewThing], _unit: FakeUnit) -> Reply:
        """Make a thing."""
        self.calls.append(call)
        return Reply(201, Thing(thing_id=THING_ID, amount=call.body.amount), {"Location": f"/things/v1/{THING_ID}"})

    async def affirm(self, call: Call, _unit: FakeUnit) -> Reply:
        """Answer with nothing."""
        self.calls.append(call)
        return Reply(204)

    async def show(self, call: Call, _unit: FakeUnit) -> Reply:
        """Show a thing, or fail in the way that its id says."""
        self.calls.append(call)
        number = call.uuid("thingId").int & 0xFF
        match number:
            case 2:
                detail = "There is no such thing."
                raise NotFound(detail)
            case 3:
                detail = "It is taken."
                raise Conflict(detail)
            case 4:
                message = "canary-in-an-unexpected-error"
                raise RuntimeError(message)
            case 5:
                await asyncio.sleep(60)
        return Reply(200, Thing(thing_id=call.uuid("thingId"), amount=number))

    async def find(self, call: Call[None, ThingsQuery], _unit: FakeUnit) -> Reply:
        """List things."""
        self.calls.append(call)
        return Reply(200, Thing(thing_id=THING_ID, amount=call.query.limit))

    async def stream(self, call: Call, stream: EventStream) -> None:
        """Send two events, and then stay open."""
        self.calls.append(call)
        self.streams.append(stream)
        await stream.send(ServerSentEvent('{"n": 1}', id="1", event="thing"))
        await stream.send(ServerSentEvent("two\nlines", id="2"))
        await asyncio.sleep(60)


_BY_ALL = dict.fromkeys(Role, Whose.ALL)
ACCESS = {
    "createThing": Access("things:write", {Role.PROVIDER: Whose.OWN}),
    "affirmThing": Access("things:write", _BY_ALL),
    "showThing": Access("things:read", _BY_ALL),
    "listThings": Access("things:read", _BY_ALL),
    "streamThings": Access("things:read", _BY_ALL),
}
BASE = "/things/v1"


def operations(handlers: Handlers) -> tuple[Operation[FakeUnit], ...]:
    """Everything that the service can do."""
    return (
        Operation(
            method="POST",
            path=f"{BASE}/things",
            operation_id="createThing",
            summary="Make a thing",
            handler=handlers.create,
            request=NewThing,
            response=Thing,
            status=201,
            tags=("things",),
            request_example=NewThing(owner_id=THING_ID, amount=2),
            response_example=Thing(thing_id=THING_ID, amount=2),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/things/{{thingId}}/_affirm",
            operation_id="affirmThing",
            summary="Affirm a thing",
            handler=handlers.affirm,
            status=204,
            tags=("things",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/things/{{thingId}}",
            operation_id="showThing",
            summary="Show a thing",
            handler=handlers.show,
            response=Thing,
            tags=("things",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/things",
            operation_id="listThings",
            summary="List things",
            handler=handlers.find,
            query=ThingsQuery,
            response=Thing,
            tags=("things",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/events",
            operation_id="streamThings",
            summary="Watch things",
            stream=handlers.stream,
            response=Thing,
            last_event_id="[0-9]{1,18}",
            tags=("things",),
        ),
    )


def things_api(handlers: Handlers, work: FakeWork | None) -> Api[FakeUnit]:
    """The service's API."""
    return Api(
        name="things",
        title="Things",
        description="Things, for tests.",
        version="1.2.3",
        base_path=BASE,
        operations=operations(handlers),
        access=ACCESS,
        contact=CONTACT,
        work=work,
        idempotency_keys=idempotency_keys_table(MetaData()),
    )


class Clock:
    """A clock that stands still until moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """The moment that it stands at."""
        return self.now

    def advance(self, **duration: float) -> None:
        """Move it on."""
        self.now += timedelta(**duration)


class PublishedKeys:
    """An issuer's keys, which another set may take the place of."""

    usable = True

    def __init__(self, keys: KeySet) -> None:
        self.keys = keys

    def current(self, _now: datetime) -> KeySet:
        """Those that it publishes now."""
        return self.keys

    async def look_again(self) -> bool:
        """They are always those."""
        return False


async def _listen(runner: Runner) -> int:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return int(runner.addresses[0][1])


class Service:
    """The service on a port, and a client with a token that may do everything."""

    def __init__(self, folder: Path, settings: WebSettings) -> None:
        self.clock = Clock()
        self.issuer = DevelopmentIssuer(folder, Mode.EMBEDDED, clock=self.clock)
        self.handlers = Handlers()
        self.work = FakeWork()
        self.is_ready = True
        self.keys = PublishedKeys(self.issuer.key_set())
        self.verifier = TokenVerifier({"urn:doorstroom:development": self.keys}, "doorstroom")
        application = build_application(
            [things_api(self.handlers, self.work)],
            self.verifier,
            checks={"database": lambda: self.is_ready},
            settings=settings,
            clock=self.clock,
        )
        self.runner = Runner(application, settings)
        self.port = 0
        self.session = aiohttp.ClientSession()
        self._others: list[Runner] = []
        self._keys = 0

    async def start(self) -> None:
        """Listen."""
        self.port = await _listen(self.runner)

    async def serve(self, application: web.Application) -> int:
        """Serve another application too, until this service stops, and give its port."""
        runner = Runner(application)
        self._others.append(runner)
        return await _listen(runner)

    async def stop(self) -> None:
        """Close everything."""
        await self.session.close()
        for runner in (self.runner, *self._others):
            await runner.cleanup()

    def token(
        self, role: Role = Role.PROVIDER, scopes: Sequence[str] = ("things:read", "things:write"), seconds: int = 3600
    ) -> str:
        """A token for the one client."""
        return self.issuer.issue("client-1", "org-1", role, scopes, seconds)

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        port: int = 0,
        **options: Any,  # noqa: ANN401 - whatever aiohttp takes
    ) -> "Answer":
        """Send a request with a token and, on POST, a fresh key; `headers` come on top, an empty one is left out."""
        self._keys += 1
        sent = {"Authorization": f"Bearer {token or self.token()}"}
        if method == "POST":
            sent["Idempotency-Key"] = f"key-{self._keys}"
        sent |= headers or {}
        sent = {name: value for name, value in sent.items() if value}
        address = f"http://127.0.0.1:{port or self.port}{path}"
        async with self.session.request(method, address, headers=sent, allow_redirects=False, **options) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def raw(self, data: bytes) -> bytes:
        """Send bytes, and read until the server closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        try:
            async with asyncio.timeout(5):
                return await reader.read()
        finally:
            writer.close()


@dataclass(frozen=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Any
    body: bytes

    def problem(self) -> dict[str, Any]:
        """The problem document, which is checked to be one."""
        assert self.headers["Content-Type"] == "application/problem+json"
        document = json.loads(self.body)
        assert document["status"] == self.status
        assert document["title"]
        assert document["detail"]
        return dict(document)
