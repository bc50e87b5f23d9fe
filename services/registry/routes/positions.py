"""Where do we stand? For a coordinator, about an entry of their own, and never about who the others are."""

from functools import partial
from typing import Literal

from schemas.api.decisions import AheadByRule, ExcludingReason, ExcludingVacancy, ExpectedWait, Position, Texts
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.registry.domain import position as domain
from services.registry.domain.decisions import Rule
from services.registry.domain.eligibility import Reason
from services.registry.domain.model import VacancyState
from services.registry.domain.programmes import Programmes
from services.registry.handlers import positions
from services.registry.handlers.matching import Matchmaker
from services.registry.routes.common import BASE


def operations(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    """What may be asked about a position."""
    return (
        Operation(
            method="GET",
            path=f"{BASE}/entries/{{entryId}}/position",
            operation_id="getPosition",
            summary="See where one of your entries stands",
            description=(
                "How many are before it and by which rule, what keeps it from what is free now and what would change "
                "that, and how long it may take, from the placements of the last twelve months. Counting ends at 10000 "
                "for each rule, at 100 open and 100 offered vacancies, and at the last 10000 placements."
            ),
            handler=partial(get_position, matchmaker.programmes),
            response=Position,
            errors=(404,),
            tags=("waitlists",),
        ),
    )


async def get_position(programmes: Programmes, call: Call, unit: UnitOfWork) -> Reply:
    """See where one of your entries stands."""
    mine = call.principal.organisation
    return Reply(200, _shown(await positions.position_of(unit, programmes, call.uuid("entryId"), mine)))


def _shown(position: positions.Position) -> Position:
    entry, ahead = position.entry, position.ahead
    return Position(
        entry_id=entry.id,
        waitlist=entry.waitlist,
        state=entry.state,
        position=None if ahead is None else sum(ahead.values()) + 1,
        ahead=None if ahead is None else _ahead(ahead, at_least=position.at_least),
        excluding_vacancies=[_excluding(item) for item in position.excluding],
        suitable_vacancies=position.suitable,
        vacancies_at_least=position.vacancies_at_least,
        expected_wait=None if position.expected is None else _expected(position.expected),
        no_expectation=_no_expectation(position),
    )


def _ahead(ahead: dict[Rule, int], *, at_least: bool) -> AheadByRule:
    return AheadByRule(
        more_urgent=ahead[Rule.MORE_URGENT],
        waiting_longer=ahead[Rule.WAITING_LONGER],
        lower_lot=ahead[Rule.LOWER_LOT],
        tie=ahead[Rule.TIE],
        at_least=at_least,
    )


def _excluding(vacancy: positions.Excluding) -> ExcludingVacancy:
    return ExcludingVacancy(
        state="open" if vacancy.state is VacancyState.OPEN else "offered",
        available_from=vacancy.available_from,
        exclusions=[_exclusion(reason, remedy) for reason, remedy in vacancy.reasons],
    )


def _exclusion(reason: Reason, remedy: domain.Remedy) -> ExcludingReason:
    texts = Texts(nl=remedy.dutch, en=remedy.english)
    return ExcludingReason(reason=reason, change=remedy.change, values=list(remedy.values), text=texts)


def _expected(wait: domain.ExpectedWait) -> ExpectedWait:
    return ExpectedWait(
        lowest_days=wait.lowest_days,
        highest_days=wait.highest_days,
        basis=wait.basis.value,
        placements=wait.placements,
    )


def _no_expectation(position: positions.Position) -> Literal["not-waiting", "fewer-than-ten-placements"] | None:
    if position.expected is not None:
        return None
    return "not-waiting" if position.ahead is None else "fewer-than-ten-placements"
