"""Enquiries to providers that decide for themselves whom they take."""

import json
from uuid import UUID

from schemas.api.shelters import Enquiries, EnquiriesQuery, Enquiry, Refusal
from schemas.messages.offers import Household
from schemas.vocabulary import EnquiryRefusal
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.shelters.handlers import enquiries as handlers
from services.shelters.routes.common import BASE
from services.shelters.store import enquiries as store
from services.shelters.tables import enquiries as enquiries_table

ENQUIRIES = Paging(f"{BASE}/enquiries", tuple[UUID], [enquiries_table.c.offer_id])


async def get_enquiries(call: Call[None, EnquiriesQuery], unit: UnitOfWork) -> Reply:
    """List enquiries."""
    mine = store.own_enquiries(call.principal.organisation, unit.now, call.query.state)
    rows = await unit.execute(ENQUIRIES.select(mine, call.query))
    page = ENQUIRIES.page(rows, call.query, lambda row: (row["offer_id"],))
    return Reply(200, Enquiries(enquiries=[_enquiry(row) for row in page.rows]), page.headers)


async def agree(call: Call, unit: UnitOfWork) -> Reply:
    """Take the household."""
    answered = await handlers.answer_enquiry(unit, call.uuid("offerId"), call.principal.organisation, None)
    return Reply(200, _enquiry(answered))


async def refuse(call: Call[Refusal], unit: UnitOfWork) -> Reply:
    """Do not take the household."""
    mine = call.principal.organisation
    return Reply(200, _enquiry(await handlers.answer_enquiry(unit, call.uuid("offerId"), mine, call.body.refusal)))


def _enquiry(row: Row) -> Enquiry:
    same = (
        "offer_id", "vacancy_id", "unit_id", "sex", "age_band", "wheelchair", "made_at", "answer_before_at", "state",
        "refusal", "answered_at", "end_reason",
    )  # fmt: skip
    household = Household(adults=row["adults"], children=row["children"])
    return Enquiry(household=household, needs=json.loads(row["needs"]), **{name: row[name] for name in same})


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """Listing and answering enquiries."""
    return (
        Operation(
            method="GET",
            path=f"{BASE}/enquiries",
            operation_id="listEnquiries",
            summary="List enquiries about your units",
            description="The open ones, unless another state is asked for.",
            handler=get_enquiries,
            query=EnquiriesQuery,
            response=Enquiries,
            tags=("enquiries",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/enquiries/{{offerId}}/_agree",
            operation_id="agreeToEnquiry",
            summary="Say that you take the household",
            description="The unit stays held for it while its coordinator is offered the place.",
            handler=agree,
            response=Enquiry,
            errors=(404, 409),
            tags=("enquiries",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/enquiries/{{offerId}}/_refuse",
            operation_id="refuseEnquiry",
            summary="Say that you do not take the household, and why",
            description="The unit goes to the next; the household keeps its place in line.",
            handler=refuse,
            request=Refusal,
            request_example=Refusal(refusal=EnquiryRefusal.NOT_SUITABLE),
            response=Enquiry,
            errors=(404, 409),
            tags=("enquiries",),
        ),
    )
