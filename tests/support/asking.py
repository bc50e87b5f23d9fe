"""Every operation, asked for by anybody, with the objects that somebody has."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from pydantic.alias_generators import to_camel

from services.chassis.identity import DevelopmentIssuer, Role
from services.chassis.unit_of_work import Transactions
from services.chassis.web import Operation
from services.cli.embedded import SERVICES, describe
from services.registry.routes.references import SHARED
from services.registry.store.references import References
from tests.support.access import LINES
from tests.support.belongings import COORDINATION, Ids, organisation

OPERATIONS = [operation for definition in SERVICES for operation in describe(definition).operations]
STREAM_SECONDS = 0.3
_SHARED = frozenset(map(to_camel, SHARED))


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of asking."""

    status: int
    text: str


@dataclass(slots=True)
class Asking:
    """Asks one installation."""

    root: str
    session: aiohttp.ClientSession
    issuer: DevelopmentIssuer
    registry: Transactions
    """Of the service that knows by which references each organisation knows people."""

    async def send(self, method: str, path: str, who: str, role: Role, body: object) -> Any:  # noqa: ANN401 - JSON
        """What is answered; it must be a success."""
        scopes = sorted({line.scope for line in LINES.values()})
        answered = await self._answered(method, path, self.issuer.issue("system", who, role, scopes), body)
        assert answered.status < 300, (method, path, answered)
        return json.loads(answered.text) if answered.text else None

    async def ask(self, operation: Operation[Any], role: Role, ids: Ids, *, ours: bool) -> Answered:
        """Ask as whose these objects are, or as somebody else in the same role."""
        scopes = sorted({line.scope for line in LINES.values()})
        who = organisation(role, ours=ours)
        token = self.issuer.issue("system", who, role, scopes)
        mine = (await self.as_known_to(who, ids))[operation.path.split("/")[1]]
        if role is Role.PROVIDER and "providersSubscriptionId" in mine:
            mine = mine | {"subscriptionId": mine["providersSubscriptionId"]}
        path = operation.path
        for name in operation.parameters:
            path = path.replace(f"{{{name}}}", mine[name])
        if operation.stream is not None:
            return await self._streamed(path, token)
        return await self._answered(operation.method, path, token, _body(operation, mine))

    async def as_known_to(self, who: str, ids: Ids) -> Ids:
        """The same objects by the references that somebody else would know them by, if they were theirs."""
        references = References()
        ours = await self.registry.read(lambda unit: references.of(unit, COORDINATION))
        theirs = await self.registry.read(lambda unit: references.of(unit, who))
        people = {
            name: id_ if name in _SHARED else str(theirs.to(ours.meant_by(UUID(id_))))
            for name, id_ in ids["registry"].items()
        }
        return ids | {"registry": people}

    async def _answered(self, method: str, path: str, token: str, body: object) -> Answered:
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": str(uuid4())} if method == "POST" else {})
        async with self.session.request(method, f"{self.root}{path}", headers=headers, json=body) as response:
            return Answered(response.status, await response.text())

    async def _streamed(self, path: str, token: str) -> Answered:
        """What a stream sends first, from the beginning on."""
        headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": "0"}
        read = b""
        async with self.session.get(f"{self.root}{path}", headers=headers) as response:
            with suppress(TimeoutError):
                async with asyncio.timeout(STREAM_SECONDS):
                    while chunk := await response.content.readany():
                        read += chunk
            return Answered(response.status, read.decode())


def names_an_object(operation: Operation[Any], ids: Ids) -> bool:
    """Whether the request says which object it is about."""
    mine = ids[operation.path.split("/")[1]]
    sent = json.dumps(_body(operation, mine))
    return bool(operation.parameters) or any(id_ in sent for id_ in mine.values())


def _body(operation: Operation[Any], mine: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    if operation.request_example is None:
        return None
    return _filled(operation.request_example.model_dump(mode="json", by_alias=True, exclude_unset=True), mine)


def _filled(value: Any, mine: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    """The same with the ids that there are in place of those of the example."""
    if isinstance(value, list):
        return [_filled(item, mine) for item in value]
    if isinstance(value, dict):
        return {name: mine.get(name) or _filled(item, mine) for name, item in value.items()}
    return value
