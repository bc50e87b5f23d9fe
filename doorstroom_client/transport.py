"""Requests that arrive: bounded in time, retried with the same idempotency key, and typed on both ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import uuid4

import aiohttp
from pydantic import ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from doorstroom_client.errors import ClientError, ProblemError, ServerUnreachable, UnreadableAnswer
from doorstroom_client.listing import PAGE_LIMIT, Item, Listing
from doorstroom_client.retries import AGAIN, Chance, RetryPolicy, TryAgain, retry_after_seconds, system_chance
from doorstroom_client.tokens import Clock, TokenSource, system_clock
from schemas.api.problem import Problem
from schemas.base import Schema

Answer = TypeVar("Answer", bound=Schema)
Sleep = Callable[[float], Awaitable[None]]

ANSWER_LIMIT_BYTES = 16 * 1024 * 1024
STREAM_SILENCE_SECONDS = 45.0
"""The server sends a heartbeat every 15 seconds; three missed ones mean that the line is dead."""

BAD_REQUEST, UNAUTHENTICATED = 400, 401
FIRST_REDIRECT = 300


Query = Mapping[str, str | int | Sequence[str]]
"""What is asked for; a sequence is one parameter several times."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, the same at each attempt."""

    method: str
    url: str
    query: Query | None = None
    content: bytes | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """An answer that is not a refusal."""

    content: bytes
    next_cursor: str | None


