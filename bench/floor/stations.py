"""The three processes of the floor. Each does one durable hop of the journey of a bed."""

import asyncio
import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from uuid import uuid4

import aiohttp
from aiohttp import web

from bench.floor.wire import Places, Publisher, Table, consume

REGISTRY_QUEUE = "bench-floor.registry"
NOTIFICATIONS_QUEUE = "bench-floor.notifications"
SHELTERS_QUEUE = "bench-floor.shelters"
QUEUES = (NOTIFICATIONS_QUEUE, REGISTRY_QUEUE, SHELTERS_QUEUE)
TELLER_QUEUE = "bench-floor.teller"
BEDS, OFFERS, TOLD = "beds", "offers", "told"
"""Routing keys."""
SECRET = b"s" * 32


async def shelters(places: Places) -> web.Application:
    """Take a post, store it, publish it, and only then answer. Store what the registry says of it, too."""
    table = await Table.connect(places.database_url)
    publisher = await Publisher.connect(places.broker_url)

    async def post(request: web.Request) -> web.Response:
        body = await request.read()
        key = json.loads(body)["id"]
        await table.insert(key, body)
        await publisher.publish(BEDS, body)
        return web.json_response({"id": key}, status=201)

    async def handle(body: bytes) -> None:
        await table.insert(str(uuid4()), body)

    connection = await consume(places.broker_url, SHELTERS_QUEUE, OFFERS, handle)
    return _application([web.post("/beds", post)], connection.close, table.close, publisher.close)


async def registry(places: Places) -> web.Application:
    """Take a message, store it, publish the next one, and only then acknowledge."""
    table = await Table.connect(places.database_url)
    publisher = await Publisher.connect(places.broker_url)

    async def handle(body: bytes) -> None:
        await table.insert(json.loads(body)["id"], body)
        await publisher.publish(OFFERS, body)

    connection = await consume(places.broker_url, REGISTRY_QUEUE, BEDS, handle)
    return _application([], connection.close, publisher.close, table.close)


async def notifications(places: Places) -> web.Application:
    """Take a message, store it, write it to every open stream, and only then acknowledge."""
    table = await Table.connect(places.database_url)
    streams: set[web.StreamResponse] = set()
    stopping = asyncio.Event()

    async def handle(body: bytes) -> None:
        key = json.loads(body)["id"]
        await table.insert(key, body)
        for stream in streams:
            await stream.write(b'data: {"id": "%b"}\n\n' % key.encode())

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        streams.add(response)
        await stopping.wait()
        return response

    async def stop() -> None:
        stopping.set()

    connection = await consume(places.broker_url, NOTIFICATIONS_QUEUE, OFFERS, handle)
    application = _application([web.get("/stream", stream)], connection.close, table.close)
    application.on_shutdown.append(lambda _: stop())
    return application


async def teller(places: Places) -> web.Application:
    """Take a message, store it, store that it is to be delivered, sign and post it, store that it was, acknowledge."""
    table = await Table.connect(places.database_url)
    session = aiohttp.ClientSession()

    async def handle(body: bytes) -> None:
        told = json.loads(body)
        await table.insert(told["id"], body)
        await table.insert(str(uuid4()), body)
        signature = base64.b64encode(hmac.digest(SECRET, body, "sha256")).decode()
        headers = {"webhook-id": told["id"], "webhook-signature": f"v1,{signature}"}
        async with session.post(told["address"], data=body, headers=headers, raise_for_status=True):
            await table.insert(str(uuid4()), b"")

    connection = await consume(places.broker_url, TELLER_QUEUE, TOLD, handle)
    return _application([], connection.close, session.close, table.close)


def _application(routes: list[web.RouteDef], *closes: Callable[[], Awaitable[None]]) -> web.Application:
    """Make an application that holds what its routes and consumers use, and closes it in this order."""
    application = web.Application()
    application.add_routes(routes)

    async def close(_: web.Application) -> None:
        for each in closes:
            await each()

    application.on_cleanup.append(close)
    return application
