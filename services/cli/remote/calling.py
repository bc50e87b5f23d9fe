"""How a remote command runs: with a client of a profile, and what goes wrong told in one line with an exit code."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import click

from doorstroom_client import Client, ClientError, Listing, ProblemError, ServerUnreachable, TokenUnavailable
from services.cli.errors import EXIT_FAILED, Failed
from services.cli.remote.profiles import find_access

Result = TypeVar("Result")
Item = TypeVar("Item")
Command = TypeVar("Command", bound=Callable[..., Any])

EXIT_INVALID, EXIT_NOT_ALLOWED, EXIT_NOT_FOUND, EXIT_NOT_NOW, EXIT_UNREACHABLE = 3, 4, 5, 6, 7
_CODES = {
    400: EXIT_INVALID,
    401: EXIT_NOT_ALLOWED,
    403: EXIT_NOT_ALLOWED,
    404: EXIT_NOT_FOUND,
    409: EXIT_NOT_NOW,
    413: EXIT_INVALID,
    415: EXIT_INVALID,
    429: EXIT_UNREACHABLE,
}
"""Exit codes by HTTP status; any other is a plain failure. docs/integrators-guide.md has them for users."""


def remote(command: Command) -> Command:
    """The options of every command that asks a server."""
    for option in (
        click.option("--profile", metavar="NAME", help="Which profile to use; see `doorstroom profiles`."),
        click.option("--json", "as_json", is_flag=True, help="As JSON, with every field of the API."),
    ):
        command = option(command)
    return command


def call(profile: str | None, work: Callable[[Client], Awaitable[Result]]) -> Result:
    """Do it with a client of this profile. Raises CannotRun or Failed."""
    try:
        return asyncio.run(_with_client(profile, work))
    except ClientError as error:
        raise Failed(told(error), exit_code(error)) from error


async def _with_client(profile: str | None, work: Callable[[Client], Awaitable[Result]]) -> Result:
    access = find_access(profile)
    async with aiohttp.ClientSession() as session:
        return await work(Client(session, access.endpoints, access.tokens))


def told(error: ClientError) -> str:
    """In one line."""
    if not isinstance(error, ProblemError):
        return str(error)
    fields = "".join(f"; {field.pointer or 'body'}: {field.message}" for field in error.problem.errors)
    return " ".join(f"{error.problem.detail or error.problem.title}{fields}".split())


def exit_code(error: ClientError) -> int:
    """Which kind of failure it is, for scripts."""
    if isinstance(error, ProblemError):
        return _CODES.get(error.status, EXIT_FAILED)
    if isinstance(error, TokenUnavailable):
        return EXIT_NOT_ALLOWED
    return EXIT_UNREACHABLE if isinstance(error, ServerUnreachable) else EXIT_FAILED


def call_list(profile: str | None, listing: Callable[[Client], Listing[Any, Item]]) -> list[Item]:
    """Every item of a list. Raises CannotRun or Failed."""

    async def work(client: Client) -> list[Item]:
        return [item async for item in listing(client)]

    return call(profile, work)
