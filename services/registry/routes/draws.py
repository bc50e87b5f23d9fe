"""Draws between those who have waited equally long."""

from functools import partial
from uuid import UUID

from schemas.api.draws import DRAWS_LIMIT, Draw, Draws, Lot, Lots, LotsQuery, NewDraw
from services.chassis.clock import Chance
from services.chassis.database import Row
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.registry.domain import draw as rules
from services.registry.handlers import draws
from services.registry.handlers.matching import Matchmaker
from services.registry.routes.common import BASE
from services.registry.store import draws as store
from services.registry.tables import entries

_TAGS = ("draws",)


async def post_draw(matchmaker: Matchmaker, chance: Chance, call: Call[NewDraw], unit: UnitOfWork) -> Reply:
    """Begin a draw: fix its seed, and show its commitment."""
    seed = chance(rules.SEED_BYTES)
    return Reply(201, _draw(await draws.commit(matchmaker, unit, call.body.waitlist, seed)))


async def publish_draw(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """End a draw, and show its seed."""
    return Reply(200, _draw(await draws.publish(matchmaker, unit, call.uuid("drawId"))))


async def get_draws(_call: Call, unit: UnitOfWork) -> Reply:
    """List the draws."""
    return Reply(200, Draws(draws=[_draw(row) for row in await store.all_draws(unit, DRAWS_LIMIT)]))


async def get_lots(call: Call[None, LotsQuery], unit: UnitOfWork) -> Reply:
    """List what was drawn, once the seed is public."""
    draw = await store.find_draw(unit, call.uuid("drawId"))
    if draw.published_at is None:
        raise Conflict("This draw is running: its lots are public when it is published.")
    lots = Paging(f"{BASE}/draws/{draw.id}/lots", tuple[UUID], [entries.c.lot])
    found = await store.rows(unit, lots.select(store.lots_of(draw.waitlist), call.query))
    page = lots.page(found, call.query, lambda row: (row["lot"],))
    seed = bytes(draw.seed)
    tickets = [(rules.ticket(row["case_id"]), row["lot"]) for row in page.rows]
    # Of the same list there may be lots of other draws: those come of other seeds.
    mine = [Lot(ticket=ticket, lot=lot) for ticket, lot in tickets if rules.lot(seed, ticket) == lot]
    return Reply(200, Lots(lots=mine), page.headers)


def _draw(row: Row) -> Draw:
    seed = bytes(row.seed)
    return Draw(
        draw_id=row.id,
        waitlist=row.waitlist,
        algorithm=rules.ALGORITHM,
        commitment=rules.commitment(seed),
        committed_at=row.committed_at,
        published_at=row.published_at,
        seed=seed.hex() if row.published_at else None,
    )


def operations(matchmaker: Matchmaker, chance: Chance) -> tuple[Operation[UnitOfWork], ...]:
    """What may be asked about draws."""
    return (*_holding(matchmaker, chance), *_LOOKING)


def _holding(matchmaker: Matchmaker, chance: Chance) -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/draws",
            operation_id="commitDraw",
            summary="Begin a draw for a waitlist",
            description="Whoever joins while it runs draws a lot, which decides between those who are as urgent and "
            "have waited equally long. The commitment, the SHA-256 of the seed, is public at once; the seed is not.",
            handler=partial(post_draw, matchmaker, chance),
            request=NewDraw,
            request_example=NewDraw(waitlist="omm"),
            response=Draw,
            status=201,
            errors=(404, 409),
            tags=_TAGS,
        ),
        Operation(
            method="POST",
            path=f"{BASE}/draws/{{drawId}}/_publish",
            operation_id="publishDraw",
            summary="End a draw and publish its seed",
            description="From then on anyone can check every lot: the first 16 bytes of the HMAC-SHA-256 of the ticket "
            "(its 16 bytes) with the seed as key; the lower lot stands first. A coordinator reads "
            "the ticket of a case with its entry, from the moment it drew. Who joins later stands behind all who drew.",
            handler=partial(publish_draw, matchmaker),
            response=Draw,
            errors=(404, 409),
            tags=_TAGS,
        ),
    )


_LOOKING: tuple[Operation[UnitOfWork], ...] = (
    Operation(
        method="GET",
        path=f"{BASE}/draws",
        operation_id="listDraws",
        summary="List the draws",
        handler=get_draws,
        response=Draws,
        tags=_TAGS,
    ),
    Operation(
        method="GET",
        path=f"{BASE}/draws/{{drawId}}/lots",
        operation_id="listLots",
        summary="List what was drawn in a draw that is over",
        description="Each ticket with its lot, in the order in which they stand between those who are as urgent "
        "and have waited equally long. A page may have fewer lots than asked for, or none, and be followed by "
        "another.",
        handler=get_lots,
        query=LotsQuery,
        response=Lots,
        errors=(404, 409),
        tags=_TAGS,
    ),
)
