"""How long the embedded mode takes from its start to its first answer, and how much memory it holds after the demo."""

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from bench.measure import MEGABYTES, SECONDS, BenchError, Figure, resident_megabytes
from bench.processes import free_port, start, stop
from bench.targets import EMBEDDED_MEMORY, PRODUCT
from bench.targets import START as START_NAME

STARTS = 3
POLL_SECONDS = 0.01
LIMIT_SECONDS = 30.0


async def measure() -> list[Figure]:
    """Start it in a fresh folder, and again; the slowest start counts, and the memory after the demo."""
    folder = Path(tempfile.mkdtemp(prefix="doorstroom-bench-"))
    try:
        seconds, memory = [], 0.0
        for number in range(STARTS):
            took, memory = await _start(folder / str(number))
            seconds.append(took)
    finally:
        shutil.rmtree(folder)
    return [
        Figure("d", PRODUCT, START_NAME, max(seconds), SECONDS, STARTS),
        Figure("d", PRODUCT, EMBEDDED_MEMORY, memory, MEGABYTES, 1),
    ]


async def _start(folder: Path) -> tuple[float, float]:
    port = free_port()
    command = (sys.executable, "-u", "-m", "services.cli", "run", "--port", str(port), "--data", str(folder))
    began = time.perf_counter()
    process = await start(command, {})
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await _until_ready(f"http://127.0.0.1:{port}/readyz")
            took = time.perf_counter() - began
            output = process.stdout or asyncio.StreamReader()
            while b"Try it yourself" not in await output.readline():
                if process.returncode is not None:
                    message = "The embedded mode ended before its demo did."
                    raise BenchError(message)
        return took, resident_megabytes(process.pid)
    except TimeoutError as error:
        message = f"The embedded mode was not ready, or its demo not played, within {LIMIT_SECONDS:.0f} s."
        raise BenchError(message) from error
    finally:
        await stop(process)


async def _until_ready(url: str) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session:
        while True:
            try:
                async with session.get(url) as answer:
                    if answer.ok:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(POLL_SECONDS)
