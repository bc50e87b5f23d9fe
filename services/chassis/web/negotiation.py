"""Media types, and the bearer token: what must be right before the input is looked at."""

from aiohttp import web

from schemas.texts import Language
from services.chassis.errors import Unauthenticated
from services.chassis.web.problems import HttpProblem

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
TOKEN_LIMIT_BYTES = 8 * 1024


def check_accept(request: web.Request, offered: str) -> None:
    """Raises a 406 when the client takes no answer in the media type that this operation has."""
    accept = request.headers.get("Accept")
    if accept is None or accept in ("*/*", offered):
        return
    wildcard = offered.partition("/")[0] + "/*"
    quality = dict(map(_media_range, accept.split(",")))
    for kind in (offered, wildcard, "*/*"):
        if kind in quality:
            if quality[kind] > 0:
                return
            break
    raise HttpProblem(406, "Not Acceptable", f"The answer is {offered}; accept that, or */*.")


def language(request: web.Request) -> Language:
    """The language of the descriptions that the client likes best; the first one when it says nothing of them."""
    quality = dict(map(_media_range, request.headers.get("Accept-Language", "").split(",")))
    liked = {kind.partition("-")[0]: value for kind, value in quality.items()}
    # Of equals, max takes the first.
    return max(Language, key=lambda known: liked.get(known, 0.0))


def check_content(request: web.Request, *, has_body: bool) -> None:
    """Raises a 415 when a body is not plain JSON. A compressed body is never unpacked."""
    plain = request.headers.get("Content-Type") == JSON and "Content-Encoding" not in request.headers
    if plain or not has_body:
        return
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HttpProblem(415, "Unsupported Media Type", "Send the body without Content-Encoding.")
    if request.content_type != JSON or (request.charset or "utf-8").lower() != "utf-8":
        raise HttpProblem(415, "Unsupported Media Type", f"Send {JSON} in UTF-8.", {"Accept": JSON})


def bearer_token(request: web.Request) -> str:
    """The token in the Authorization header. Raises Unauthenticated."""
    values = request.headers.getall("Authorization", ())
    scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token or len(token) > TOKEN_LIMIT_BYTES:
        detail = "Send one header `Authorization: Bearer <access token>`, of at most 8 KiB."
        raise Unauthenticated(detail)
    return token


def _media_range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return kind, float(value)
            except ValueError:
                return kind, 0.0
    return kind, 1.0
