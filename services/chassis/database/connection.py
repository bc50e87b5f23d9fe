"""What the rest of the software sees of an open connection."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Dialect, Executable

from services.chassis.database.rows import Rows
from services.chassis.database.writes import Pending

Parameters = Sequence[Mapping[str, Any]] | Mapping[str, Any] | None


class Connection(Protocol):
    """Runs statements of SQLAlchemy Core."""

    @property
    def dialect(self) -> Dialect:
        """Which SQL is spoken; `dialect.name` is `postgresql` or `sqlite`."""
        ...

    async def execute(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """Run a statement; with a list of parameters, once for each of them."""
        ...

    async def write(self, pending: Sequence[Pending]) -> None:
        """Write sets of rows, each of a table of its own, in as few round trips as can be."""
        ...
