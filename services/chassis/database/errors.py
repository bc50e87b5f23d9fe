"""What a database can do to us, in three words that callers can act on."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.chassis.errors import Conflict, Unavailable

DEADLOCK, SERIALIZATION, LOCK_TIMEOUT = "40P01", "40001", "55P03"
_RETRYABLE = frozenset({DEADLOCK, SERIALIZATION, LOCK_TIMEOUT})
# Connection exceptions, resources exhausted, operator intervention (shutdown, starting up).
_UNAVAILABLE_CLASSES = frozenset({"08", "53", "57"})
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


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours. Their texts hold row values, so only codes and names pass on."""
    try:
        yield
    except DBAPIError as error:
        translation = _translate(error)
        if translation is None:
            raise
        raise translation from None
    except (PoolTimeoutError, OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as error:
        raise DatabaseUnavailable(f"The database did not answer ({type(error).__name__}).") from None
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "")[:2] in _UNAVAILABLE_CLASSES:
            raise DatabaseUnavailable(f"The database refused the connection ({type(error).__name__}).") from None
        raise


def _translate(error: DBAPIError) -> DatabaseUnavailable | TransactionConflict | UniqueViolation | None:
    cause = getattr(error.orig, "driver_exception", None) or getattr(error.orig, "__cause__", None) or error.orig
    if isinstance(error, IntegrityError):
        return _unique_violation(cause)
    state = getattr(cause, "sqlstate", None) or ""
    if state in _RETRYABLE:
        return TransactionConflict(f"The transaction was rolled back (SQLSTATE {state}).")
    lost = error.connection_invalidated or state[:2] in _UNAVAILABLE_CLASSES or isinstance(error, InterfaceError)
    if lost or _sqlite_is_unavailable(error, cause):
        return DatabaseUnavailable(f"The database did not answer ({type(cause).__name__}).")
    return None


def _unique_violation(cause: object) -> UniqueViolation | None:
    if isinstance(cause, asyncpg.UniqueViolationError):
        return UniqueViolation(cause.constraint_name or "")
    match = _SQLITE_COLUMNS.search(str(cause)) if isinstance(cause, sqlite3.IntegrityError) else None
    return UniqueViolation(match["columns"]) if match else None


def _sqlite_is_unavailable(error: DBAPIError, cause: object) -> bool:
    busy = ("locked", "busy", "unable to open", "disk", "readonly")
    return (
        isinstance(error, OperationalError)
        and isinstance(cause, sqlite3.Error)
        and any(word in str(cause) for word in busy)
    )
