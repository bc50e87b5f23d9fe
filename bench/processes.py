"""Processes that the bench starts, and ends by their own number."""

import asyncio
import os
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bench.measure import BenchError

ROOT = Path(__file__).parent.parent
READY = b"ready\n"
READY_SECONDS = 30.0
STOP_SECONDS = 10.0


@asynccontextmanager
async def serving(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Process]:
    """Run a command from the project's root meanwhile, from the moment it says "ready" on its standard output.

    Raises BenchError when it ends or says something else instead; what it complains of is on the standard error.
    """
    process = await start(command, environment)
    try:
        await _until_ready(process, command)
        yield process
    finally:
        await stop(process)


async def output_of(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> str:
    """Run a command from the project's root to its end and return its last line; raises BenchError when it fails."""
    process = await start(command, environment)
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError as error:
        message = f"{_name(command)} did not end within {seconds:.0f} s."
        raise BenchError(message) from error
    finally:
        await stop(process)
    if process.returncode or not output.strip():
        message = f"{_name(command)} failed with exit status {process.returncode}; its last words are above."
        raise BenchError(message)
    return output.decode().strip().splitlines()[-1]


async def start(command: Sequence[str], environment: Mapping[str, str]) -> Process:
    """Start a command from the project's root, with additions to this process's environment."""
    return await asyncio.create_subprocess_exec(*command, env={**os.environ, **environment}, cwd=ROOT, stdout=PIPE)


async def stop(process: Process) -> None:
    """End a process politely, and by force when it does not end in time; harmless when it has ended."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _until_ready(process: Process, command: Sequence[str]) -> None:
    output = process.stdout or asyncio.StreamReader()
    try:
        said = await asyncio.wait_for(output.readline(), READY_SECONDS)
    except TimeoutError:
        said = b""
    if said != READY:
        message = f"{_name(command)} did not become ready within {READY_SECONDS:.0f} s."
        raise BenchError(message)


def _name(command: Sequence[str]) -> str:
    return " ".join(part for part in command if not Path(part).is_absolute())


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
