"""SQLite without threads and without waiting for the disk, for many short histories that need not survive a crash."""

from sqlalchemy import make_url

from services.chassis.database import Database
from services.chassis.database.sqlite import SQLite

PRAGMAS = ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON")


def connect_inline(url: str, _pool_size: int = 1) -> Database:
    """A database that does everything in the thread of who asks. It passes the conformance suite of the others."""
    return Database(SQLite(make_url(url), threaded=False, pragmas=PRAGMAS))
