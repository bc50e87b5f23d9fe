"""The marks are sent wherever somebody may send anything: where they belong, and wherever they do not."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
from yarl import URL

from schemas.api.cases import PersonalData
from services.chassis.identity import DevelopmentIssuer, Role
from services.chassis.web import Operation
from services.cli.cast import SCOPES
from services.cli.embedded import SERVICES, describe
from tests.support.canary import Marks

ORGANISATIONS = {
    Role.COORDINATOR: "coordination-0",
    Role.HELPDESK: "comensha",
    Role.PROVIDER: "shelter",
    Role.MUNICIPALITY: "GM0344",
    Role.AUDITOR: "auditors",
    Role.OPERATOR: "comensha",
}
JSON = {"Content-Type": "application/json"}
STREAM_SECONDS = 1.0
HOUSEHOLD = {"sex": "female", "ageBand": "23-plus", "consents": ["shelter", "housing"]}


@dataclass
class Flights:
    """Sends the marks, and keeps every answer that must not have one."""

    session: aiohttp.ClientSession
    issuer: DevelopmentIssuer
    roots: Mapping[str, str]
    marks: Marks
    answers: dict[str, bytes] = field(default_factory=dict)
    statuses: set[int] = field(default_factory=set)
    secrets: list[bytes] = field(default_factory=list)
    """What was handed out to somebody, in each form: it may be nowhere else either."""
    sent: int = 0

    def token(self, role: Role, organisation: str | None = None) -> str:
        return self.issuer.issue("system", organisation or ORGANISATIONS[role], role, SCOPES[role])

    async def send(
        self,
        service: str,
        method: str,
        path: str,
        role: Role = Role.COORDINATOR,
        *,
        expected: bool = True,
        **options: Any,  # noqa: ANN401 - as aiohttp takes them
    ) -> tuple[int, bytes]:
        """One request. `expected`: no mark may be in what comes back."""
        headers = {"Authorization": f"Bearer {self.token(role)}", "Idempotency-Key": str(uuid4())}
        headers |= options.pop("headers", {})
        url = URL(f"{self.roots[service]}{path}", encoded=True)
        async with self.session.request(method, url, headers=headers, **options) as answer:
            body = await answer.read()
            self.sent += 1
            number = self.sent
            self.statuses.add(answer.status)
            if expected:
                told = "\n".join(f"{name}: {value}" for name, value in answer.headers.items()).encode()
                self.answers[f"answer {number} to {method} at {service}"] = told + body
            return answer.status, body

    async def made(self, path: str, body: object) -> dict[str, Any]:
        status, answer = await self.send("registry", "POST", f"/registry/v1{path}", json=body)
        assert status == 201, (path, status, answer)
        return dict(json.loads(answer))

    async def where_they_belong(self) -> str:
        """Who somebody is, told and read; told to the wrong case, too long, too late, by others. Gives the case."""
        case, merged = [(await self.made("/cases", HOUSEHOLD))["caseId"] for _ in range(2)]
        path = f"/registry/v1/cases/{case}/personal-data"
        told = self.marks.filled(PersonalData)
        assert (await self.send("registry", "PUT", path, json=told))[0] == 204
        status, shown = await self.send("registry", "GET", path, expected=False)
        assert (status, json.loads(shown)) == (200, told), "what was told can be read, or nothing would be searched for"
        await self.made(f"/cases/{case}/exclusions", {"region": "limburg", "reason": "family_there"})
        await self.made("/entries", {"caseId": case, "waitlist": "omm"})
        await self.made("/case-mergers", {"survivorId": case, "mergedId": merged})
        wrong: Sequence[tuple[str, object]] = (
            (path, {**told, "name": self.marks.new() * 50}),
            (path, {**told, "bornOn": "kanarie", "nationality": self.marks.new(), "languages": [self.marks.new()]}),
            (path, {**told, self.marks.new(): 1}),
            (path, [told]),
            (path.replace(case, merged), told),
            (path.replace(case, str(uuid4())), told),
        )
        for where, body in wrong:
            assert (await self.send("registry", "PUT", where, json=body))[0] in (400, 404, 409)
        other = {"Authorization": f"Bearer {self.token(Role.COORDINATOR, 'coordination-9')}"}
        assert (await self.send("registry", "PUT", path, json=told, headers=other))[0] == 404
        return str(case)

    async def where_they_do_not(self) -> None:
        """In every operation of every API: the address, the query, the token, the body and its form."""
        for definition in SERVICES:
            api = describe(definition)
            roles = {name: min(one.roles) for name, one in api.access.items()}
            misused = (self._misused(definition.name, one, roles[one.operation_id]) for one in api.operations)
            await asyncio.gather(*misused)

    async def _misused(self, service: str, operation: Operation[Any], role: Role) -> None:
        mark, method = self.marks.new(), operation.method
        plain = _path(operation, lambda: str(uuid4()))
        if operation.parameters:
            await self.send(service, method, _path(operation, self.marks.new), role)
        await self.send(service, method, f"{plain}?{mark}={mark}", role)
        await self.send(service, method, f"{plain}?access_token={mark}", role)
        await self.send(service, method, plain, headers={"Authorization": f"Bearer {mark}"})
        if operation.query is not None:
            known = [field.alias or name for name, field in operation.query.model_fields.items()]
            query = "&".join(f"{name}={self.marks.new()}" for name in known)
            await self.send(service, method, f"{plain}?{query}", role)
        if operation.request is not None:
            bodies = (
                json.dumps(self.marks.everywhere(operation.request)),
                f'{{"{mark}": {mark}',
                f'{{"{mark}": 1, "{mark}": 2}}',
                json.dumps(mark),
            )
            for body in bodies:
                await self.send(service, method, plain, role, data=body, headers=JSON)
            await self.send(service, method, plain, role, data=mark, headers={"Content-Type": f"text/{mark}"})

    async def where_nothing_is_parsed(self) -> None:
        """No HTTP, too much of it, a body that never ends, and requests for tokens."""
        mark = self.marks.new()
        path = f"/registry/v1/cases/{uuid4()}/personal-data"
        await self.send("registry", "PUT", path, data=mark * 5000, headers=JSON)
        await self.send("registry", mark.upper(), f"/{mark}")
        await self.send("registry", "DELETE", f"/registry/v1/cases?{mark}")
        for root in self.roots.values():
            await self._raw(root, f"GET /{mark} HTTP/1.1\r\nHost: x\r\n{mark} {mark}: {mark}\r\n\r\n")
            await self._raw(root, f"{mark}\r\n\r\n")

    async def _raw(self, root: str, text: str) -> None:
        reader, writer = await asyncio.open_connection(URL(root).host, URL(root).port)
        writer.write(text.encode())
        self.sent += 1
        async with asyncio.timeout(5):
            self.answers[f"answer {self.sent} to no HTTP"] = await reader.read()
        writer.close()

    async def for_tokens(self, root: str) -> None:
        """With secrets that nobody should have sent."""
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        names = ("grant_type", "client_assertion_type", "client_assertion", "client_id", "client_secret", "scope")
        forms = [{name: self.marks.new() for name in names}]
        forms.append({"grant_type": "client_credentials", "client_assertion_type": kind})
        forms[-1]["client_assertion"] = self.marks.new()
        for form in forms:
            async with self.session.post(f"{root}/identity/v1/token", data=form) as answer:
                self.answers[f"answer to a request for a token {len(self.answers)}"] = await answer.read()

    async def what_others_see(self) -> None:
        """Every list, description and stream, for every role that may ask for it."""
        for definition in SERVICES:
            for operation in describe(definition).operations:
                if operation.method == "GET" and not operation.parameters and operation.stream is None:
                    await asyncio.gather(*(self.send(definition.name, "GET", operation.path, role) for role in Role))
            await self.send(definition.name, "GET", f"/{definition.name}/v1/openapi.json")
        await self._stream()

    async def _stream(self) -> None:
        url = f"{self.roots['notifications']}/notifications/v1/events"
        headers = {"Authorization": f"Bearer {self.token(Role.COORDINATOR)}", "Accept": "text/event-stream"}
        seen = bytearray()
        async with self.session.get(url, headers=headers) as answer:
            try:
                async with asyncio.timeout(STREAM_SECONDS):
                    async for part in answer.content.iter_any():
                        seen += part
            except TimeoutError:
                pass
        self.answers["live stream"] = bytes(seen)


def _path(operation: Operation[Any], value: Any) -> str:  # noqa: ANN401 - a function without arguments
    path = operation.path
    for name in operation.parameters:
        path = path.replace(f"{{{name}}}", quote(value()))
    return path
