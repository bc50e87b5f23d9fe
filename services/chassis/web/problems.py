"""Every failure as `application/problem+json` (RFC 9457), with nothing in it that the client or a frame held."""

import json
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import PurePath

import structlog
from aiohttp import web
from multidict import CIMultiDict

from services.chassis.errors import DoorstroomError, Forbidden, TooManyRequests, Unauthenticated, Unavailable

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem-type:doorstroom:"
FIELD_LIMIT = 100
_DETAILS = {
    404: "There is nothing at this address. Addresses have no trailing slash, and are listed in openapi.json.",
    405: "This address does not have this method; the header Allow lists those that it has.",
    413: "Send a smaller body.",
    417: "The only expectation that can be met is 100-continue.",
}


class HttpProblem(DoorstroomError):
    """A failure of the HTTP exchange itself, with headers that say what would do."""

    def __init__(self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.type = ""
        self.title = title
        self.headers = headers or {}


class InsufficientScope(Forbidden):
    """The token was not given for this."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"The access token lacks the scope {scope}: ask for a new one with it.")
        self.scope = scope


def problem(error: Exception, base: CIMultiDict[str]) -> web.Response:
    """The response that tells of this error; `base` has the headers that every response has, and is used up."""
    known = _known(error)
    base.update(_headers(known))
    base["Content-Type"] = MEDIA_TYPE
    return web.Response(status=known.status, body=body(known), headers=base)


def body(error: DoorstroomError) -> bytes:
    """The problem document."""
    document: dict[str, object] = {
        # RFC 9457: without a type of its own, a problem is just its HTTP status.
        "type": TYPE_PREFIX + error.type if error.type else "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    if error.fields:
        shown = error.fields[:FIELD_LIMIT]
        document["errors"] = [{"pointer": field.pointer, "message": field.message} for field in shown]
    return json.dumps(document, ensure_ascii=False).encode(errors="replace")


def _known(error: Exception) -> DoorstroomError:
    if isinstance(error, DoorstroomError):
        return error
    if isinstance(error, web.HTTPException):
        return from_status(error.status, error.headers.get("Allow"))
    if isinstance(error, TimeoutError):
        return Unavailable("The request took too long and was given up. Send it again with the same Idempotency-Key.")
    log_unexpected(error)
    return DoorstroomError("The request failed by a mistake of ours; it is in our log under this X-Request-Id.")


def from_status(status: int, allow: str | None = None) -> HttpProblem:
    """A problem that is no more than its HTTP status."""
    detail = _DETAILS.get(status, "The HTTP request could not be understood.")
    return HttpProblem(status, HTTPStatus(status).phrase, detail, {"Allow": allow} if allow else None)


def log_unexpected(error: Exception) -> None:
    """Log where it happened. Its text and the frames' variables may hold people's data, and stay out."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("unexpected-error", error=type(error).__name__, frames=where)


def _headers(error: DoorstroomError) -> Mapping[str, str]:
    if isinstance(error, HttpProblem):
        return error.headers
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="doorstroom", error="invalid_token"'}
    if isinstance(error, InsufficientScope):
        challenge = f'Bearer realm="doorstroom", error="insufficient_scope", scope="{error.scope}"'
        return {"WWW-Authenticate": challenge}
    if isinstance(error, Unavailable | TooManyRequests):
        return {"Retry-After": str(error.retry_after_seconds)}
    return {}
