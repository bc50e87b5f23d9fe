"""The console's cookies: for this host alone, sent to it alone, and out of scripts' reach."""

from enum import StrEnum

from aiohttp import web


class Cookie(StrEnum):
    """What each is for."""

    SESSION = "session"
    """The name of the session."""
    VISITOR = "visitor"
    """Ties forms to a browser in which nobody is signed in."""
    SIGN_IN = "sign-in"
    """A sign-in that was begun, encrypted."""
    LANGUAGE = "language"


SIGN_IN_SECONDS = 600
LANGUAGE_SECONDS = 365 * 86_400


def cookie_name(cookie: Cookie, *, secure: bool) -> str:
    """With the prefix by which browsers refuse it from other hosts, other paths, and without TLS."""
    return f"__Host-doorstroom-{cookie}" if secure else f"doorstroom-{cookie}"


def read_cookie(request: web.Request, cookie: Cookie, *, secure: bool) -> str | None:
    """What the browser sent."""
    return request.cookies.get(cookie_name(cookie, secure=secure))


def set_cookie(response: web.Response, cookie: Cookie, value: str, *, secure: bool, seconds: int | None = None) -> None:
    """Set it; until the browser is closed, unless a time is given.

    Lax and not strict: whoever comes back from the identity provider comes from another site.
    """
    response.set_cookie(
        cookie_name(cookie, secure=secure),
        value,
        max_age=seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="Lax",
    )


def drop_cookie(response: web.Response, cookie: Cookie, *, secure: bool) -> None:
    """Let the browser forget it."""
    name = cookie_name(cookie, secure=secure)
    response.del_cookie(name, path="/", secure=secure, httponly=True, samesite="Lax")
