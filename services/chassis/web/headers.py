"""The headers that every response has, and those of a request that we take over into logs and answers."""

import re
from dataclasses import dataclass

from aiohttp import web
from multidict import CIMultiDict
from structlog.contextvars import bind_contextvars, unbind_contextvars

from services.chassis.clock import Identifiers
from services.chassis.web.settings import WebSettings

REQUEST_ID = "X-Request-Id"
TRACEPARENT = "traceparent"
FSC_TRANSACTION_ID = "Fsc-Transaction-Id"
API_VERSION = "API-Version"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# W3C Trace Context, level 1, version 00; all-zero ids are invalid.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_FSC_TRANSACTION_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def standing_headers(version: str, settings: WebSettings) -> CIMultiDict[str]:
    """What the API Design Rules (transport security, API version) ask of every response."""
    headers = CIMultiDict(
        {
            API_VERSION: version,
            "Cache-Control": "no-store",
            "Content-Security-Policy": "frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            # aiohttp would name its own and Python's version.
            "Server": "doorstroom",
        }
    )
    if settings.behind_tls:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


@dataclass(frozen=True, slots=True)
class Trace:
    """What ties one request to its log lines, here and elsewhere."""

    request_id: str
    traceparent: str | None
    fsc_transaction_id: str | None


def received_traceparent(request: web.Request) -> str | None:
    """The trace that the request belongs to, where that is well-formed."""
    return _matching(_TRACEPARENT, request.headers.get(TRACEPARENT))


def trace(request: web.Request, identifiers: Identifiers, traceparent: str | None) -> Trace:
    """Take over the request's ids where they are well-formed, and put them on every log line of this request.

    `traceparent` is what its own step in the trace hands on.
    """
    received = request.headers
    request_id = received.get(REQUEST_ID)
    if request_id is None or not _REQUEST_ID.fullmatch(request_id):
        request_id = identifiers().hex
    fsc_transaction_id = _matching(_FSC_TRANSACTION_ID, received.get(FSC_TRANSACTION_ID))
    ids = Trace(request_id, traceparent, fsc_transaction_id)
    _bind(ids)
    return ids


def answered(base: CIMultiDict[str], ids: Trace) -> CIMultiDict[str]:
    """A new set of headers for one response."""
    headers = base.copy()
    headers[REQUEST_ID] = ids.request_id
    if ids.traceparent is not None:
        headers[TRACEPARENT] = ids.traceparent
    return headers


def _matching(pattern: re.Pattern[str], value: str | None) -> str | None:
    return value if value is not None and pattern.fullmatch(value) else None


def _bind(ids: Trace) -> None:
    bind_contextvars(request_id=ids.request_id)
    # Requests of one connection share a context: what this one does not have must not stay from the last one.
    unbind_contextvars("trace_id", "fsc_transaction_id", "client_oin")
    if ids.traceparent is not None:
        bind_contextvars(trace_id=ids.traceparent[3:35])
    if ids.fsc_transaction_id is not None:
        bind_contextvars(fsc_transaction_id=ids.fsc_transaction_id)
