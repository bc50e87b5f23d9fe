"""The database port: one surface over PostgreSQL and SQLite."""

from services.chassis.database.arrays import POSTGRESQL, among, ids_value, list_parameters, listed, one_of
from services.chassis.database.connection import Connection, Parameters
from services.chassis.database.engine import Database
from services.chassis.database.errors import DatabaseUnavailable, TransactionConflict, UniqueViolation
from services.chassis.database.rows import Row, Rows
from services.chassis.database.types import UtcDateTime

__all__ = [
    "POSTGRESQL",
    "Connection",
    "Database",
    "DatabaseUnavailable",
    "Parameters",
    "Row",
    "Rows",
    "TransactionConflict",
    "UniqueViolation",
    "UtcDateTime",
    "among",
    "ids_value",
    "list_parameters",
    "listed",
    "one_of",
]