class Transport:
    """Sends requests with the tokens of one source. Time and chance are given, so that tests need not wait."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        tokens: TokenSource,
        policy: RetryPolicy | None = None,
        *,
        clock: Clock = system_clock,
        chance: Chance = system_chance,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._session = session
        self._tokens = tokens
        self.policy = policy or RetryPolicy()
        self._clock = clock
        self.chance = chance
        self.sleep = sleep

    async def get(self, url: str, answer: type[Answer], query: Query | None = None) -> Answer:
        """Read. Raises ProblemError, ServerUnreachable or UnreadableAnswer, as all of these do."""
        return _read(answer, await self._send(Request("GET", url, query)))

    def list(
        self,
        url: str,
        page: type[Answer],
        items: Callable[[Answer], Sequence[Item]],
        query: Mapping[str, str | None] | None = None,
    ) -> Listing[Answer, Item]:
        """A list that is read in pages; what is None in the query is left out."""
        chosen = {name: value for name, value in (query or {}).items() if value is not None}
        return Listing(partial(self._page, url, page, {"limit": PAGE_LIMIT, **chosen}), items)

    def whole(self, url: str, page: type[Answer], items: Callable[[Answer], Sequence[Item]]) -> Listing[Answer, Item]:
        """A list that comes as a whole."""
        return Listing(partial(self._page, url, page, {}), items)

    async def post(
        self, url: str, answer: type[Answer], body: Schema | None = None, idempotency_key: str | None = None
    ) -> Answer:
        """Write, once, however often it is sent."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
        return _read(answer, await self._send(_with_body("POST", url, body, headers)))

    async def put(self, url: str, answer: type[Answer], body: Schema) -> Answer:
        """Put this in the place of what is there; the same again changes nothing."""
        return _read(answer, await self._send(_with_body("PUT", url, body, {})))

    async def put_silently(self, url: str, body: Schema) -> None:
        """The same, where nothing is answered."""
        await self._send(_with_body("PUT", url, body, {}))

    async def delete(self, url: str) -> None:
        """Take it away. When an answer was lost on the way, that it is not there (404) may come of the retry."""
        await self._send(Request("DELETE", url))

    @asynccontextmanager
    async def stream(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[aiohttp.StreamReader]:
        """An open stream, once; it may stay silent for 45 seconds. Raises TryAgain too, and what aiohttp raises."""
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self.policy.timeout_seconds, sock_read=STREAM_SILENCE_SECONDS
        )
        async with self._answered(Request("GET", url, headers=headers), timeout) as response:
            yield response.content

    async def _page(self, url: str, page: type[Answer], query: Query, cursor: str | None) -> tuple[Answer, str | None]:
        received = await self._send(Request("GET", url, query if cursor is None else {**query, "cursor": cursor}))
        return _read(page, received), received.next_cursor

    async def _send(self, request: Request) -> Received:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((TryAgain, aiohttp.ClientError, TimeoutError)),
            stop=self._is_enough,
            wait=self._wait_seconds,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._once(request)
        except TryAgain as again:
            raise again.error from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unreachable(request, error) from error
        raise AssertionError("the last attempt returns or raises")

    def _is_enough(self, state: RetryCallState) -> bool:
        error = _failure(state)
        if isinstance(error, aiohttp.ClientSSLError | aiohttp.InvalidURL):
            return True
        asked = error.retry_after_seconds if isinstance(error, TryAgain) else None
        too_long = asked is not None and asked > self.policy.retry_after_limit_seconds
        return too_long or stop_after_attempt(self.policy.attempts)(state)

    def _wait_seconds(self, state: RetryCallState) -> float:
        error = _failure(state)
        asked = error.retry_after_seconds if isinstance(error, TryAgain) else None
        return self.policy.wait_seconds(state.attempt_number, asked, self.chance)

    async def _once(self, request: Request) -> Received:
        limits = aiohttp.ClientTimeout(total=self.policy.timeout_seconds)
        async with self._answered(request, limits) as response:
            return Received(await _content(response), _next_cursor(response))

    @asynccontextmanager
    async def _answered(self, request: Request, limits: aiohttp.ClientTimeout) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, when it is no refusal. A token that is refused is followed by one other, where there is one."""
        token = await self._tokens.token()
        async with self._sent(request, limits, token) as response:
            if response.status != UNAUTHENTICATED or not self._tokens.refused(token):
                await self._check(response)
                yield response
                return
        async with self._sent(request, limits, await self._tokens.token()) as response:
            await self._check(response)
            yield response

    def _sent(
        self, request: Request, limits: aiohttp.ClientTimeout, token: str
    ) -> "aiohttp.client._RequestContextManager":
        return self._session.request(
            request.method,
            request.url,
            params=request.query,
            data=request.content,
            headers={**(request.headers or {}), "Authorization": f"Bearer {token}"},
            timeout=limits,
            allow_redirects=False,
        )

    async def _check(self, response: aiohttp.ClientResponse) -> None:
        """Raises ProblemError, UnreadableAnswer, or TryAgain with what to raise when that does not help."""
        status = response.status
        if status < FIRST_REDIRECT:
            return
        if status < BAD_REQUEST:
            message = f"the server answered {status}, a redirect; give the address that it leads to as the url"
            raise UnreadableAnswer(message)
        error: ClientError = ProblemError(_problem(await _content(response), status))
        if status not in AGAIN:
            raise error
        asked = retry_after_seconds(response.headers.get("Retry-After"), self._clock())
        if status != 429:  # noqa: PLR2004 - Too Many Requests
            later = "" if asked is None else f"; it asks to wait {asked:.0f} seconds"
            error = ServerUnreachable(f"the server is not available at the moment ({status}){later}")
        raise TryAgain(error, asked)


def _with_body(method: str, url: str, body: Schema | None, headers: Mapping[str, str]) -> Request:
    if body is None:
        return Request(method, url, headers=headers)
    content = body.model_dump_json(exclude_none=True).encode()
    return Request(method, url, content=content, headers={**headers, "Content-Type": "application/json"})


def _failure(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()


def _unreachable(request: Request, error: Exception) -> ServerUnreachable:
    """Without the address and what the operating system says of it: that is in the cause, for who looks for it."""
    if isinstance(error, aiohttp.ClientSSLError):
        return ServerUnreachable("the server's certificate is not to be trusted, or it does not speak TLS")
    if isinstance(error, aiohttp.InvalidURL):
        return ServerUnreachable("the url is not the address of a server")
    return ServerUnreachable(f"{request.method} got no answer from the server, however often it was sent")


def _read(answer: type[Answer], received: Received) -> Answer:
    """What the server says, as far as this version knows it: a newer server may say more."""
    try:
        return answer.model_validate_json(received.content, extra="ignore")
    except ValidationError:
        message = "the server's answer is not of the form that this client knows; is it doorstroom, and which version?"
        raise UnreadableAnswer(message) from None


async def _content(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > ANSWER_LIMIT_BYTES:
            message = f"the server's answer is larger than {ANSWER_LIMIT_BYTES} bytes"
            raise UnreadableAnswer(message)
    return bytes(content)


def _next_cursor(response: aiohttp.ClientResponse) -> str | None:
    """Only the cursor is taken from the link, never an address: a token goes where its owner sends it."""
    try:
        link = response.links.get("next")
    except ValueError:
        return None
    return None if link is None else link["url"].query.get("cursor")  # type: ignore[union-attr] # aiohttp makes it a URL


def _problem(content: bytes, status: int) -> Problem:
    try:
        return Problem.model_validate_json(content, extra="ignore")
    except ValidationError:
        return Problem(type="about:blank", title="Unreadable answer", status=status, detail="It is not a problem.")
