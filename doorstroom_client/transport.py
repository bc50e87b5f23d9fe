"""Requests that arrive: bounded in time, retried with the same idempotency key, and typed on both ends."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TypeVar
from uuid import uuid4

import aiohttp
from pydantic import ValidationError
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from doorstroom_client.errors import ProblemError, ServerUnreachable
from schemas.api.notifications import Notification
from schemas.api.problem import Problem
from schemas.base import Schema

Answer = TypeVar("Answer", bound=Schema)

TIMEOUT_SECONDS = 15.0
ATTEMPTS = 4
STREAM_SILENCE_SECONDS = 45.0
"""The server sends a heartbeat every 15 seconds; three missed ones mean that the line is dead."""

SERVICE_UNAVAILABLE = 503


class _TryAgain(Exception):
    """The server is away for the moment."""


class Transport:
    """Sends requests with one bearer token."""

    def __init__(self, session: aiohttp.ClientSession, token: str) -> None:
        self._session = session
        self._authorization = {"Authorization": f"Bearer {token}"}

    async def get(self, url: str, answer: type[Answer], query: Mapping[str, str | int] | None = None) -> Answer:
        """Read. Raises ProblemError or ServerUnreachable."""
        return await self._request("GET", url, answer, params=query)

    async def post(
        self, url: str, answer: type[Answer], body: Schema | None = None, idempotency_key: str | None = None
    ) -> Answer:
        """Write, once, however often it is sent. Raises ProblemError or ServerUnreachable."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
        data = None
        if body is not None:
            data = body.model_dump_json(exclude_none=True).encode()
            headers["Content-Type"] = "application/json"
        return await self._request("POST", url, answer, data=data, headers=headers)

    async def _request(
        self,
        method: str,
        url: str,
        answer: type[Answer],
        *,
        params: Mapping[str, str | int] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((_TryAgain, aiohttp.ClientError, TimeoutError)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.1, max=3),
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._once(method, url, answer, params, data, headers or {})
        except RetryError as error:
            message = f"{method} got no answer from the server after {ATTEMPTS} attempts"
            raise ServerUnreachable(message) from error
        raise AssertionError("the last attempt returns or raises")

    async def _once(
        self,
        method: str,
        url: str,
        answer: type[Answer],
        params: Mapping[str, str | int] | None,
        data: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        async with self._session.request(
            method,
            url,
            params=params,
            data=data,
            headers={**self._authorization, **headers},
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            allow_redirects=False,
        ) as response:
            content = await response.read()
            if response.status == SERVICE_UNAVAILABLE:
                raise _TryAgain
            if not response.ok:
                raise ProblemError(_problem(content, response.status))
            return answer.model_validate_json(content, extra="ignore")

    async def events(self, url: str, last_event_id: str | None = None) -> AsyncIterator[Notification]:
        """Live notifications; after a break it resumes where it was, for as long as the caller listens.

        Without `last_event_id` it begins with what comes next. Raises ProblemError.
        """
        while True:
            try:
                async for notification in self._connected(url, last_event_id):
                    last_event_id = str(notification.sequence)
                    yield notification
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.5)

    async def _connected(self, url: str, last_event_id: str | None) -> AsyncIterator[Notification]:
        headers = {**self._authorization, "Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT_SECONDS, sock_read=STREAM_SILENCE_SECONDS)
        async with self._session.get(url, headers=headers, timeout=timeout, allow_redirects=False) as response:
            if not response.ok:
                raise ProblemError(_problem(await response.read(), response.status))
            async for line in response.content:
                if line.startswith(b"data:"):
                    yield Notification.model_validate_json(line[5:].strip(), extra="ignore")


def _problem(content: bytes, status: int) -> Problem:
    try:
        return Problem.model_validate_json(content, extra="ignore")
    except ValidationError:
        return Problem(type="about:blank", title="Unreadable answer", status=status, detail="It is not a problem.")
