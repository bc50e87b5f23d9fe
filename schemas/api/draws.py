"""Bodies of the draws between those who have waited equally long."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.api.paging import PageQuery
from schemas.api.registry import Waitlist
from schemas.base import Schema, UtcDatetime
from schemas.sensitivity import Word

DRAWS_LIMIT = 100


class NewDraw(Schema):
    """The list for which a draw begins."""

    waitlist: Waitlist


class Draw(Schema):
    """What is public of a draw. `seed` is there once it is published; its SHA-256 is the commitment."""

    draw_id: UUID
    waitlist: Word
    algorithm: Word
    commitment: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    committed_at: UtcDatetime
    published_at: UtcDatetime | None = None
    seed: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


class Lot(Schema):
    """What a ticket drew."""

    ticket: UUID
    lot: UUID


class Lots(Schema):
    """A page of what was drawn in a draw that is over, in the order in which they stand."""

    lots: list[Lot]


class LotsQuery(PageQuery):
    """Which page."""


class Draws(Schema):
    """Draws, the newest first."""

    draws: Annotated[list[Draw], Field(max_length=DRAWS_LIMIT)]
