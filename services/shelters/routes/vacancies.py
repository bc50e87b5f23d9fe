"""Vacancies and their leases."""

from schemas.api.shelters import (
    Affirmation,
    FreeUnit,
    NewVacancies,
    NewVacancy,
    Unit,
    Vacancies,
    Vacancy,
    Withdrawal,
)
from schemas.vocabulary import WithdrawalReason
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.chassis.web.inputs import is_past, not_past
from services.shelters.handlers import vacancies as handlers
from services.shelters.routes.common import (
    BASE,
    EXAMPLE_ID,
    KEPT_FOR_TOO_MANY,
    kept_for_too_many,
    unit_body,
)
from services.shelters.store.units import StoredUnit


async def post_vacancy(call: Call[NewVacancy], unit: UnitOfWork) -> Reply:
    """Report a unit free."""
    body, mine = call.body, call.principal.organisation
    not_past("/availableFrom", body.available_from, unit.now)
    stored = await handlers.post_vacancy(unit, body.unit_id, mine, body.lease_seconds, body.available_from)
    return Reply(201, _vacancy(stored))


async def post_vacancies(call: Call[NewVacancies], unit: UnitOfWork) -> Reply:
    """Report many units free, or none."""
    free = call.body.vacancies
    late = [
        FieldError(f"/vacancies/{number}/availableFrom", "Must not be in the past.")
        for number, item in enumerate(free)
        if is_past(item.available_from, unit.now)
    ]
    large = [
        FieldError(f"/vacancies/{number}/unit/keptForPlaces", KEPT_FOR_TOO_MANY)
        for number, item in enumerate(free)
        if item.unit is not None and kept_for_too_many(item.unit)
    ]
    if late or large:
        raise InvalidInput("Nothing was posted; see errors.", fields=[*late, *large])
    posted = await handlers.post_vacancies(unit, free, call.principal.organisation)
    return Reply(201, Vacancies(vacancies=[_vacancy(stored) for stored in posted]))


async def affirm_vacancy(call: Call[Affirmation], unit: UnitOfWork) -> Reply:
    """Say that a unit is still free."""
    mine = call.principal.organisation
    stored = await handlers.affirm_vacancy(unit, call.uuid("vacancyId"), mine, call.body.lease_seconds)
    return Reply(200, _vacancy(stored))


async def withdraw_vacancy(call: Call[Withdrawal], unit: UnitOfWork) -> Reply:
    """Take a vacancy back."""
    mine = call.principal.organisation
    stored = await handlers.withdraw_vacancy(unit, call.uuid("vacancyId"), mine, call.body.reason)
    return Reply(200, unit_body(stored))


def _vacancy(stored: StoredUnit) -> Vacancy:
    unit = stored.unit
    return Vacancy.model_validate(
        {
            "vacancy_id": unit.vacancy_id,
            "unit_id": unit.id,
            "state": unit.state,
            "lease_expires_at": unit.lease_expires_at,
        }
    )


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """Posting, affirming and withdrawing vacancies."""
    return (
        Operation(
            method="POST",
            path=f"{BASE}/vacancies",
            operation_id="postVacancy",
            summary="Report a unit free",
            description="The next person on the waitlist is offered it at once. It lapses unless it is affirmed. "
            "Refused when its places do not fit into the provider's contracts on the day that it is available.",
            handler=post_vacancy,
            request=NewVacancy,
            request_example=NewVacancy(unit_id=EXAMPLE_ID, lease_seconds=72 * 3600),
            response=Vacancy,
            status=201,
            errors=(404, 409),
            tags=("vacancies",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/vacancies/bulk",
            operation_id="postVacancies",
            summary="Report many units free at once",
            description="Such as those of a spreadsheet; new ones are added. All are posted or none, and everything "
            "that is wrong is told at once.",
            handler=post_vacancies,
            request=NewVacancies,
            request_example=NewVacancies(vacancies=[FreeUnit(unit_id=EXAMPLE_ID, lease_seconds=72 * 3600)]),
            response=Vacancies,
            status=201,
            errors=(404, 409),
            tags=("vacancies",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/vacancies/{{vacancyId}}/_affirm",
            operation_id="affirmVacancy",
            summary="Say that a unit is still free",
            description="The lease begins again.",
            handler=affirm_vacancy,
            request=Affirmation,
            request_example=Affirmation(lease_seconds=72 * 3600),
            response=Vacancy,
            errors=(404, 409),
            tags=("vacancies",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/vacancies/{{vacancyId}}/_withdraw",
            operation_id="withdrawVacancy",
            summary="Take a vacancy back",
            description="An open offer is revoked; who had it keeps their place in line.",
            handler=withdraw_vacancy,
            request=Withdrawal,
            request_example=Withdrawal(reason=WithdrawalReason.MAINTENANCE),
            response=Unit,
            errors=(404, 409),
            tags=("vacancies",),
        ),
    )
