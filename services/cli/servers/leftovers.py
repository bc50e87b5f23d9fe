"""What an earlier run left running when it was killed: known by what it wrote down, and ended before a new start."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

END_SECONDS = 20.0
_STARTED_AT_FIELD = 19
"""Of `/proc/<pid>/stat`, counted from the state of the process (proc(5), field 22)."""


class Leftovers:
    """The processes that were started from one folder. Whoever uses this holds the folder's lock."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "processes"

    def note(self, process_id: int) -> None:
        """Remember a process that leads a session of its own, so that it can be ended should we be killed."""
        with self._file.open("a") as file:
            file.write(f"{process_id} {started_at(process_id)}\n")

    def end(self, number: signal.Signals) -> None:
        """End what is still running, with this signal, and after a while with SIGKILL."""
        left = self._running()
        for process_id in left:
            _signal(process_id, number)
        deadline = time.monotonic() + END_SECONDS
        while (left := self._running()) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process_id in left:
            _signal(process_id, signal.SIGKILL)
        self._file.unlink(missing_ok=True)

    def _running(self) -> list[int]:
        if not self._file.exists():
            return []
        noted = [line.split() for line in self._file.read_text().splitlines()]
        # A number is given again to another process, so the moment of its start must be the same.
        return [int(number) for number, start in noted if start == started_at(int(number)) != "unknown"]


def started_at(process_id: int) -> str:
    """When a process was started, in the kernel's own count; `unknown` when there is none, or it has ended."""
    try:
        _, _, fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")
    except OSError:
        return "unknown"
    state, *rest = fields.split()
    return "unknown" if state == "Z" else rest[_STARTED_AT_FIELD - 1]


def _signal(process_id: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        # Its whole group when it must go: a server's shell may have started the server proper.
        (os.killpg if number is signal.SIGKILL else os.kill)(process_id, number)
