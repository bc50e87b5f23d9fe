"""A page as its module declares it: its address, who may see it, and what answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from services.chassis.identity import Role
from services.chassis.web import PlainStream
from services.console.web.visit import Visit

Answer = Callable[[Visit], Awaitable[web.Response | PlainStream]]
ANYONE: frozenset[Role] | None = None
"""Also who is not signed in."""
EVERYONE = frozenset(Role)
"""Whoever is signed in."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path. A form's mark is checked before `answer` is called, and so is the role."""

    method: str
    path: str
    roles: frozenset[Role] | None
    answer: Answer
    takes_files: bool = False
    """Its form may come with files."""
    when_locked: bool = False
    """Also for a page that closed itself."""
