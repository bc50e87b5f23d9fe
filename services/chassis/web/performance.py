"""How a handler is run: reading, writing, or writing once per Idempotency-Key."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from services.chassis.idempotency import KEY_HEADER, Command, StoredReply, request_hash
from services.chassis.web.commands import Commands
from services.chassis.web.operation import Call, Handler, Operation, Reply, Unit, Work

Perform = Callable[[web.Request, Call[Any, Any], object], Awaitable[tuple[StoredReply, bool]]]
"""Gives the answer to a call, and whether it had been given before."""

_SUCCESS = range(200, 300)


def performance(operation: Operation[Unit], work: Work[Unit], commands: Commands[Unit] | None) -> Perform:
    """How this operation's handler is run. Raises ValueError for a POST without a table for its keys."""
    handler = operation.handler
    if handler is None:
        message = f"operation {operation.operation_id} has no handler"
        raise ValueError(message)
    if operation.method != "POST":
        return _plainly(handler, work.read if operation.method == "GET" else work.run)
    if commands is None:
        message = f"operation {operation.operation_id} is a POST: its API must have a table for idempotency keys"
        raise ValueError(message)
    return _once(handler, commands)


def _plainly(
    handler: Handler[Unit], run: Callable[[Callable[[Unit], Awaitable[StoredReply]]], Awaitable[StoredReply]]
) -> Perform:
    async def perform(_request: web.Request, call: Call[Any, Any], _document: object) -> tuple[StoredReply, bool]:
        async def work(unit: Unit) -> StoredReply:
            return render(await handler(call, unit))

        return await run(work), False

    return perform


def _once(handler: Handler[Unit], commands: Commands[Unit]) -> Perform:
    async def perform(request: web.Request, call: Call[Any, Any], document: object) -> tuple[StoredReply, bool]:
        principal = call.principal
        fingerprint = request_hash(request.method, request.path_qs, document)
        command = Command(principal.organisation, principal.subject, call.headers[KEY_HEADER], fingerprint)

        async def effect(unit: Unit) -> StoredReply:
            reply = render(await handler(call, unit))
            await commands.remember(unit, command, reply)
            return reply

        return await commands.perform(command, effect)

    return perform


def render(reply: Reply) -> StoredReply:
    """The answer as bytes.

    Raises ValueError for one that is no success: a failure is raised, so that the transaction is rolled back.
    """
    if reply.status not in _SUCCESS:
        message = "a handler answers with a 2xx status; anything else is raised as a DoorstroomError"
        raise ValueError(message)
    body = None if reply.body is None else reply.body.model_dump_json(by_alias=True).encode()
    return StoredReply(reply.status, body, reply.headers)
