"""What a service says about its HTTP API: operations as data. Routes and the OpenAPI document both come from it."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel
from sqlalchemy import Table as DatabaseTable
from typing_extensions import TypeVar as DefaultTypeVar

from schemas.access import Access, Table, Whose
from services.chassis.audit.action import Action
from services.chassis.idempotency import Executor
from services.chassis.identity.principal import Principal
from services.chassis.web.stream import EventStream, Permission

Body = DefaultTypeVar("Body", default=None)
Query = DefaultTypeVar("Query", default=None)
Unit = TypeVar("Unit", bound=Executor)
UsedUnit_contra = TypeVar("UsedUnit_contra", bound=Executor, contravariant=True)
OpenedUnit_co = TypeVar("OpenedUnit_co", bound=Executor, covariant=True)
Result = TypeVar("Result")

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PATH = re.compile(r"(/[a-z0-9][a-z0-9-]*|/\{[a-z][A-Za-z0-9]*\})+(/_[a-z]+)?")
_PARAMETER = re.compile(r"\{([^}]+)\}")


class Work(Protocol[OpenedUnit_co]):
    """Runs a piece of work in a transaction, or on a connection that only reads; `Transactions` is one."""

    async def run(self, work: Callable[[OpenedUnit_co], Awaitable[Result]], /, *, confined_to: str | None) -> Result:
        """Run it in a transaction, confined to what is this organisation's unless it is None, and commit."""
        ...

    async def read(self, work: Callable[[OpenedUnit_co], Awaitable[Result]], /, *, confined_to: str | None) -> Result:
        """Run it without writing, confined likewise."""
        ...


