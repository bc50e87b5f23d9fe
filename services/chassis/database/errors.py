"""What a database can do to us, in three words that callers can act on."""

import re
import sqlite3

import asyncpg
from sqlalchemy.exc import DBAPIError

from services.chassis.errors import Conflict, DoorstroomError, Unavailable

DEADLOCK, SERIALIZATION, LOCK_TIMEOUT = "40P01", "40001", "55P03"
_RETRYABLE = frozenset({DEADLOCK, SERIALIZATION, LOCK_TIMEOUT})
TIMED_OUT = "57014"
# Connection exceptions, refused logins, resources exhausted, operator intervention (as a shutdown); and: no such
# database, a server that only reads (as after a failover), a session that was idle in its transaction for too long.
_UNAVAILABLE = ("08", "28", "53", "57", "3D000", "25006", "25P03")
_SQLITE_IS_AWAY = ("locked", "busy", "unable to open", "disk", "readonly")
_SQLITE_COLUMNS = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)")


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, or is shutting down: nothing was half done; try again later."""

    title = "The database is not available"


class TransactionConflict(Conflict):
    """Two transactions stood in each other's way (deadlock, serialization, lock timeout): run this one again."""

    status = 503
    type = "collision"
    title = "The request collided with others again and again; try again later"


class UniqueViolation(Conflict):
    """A unique index refused a row. `constraint` is its name on PostgreSQL, the columns on SQLite."""

    title = "This already exists"

    def __init__(self, constraint: str) -> None:
        super().__init__("A row with the same key is already stored.")
        self.constraint = constraint


class TransactionBroken(Exception):
    """A handler went on after the database had refused a statement: a defect of ours."""


class NotExactlyOne(LookupError):
    """A statement that must give one row gave another number of them."""


class StatementTimedOut(DoorstroomError):
    """A statement took longer than it may: the database is there, and the same again may well take as long."""

    status = 503
    type = "timed-out"
    title = "The database took too long"


class StatementFailed(Exception):
    """The database refused a statement that should never be refused: a defect of ours. Names no values."""

    def __init__(self, error: BaseException) -> None:
        constraint = getattr(error, "constraint_name", None) or "none"
        super().__init__(f"{type(error).__name__} (SQLSTATE {_state(error) or 'none'}, constraint {constraint})")


class translated:  # noqa: N801 - used as a statement
    """Turn the driver's errors into ours. Their texts hold row values, so only codes and names pass on.

    Around every statement, so without the generator that `contextmanager` would make of it.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing has happened yet."""

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        """Raises what our callers can act on, in place of what the driver raised."""
        if error is None:
            return
        if isinstance(error, DBAPIError):
            # SQLAlchemy's wrapping while migrating.
            origin = error.orig
            cause = getattr(origin, "driver_exception", None) or getattr(origin, "__cause__", None) or origin
            raise _translation(cause or error, lost=error.connection_invalidated) from None
        if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | sqlite3.Error):
            raise _translation(error) from None
        if isinstance(error, OSError | TimeoutError):
            raise DatabaseUnavailable(f"The database did not answer ({type(error).__name__}).") from None


def _translation(error: BaseException, *, lost: bool = False) -> Exception:
    state = _state(error)
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolation(error.constraint_name or "")
    if isinstance(error, sqlite3.Error) and (match := _SQLITE_COLUMNS.search(str(error))):
        return UniqueViolation(match["columns"])
    if state in _RETRYABLE:
        return TransactionConflict(f"The transaction was rolled back (SQLSTATE {state}).")
    if state == TIMED_OUT:
        return StatementTimedOut("The statement was ended at its time limit; nothing was stored.")
    if lost or state.startswith(_UNAVAILABLE) or _is_away(error):
        return DatabaseUnavailable(f"The database did not answer ({type(error).__name__}).")
    return StatementFailed(error)


def _is_away(error: BaseException) -> bool:
    busy = isinstance(error, sqlite3.OperationalError) and any(word in str(error) for word in _SQLITE_IS_AWAY)
    return busy or isinstance(error, asyncpg.InterfaceError | asyncpg.PostgresConnectionError | OSError)


def _state(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""
