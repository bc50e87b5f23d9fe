"""The database port: one surface over PostgreSQL and SQLite."""

from services.chassis.database.arrays import POSTGRESQL, list_parameters, listed, one_of
from services.chassis.database.connection import Connection, Parameters
from services.chassis.database.engine import Database
from services.chassis.database.errors import DatabaseUnavailable, StatementFailed, TransactionConflict, UniqueViolation
from services.chassis.database.rows import Row, Rows
from services.chassis.database.types import UtcDateTime
from services.chassis.database.writes import Change, Insertion, Removal, Upsert, Write

__all__ = [
    "POSTGRESQL",
    "Change",
    "Connection",
    "Database",
    "DatabaseUnavailable",
    "Insertion",
    "Parameters",
    "Removal",
    "Row",
    "Rows",
    "StatementFailed",
    "TransactionConflict",
    "UniqueViolation",
    "Upsert",
    "UtcDateTime",
    "Write",
    "list_parameters",
    "listed",
    "one_of",
]
