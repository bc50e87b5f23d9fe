"""What people send, read into what the APIs take."""

from collections.abc import Awaitable
from datetime import date
from enum import StrEnum
from typing import TypeVar
from uuid import UUID, uuid4

from aiohttp import web

from doorstroom_client import ProblemError
from services.console.web.refusals import Refused
from services.console.web.visit import Visit

CONFLICT = 409

Choice = TypeVar("Choice", bound=StrEnum)


def path_id(visit: Visit, name: str) -> UUID:
    """An id in the address. Raises Refused: what is none leads nowhere."""
    try:
        return UUID(visit.request.match_info[name])
    except ValueError:
        raise Refused(404) from None


def new_key() -> str:
    """For a form: sent twice, by a double click or the back button, it has its effect once."""
    return str(uuid4())


def form_key(visit: Visit) -> str:
    """The key of the form that was sent. Raises Refused."""
    try:
        return str(UUID(visit.form.get("key", "")))
    except ValueError:
        raise Refused(400) from None


def choice(visit: Visit, name: str, kind: type[Choice]) -> Choice | None:
    """What was chosen from a closed list; None when nothing was, or what is not on it."""
    try:
        return kind(visit.form.get(name, ""))
    except ValueError:
        return None


def whole_number(visit: Visit, name: str, numbers: range) -> int | None:
    """A whole number of these; None when it is none of them."""
    text = visit.form.get(name, "").strip()
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else None  # noqa: PLR2004 - bounded
    return value if value is not None and value in numbers else None


def day(visit: Visit, name: str, first: date, last: date) -> tuple[date | None, bool]:
    """A day between these, both included, or none; and whether what was sent is one of both."""
    return read_day(visit.form.get(name, ""), first, last)


def read_day(text: str, first: date, last: date) -> tuple[date | None, bool]:
    """The same of a text, wherever it comes from."""
    text = text.strip()
    if not text:
        return None, True
    try:
        value = date.fromisoformat(text)
    except ValueError:
        return None, False
    return (value, True) if first <= value <= last else (None, False)


async def done(
    visit: Visit, asked: Awaitable[object], leads_to: str, told: str, refused: str = "not-possible"
) -> web.Response:
    """The answer to a form: it was done, as the next page tells; or it is not possible any more."""
    try:
        await asked
    except ProblemError as problem:
        if problem.status != CONFLICT:
            raise
        return visit.redirect(leads_to, refused)
    return visit.redirect(leads_to, told)
