"""The database port: one surface over PostgreSQL and SQLite."""

from services.chassis.database.arrays import POSTGRESQL, among, each, each_row, ids_value, listed, one_of
from services.chassis.database.engine import Database
from services.chassis.database.errors import DatabaseUnavailable, TransactionConflict, UniqueViolation
from services.chassis.database.types import UtcDateTime

__all__ = [
    "POSTGRESQL",
    "Database",
    "DatabaseUnavailable",
    "TransactionConflict",
    "UniqueViolation",
    "UtcDateTime",
    "among",
    "each",
    "each_row",
    "ids_value",
    "listed",
    "one_of",
]
