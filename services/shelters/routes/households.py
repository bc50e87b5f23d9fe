"""Households in units: arrivals, no-shows, expected exits, departures, and the stays that these make."""

from datetime import date, timedelta
from functools import partial
from uuid import UUID

from schemas.api.shelters import (
    NewArrival,
    NewDeparture,
    NewExpectedExit,
    NewNoShow,
    Stay,
    Stays,
    StaysQuery,
    Unit,
)
from schemas.vocabulary import DelayReason, DepartureReason
from services.chassis.database import Row
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.shelters.domain.calendar import day_of
from services.shelters.handlers import households as handlers
from services.shelters.handlers.vacancies import Leases
from services.shelters.routes.common import BASE, EXAMPLE_ID, unit_body
from services.shelters.store import stays as store
from services.shelters.tables import stays as stays_table

EXPECTED_EXIT_LIMIT = timedelta(days=5 * 365 + 2)
STAYS = Paging(f"{BASE}/stays", tuple[UUID], [stays_table.c.vacancy_id])


async def post_arrival(call: Call[NewArrival], unit: UnitOfWork) -> Reply:
    """Confirm an arrival."""
    return Reply(
        201, unit_body(await handlers.confirm_arrival(unit, call.body.vacancy_id, call.principal.organisation))
    )


async def post_no_show(leases: Leases, call: Call[NewNoShow], unit: UnitOfWork) -> Reply:
    """Report that a household did not come."""
    stored = await handlers.report_no_show(leases, unit, call.body.vacancy_id, call.principal.organisation)
    return Reply(201, unit_body(stored))


async def post_departure(leases: Leases, call: Call[NewDeparture], unit: UnitOfWork) -> Reply:
    """Record a departure."""
    body, mine = call.body, call.principal.organisation
    return Reply(201, unit_body(await handlers.record_departure(leases, unit, body.unit_id, mine, body.reason)))


async def post_expected_exit(call: Call[NewExpectedExit], unit: UnitOfWork) -> Reply:
    """Say when a household is expected to leave."""
    expected, today = call.body.expected_exit_on, day_of(unit.now)
    if expected is not None and not today <= expected <= today + EXPECTED_EXIT_LIMIT:
        raise InvalidInput(fields=[FieldError("/expectedExitOn", "Must be today or later, within five years.")])
    return Reply(201, _stay(await handlers.expect_exit(unit, call.body, call.principal.organisation)))


async def get_stays(call: Call[None, StaysQuery], unit: UnitOfWork) -> Reply:
    """List stays in your units."""
    query = call.query
    mine = store.own_stays(call.principal.organisation, departed=query.departed)
    page = STAYS.page(await unit.execute(STAYS.select(mine, query)), query, lambda row: (row["vacancy_id"],))
    return Reply(200, Stays(stays=[_stay(row) for row in page.rows]), page.headers)


def _stay(row: Row) -> Stay:
    return Stay(**{name: row[name] for name in Stay.model_fields})


def operations(leases: Leases) -> tuple[Operation[UnitOfWork], ...]:
    """What happens to households, and the list of stays."""
    return (*_coming(leases), *_going(leases))


def _coming(leases: Leases) -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/arrivals",
            operation_id="confirmArrival",
            summary="Confirm that a household has arrived",
            description="Refused before the unit is available.",
            handler=post_arrival,
            request=NewArrival,
            request_example=NewArrival(vacancy_id=EXAMPLE_ID),
            response=Unit,
            status=201,
            errors=(404, 409),
            tags=("households",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/no-shows",
            operation_id="reportNoShow",
            summary="Report that a household did not come",
            description="The household gets its old place in line back, and the unit is offered to the next.",
            handler=partial(post_no_show, leases),
            request=NewNoShow,
            request_example=NewNoShow(vacancy_id=EXAMPLE_ID),
            response=Unit,
            status=201,
            errors=(404, 409),
            tags=("households",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/stays",
            operation_id="listStays",
            summary="List stays in your units",
            description="Those that are not over; with `departed=true`, those that are.",
            handler=get_stays,
            query=StaysQuery,
            response=Stays,
            tags=("households",),
        ),
    )


def _going(leases: Leases) -> tuple[Operation[UnitOfWork], ...]:
    expected = NewExpectedExit(
        unit_id=EXAMPLE_ID, expected_exit_on=date(2026, 12, 1), delay_reason=DelayReason.NO_HOME_AVAILABLE
    )
    return (
        Operation(
            method="POST",
            path=f"{BASE}/expected-exits",
            operation_id="expectExit",
            summary="Say when a household is expected to leave",
            description="And why it stays longer than a shelter is meant for. It replaces what was said before.",
            handler=post_expected_exit,
            request=NewExpectedExit,
            request_example=expected,
            response=Stay,
            status=201,
            errors=(404, 409),
            tags=("households",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/departures",
            operation_id="recordDeparture",
            summary="Record that a household has left",
            description="The unit is free again after the facility's turnaround, and offered to the next at once.",
            handler=partial(post_departure, leases),
            request=NewDeparture,
            request_example=NewDeparture(unit_id=EXAMPLE_ID, reason=DepartureReason.ONWARD_SHELTER),
            response=Unit,
            status=201,
            errors=(404, 409),
            tags=("households",),
        ),
    )
