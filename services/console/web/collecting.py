"""Lists of the APIs as a whole, for pages that show all of one."""

from collections.abc import AsyncIterable
from typing import TypeVar

from services.console.web.refusals import Refused

Item = TypeVar("Item")

SHOWN_LIMIT = 1000


async def collected(items: AsyncIterable[Item], limit: int = SHOWN_LIMIT) -> list[Item]:
    """All of them. Raises Refused when there are more than any page could show."""
    found = []
    async for item in items:
        found.append(item)
        if len(found) > limit:
            raise Refused(413)
    return found
