"""The query parameters of every list."""

from pydantic import Field

from schemas.base import Schema
from schemas.sensitivity import Word

LIMIT_DEFAULT = 25
LIMIT_MAXIMUM = 100


class PageQuery(Schema):
    """Which page. A list with filters adds its own."""

    cursor: Word | None = Field(None, max_length=512, description="Where the next page begins; taken from Link.")
    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAXIMUM, description="How many items at most.")


class RecentQuery(PageQuery):
    """Which page of a list whose end somebody may want to see first."""

    newest_first: bool = Field(default=False, description="The newest on top, and not the oldest.")
