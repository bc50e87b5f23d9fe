"""The registry's HTTP API: cases, entries, offers and the decisions behind them."""

from functools import partial
from typing import Any
from uuid import UUID

from schemas.api.registry import (
    Case,
    Decline,
    Entries,
    EntriesQuery,
    Entry,
    NewCase,
    NewEntry,
    Offer,
    Offers,
    OffersQuery,
    Waitlists,
    WaitlistSummary,
)
from schemas.vocabulary import AgeBand, DeclineReason, ListKind, Sex
from services.chassis.database import Row
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.identity import Role
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api, Call, Contact, Operation, Paging, Reply
from services.registry.domain.model import Profile
from services.registry.domain.order import HIGHEST_URGENCY
from services.registry.handlers import entries, offers
from services.registry.handlers.matching import Matchmaker
from services.registry.store import cases as store
from services.registry.store.codec import decode_profile
from services.registry.tables import entries as entries_table
from services.registry.tables import idempotency_keys
from services.registry.tables import offers as offers_table

BASE = "/registry/v1"
READ, WRITE = "registry:read", "registry:write"
COORDINATORS = frozenset({Role.COORDINATOR, Role.HELPDESK})

ENTRIES = Paging(f"{BASE}/entries", tuple[UUID], [entries_table.c.id])
OFFERS = Paging(f"{BASE}/offers", tuple[UUID], [offers_table.c.id])

_EXAMPLE_CASE = NewCase(sex=Sex.FEMALE, age_band=AgeBand.AGE_23_PLUS, adults=1, children=1)
_EXAMPLE_ENTRY = NewEntry(case_id=UUID("019a0000-0000-7000-8000-000000000001"), waitlist="cosm", urgency=0)
_EXAMPLE_DECLINE = Decline(reason=DeclineReason.UNSUITABLE)


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
    household = _new_case(decode_profile(row["profile"]))
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
    )
    return Reply(201, shown)


async def get_entries(call: Call[None, EntriesQuery], unit: UnitOfWork) -> Reply:
    """List your entries."""
    query = call.query
    mine = store.own(entries_table, call.principal.organisation, state=query.state, waitlist=query.waitlist)
    page = ENTRIES.page(await store.rows(unit, ENTRIES.select(mine, query)), query, _id_of)
    return Reply(200, Entries(entries=[_entry(row) for row in page.rows]), page.headers)


async def get_entry(call: Call, unit: UnitOfWork) -> Reply:
    """Look at one of your entries."""
    return Reply(200, _entry(await store.find_entry(unit, call.uuid("entryId"), call.principal.organisation)))


async def leave_entry(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """Take a household out of line."""
    mine = call.principal.organisation
    await entries.leave_waitlist(matchmaker, unit, call.uuid("entryId"), mine)
    return Reply(200, _entry(await store.find_entry(unit, call.uuid("entryId"), mine)))


async def get_offers(call: Call[None, OffersQuery], unit: UnitOfWork) -> Reply:
    """List the offers made to your entries."""
    query = call.query
    mine = store.own(offers_table, call.principal.organisation, state=query.state)
    page = OFFERS.page(await store.rows(unit, OFFERS.select(mine, query)), query, _id_of)
    return Reply(200, Offers(offers=[_offer(row) for row in page.rows]), page.headers)


async def get_offer(call: Call, unit: UnitOfWork) -> Reply:
    """Look at one offer."""
    return await _offer_reply(call, unit)


async def accept_offer(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """Say yes."""
    await offers.accept_offer(matchmaker, unit, call.uuid("offerId"), call.principal.organisation)
    return await _offer_reply(call, unit)


async def decline_offer(matchmaker: Matchmaker, call: Call[Decline], unit: UnitOfWork) -> Reply:
    """Say no, and why."""
    mine = call.principal.organisation
    await offers.decline_offer(matchmaker, unit, call.uuid("offerId"), mine, call.body.reason)
    return await _offer_reply(call, unit)


async def get_waitlists(_call: Call, unit: UnitOfWork) -> Reply:
    """List the waitlists."""
    rows = await store.all_waitlists(unit)
    summaries = [WaitlistSummary(waitlist=row["id"], kind=ListKind(row["kind"])) for row in rows]
    return Reply(200, Waitlists(waitlists=summaries))


async def _offer_reply(call: Call[Any, Any], unit: UnitOfWork) -> Reply:
    return Reply(200, _offer(await store.find_offer(unit, call.uuid("offerId"), call.principal.organisation)))


def _id_of(row: Row) -> tuple[UUID]:
    return (row["id"],)


def _profile(body: NewCase) -> Profile:
    needs = frozenset(body.needs)
    return Profile(body.sex, body.age_band, body.adults, body.children, body.wheelchair, needs)


def _new_case(profile: Profile) -> NewCase:
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
    )


def _offer(row: Row) -> Offer:
    same = ("entry_id", "case_id", "waitlist", "kind", "state", "reason", "made_at", "deadline_at", "decided_at")
    return Offer(offer_id=row["id"], **{name: row[name] for name in same})


def api(transactions: Transactions, matchmaker: Matchmaker, contact: Contact) -> Api[UnitOfWork]:
    """The registry's API."""
    return Api(
        name="registry",
        title="doorstroom registry",
        description="Cases, waitlists, offers, and why each offer was made. An organisation sees only its own.",
        version="1.0.0",
        base_path=BASE,
        operations=(*_case_operations(), *_entry_operations(matchmaker), *_offer_operations(matchmaker)),
        contact=contact,
        work=transactions,
        idempotency_keys=idempotency_keys,
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


def _offer_operations(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="GET",
            path=f"{BASE}/offers",
            operation_id="listOffers",
            summary="List the offers made to your entries",
            scope=READ,
            roles=COORDINATORS,
            handler=get_offers,
            query=OffersQuery,
            response=Offers,
            tags=("offers",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/offers/{{offerId}}",
            operation_id="getOffer",
            summary="Look at an offer",
            scope=READ,
            roles=COORDINATORS,
            handler=get_offer,
            response=Offer,
            errors=(404,),
            tags=("offers",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/offers/{{offerId}}/_accept",
            operation_id="acceptOffer",
            summary="Accept an offer",
            description="Only before its deadline, and only once.",
            scope=WRITE,
            roles=COORDINATORS,
            handler=partial(accept_offer, matchmaker),
            response=Offer,
            errors=(404, 409),
            tags=("offers",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/offers/{{offerId}}/_decline",
            operation_id="declineOffer",
            summary="Decline an offer",
            description="The household keeps its place; the vacancy is offered to the next in the same moment.",
            scope=WRITE,
            roles=COORDINATORS,
            handler=partial(decline_offer, matchmaker),
            request=Decline,
            request_example=_EXAMPLE_DECLINE,
            response=Offer,
            errors=(404, 409),
            tags=("offers",),
        ),
    )
