"""The things that the rules speak of. States and transitions follow the state machines in ARCHITECTURE.md."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from schemas.vocabulary import AgeBand, ListKind, Need, Sex


class VacancyState(StrEnum):
    """One episode of a unit or slot being free."""

    OPEN = "open"
    OFFERED = "offered"
    FILLED = "filled"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class EntryState(StrEnum):
    """A household's place on one waitlist."""

    WAITING = "waiting"
    OFFERED = "offered"
    PLACED = "placed"
    WITHDRAWN = "withdrawn"


class OfferState(StrEnum):
    """One vacancy, one entry, one deadline, and exactly one outcome."""

    MADE = "made"
    ACCEPTED = "accepted"
    FULFILLED = "fulfilled"
    DECLINED = "declined"
    EXPIRED = "expired"
    REVOKED = "revoked"
    FELL_THROUGH = "fell_through"


ACTIVE_OFFER_STATES = (OfferState.MADE, OfferState.ACCEPTED, OfferState.FULFILLED)
LIVE_ENTRY_STATES = (EntryState.WAITING, EntryState.OFFERED)


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything about a household that eligibility looks at. Households that are alike share one profile.

    `sex` and `age_band` are those of the person whom the household is registered for.
    """

    sex: Sex
    age_band: AgeBand
    adults: int
    children: int
    wheelchair: bool
    needs: frozenset[Need]

    @property
    def places(self) -> int:
        """How many places the household takes; children count."""
        return self.adults + self.children


@dataclass(frozen=True, slots=True)
class Terms:
    """Whom a vacancy can take. A municipality's slot takes any sex and age."""

    places: int
    sexes: frozenset[Sex]
    age_bands: frozenset[AgeBand]
    children: bool
    wheelchair: bool
    needs: frozenset[Need]


@dataclass(slots=True)
class Entry:
    """A household's place on a waitlist. `urgency` 0..9, higher goes first."""

    id: UUID
    waitlist: str
    case_id: UUID
    coordinator: str
    profile: Profile
    urgency: int
    waiting_since: datetime
    state: EntryState = EntryState.WAITING


@dataclass(slots=True)
class Vacancy:
    """The registry's mirror of a vacancy that a shelter or municipality owns.

    `source_version` is the owner's; `allocation_version` rises with every event that the registry emits about it.
    """

    id: UUID
    waitlist: str
    kind: ListKind
    resource_id: UUID
    terms: Terms
    source_version: int
    opened_at: datetime
    available_from: datetime
    offerable_until: datetime | None = None
    state: VacancyState = VacancyState.OPEN
    allocation_version: int = 0

    def may_be_offered(self, now: datetime) -> bool:
        """Open, and its lease still runs: a stale bed is never offered."""
        return self.state is VacancyState.OPEN and (self.offerable_until is None or now < self.offerable_until)


@dataclass(slots=True)
class Offer:
    """A vacancy offered to an entry, until one of its outcomes."""

    id: UUID
    vacancy_id: UUID
    entry: Entry
    kind: ListKind
    made_at: datetime
    deadline_at: datetime
    state: OfferState = OfferState.MADE
    decided_at: datetime | None = None
    reason: str | None = None
    claimed_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(slots=True)
class Allocation:
    """A vacancy with the offer that is active on it, if any: what changes together."""

    vacancy: Vacancy
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Someone further up the list, and every reason why this vacancy was not for them."""

    entry_id: UUID
    reasons: tuple[str, ...]
