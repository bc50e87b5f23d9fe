"""What a database can do to us, in three words that callers can act on."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.chassis.errors import Conflict, Unavailable

DEADLOCK, SERIALIZATION, LOCK_TIMEOUT = "40P01", "40001", "55P03"
_RETRYABLE = frozenset({DEADLOCK, SERIALIZATION, LOCK_TIMEOUT})
# Connection exceptions, resources exhausted, operator intervention (shutdown, starting up).
_UNAVAILABLE_CLASSES = frozenset({"08", "53", "57"})
_SQLITE_IS_AWAY = ("locked", "busy", "unable to open", "disk", "readonly")
_SQLITE_COLUMNS = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)")


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, or is shutting down: nothing was half done; try again later."""

    title = "The database is not available"


class TransactionConflict(Conflict):
    """Two transactions stood in each other's way (deadlock, serialization, lock timeout): run this one again."""

    title = "The request collided with another one"


class UniqueViolation(Conflict):
    """A unique index refused a row. `constraint` is its name on PostgreSQL, the columns on SQLite."""

    title = "This already exists"

    def __init__(self, constraint: str) -> None:
        super().__init__("A row with the same key is already stored.")
        self.constraint = constraint


class NotExactlyOne(LookupError):
    """A statement that must give one row gave another number of them."""


class StatementFailed(Exception):
    """The database refused a statement that should never be refused: a defect of ours. Names no values."""

    def __init__(self, error: BaseException) -> None:
        constraint = getattr(error, "constraint_name", None) or "none"
        super().__init__(f"{type(error).__name__} (SQLSTATE {_state(error) or 'none'}, constraint {constraint})")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours. Their texts hold row values, so only codes and names pass on."""
    try:
        yield
    except DBAPIError as error:
        # SQLAlchemy's wrapping of SQLite's errors, and of PostgreSQL's while migrating.
        cause = getattr(error.orig, "driver_exception", None) or getattr(error.orig, "__cause__", None) or error.orig
        raise _translation(cause or error, lost=error.connection_invalidated) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _translation(error) from None
    except (PoolTimeoutError, OSError, TimeoutError) as error:
        raise DatabaseUnavailable(f"The database did not answer ({type(error).__name__}).") from None


def _translation(error: BaseException, *, lost: bool = False) -> Exception:
    state = _state(error)
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolation(error.constraint_name or "")
    if isinstance(error, sqlite3.Error) and (match := _SQLITE_COLUMNS.search(str(error))):
        return UniqueViolation(match["columns"])
    if state in _RETRYABLE:
        return TransactionConflict(f"The transaction was rolled back (SQLSTATE {state}).")
    if lost or state[:2] in _UNAVAILABLE_CLASSES or _is_away(error):
        return DatabaseUnavailable(f"The database did not answer ({type(error).__name__}).")
    return StatementFailed(error)


def _is_away(error: BaseException) -> bool:
    busy = isinstance(error, sqlite3.OperationalError) and any(word in str(error) for word in _SQLITE_IS_AWAY)
    return busy or isinstance(error, asyncpg.InterfaceError | asyncpg.PostgresConnectionError | OSError)


def _state(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""
