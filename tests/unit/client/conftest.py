"""A server that answers as it is told, and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from doorstroom_client import Client, Endpoints, TokenSource
from doorstroom_client.retries import RetryPolicy
from doorstroom_client.tokens import as_source
from doorstroom_client.transport import Transport

TOKEN = "token"
Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(slots=True)
class Scripted:
    """Gives the next answer for each request; the last one again and again."""

    answers: list[Respond] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    root: str = ""
    session: aiohttp.ClientSession | None = None

    async def respond(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        body = json.loads(content) if content else None
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, request.path, dict(request.query), headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def client(self, token: str | TokenSource = TOKEN, policy: RetryPolicy | None = None) -> Client:
        assert self.session is not None
        client = Client(self.session, Endpoints.at(self.root), token, policy)
        client._transport = Transport(self.session, as_source(token), policy, chance=lambda: 0.5, sleep=self.sleep)
        return client


def says(status: int, body: object = None, **headers: str) -> Respond:
    """An answer with JSON."""

    async def respond(_request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=json.dumps(body), content_type="application/json", headers=named)

    return respond


def refuses(status: int, detail: str = "It is not so.", **headers: str) -> Respond:
    return says(status, {"type": "about:blank", "title": "No", "status": status, "detail": detail}, **headers)


async def hangs_up(request: web.Request) -> web.StreamResponse:
    """The line breaks before there is an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    """Serving on a port of its own."""
    script = Scripted()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", script.respond)
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        script.root, script.session = str(server.make_url("")).rstrip("/"), session
        yield script
