"""Capacity contracts."""

from datetime import date
from uuid import UUID

from schemas.api.paging import PageQuery
from schemas.api.shelters import Contract, ContractEnd, Contracts, NewContract
from schemas.vocabulary import ContractKind, Programme
from services.chassis.database import Row
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.shelters.handlers import contracts as handlers
from services.shelters.routes.common import BASE, EXAMPLE_ID
from services.shelters.store import contracts as store
from services.shelters.tables import contracts as contracts_table

CONTRACTS = Paging(f"{BASE}/contracts", tuple[UUID], [contracts_table.c.id])

_EXAMPLE = NewContract(
    provider_id=EXAMPLE_ID,
    programme=Programme.COSM,
    places=20,
    kind=ContractKind.STRUCTURAL,
    starts_on=date(2012, 7, 1),
)


async def post_contract(call: Call[NewContract], unit: UnitOfWork) -> Reply:
    """Contract places."""
    body = call.body
    if body.ends_on is not None and body.ends_on < body.starts_on:
        raise InvalidInput(fields=[FieldError("/endsOn", "Must not be before startsOn.")])
    contract_id = await handlers.set_contract(unit, body)
    return Reply(201, Contract(**dict(body), contract_id=contract_id))


async def get_contracts(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List contracts."""
    mine = CONTRACTS.select(store.own_contracts(call.owner), call.query)
    page = CONTRACTS.page(await unit.execute(mine), call.query, lambda row: (row["id"],))
    return Reply(200, Contracts(contracts=[_contract(row) for row in page.rows]), page.headers)


async def end_contract(call: Call[ContractEnd], unit: UnitOfWork) -> Reply:
    """Let a contract end earlier."""
    return Reply(200, _contract(await handlers.end_contract(unit, call.uuid("contractId"), call.body.ends_on)))


def _contract(row: Row) -> Contract:
    same = ("provider_id", "programme", "places", "kind", "starts_on", "ends_on")
    return Contract(contract_id=row["id"], **{name: row[name] for name in same})


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """Setting, listing and ending contracts."""
    return (
        Operation(
            method="POST",
            path=f"{BASE}/contracts",
            operation_id="setContract",
            summary="Contract places with a provider",
            description="What a provider may run for a programme on a day is the sum of its contracts for that day. "
            "A provider without any contract for a programme is not bound for it.",
            handler=post_contract,
            request=NewContract,
            request_example=_EXAMPLE,
            response=Contract,
            status=201,
            errors=(404,),
            tags=("contracts",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/contracts",
            operation_id="listContracts",
            summary="List your contracts",
            description="An operator sees everyone's.",
            handler=get_contracts,
            query=PageQuery,
            response=Contracts,
            tags=("contracts",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/contracts/{{contractId}}/_end",
            operation_id="endContract",
            summary="Let a contract end earlier",
            description="Nobody has to leave: units beyond what is contracted go out of service as they come free.",
            handler=end_contract,
            request=ContractEnd,
            request_example=ContractEnd(ends_on=date(2018, 12, 31)),
            response=Contract,
            errors=(404, 409),
            tags=("contracts",),
        ),
    )
