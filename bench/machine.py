"""Describes the machine, without what would identify it: no host name, no path, no user."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

LIBRARIES = ("aiohttp", "aio-pika", "aiormq", "asyncpg", "pydantic", "SQLAlchemy", "uvloop")


def describe() -> dict[str, str]:
    """Return cores, processor, memory, kernel, interpreter, libraries, and how busy the machine was beforehand."""
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": _processor(),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "load before, 1 minute": f"{os.getloadavg()[0]:.2f}",
        "Python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
