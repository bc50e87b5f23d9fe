"""Runs an application on a socket, with the bounds that aiohttp leaves open."""

import asyncio
from typing import Any

import structlog
from aiohttp import web
from multidict import CIMultiDict

from services.chassis.web import problems
from services.chassis.web.headers import standing_headers
from services.chassis.web.settings import WebSettings

log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 10.0


class Runner(web.AppRunner):
    """aiohttp's runner, for connections that end in time and speak problem+json to the last byte."""

    def __init__(
        self, application: web.Application, settings: WebSettings | None = None, version: str = "1.0.0"
    ) -> None:
        self._settings = settings or WebSettings()
        self._base = standing_headers(version, self._settings)
        self._options: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": self._settings.keep_alive_seconds,
            "max_line_size": 8190,
            # Room for an access token of 8 KiB.
            "max_field_size": 16 * 1024,
            "max_headers": self._settings.header_limit,
        }
        super().__init__(application, shutdown_timeout=SHUTDOWN_SECONDS, **self._options)

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return _Server(server, self._base, self._options)


class _Server(web.Server):
    def __init__(self, plain: web.Server, base: CIMultiDict[str], options: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(plain.request_handler, request_factory=plain.request_factory, loop=loop)
        self._base = base
        self._options = options

    def __call__(self) -> web.RequestHandler:
        connection = _Connection(self, self._base, self._options)
        # Makes the idle timeout count from the first byte on: else a connection that sends nothing stays for ever.
        connection.keep_alive(True)  # noqa: FBT003 - aiohttp's signature
        return connection


class _Connection(web.RequestHandler):
    __slots__ = ("_base",)

    def __init__(self, server: web.Server, base: CIMultiDict[str], options: dict[str, Any]) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._base = base

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it repeats what was sent
    ) -> web.StreamResponse:
        """Answer what could not even be parsed, and close the connection."""
        if request.writer.output_size > 0:
            raise ConnectionError
        log.info("request-refused", status=status, error=type(exc).__name__)
        response = problems.problem(problems.from_status(status), self._base.copy())
        response.force_close()
        return response
