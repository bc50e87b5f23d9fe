"""Two cases that are one person."""

from functools import partial
from uuid import UUID

from schemas.api.cases import Merger, Mergers, MergerUndo, NewMerger
from schemas.api.paging import PageQuery
from schemas.vocabulary import MergeUndoReason
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.registry.handlers import mergers
from services.registry.handlers.matching import Matchmaker
from services.registry.routes.common import BASE, EXAMPLE_ID, answering, changes, id_of, looks
from services.registry.store import mergers as store
from services.registry.tables import case_mergers

MERGERS = Paging(f"{BASE}/case-mergers", tuple[UUID], [case_mergers.c.id])

_MERGER = NewMerger(survivor_id=EXAMPLE_ID, merged_id=UUID("019a0000-0000-7000-8000-000000000002"))
_UNDO = MergerUndo(reason=MergeUndoReason.TWO_PERSONS)


async def post_merger(matchmaker: Matchmaker, call: Call[NewMerger], unit: UnitOfWork) -> Reply:
    """Make two cases one."""
    speaks_for = answering(call).speaks_for
    made = await mergers.merge(matchmaker, unit, speaks_for, call.body.survivor_id, call.body.merged_id)
    return Reply(201, _merger(await store.find_merger(unit, made, speaks_for)))


async def undo_merger(matchmaker: Matchmaker, call: Call[MergerUndo], unit: UnitOfWork) -> Reply:
    """Take two cases apart again."""
    merger_id, speaks_for = call.uuid("mergerId"), answering(call).speaks_for
    await mergers.undo(matchmaker, unit, speaks_for, merger_id, call.body.reason)
    return Reply(200, _merger(await store.find_merger(unit, merger_id, speaks_for)))


async def get_mergers(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List your mergers."""
    query, mine = call.query, store.mergers_of(answering(call).speaks_for)
    page = MERGERS.page(await store.rows(unit, MERGERS.select(mine, query)), query, id_of)
    return Reply(200, Mergers(mergers=[_merger(row) for row in page.rows]), page.headers)


def operations(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    """What may be done with cases that are one person."""
    tag = "mergers"
    return (
        changes(
            "case-mergers",
            "mergeCases",
            "Make two cases one",
            handler=partial(post_merger, matchmaker),
            example=_MERGER,
            response=Merger,
            tags=(tag,),
            description=(
                "The survivor keeps the earliest waiting-since in each list; the other one leaves them. Its household "
                "must ask for all that the other one asks for. The helpdesk may merge cases of several organisations."
            ),
        ),
        looks(
            "case-mergers",
            "listCaseMergers",
            "List your mergers",
            handler=get_mergers,
            query=PageQuery,
            response=Mergers,
            tags=(tag,),
        ),
        changes(
            "case-mergers/{mergerId}/_undo",
            "undoCaseMerger",
            "Take two cases apart again",
            handler=partial(undo_merger, matchmaker),
            example=_UNDO,
            response=Merger,
            tags=(tag,),
            description="Each gets its places in line back. Only while nothing was offered on the strength of it.",
            status=200,
        ),
    )


def _merger(row: Row) -> Merger:
    names = set(Merger.model_fields) - {"merger_id"}
    return Merger(merger_id=row["id"], **{name: row[name] for name in names})
