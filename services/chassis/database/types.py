"""Column types that mean the same on both databases."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC. SQLite has no such type and would hand back a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """On the way in: naive moments are refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a naive datetime reached the database; every moment is aware and UTC"
            raise ValueError(message)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """On the way out: what SQLite gives back is in UTC."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
