"""Brings a notification to a URL: one POST, structured, signed; no redirect is followed, and no answer is kept."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar

import aiohttp
from yarl import URL

from services.chassis.clock import Clock
from services.notifications.channels.event import MEDIA_TYPE, Events
from services.notifications.channels.port import Carrier, Endpoint, Parcel
from services.notifications.channels.webhooks.addresses import AddressRefused, Allowed, checked_url
from services.notifications.channels.webhooks.sessions import Sessions
from services.notifications.channels.webhooks.signature import signed
from services.notifications.domain.outcomes import DELIVERED, Outcome, Verdict

CONTENT_TYPE = f"{MEDIA_TYPE}; charset=utf-8"
SUCCESS = frozenset({200, 201, 202, 204})
GONE, TOO_MANY, UNAVAILABLE = 410, 429, 503
REDIRECTS = range(300, 400)
ANSWER_BYTES = 16 * 1024
"""So much of an answer is read, and thrown away, so that the line can be used again; a longer one ends the line."""
ANSWER_SECONDS = 1.0
DIGITS, MOST_SECONDS = 9, 10**9


class Webhooks(Carrier):
    """The channel `webhook`."""

    name: ClassVar[str] = "webhook"
    has_secrets = True

    def __init__(self, sessions: Sessions, allowed: Allowed, events: Events, clock: Clock, origin: str) -> None:
        self._sessions = sessions
        self._allowed = allowed
        self._events = events
        self._clock = clock
        self._origin = origin

    def check(self, address: str | None) -> str:
        """A URL. Raises InvalidInput."""
        return checked_url(address, self._allowed)

    async def introduce(self, endpoint: Endpoint) -> Outcome:
        """The handshake of CloudEvents (HTTP 1.1 Web Hooks, 4): whoever wants nothing does not allow us."""
        answer = await self._ask("OPTIONS", endpoint, {"WebHook-Request-Origin": self._origin}, None)
        if isinstance(answer, Outcome):
            return answer
        welcome = answer.allowed_origin in ("*", self._origin) and answer.status in SUCCESS
        return DELIVERED if welcome else Outcome(Verdict.REFUSED, "not-welcome", answer.status)

    async def deliver(self, endpoint: Endpoint, parcels: Sequence[Parcel]) -> Outcome:
        """One POST for the one parcel."""
        (parcel,) = parcels
        body, now = self._events.encode(parcel.notification), self._clock()
        signature = signed(str(parcel.notification.id), now, body, endpoint.secrets)
        answer = await self._ask("POST", endpoint, {"Content-Type": CONTENT_TYPE, **signature}, body)
        return answer if isinstance(answer, Outcome) else outcome_of(answer.status, answer.retry_after, now)

    async def close(self) -> None:
        """Close every line."""
        await self._sessions.close()

    async def _ask(
        self, method: str, endpoint: Endpoint, headers: Mapping[str, str], body: bytes | None
    ) -> "_Answer | Outcome":
        url = URL(endpoint.address or "", encoded=True)
        try:
            session = self._sessions.of(url.scheme)
            async with session.request(method, url, headers=headers, data=body, allow_redirects=False) as response:
                answer = _Answer(
                    response.status,
                    response.headers.get("Retry-After"),
                    response.headers.get("WebHook-Allowed-Origin"),
                )
                await _throw_away(response)
                return answer
        except TimeoutError:
            return Outcome(Verdict.FAILED, "timed-out")
        except (aiohttp.ClientError, OSError) as error:
            return Outcome(Verdict.FAILED, _reason(error))


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after: str | None
    allowed_origin: str | None


def outcome_of(status: int, retry_after: str | None, now: datetime) -> Outcome:
    """What an answer means, after the NL GOV profile of CloudEvents."""
    if status in SUCCESS:
        return Outcome(Verdict.DELIVERED, "delivered", status)
    if status == GONE:
        return Outcome(Verdict.GONE, "gone", status)
    if status in (TOO_MANY, UNAVAILABLE):
        return Outcome(Verdict.FAILED, "asked-to-wait", status, _pause(retry_after, now))
    return Outcome(Verdict.FAILED, "redirected" if status in REDIRECTS else "unexpected-status", status)


def _pause(retry_after: str | None, now: datetime) -> timedelta | None:
    """Seconds, or a moment (RFC 9110, 10.2.3); what is neither, or in the past, asks for nothing."""
    if retry_after is None:
        return None
    if retry_after.isdecimal():
        return timedelta(seconds=min(int(retry_after[:DIGITS]), MOST_SECONDS))
    with suppress(ValueError, TypeError, OverflowError):
        pause = parsedate_to_datetime(retry_after) - now
        return pause if pause > timedelta(0) else None
    return None


async def _throw_away(response: aiohttp.ClientResponse) -> None:
    """Read a short answer to its end; whatever is longer, or slower, ends with its line. The status is known."""
    read = 0
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            while chunk := await response.content.readany():
                read += len(chunk)
                if read > ANSWER_BYTES:
                    break
            else:
                return
    except (TimeoutError, aiohttp.ClientError, OSError):
        pass
    response.close()


def _reason(error: aiohttp.ClientError | OSError) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "name-not-resolved"
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return "tls-failed"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "address-refused" if isinstance(error.os_error, AddressRefused) else "not-reachable"
    return "connection-lost" if isinstance(error, OSError | aiohttp.ServerConnectionError) else "answer-unreadable"
