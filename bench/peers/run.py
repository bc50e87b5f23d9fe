"""Runs the peers, with the interpreter of their own environment, and returns their figures."""

import json
import os
from pathlib import Path

from bench.measure import BenchError, Figure, load_figures
from bench.peers.load import PeerLoad
from bench.processes import ROOT, output_of, start, stop
from bench.servers import Servers

INTERPRETER_VARIABLE = "DOORSTROOM_BENCH_PYTHON"
INTERPRETER = ROOT / ".venv-bench" / "bin" / "python"
SECONDS = 150.0
PREFIX = "bench-peer"
DELAYED = tuple(f"celery_delayed_{level}" for level in range(28))
"""Celery makes these for later deliveries, beside any quorum queue, under names that cannot be chosen."""

QUEUES = (f"{PREFIX}.faststream", f"{PREFIX}.celery", *DELAYED)
EXCHANGES = (f"{PREFIX}.celery", *DELAYED, "celery_delayed_delivery")

CELERY_WORKER = (
    "-m",
    "celery",
    "--app=bench.peers.celery_peer",
    "worker",
    "--pool=prefork",
    "--concurrency=2",
    "--loglevel=ERROR",
    "--without-gossip",
    "--without-mingle",
    "--without-heartbeat",
)


def interpreter() -> str:
    """Return the peers' interpreter; raises BenchError when it is not there."""
    path = os.environ.get(INTERPRETER_VARIABLE, str(INTERPRETER))
    if not Path(path).is_file():
        message = f"The peers' environment is missing. Run `make bench`, or set {INTERPRETER_VARIABLE}."
        raise BenchError(message)
    return path


async def versions() -> dict[str, str]:
    """Return the versions of the peers' libraries."""
    found: dict[str, str] = json.loads(await output_of((interpreter(), "-m", "bench.peers.versions"), {}, SECONDS))
    return found


async def faststream(servers: Servers, messages: int) -> list[Figure]:
    """Measure one hop of FastStream."""
    load = PeerLoad(servers.broker_url, messages, in_sequence=messages // 10, prefix=PREFIX)
    try:
        return load_figures(
            await output_of((interpreter(), "-m", "bench.peers.faststream_peer"), load.as_environment(), SECONDS)
        )
    finally:
        await servers.delete(QUEUES, EXCHANGES)


async def celery(servers: Servers, messages: int) -> list[Figure]:
    """Measure tasks of Celery and their results, with a worker of two processes."""
    load = PeerLoad(servers.broker_url, messages, in_sequence=messages // 10, prefix=PREFIX)
    worker = await start((interpreter(), *CELERY_WORKER), {**load.as_environment(), "PYTHONWARNINGS": "ignore"})
    try:
        return load_figures(
            await output_of((interpreter(), "-m", "bench.peers.celery_peer"), load.as_environment(), SECONDS)
        )
    finally:
        await stop(worker)
        await servers.delete(QUEUES, EXCHANGES)
