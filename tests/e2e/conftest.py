"""The program as a person meets it: started as a process, watched through its output, stopped by signals."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.cli.__main__ import main

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "services.cli"]
WAIT_SECONDS = 60.0


class Program:
    """A running `doorstroom`, and everything that it has written."""

    def __init__(self, *arguments: str) -> None:
        self.output = ""
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, text: str, seconds: float = WAIT_SECONDS) -> str:
        """Wait until the text has been written, and give all output."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while text not in self.output:
                left = deadline - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self._reader.is_alive()):
                    message = f"{text!r} was not written; this was:\n{self.output}"
                    raise AssertionError(message)
                self._changed.wait(min(left, 0.2))
        return self.output

    def stop(self, number: signal.Signals = signal.SIGINT, seconds: float = WAIT_SECONDS) -> int:
        """Send a signal, wait for the end, and give the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code

    def close(self) -> None:
        """End it, if it still runs, and leave nothing of it open."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()

    @property
    def root(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:\d+", self.output)
        assert found is not None
        return found[0]

    @property
    def commands(self) -> list[str]:
        """The lines to copy into a shell."""
        return [line for line in self.output.splitlines() if line.startswith("curl ")]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.output += line
                self._changed.notify_all()


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    """Whatever a test starts is ended after it."""
    started: list[Program] = []
    yield started
    for program in started:
        program.close()


def refused(*arguments: str) -> str:
    """Run a command that cannot run: exit code 2, nothing on the standard output, and one line that says why."""
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("doorstroom: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


Entered = Callable[..., tuple[int, str, str]]
"""Enters a command line here: exit code, standard output, standard error."""


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Entered:
    """What the installed command calls, without a process of its own: for what answers at once and ends."""

    def enter(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["doorstroom", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return enter
