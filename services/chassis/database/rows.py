"""What a statement gave: rows whose values are reached by name, whichever database they come from."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from services.chassis.database.errors import NotExactlyOne


class Row(Protocol):
    """One row: `row.name`, `row["name"]`, and `**row`. As a sequence it holds the values in their order."""

    def __getattr__(self, name: str) -> Any: ...  # noqa: ANN401 - a column may hold anything

    def __getitem__(self, name: str) -> Any: ...  # noqa: ANN401 - as above

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Iterable[str]:
        """The names of the columns, in their order."""
        ...


class Rows(list[Row]):
    """All rows of one statement, in memory."""

    def first(self) -> Row | None:
        """The first row, if there is any."""
        return self[0] if self else None

    def one_or_none(self) -> Row | None:
        """The only row, if there is any. Raises NotExactlyOne when there are more."""
        return self.one() if self else None

    def one(self) -> Row:
        """The only row. Raises NotExactlyOne."""
        if len(self) != 1:
            raise NotExactlyOne(f"one row was expected, and there are {len(self)}")
        return self[0]
