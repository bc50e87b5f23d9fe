"""Where an entry stands: gathered from counts that are bounded, whoever asks and however many wait."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.decisions import Rule
from services.registry.domain.eligibility import Reason, reasons_against, reasons_now, without_place
from services.registry.domain.model import Entry, EntryState, VacancyState
from services.registry.domain.position import ExpectedWait, Remedy, a_year_before, expected_wait, remedy
from services.registry.domain.programmes import Programmes
from services.registry.store import positions as store
from services.registry.store.cases import find_entry
from services.registry.store.codec import decode_profile
from services.registry.store.positions import AHEAD_LIMIT, Standing
from services.registry.store.waitlists import entry_of


@dataclass(frozen=True, slots=True)
class Excluding:
    """A vacancy that is to be had now, and each reason why not by them, with what would change it."""

    state: VacancyState
    available_from: datetime
    reasons: list[tuple[Reason, Remedy]]


@dataclass(slots=True)
class Position:
    """Where an entry stands. Of one that is not in line there is nothing to say but that."""

    entry: Entry
    ahead: dict[Rule, int] | None = None
    excluding: list[Excluding] = field(default_factory=list)
    suitable: int = 0
    vacancies_at_least: bool = False
    """Whether there are more vacancies than were looked at."""
    expected: ExpectedWait | None = None

    @property
    def at_least(self) -> bool:
        """Whether counting ended at its limit."""
        return self.ahead is not None and max(self.ahead.values()) >= AHEAD_LIMIT


async def position_of(unit: UnitOfWork, programmes: Programmes, entry_id: UUID, coordinator: str) -> Position:
    """Where this entry of this coordinator's stands. Raises NotFound."""
    row = await find_entry(unit, entry_id, coordinator)
    await unit.widen()
    entry = entry_of(row, {row.profile_id: decode_profile(row.profile)})
    position = Position(entry)
    if entry.state in (EntryState.WAITING, EntryState.PAUSED):
        position.ahead = await store.ahead_by_rule(unit, entry)
        programme = programmes.at(entry.waitlist, unit.now)
        position.vacancies_at_least, to_be_had = await store.to_be_had(unit, entry)
        for standing in to_be_had:
            _note(position, standing, reasons_now(entry, programme, max(unit.now, standing.available_from)))
        waited = await store.waits(unit, entry.waitlist, a_year_before(unit.now))
        position.expected = expected_wait(entry.profile, waited)
    return position


def _note(position: Position, standing: Standing, now: Sequence[Reason]) -> None:
    profile = position.entry.profile
    reasons = [*reasons_against(profile, standing.terms), *now]
    if standing.offered_before:
        reasons.append(Reason.OFFERED_BEFORE)
    if reasons:
        explained = [(reason, remedy(reason, profile)) for reason in map(Reason, without_place(reasons))]
        position.excluding.append(Excluding(standing.state, standing.available_from, explained))
    else:
        position.suitable += 1
