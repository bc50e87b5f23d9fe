"""Pages by the sort key of the last row."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import given, strategies
from sqlalchemy import Column, MetaData, Table, Uuid, create_engine, insert, select

from services.chassis.database import UtcDateTime
from services.chassis.errors import InvalidInput
from services.chassis.web import PageQuery, Paging

Key = tuple[datetime, UUID]
ROWS = Table("rows", MetaData(), Column("at", UtcDateTime), Column("id", Uuid))
PAGING = Paging("/things/v1/things", Key, [ROWS.c.at, ROWS.c.id])
START = datetime(2026, 1, 1, tzinfo=UTC)


def cursor_of(link: str) -> str:
    address = link.removeprefix("<").partition(">")[0]
    return parse_qs(urlsplit(address).query)["cursor"][0]


@given(count=strategies.integers(0, 40), limit=strategies.integers(1, 15))
def test_following_the_links_gives_every_row_once_in_order(count: int, limit: int) -> None:
    """Also when many rows share a moment, and the last page is full."""
    engine = create_engine("sqlite://")
    keys = sorted((START + timedelta(seconds=n // 3), UUID(int=n * 7919 % 97)) for n in range(count))
    seen: list[Key] = []
    with engine.connect() as connection:
        ROWS.create(connection)
        if keys:
            connection.execute(insert(ROWS), [{"at": at, "id": id_} for at, id_ in keys])
        query = PageQuery(limit=limit)
        while True:
            rows = connection.execute(PAGING.select(select(ROWS), query)).all()
            page = PAGING.page(rows, query, lambda row: (row.at, row.id))
            assert len(page.rows) <= limit
            seen.extend((row.at, row.id) for row in page.rows)
            if "Link" not in page.headers:
                break
            assert page.headers["Link"].endswith('>; rel="next"')
            query = PageQuery(limit=limit, cursor=cursor_of(page.headers["Link"]))
    engine.dispose()
    assert seen == keys


@given(strategies.text(max_size=60))
def test_a_cursor_that_we_never_gave_is_refused(cursor: str) -> None:
    """It is invalid input, and never an error of ours or of the database."""
    with pytest.raises(InvalidInput):
        PAGING.select(select(ROWS), PageQuery(cursor=cursor))


def test_a_number_beyond_the_database_is_refused() -> None:
    """A cursor is the client's to change, so its numbers are bounded too."""
    paging = Paging("/x", tuple[int], [ROWS.c.id])
    with pytest.raises(InvalidInput):
        paging.select(select(ROWS), PageQuery(cursor=paging.cursor((10**30,))))


def test_the_link_keeps_the_limit_and_the_filters() -> None:
    """The next page is a page of the same list."""

    class Filtered(PageQuery):
        state_name: str = "open"

    query = Filtered(limit=1, state_name="held")
    page = PAGING.page([(START, UUID(int=1)), (START, UUID(int=2))], query, lambda row: row)
    address = page.headers["Link"].removeprefix("<").partition(">")[0]
    parameters = parse_qs(urlsplit(address).query)
    assert (parameters["limit"], parameters["stateName"]) == (["1"], ["held"])
