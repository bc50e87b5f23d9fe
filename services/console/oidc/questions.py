"""Questions to the identity provider: bounded in time and size, and following no redirect."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from services.chassis.identity.remote_keys import checked_address
from services.console.connections import Connections
from services.console.failures import Reason, SignInFailed

ANSWER_LIMIT_BYTES = 256 * 1024
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """Its status, and the object in its body; empty when there is none."""

    status: int
    document: Mapping[str, Any]


class Questions:
    """Asks the provider."""

    def __init__(self, connections: Connections, timeout_seconds: float) -> None:
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def get(self, url: str) -> Answer:
        """Read a document. Raises SignInFailed when there is no answer."""
        return await self._ask("GET", url)

    async def post(self, url: str, form: Mapping[str, str], authorization: str | None) -> Answer:
        """Send a form. Raises SignInFailed when there is no answer."""
        headers = {} if authorization is None else {"Authorization": authorization}
        return await self._ask("POST", url, data=form, headers=headers)

    async def _ask(self, method: str, url: str, **what: Any) -> Answer:  # noqa: ANN401 - as aiohttp takes it
        address = _checked(url)
        request = self._connections.session.request
        try:
            async with request(method, address, timeout=self._timeout, allow_redirects=False, **what) as response:
                status, content = response.status, await _content(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SignInFailed(Reason.PROVIDER_AWAY, f"no answer: {type(error).__name__}") from None
        if status >= SERVER_ERROR:
            raise SignInFailed(Reason.PROVIDER_AWAY, f"answered with status {status}")
        return Answer(status, _document(content))


def _checked(url: str) -> Any:  # noqa: ANN401 - a URL
    try:
        return checked_address(url)
    except ValueError:
        raise SignInFailed(Reason.PROVIDER_WRONG, "has an address that is not safe") from None


async def _content(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > ANSWER_LIMIT_BYTES:
            raise SignInFailed(Reason.PROVIDER_WRONG, f"answered with more than {ANSWER_LIMIT_BYTES} bytes")
    return bytes(content)


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
