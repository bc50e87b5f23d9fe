"""The errors that a caller can understand: each says what was wrong and what to do, and never repeats a value.

Each class is one kind of problem (RFC 9457): `status` is its HTTP status, `type` a slug that names it for programs,
`title` the same for people. `detail` is about this one occurrence.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with the input: where (JSON Pointer, RFC 6901) and what."""

    pointer: str
    message: str


class DoorstroomError(Exception):
    """The root of all errors that this software raises on purpose."""

    status: int = 500
    type: str = "internal-error"
    title: str = "Something went wrong"

    def __init__(self, detail: str = "", *, fields: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail or self.title
        self.fields = tuple(fields)


class InvalidInput(DoorstroomError):
    """The request does not follow the API's description; `fields` lists everything that is wrong with it."""

    status = 400
    type = "invalid-input"
    title = "The request is not valid"


class Unauthenticated(DoorstroomError):
    """There is no token, or none that we accept."""

    status = 401
    type = "unauthenticated"
    title = "A valid access token is required"


class Forbidden(DoorstroomError):
    """We know who asks, and they may not do this."""

    status = 403
    type = "forbidden"
    title = "This is not allowed"


class NotFound(DoorstroomError):
    """It does not exist, or not for the one who asks: the two must look the same."""

    status = 404
    type = "not-found"
    title = "This does not exist"


class Conflict(DoorstroomError):
    """What is asked does not go together with the present state."""

    status = 409
    type = "conflict"
    title = "This is not possible in the present state"


class PreconditionFailed(DoorstroomError):
    """It is not as the client had read it: somebody was faster, and nothing was changed."""

    status = 412
    type = "precondition-failed"
    title = "It has changed since it was read"


class TooLarge(DoorstroomError):
    """More was sent than we accept."""

    status = 413
    type = "too-large"
    title = "The request is too large"


class TooManyRequests(DoorstroomError):
    """More was asked than one may ask in so short a time."""

    status = 429
    type = "too-many-requests"
    title = "Too much is asked in a short time"

    def __init__(self, retry_after_seconds: int, *, is_first: bool) -> None:
        """`is_first`: whether it is the first of a row, which is noted in the audit log for all of them."""
        super().__init__("Wait for as many seconds as Retry-After says, and then ask more slowly.")
        self.retry_after_seconds = retry_after_seconds
        self.is_first = is_first


class Unavailable(DoorstroomError):
    """Something that we need is away for the moment. Nothing was half done: try again later."""

    status = 503
    type = "unavailable"
    title = "The service is not available at the moment"
    retry_after_seconds: int = 2
