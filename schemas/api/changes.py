"""The body of a live stream that says that something has changed, and not what."""

from schemas.base import Schema, UtcDatetime


class Change(Schema):
    """Something of yours has changed: ask again for what you look at."""

    changed_at: UtcDatetime
