"""Puts one or several services' APIs into one aiohttp application."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

from schemas.texts import Language
from services.chassis.clock import Clock, Identifiers, system_clock, system_identifiers
from services.chassis.web import negotiation, problems
from services.chassis.web.commands import Commands
from services.chassis.web.context import Context, Verifier
from services.chassis.web.endpoint import HandlerEndpoint
from services.chassis.web.headers import standing_headers
from services.chassis.web.health import Check, Health
from services.chassis.web.openapi import openapi
from services.chassis.web.operation import Api, Operation, Unit
from services.chassis.web.performance import performance
from services.chassis.web.plain import PlainEndpoint
from services.chassis.web.settings import WebSettings
from services.chassis.web.streaming import StreamEndpoint
from services.chassis.web.unmatched import Unmatched


def build_application(
    apis: Sequence[Api[Any]],
    verifier: Verifier,
    *,
    checks: Mapping[str, Check] | None = None,
    settings: WebSettings | None = None,
    clock: Clock = system_clock,
    identifiers: Identifiers = system_identifiers,
) -> web.Application:
    """All routes of these APIs, their descriptions, and health. Raises ValueError when an API is not complete."""
    context = Context(verifier, clock, identifiers, settings or WebSettings())
    bases = {api.base_path: standing_headers(api.version, context.settings) for api in apis}
    fallback = next(iter(bases.values()))
    application = web.Application(
        client_max_size=context.settings.body_limit_bytes,
        # A compressed body is refused, and must not be unpacked before that.
        handler_args={"auto_decompress": False},
    )
    for api in apis:
        _add_api(application, api, context, bases[api.base_path])
    health = Health(checks or {}, fallback, context.settings.check_timeout_seconds)
    _add(application, "GET", "/healthz", health.live)
    _add(application, "GET", "/readyz", health.ready)
    # The last route takes whatever no other took: cheaper for the others than a middleware around them all.
    elsewhere = next((api.elsewhere for api in apis if api.elsewhere is not None), None)
    _add(application, "*", "/{rest:.*}", Unmatched(application, bases, context, elsewhere).answer)

    async def close_streams(_application: web.Application) -> None:
        context.streams.close()

    application.on_shutdown.append(close_streams)
    return application


def _add_api(application: web.Application, api: Api[Unit], context: Context, base: CIMultiDict[str]) -> None:
    commands = None
    if api.work is not None and api.idempotency_keys is not None:
        commands = Commands(api.work, api.idempotency_keys, context.clock)
    for operation in api.operations:
        _add(application, operation.method, operation.path, _endpoint(api, operation, context, base, commands))
    for route in api.plain:
        _add(application, route.method, route.path, PlainEndpoint(api.name, route, context, base).__call__)
    if api.operations or any(route.described for route in api.plain):
        _add(application, "GET", f"{api.base_path}/openapi.json", _description(api, base))


def _endpoint(
    api: Api[Unit],
    operation: Operation[Unit],
    context: Context,
    base: CIMultiDict[str],
    commands: Commands[Unit] | None,
) -> Handler:
    if operation.stream is not None:
        return StreamEndpoint(api, operation, context, base).__call__
    if api.work is None:
        message = f"API {api.name} has handlers, and no work to run them in"
        raise ValueError(message)
    perform = performance(operation, api.work, commands, api.journal)
    return HandlerEndpoint(api, operation, context, base, perform).__call__


def _description(api: Api[Unit], base: CIMultiDict[str]) -> Handler:
    @cache
    def body(language: Language) -> bytes:
        """Made for the first who asks: it takes longer than everything else that a start does here."""
        return json.dumps(openapi(api, language), ensure_ascii=False).encode()

    async def describe(request: web.Request) -> web.Response:
        language = negotiation.language(request)
        headers = base.copy()
        headers["Content-Type"] = "application/json"
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = "API-Version, Content-Language"
        headers["Content-Language"] = language
        headers["Vary"] = "Accept-Language"
        return web.Response(body=await asyncio.to_thread(body, language), headers=headers)

    return describe


def _add(application: web.Application, method: str, path: str, answer: Handler) -> None:
    application.router.add_route(method, path, answer, expect_handler=_expect)


async def _expect(request: web.Request) -> web.StreamResponse | None:
    """Invite the body of a client that asks first. The answer to any other expectation is a problem document."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What was written so far is not part of the answer.
        request.writer.output_size = 0
        return None
    return problems.problem(problems.from_status(417), CIMultiDict())