class Journal(Protocol[UsedUnit_contra]):
    """Where it is noted who did what; `audit.Journal` is one."""

    async def note(self, unit: UsedUnit_contra, action: Action, /) -> None:
        """Note it together with the change that it is."""
        ...

    async def record(self, action: Action, cases: Collection[UUID] = (), /) -> None:
        """Note what changed nothing. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Call(Generic[Body, Query]):
    """One request, authenticated, allowed and validated."""

    principal: Principal
    body: Body
    path: Mapping[str, Any]
    """The path's parameters, each of the type that the operation declares (UUID by default)."""
    query: Query
    headers: Mapping[str, str]
    request_id: str
    traceparent: str | None
    now: datetime
    access: Access
    """What the table says about this operation."""

    @property
    def owner(self) -> str | None:
        """The organisation on whose objects it may be used; None for everyone's."""
        is_for_all = self.access.whose.get(self.principal.role) is Whose.ALL
        return None if is_for_all else self.principal.organisation

    def shows(self, field_name: str) -> bool:
        """Whether the caller sees this field of the answer. Raises KeyError for one that everyone sees."""
        return self.access.shows(field_name, self.principal.role)

    def uuid(self, name: str) -> UUID:
        """A path parameter that is a UUID."""
        value = self.path[name]
        if not isinstance(value, UUID):
            message = f"path parameter {name} is declared with another type than UUID"
            raise TypeError(message)
        return value


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call that succeeded; failures are raised as a DoorstroomError."""

    status: int
    body: BaseModel | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    kept: BaseModel | None = None
    """What is remembered instead of the body, and given when the request comes again: without what is shown once."""


Handler = Callable[[Call[Any, Any], Unit], Awaitable[Reply]]
StreamHandler = Callable[[Call[Any, Any], EventStream], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[Unit]):
    """One method on one path: what goes in, what comes out, and what does it. Who may use it, says the API's table.

    Exactly one of `handler` and `stream` is given. A handler of POST, PUT, PATCH or DELETE runs in one transaction,
    which is committed before the answer is sent and may be run again when it collides with another; a handler of GET
    reads only. A stream handler has no transaction and may run for hours.
    """

    method: str
    path: str
    """The whole path, kebab-case, such as `/shelters/v1/vacancies/{vacancyId}/_affirm`; a verb is a last `_verb`."""
    operation_id: str
    summary: str
    description: str = ""
    handler: Handler[Unit] | None = None
    stream: StreamHandler | None = None
    request: type[BaseModel] | None = None
    response: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    path_types: Mapping[str, Any] = field(default_factory=dict)
    """Types of path parameters that are not a UUID."""
    status: int = 200
    tags: tuple[str, ...] = ()
    request_example: BaseModel | None = None
    response_example: BaseModel | None = None
    last_event_id: str = r"[A-Za-z0-9._:-]{1,128}"
    """What a Last-Event-ID of this stream looks like (a regular expression); any other is refused with 400."""
    tagged: bool = False
    """Whether the answer has an ETag, which an update may name in If-Match."""
    held: Handler[Unit] | None = None
    """Gives what an update of it begins with, as GET does, and holds it until the end of the transaction."""
    errors: tuple[int, ...] = ()
    """Statuses that this operation may answer with beside those that its shape implies, such as 404 and 409."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            self._refuse(f"method must be one of {', '.join(METHODS)}")
        if not _PATH.fullmatch(self.path):
            self._refuse("path must be kebab-case segments and {camelCase} parameters, without a trailing slash")
        if (self.handler is None) == (self.stream is None):
            self._refuse("exactly one of handler and stream must be given")
        if self.stream is not None and self.method != "GET":
            self._refuse("a stream is read with GET")
        if self.request is not None and self.method in {"GET", "DELETE"}:
            self._refuse(f"{self.method} has no body")
        if self.held is not None and self.method != "PUT":
            self._refuse("If-Match is for PUT")
        if unknown := set(self.path_types) - set(self.parameters):
            self._refuse(f"path_types names parameters that the path does not have: {', '.join(sorted(unknown))}")

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path's parameters, in order."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def has_input(self) -> bool:
        """Whether a client can get something wrong in this operation's input."""
        return self.method not in {"GET", "DELETE"} or bool(self.parameters) or self.query is not None

    def _refuse(self, reason: str) -> None:
        message = f"operation {self.operation_id}: {reason}"
        raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What OpenAPI tells of a plain route. Each model is given as an example of it."""

    operation_id: str
    summary: str
    description: str
    tags: tuple[str, ...]
    answer: BaseModel
    media_type: str = "application/json"
    form: BaseModel | None = None
    refusal: BaseModel | None = None
    refusals: Mapping[int, str] = field(default_factory=dict)
    """What each status of a refusal means."""


@dataclass(frozen=True, slots=True)
class PlainStream:
    """What a plain route answers with when a live stream is to begin."""

    subject: str
    """Whose it is: how many somebody may have open is bounded."""
    permission: Permission
    last_event_id: str | None
    fill: Callable[[EventStream], Awaitable[None]]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlainRoute:
    """A route whose content another standard describes, such as OAuth's token endpoint: open to everyone.

    What it answers gets the standing headers, a time limit and a line in the log, like an operation; the rest is its
    own affair.
    """

    method: str
    path: str
    answer: Callable[[web.Request], Awaitable[web.Response | PlainStream]]
    described: Described | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask about an API; published in its description."""

    name: str
    email: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Api(Generic[Unit]):
    """One service's API under one base path such as `/shelters/v1`, with the database that its handlers use."""

    name: str
    title: str
    description: str
    version: str
    """The full version (SemVer); its first number is the one in the base path."""
    base_path: str
    operations: tuple[Operation[Unit], ...]
    access: Table
    """Who may use each operation: one line for each of them, and no other."""
    contact: Contact
    work: Work[Unit] | None = None
    idempotency_keys: DatabaseTable | None = None
    """Where answers to POST are kept; see `idempotency_keys_table`."""
    journal: Journal[Unit] | None = None
    """Where every use is noted; nowhere only where there is no database."""
    plain: tuple[PlainRoute, ...] = ()
    elsewhere: Callable[[web.Request, int], Awaitable[web.Response]] | None = None
    """Answers people, with this status, where no API has the address: a page in the place of a problem document."""

    def __post_init__(self) -> None:
        if not self.base_path.endswith(f"/v{self.version.split('.', 1)[0]}"):
            self._refuse("the base path must end with the major version")
        for operation in self.operations:
            if not operation.path.startswith(f"{self.base_path}/"):
                self._refuse(f"{operation.operation_id} lies outside {self.base_path}")
        names = [operation.operation_id for operation in self.operations]
        if len(set(names)) != len(names):
            self._refuse("operation ids must be unique")
        if unlisted := set(names) - set(self.access):
            self._refuse(f"not in the access table: {', '.join(sorted(unlisted))}; nothing is open to everyone")
        if unknown := set(self.access) - set(names):
            self._refuse(f"the access table has operations that do not exist: {', '.join(sorted(unknown))}")

    def _refuse(self, reason: str) -> None:
        message = f"API {self.name}: {reason}"
        raise ValueError(message)
