"""Places in the waitlists."""

from functools import partial
from uuid import UUID

from schemas.api.cases import Pause
from schemas.api.registry import (
    Entries,
    EntriesQuery,
    Entry,
    NewEntry,
    Waitlists,
    WaitlistSummary,
)
from schemas.vocabulary import ListKind
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.registry.domain.draw import drawn
from services.registry.domain.entries import Line
from services.registry.handlers import entries
from services.registry.handlers.matching import Matchmaker
from services.registry.routes.common import BASE, entry_body, id_of, ticket_of
from services.registry.store import cases as store
from services.registry.tables import entries as entries_table

ENTRIES = Paging(f"{BASE}/entries", tuple[UUID], [entries_table.c.id])

_EXAMPLE_ENTRY = NewEntry(case_id=UUID("019a0000-0000-7000-8000-000000000001"), waitlist="cosm", urgency=0)


def operations(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    """What may be asked about entries."""
    return (*_waitlist_operations(), *_entry_operations(matchmaker))


async def post_entry(matchmaker: Matchmaker, call: Call[NewEntry], unit: UnitOfWork) -> Reply:
    """Put a household in line; a vacancy that waits for someone like them is offered at once."""
    body = call.body
    if body.waiting_since is not None and body.waiting_since > unit.now:
        raise InvalidInput(fields=[FieldError("/waitingSince", "Must not be in the future.")])
    entry = await entries.join_waitlist(
        matchmaker,
        unit,
        case_id=body.case_id,
        coordinator=call.principal.organisation,
        waitlist=body.waitlist,
        line=Line(body.waiting_since or unit.now, body.urgency),
    )
    shown = Entry(
        entry_id=entry.id,
        case_id=entry.case_id,
        waitlist=entry.waitlist,
        urgency=entry.urgency,
        waiting_since=entry.waiting_since,
        state=entry.state,
        lot=drawn(entry.lot),
        ticket=ticket_of(entry.lot, entry.case_id),
    )
    return Reply(201, shown)


async def get_entries(call: Call[None, EntriesQuery], unit: UnitOfWork) -> Reply:
    """List your entries."""
    query = call.query
    chosen = {"state": query.state, "waitlist": query.waitlist, "case_id": query.case_id}
    mine = store.own(entries_table, call.principal.organisation, **chosen)
    page = ENTRIES.page(await store.rows(unit, ENTRIES.select(mine, query)), query, id_of)
    return Reply(200, Entries(entries=[entry_body(row) for row in page.rows]), page.headers)


async def get_entry(call: Call, unit: UnitOfWork) -> Reply:
    """Look at one of your entries."""
    return Reply(200, entry_body(await store.find_entry(unit, call.uuid("entryId"), call.principal.organisation)))


async def leave_entry(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """Take a household out of line."""
    mine = call.principal.organisation
    await entries.leave_waitlist(matchmaker, unit, call.uuid("entryId"), mine)
    return Reply(200, entry_body(await store.find_entry(unit, call.uuid("entryId"), mine)))


async def pause_entry(matchmaker: Matchmaker, call: Call[Pause], unit: UnitOfWork) -> Reply:
    """Leave a household out of the matching for a while."""
    until, mine = call.body.paused_until, call.principal.organisation
    if until is not None and until <= unit.now:
        raise InvalidInput(fields=[FieldError("/pausedUntil", "Must be in the future.")])
    await entries.pause(matchmaker, unit, call.uuid("entryId"), mine, until)
    return Reply(200, entry_body(await store.find_entry(unit, call.uuid("entryId"), mine)))


async def resume_entry(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """Put a household back where it stood."""
    mine = call.principal.organisation
    await entries.resume(matchmaker, unit, call.uuid("entryId"), mine)
    return Reply(200, entry_body(await store.find_entry(unit, call.uuid("entryId"), mine)))


async def get_waitlists(_call: Call, unit: UnitOfWork) -> Reply:
    """List the waitlists."""
    rows = await store.all_waitlists(unit)
    summaries = [WaitlistSummary(waitlist=row["id"], kind=ListKind(row["kind"])) for row in rows]
    return Reply(200, Waitlists(waitlists=summaries))


def _waitlist_operations() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="GET",
            path=f"{BASE}/waitlists",
            operation_id="listWaitlists",
            summary="List the waitlists",
            handler=get_waitlists,
            response=Waitlists,
            tags=("waitlists",),
        ),
    )


def _entry_operations(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/entries",
            operation_id="joinWaitlist",
            summary="Put a household in line",
            description="A vacancy that has been waiting for someone like them is offered at once.",
            handler=partial(post_entry, matchmaker),
            request=NewEntry,
            request_example=_EXAMPLE_ENTRY,
            response=Entry,
            status=201,
            errors=(404, 409),
            tags=("waitlists",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/entries",
            operation_id="listEntries",
            summary="List your entries",
            handler=get_entries,
            query=EntriesQuery,
            response=Entries,
            tags=("waitlists",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/entries/{{entryId}}",
            operation_id="getEntry",
            summary="Look at one of your entries",
            handler=get_entry,
            response=Entry,
            errors=(404,),
            tags=("waitlists",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/entries/{{entryId}}/_leave",
            operation_id="leaveWaitlist",
            summary="Take a household out of line",
            handler=partial(leave_entry, matchmaker),
            response=Entry,
            errors=(404, 409),
            tags=("waitlists",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/entries/{{entryId}}/_pause",
            operation_id="pauseEntry",
            summary="Leave a household out of the matching for a while",
            description="It keeps its place, and stands there again after the moment given, or when it is resumed.",
            handler=partial(pause_entry, matchmaker),
            request=Pause,
            request_example=Pause(),
            response=Entry,
            errors=(404, 409),
            tags=("waitlists",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/entries/{{entryId}}/_resume",
            operation_id="resumeEntry",
            summary="Put a household back where it stood",
            description="A vacancy that has been waiting for someone like them is offered at once.",
            handler=partial(resume_entry, matchmaker),
            response=Entry,
            errors=(404, 409),
            tags=("waitlists",),
        ),
    )
