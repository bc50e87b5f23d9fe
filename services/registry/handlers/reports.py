"""What the owners of vacancies report, in the words of the registry's rules."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import singledispatch
from typing import TypeVar
from uuid import UUID

from schemas.base import VacancyMessage
from schemas.messages.beds import BedFreed, BedWithdrawn, NoShowReported
from schemas.messages.quotas import ClaimReversed, SlotOpened, SlotWithdrawn
from schemas.vocabulary import AgeBand, FallThroughReason, ListKind, Need, Programme, Sex, WithdrawalReason
from services.registry.domain.model import Terms, Vacancy, VacancyState

HOUSING = "housing"
NO_ONE = Terms(0, frozenset(), frozenset(), children=False, wheelchair=False, needs=frozenset())
"""Terms of a vacancy of which only the end is known yet."""

Freed = BedFreed | SlotOpened


@dataclass(frozen=True, slots=True)
class Missed:
    """The end of a vacancy whose household did not come, as what followed it tells it."""

    vacancy_id: UUID
    version: int
    unit_id: UUID
    programme: Programme
    reported_at: datetime


Ended = BedWithdrawn | SlotWithdrawn | NoShowReported | ClaimReversed | Missed

AnyMessage = TypeVar("AnyMessage", bound=VacancyMessage | Missed)


def newest(reported: Iterable[AnyMessage]) -> list[AnyMessage]:
    """The newest of each vacancy: events say what is true, so an older one has nothing to add."""
    by_vacancy: dict[UUID, AnyMessage] = {}
    for message in reported:
        known = by_vacancy.get(message.vacancy_id)
        if known is None or message.version > known.version:
            by_vacancy[message.vacancy_id] = message
    return [by_vacancy[id_] for id_ in sorted(by_vacancy)]


def waitlist_of(message: Freed | Ended) -> str:
    """The list that a vacancy is for."""
    return HOUSING if isinstance(message, SlotOpened | SlotWithdrawn | ClaimReversed) else message.programme.value


@singledispatch
def vacancy_of(message: Freed) -> Vacancy:
    """The vacancy that this message says is free."""
    raise TypeError(type(message))


@vacancy_of.register
def _(message: BedFreed) -> Vacancy:
    return Vacancy(
        id=message.vacancy_id,
        waitlist=message.programme.value,
        kind=ListKind.SHELTER,
        resource_id=message.unit_id,
        terms=Terms(
            message.places,
            frozenset(message.accepts.sexes),
            frozenset(message.accepts.age_bands),
            message.accepts.children,
            message.serves.wheelchair,
            frozenset(message.serves.needs),
            region=message.region,
            facility_id=message.facility_id,
            secrecy=message.secrecy,
            kept_for_places=message.kept_for_places,
        ),
        source_version=message.version,
        opened_at=message.freed_at,
        available_from=message.available_from,
        offerable_until=message.lease_expires_at,
    )


@vacancy_of.register
def _(message: SlotOpened) -> Vacancy:
    # A home takes anyone; it need not serve what asks for care within the walls of a shelter.
    everyone = (frozenset(Sex), frozenset(AgeBand))
    return Vacancy(
        id=message.vacancy_id,
        waitlist=HOUSING,
        kind=ListKind.HOUSING,
        resource_id=message.slot_id,
        terms=Terms(
            message.places,
            *everyone,
            children=True,
            wheelchair=message.wheelchair,
            needs=frozenset(Need),
            municipality_code=message.municipality_code,
            may_lie_in=frozenset(message.regions),
            former_codes=frozenset(message.former_codes),
        ),
        source_version=message.version,
        opened_at=message.opened_at,
        available_from=message.available_from,
    )


def no_show_before(message: Freed) -> Missed | None:
    """That the last household did not come, as the message of the vacancy that followed tells it."""
    if not isinstance(message, BedFreed) or message.follows_no_show is None:
        return None
    return Missed(
        message.follows_no_show, message.version, message.unit_id, message.programme, reported_at=message.freed_at
    )


def renewed(vacancy: Vacancy, message: Freed, now: datetime) -> Vacancy:
    """What the owner says now replaces what was mirrored; what we decided about it stays."""
    said = vacancy_of(message)
    return replace(
        vacancy,
        terms=said.terms,
        source_version=said.source_version,
        available_from=said.available_from,
        offerable_until=said.offerable_until,
        affirmed_at=now,
    )


def ending_of(message: Ended) -> tuple[VacancyState, str]:
    """How a vacancy ends by this, and the reason that its offer is told."""
    if isinstance(message, NoShowReported | Missed):
        return VacancyState.WITHDRAWN, FallThroughReason.NO_SHOW
    if isinstance(message, ClaimReversed):
        return VacancyState.WITHDRAWN, FallThroughReason.CLAIM_REVERSED
    reason = message.reason if isinstance(message, BedWithdrawn) else WithdrawalReason.WITHDRAWN
    lapsed = reason is WithdrawalReason.LAPSED
    return VacancyState.LAPSED if lapsed else VacancyState.WITHDRAWN, reason


def ended_vacancy(message: Ended) -> Vacancy:
    """A vacancy whose end arrived before its beginning: remembered, so that the beginning comes too late."""
    state, _ = ending_of(message)
    moment = _ended_at(message)
    is_slot = isinstance(message, SlotWithdrawn | ClaimReversed)
    return Vacancy(
        id=message.vacancy_id,
        waitlist=waitlist_of(message),
        kind=ListKind.HOUSING if is_slot else ListKind.SHELTER,
        resource_id=message.slot_id if isinstance(message, SlotWithdrawn | ClaimReversed) else message.unit_id,
        terms=NO_ONE,
        source_version=message.version,
        opened_at=moment,
        available_from=moment,
        state=state,
    )


def _ended_at(message: Ended) -> datetime:
    if isinstance(message, NoShowReported | Missed):
        return message.reported_at
    return message.reversed_at if isinstance(message, ClaimReversed) else message.withdrawn_at
