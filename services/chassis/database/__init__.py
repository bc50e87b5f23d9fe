"""The database port: one surface over PostgreSQL and SQLite."""

from services.chassis.database.arrays import among, each, each_row
from services.chassis.database.engine import Database
from services.chassis.database.errors import DatabaseUnavailable, TransactionConflict, UniqueViolation
from services.chassis.database.types import UtcDateTime

__all__ = [
    "Database",
    "DatabaseUnavailable",
    "TransactionConflict",
    "UniqueViolation",
    "UtcDateTime",
    "among",
    "each",
    "each_row",
]
