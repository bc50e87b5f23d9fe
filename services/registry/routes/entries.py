"""Cases and their places in the waitlists."""

from functools import partial
from uuid import UUID

from schemas.api.registry import (
    Case,
    Entries,
    EntriesQuery,
    Entry,
    NewCase,
    NewEntry,
    Waitlists,
    WaitlistSummary,
)
from schemas.vocabulary import AgeBand, ListKind, Sex
from services.chassis.database import Row
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.registry.domain.draw import NO_LOT
from services.registry.domain.model import Profile
from services.registry.domain.order import HIGHEST_URGENCY
from services.registry.handlers import entries
from services.registry.handlers.matching import Matchmaker
from services.registry.routes.common import BASE, COORDINATORS, READ, WRITE, id_of
from services.registry.store import cases as store
from services.registry.store.codec import decode_profile
from services.registry.tables import entries as entries_table

ENTRIES = Paging(f"{BASE}/entries", tuple[UUID], [entries_table.c.id])

_EXAMPLE_CASE = NewCase(sex=Sex.FEMALE, age_band=AgeBand.AGE_23_PLUS, adults=1, children=1)
_EXAMPLE_ENTRY = NewEntry(case_id=UUID("019a0000-0000-7000-8000-000000000001"), waitlist="cosm", urgency=0)


def operations(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    """What may be asked about cases and entries."""
    return (*_case_operations(), *_entry_operations(matchmaker))


async def post_case(call: Call[NewCase], unit: UnitOfWork) -> Reply:
    """Register a household."""
    body = call.body
    if body.adults + body.children == 0:
        raise InvalidInput(fields=[FieldError("/adults", "A household has at least one member.")])
    case_id = await entries.register_case(unit, call.principal.organisation, _profile(body))
    return Reply(201, Case(**body.model_dump(), case_id=case_id, registered_at=unit.now))


async def get_case(call: Call, unit: UnitOfWork) -> Reply:
    """Look at one of your cases."""
    row = await store.find_case(unit, call.uuid("caseId"), call.principal.organisation)
    household = new_case(decode_profile(row["profile"]))
    return Reply(200, Case(**household.model_dump(), case_id=row["id"], registered_at=row["created_at"]))


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
        urgency=body.urgency,
        waiting_since=body.waiting_since or unit.now,
    )
    shown = Entry(
        entry_id=entry.id,
        case_id=entry.case_id,
        waitlist=entry.waitlist,
        urgency=entry.urgency,
        waiting_since=entry.waiting_since,
        state=entry.state,
        lot=entry.lot if entry.lot != NO_LOT else None,
    )
    return Reply(201, shown)


async def get_entries(call: Call[None, EntriesQuery], unit: UnitOfWork) -> Reply:
    """List your entries."""
    query = call.query
    mine = store.own(entries_table, call.principal.organisation, state=query.state, waitlist=query.waitlist)
    page = ENTRIES.page(await store.rows(unit, ENTRIES.select(mine, query)), query, id_of)
    return Reply(200, Entries(entries=[_entry(row) for row in page.rows]), page.headers)


async def get_entry(call: Call, unit: UnitOfWork) -> Reply:
    """Look at one of your entries."""
    return Reply(200, _entry(await store.find_entry(unit, call.uuid("entryId"), call.principal.organisation)))


async def leave_entry(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """Take a household out of line."""
    mine = call.principal.organisation
    await entries.leave_waitlist(matchmaker, unit, call.uuid("entryId"), mine)
    return Reply(200, _entry(await store.find_entry(unit, call.uuid("entryId"), mine)))


async def get_waitlists(_call: Call, unit: UnitOfWork) -> Reply:
    """List the waitlists."""
    rows = await store.all_waitlists(unit)
    summaries = [WaitlistSummary(waitlist=row["id"], kind=ListKind(row["kind"])) for row in rows]
    return Reply(200, Waitlists(waitlists=summaries))


def _profile(body: NewCase) -> Profile:
    needs = frozenset(body.needs)
    return Profile(body.sex, body.age_band, body.adults, body.children, body.wheelchair, needs)


def new_case(profile: Profile) -> NewCase:
    """What was registered of a household with this profile."""
    return NewCase(
        sex=profile.sex,
        age_band=profile.age_band,
        adults=profile.adults,
        children=profile.children,
        wheelchair=profile.wheelchair,
        needs=sorted(profile.needs),
    )


def _entry(row: Row) -> Entry:
    return Entry(
        entry_id=row["id"],
        case_id=row["case_id"],
        waitlist=row["waitlist"],
        urgency=HIGHEST_URGENCY - row["precedence"],
        waiting_since=row["waiting_since"],
        state=row["state"],
        lot=row["lot"] if row["lot"] != NO_LOT else None,
    )


def _case_operations() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/cases",
            operation_id="registerCase",
            summary="Register a household",
            description="Nothing is stored of the people but what decides which places suit them.",
            scope=WRITE,
            roles=COORDINATORS,
            handler=post_case,
            request=NewCase,
            request_example=_EXAMPLE_CASE,
            response=Case,
            status=201,
            tags=("cases",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/cases/{{caseId}}",
            operation_id="getCase",
            summary="Look at one of your cases",
            scope=READ,
            roles=COORDINATORS,
            handler=get_case,
            response=Case,
            errors=(404,),
            tags=("cases",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/waitlists",
            operation_id="listWaitlists",
            summary="List the waitlists",
            scope=READ,
            roles=COORDINATORS,
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
            scope=WRITE,
            roles=COORDINATORS,
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
            scope=READ,
            roles=COORDINATORS,
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
            scope=READ,
            roles=COORDINATORS,
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
            scope=WRITE,
            roles=COORDINATORS,
            handler=partial(leave_entry, matchmaker),
            response=Entry,
            errors=(404, 409),
            tags=("waitlists",),
        ),
    )
