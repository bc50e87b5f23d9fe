"""Refusals of those of whom nobody knows who they are: each has a line, but of a flood only its beginning."""

from datetime import datetime, timedelta

from services.chassis.audit.action import Action, Result
from services.chassis.clock import Clock

WINDOW = timedelta(minutes=1)
LINES_LIMIT = 60
"""So many of a window have a line of their own; whoever floods us would fill the disk."""
NAME = "refusalsOfUnnamed"
"""The action of the line that counts the others."""


class Unnamed:
    """Says which of them get a line, and counts the rest. Each process and service counts its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._window_ends_at: datetime | None = None
        self._lines = 0
        self._since: datetime | None = None
        self._counted = 0

    @staticmethod
    def is_one(action: Action) -> bool:
        """Whether nobody showed a token that holds, and nothing was done."""
        return action.subject is None and action.result in {Result.REFUSED, Result.FAILED}

    def admits(self) -> bool:
        """Whether the next one gets a line; if not, it is counted."""
        now = self._clock()
        if self._window_ends_at is None or now >= self._window_ends_at:
            self._window_ends_at, self._lines = now + WINDOW, 0
        self._lines += 1
        if self._lines <= LINES_LIMIT:
            return True
        self._since = self._since or now
        self._counted += 1
        return False

    def due(self, *, at_once: bool = False) -> tuple[int, Action] | None:
        """How many have no line of their own, and the line that says so; when the first came a window ago."""
        if self._since is None or not (at_once or self._clock() >= self._since + WINDOW):
            return None
        action = Action(NAME, Result.REFUSED, 0, {"count": str(self._counted)}, started_at=self._since)
        return self._counted, action

    def told(self, count: int) -> None:
        """So many are written down."""
        self._counted -= count
        self._since = self._clock() if self._counted else None
