"""Lists. `async for` gives every item of every page; `await` gives the first page only."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from typing import Any, Generic, TypeVar

from doorstroom_client.errors import UnreadableAnswer

Page = TypeVar("Page")
Item = TypeVar("Item")

PAGE_LIMIT = 100
"""Items of a page: as many as the services give at once."""

Fetch = Callable[[str | None], Awaitable[tuple[Page, str | None]]]
"""Gets the page at a cursor (the first, without), and the cursor of the next one, if there is one."""


class Listing(Generic[Page, Item]):
    """A list of a service. Nothing is asked before it is used, and it may be used again.

    Rows that come or go meanwhile move no other: each is given once. Raises what every call raises.
    """

    def __init__(self, fetch: Fetch[Page], items: Callable[[Page], Sequence[Item]]) -> None:
        self._fetch = fetch
        self._items = items

    def __await__(self) -> Generator[Any, None, Page]:
        return self._first().__await__()

    async def __aiter__(self) -> AsyncIterator[Item]:
        async for page in self.pages():
            for item in self._items(page):
                yield item

    async def pages(self) -> AsyncIterator[Page]:
        """Page after page."""
        cursor: str | None = None
        while True:
            page, following = await self._fetch(cursor)
            yield page
            if following is None:
                return
            if following == cursor:
                raise UnreadableAnswer("the server leads from a page of this list to the same page again")
            cursor = following

    async def _first(self) -> Page:
        page, _ = await self._fetch(None)
        return page
