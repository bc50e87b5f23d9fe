"""Lists a page at a time, by the sort key of the last row: stable while rows come and go, and as fast on page 1000."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Select, literal, tuple_

from schemas.api.paging import PageQuery
from services.chassis.errors import FieldError, InvalidInput

Row = TypeVar("Row")
Key = TypeVar("Key", bound=tuple[Any, ...])

_INTEGER_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of one page, and the headers that lead to the next one."""

    rows: Sequence[Row]
    headers: Mapping[str, str]


class Paging(Generic[Key]):
    """Pages of one list. `key` is the type of its sort key, such as `tuple[datetime, UUID]`, and must be unique."""

    def __init__(self, path: str, key: type[Key], columns: Sequence[ColumnElement[Any]]) -> None:
        self._path = path
        self._key: TypeAdapter[Key] = TypeAdapter(key)
        self._columns = tuple(columns)

    def select(self, statement: Select[Any], query: PageQuery, *, newest_first: bool = False) -> Select[Any]:
        """The statement for one page: ordered, after the cursor, one row more than asked to see whether there is more.

        `newest_first` turns the order round. Raises InvalidInput for a cursor that we never gave.
        """
        if query.cursor is not None:
            place, last = tuple_(*self._columns), tuple_(*self._typed(query.cursor))
            statement = statement.where(place < last if newest_first else place > last)
        order = [column.desc() for column in self._columns] if newest_first else self._columns
        return statement.order_by(*order).limit(query.limit + 1)

    def page(self, rows: Sequence[Row], query: PageQuery, key: Callable[[Row], Key]) -> Page[Row]:
        """Cut the extra row off and, when there was one, lead on; filters of the query are kept in the link."""
        if len(rows) <= query.limit:
            return Page(rows, {})
        kept = rows[: query.limit]
        parameters = query.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        parameters["cursor"] = self.cursor(key(kept[-1]))
        link = f'<{self._path}?{urlencode(parameters, doseq=True)}>; rel="next"'
        return Page(kept, {"Link": link})

    def cursor(self, key: Key) -> str:
        """The opaque cursor for what comes after this key. It must hold nothing sensitive: it goes into addresses."""
        return base64.urlsafe_b64encode(self._key.dump_json(key)).rstrip(b"=").decode()

    def _typed(self, cursor: str) -> list[ColumnElement[Any]]:
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            key = self._key.validate_json(raw)
            _check_bounds(key)
        except (ValueError, ValidationError):
            message = "Query parameter: not a cursor of this list. Begin again without one."
            raise InvalidInput(message, fields=[FieldError("/cursor", message)]) from None
        return [_literal(value, column) for value, column in zip(key, self._columns, strict=True)]


def _check_bounds(key: tuple[Any, ...]) -> None:
    """Refuse a number beyond 64 bits, which would only fail in the database."""
    if any(isinstance(part, int) and not -_INTEGER_LIMIT <= part < _INTEGER_LIMIT for part in key):
        message = "a number is out of range"
        raise ValueError(message)


def _literal(value: Any, column: ColumnElement[Any]) -> ColumnElement[Any]:  # noqa: ANN401 - a sort key's part
    return literal(value, column.type)
