"""Updates that are refused when somebody else was faster: ETag and If-Match (RFC 9110, sections 8.8.3 and 13.1.1)."""

import hashlib
import re
from collections.abc import Mapping

from services.chassis.errors import FieldError, InvalidInput, PreconditionFailed

ETAG, IF_MATCH = "ETag", "If-Match"
LONGEST_CHARACTERS = 800
PATTERN = r'^(\*|(W/)?"[!#-~]{0,64}"( *, *(W/)?"[!#-~]{0,64}"){0,9})$'
_TAG = re.compile(r"(?<![!#-~])\"[!#-~]{0,64}\"")
"""A strong one: weak ones never match here."""


def tag_of(body: bytes | None) -> str:
    """The tag of an answer: another one as soon as a byte of it is another."""
    return f'"{hashlib.sha256(body or b"").hexdigest()[:32]}"'


def given(headers: Mapping[str, str]) -> str | None:
    """What the client says that it has read, if it does. Raises InvalidInput for what is no such thing."""
    value = headers.get(IF_MATCH)
    if value is not None and (len(value) > LONGEST_CHARACTERS or not re.fullmatch(PATTERN, value)):
        message = "Header: must be an ETag that was answered before, in its quotes, or *."
        raise InvalidInput(fields=[FieldError(f"/{IF_MATCH}", message)])
    return value


def check(wanted: str, body: bytes | None) -> None:
    """Raises PreconditionFailed unless this is what the client had read."""
    if wanted != "*" and tag_of(body) not in _TAG.findall(wanted):
        raise PreconditionFailed("Read it again, and decide by what it is now; nothing was changed.")
