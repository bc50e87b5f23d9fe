"""What the rest of the software sees of an open connection."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Dialect, Executable

from services.chassis.database.rows import Rows
from services.chassis.database.writes import Pending

T = TypeVar("T")

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

    async def widen(self) -> None:
        """From now on act for everyone, in a transaction that was confined to one organisation."""
        ...


class SchemaConnection(Protocol):
    """SQLAlchemy's own connection, in a transaction: only migrations need more than a `Connection`."""

    async def run_sync(self, work: Callable[..., T], /, *arguments: Any, **named: Any) -> T:  # noqa: ANN401 - SQLAlchemy's signature
        """Call `work` with SQLAlchemy's synchronous connection and these arguments."""
        ...

    async def execute(self, statement: Executable, parameters: Parameters = None, /) -> object:
        """Run a statement."""
        ...
