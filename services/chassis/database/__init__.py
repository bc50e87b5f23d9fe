"""The database port: one surface over PostgreSQL and SQLite."""

from services.chassis.database.arrays import POSTGRESQL, among, ids_value, list_parameters, listed, one_of
from services.chassis.database.connection import Connection, Parameters
from services.chassis.database.engine import Database
from services.chassis.database.errors import DatabaseUnavailable, StatementFailed, TransactionConflict, UniqueViolation
from services.chassis.database.rows import Row, Rows
from services.chassis.database.types import UtcDateTime
from services.chassis.database.writes import Change, Insertion, Write

__all__ = [
    "POSTGRESQL",
    "Change",
    "Connection",
    "Database",
    "DatabaseUnavailable",
    "Insertion",
    "Parameters",
    "Row",
    "Rows",
    "StatementFailed",
    "TransactionConflict",
    "UniqueViolation",
    "UtcDateTime",
    "Write",
    "among",
    "ids_value",
    "list_parameters",
    "listed",
    "one_of",
]
