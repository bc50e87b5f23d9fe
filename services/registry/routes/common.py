"""What the operations of the registry's API share."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from schemas.api.registry import Entry, Household
from services.chassis.database import Row
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation
from services.registry.domain.draw import drawn, ticket
from services.registry.domain.model import Profile
from services.registry.domain.order import HIGHEST_URGENCY
from services.registry.handlers.offers import Answering

BASE = "/registry/v1"
EXAMPLE_ID = UUID("019a0000-0000-7000-8000-000000000001")


def id_of(row: Row) -> tuple[UUID]:
    """The key by which pages follow each other."""
    return (row["id"],)


def answering(call: Call[Any, Any]) -> Answering:
    """The helpdesk speaks for every coordinator; a coordinator for their own households."""
    return Answering(call.principal.organisation, for_anyone=call.owner is None)


def looks(path: str, operation_id: str, summary: str, **details: Any) -> Operation[UnitOfWork]:  # noqa: ANN401 - an operation's
    """A question of a coordinator's about what is theirs."""
    return Operation(
        method="GET",
        path=f"{BASE}/{path}",
        operation_id=operation_id,
        summary=summary,
        **{"errors": (404,) if "{" in path else (), **details},
    )


def changes(
    path: str,
    operation_id: str,
    summary: str,
    *,
    example: BaseModel | None = None,
    **details: Any,  # noqa: ANN401 - of an operation
) -> Operation[UnitOfWork]:
    """A command of a coordinator's about what is theirs; its body is of the example's type."""
    return Operation(
        path=f"{BASE}/{path}",
        operation_id=operation_id,
        summary=summary,
        request=None if example is None else type(example),
        request_example=example,
        **{"method": "POST", "status": 201, "errors": (404, 409), **details},
    )


def not_in_future(moment: datetime | None, field: str, unit: UnitOfWork) -> datetime:
    """The moment that was told, or now. Raises InvalidInput for one in the future."""
    if moment is not None and moment > unit.now:
        raise InvalidInput(fields=[FieldError(f"/{field}", "Must not be in the future.")])
    return moment or unit.now


def profile_of(body: Household) -> Profile:
    """What eligibility looks at, as far as a registration tells it. Raises InvalidInput for a household of no one."""
    if body.adults + body.children == 0:
        raise InvalidInput(fields=[FieldError("/adults", "A household has at least one member.")])
    return unchecked_profile_of(body)


def unchecked_profile_of(body: Household) -> Profile:
    """The same, for bodies that are checked together with others."""
    needs = frozenset(body.needs)
    return Profile(body.sex, body.age_band, body.adults, body.children, body.wheelchair, needs)


def household_body(profile: Profile) -> Household:
    """A household with this profile, as it is told."""
    return Household(
        sex=profile.sex,
        age_band=profile.age_band,
        adults=profile.adults,
        children=profile.children,
        wheelchair=profile.wheelchair,
        needs=sorted(profile.needs),
    )


def ticket_of(lot: UUID, case_id: UUID) -> UUID | None:
    """What a case drew this lot with; None for who drew none."""
    return None if drawn(lot) is None else ticket(case_id)


def entry_body(row: Row) -> Entry:
    """A place in a waitlist, as its coordinator sees it."""
    return Entry(
        entry_id=row["id"],
        case_id=row["case_id"],
        waitlist=row["waitlist"],
        urgency=HIGHEST_URGENCY - row["precedence"],
        waiting_since=row["waiting_since"],
        state=row["state"],
        lot=drawn(row["lot"]),
        ticket=ticket_of(row["lot"], row["case_id"]),
    )
