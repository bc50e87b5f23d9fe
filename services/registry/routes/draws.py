"""Draws between those who have waited equally long."""

from functools import partial

from schemas.api.draws import DRAWS_LIMIT, Draw, Draws, NewDraw
from services.chassis.clock import Chance
from services.chassis.database import Row
from services.chassis.identity import Role
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.registry.domain import draw as rules
from services.registry.handlers import draws
from services.registry.handlers.matching import Matchmaker
from services.registry.routes.common import BASE, COORDINATORS, READ, WRITE
from services.registry.store.draws import all_draws

_ORGANISERS = frozenset({Role.HELPDESK, Role.OPERATOR})
_READERS = COORDINATORS | _ORGANISERS | {Role.AUDITOR}
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
    return Reply(200, Draws(draws=[_draw(row) for row in await all_draws(unit, DRAWS_LIMIT)]))


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
    return (
        Operation(
            method="POST",
            path=f"{BASE}/draws",
            operation_id="commitDraw",
            summary="Begin a draw for a waitlist",
            description="Whoever joins while it runs draws a lot, which decides between those who are as urgent and "
            "have waited equally long. The commitment, the SHA-256 of the seed, is public at once; the seed is not.",
            scope=WRITE,
            roles=_ORGANISERS,
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
            description="From then on anyone can check each lot: the first 16 bytes of the HMAC-SHA-256 of the case's "
            "id (its 16 bytes) with the seed as key; the lower lot stands first.",
            scope=WRITE,
            roles=_ORGANISERS,
            handler=partial(publish_draw, matchmaker),
            response=Draw,
            errors=(404, 409),
            tags=_TAGS,
        ),
        Operation(
            method="GET",
            path=f"{BASE}/draws",
            operation_id="listDraws",
            summary="List the draws",
            scope=READ,
            roles=_READERS,
            handler=get_draws,
            response=Draws,
            tags=_TAGS,
        ),
    )
