"""The things that the rules speak of. States and transitions follow the state machines in ARCHITECTURE.md."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from schemas.vocabulary import AgeBand, ListKind, Need, Region, Secrecy, Sex
from services.registry.domain.draw import NO_LOT


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
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class PauseReason(StrEnum):
    """Why an entry stands aside for a while."""

    REQUESTED = "requested"
    DECLINED = "declined"
    """The consequence of a refusal, for a number of days."""
    REVIEW = "review"
    """After a refusal somebody looks at whether this is still the right list."""
    CONTACT_REVIEW = "contact-review"
    """Nobody answered several offers in a row."""


class Lack(StrEnum):
    """What somebody in line has not, of what a list may ask for. One may stand in line without, and is passed over."""

    CONSENT = "consent"
    PERMIT = "permit"


class OfferState(StrEnum):
    """One vacancy, one entry, one deadline, and exactly one outcome. Under mediation it begins as an enquiry."""

    ENQUIRED = "enquired"
    ENDED = "ended"
    """It never got further than the enquiry: refused, not answered in time, or overtaken."""
    MADE = "made"
    ACCEPTED = "accepted"
    FULFILLED = "fulfilled"
    DECLINED = "declined"
    EXPIRED = "expired"
    REVOKED = "revoked"
    FELL_THROUGH = "fell_through"


_ANYWHERE = frozenset(Region)
OPEN_OFFER_STATES = (OfferState.ENQUIRED, OfferState.MADE)
ACTIVE_OFFER_STATES = (*OPEN_OFFER_STATES, OfferState.ACCEPTED, OfferState.FULFILLED)
LIVE_ENTRY_STATES = (EntryState.WAITING, EntryState.OFFERED, EntryState.PAUSED)


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything about a household that eligibility looks at. Households that are alike share one profile.

    `sex` and `age_band` are those of the person whom the household is registered for. `secrecy_wanted` is the least
    that a place must offer, and KNOWN when it does not matter. `region` is where shelter is looked for first: a
    preference, never a rule against a place.
    """

    sex: Sex
    age_band: AgeBand
    adults: int
    children: int
    wheelchair: bool
    needs: frozenset[Need]
    excluded_regions: frozenset[Region] = frozenset()
    excluded_municipalities: frozenset[str] = frozenset()
    excluded_facilities: frozenset[UUID] = frozenset()
    secrecy_wanted: Secrecy = Secrecy.KNOWN
    region: Region | None = None

    @property
    def places(self) -> int:
        """How many places the household takes; children count."""
        return self.adults + self.children

    @property
    def people(self) -> tuple[int, int]:
        """The adults and the children."""
        return self.adults, self.children

    @property
    def disclosed(self) -> tuple[object, ...]:
        """What a provider that decides whom it takes is told of them."""
        return (*self.people, self.sex, self.age_band, self.wheelchair, self.needs)


@dataclass(frozen=True, slots=True)
class Terms:
    """Whom a vacancy can take, and what of its place may matter. A municipality's slot takes any sex and age.

    `secrecy` is None for a home, which is as secret as its household keeps it. `kept_for_places`: kept for households
    of at least so many people, while such a one waits. Of a home, `may_lie_in` is the regions of which it is in one,
    and `former_codes` those of municipalities that have become part of its own: it may be in what was one of them.
    """

    places: int
    sexes: frozenset[Sex]
    age_bands: frozenset[AgeBand]
    children: bool
    wheelchair: bool
    needs: frozenset[Need]
    region: Region | None = None
    municipality_code: str | None = None
    facility_id: UUID | None = None
    secrecy: Secrecy | None = None
    kept_for_places: int | None = None
    may_lie_in: frozenset[Region] = frozenset()
    former_codes: frozenset[str] = frozenset()

    @property
    def possible_regions(self) -> frozenset[Region]:
        """Where it may be; anywhere, when nothing is known."""
        return frozenset({self.region}) if self.region is not None else self.may_lie_in or _ANYWHERE


@dataclass(slots=True)
class Entry:
    """A household's place on a waitlist. `urgency` 0..9, higher goes first.

    `eligible_until` is when the right to this kind of shelter ends: for `cosm`, the end of the reflection period.
    `paused_until` without a moment lasts until somebody resumes it. `silences`: offers in a row that nobody answered.
    `calls`: how often somebody was asked to contact them. `released`: they said yes to a place of another list; this
    entry ends when they arrive there, and returns if that falls through, to whatever pause it has of its own.
    `lot` is what it drew, and decides between those who have waited equally long. `lacks`: a permit, which some lists
    ask for; and consent, once it is withdrawn after an acceptance.
    """

    id: UUID
    waitlist: str
    case_id: UUID
    coordinator: str
    profile: Profile
    urgency: int
    waiting_since: datetime
    state: EntryState = EntryState.WAITING
    eligible_until: datetime | None = None
    lacks: frozenset[Lack] = frozenset()
    paused_until: datetime | None = None
    pause_reason: PauseReason | None = None
    released: bool = False
    silences: int = 0
    calls: int = 0
    lot: UUID = NO_LOT


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
    affirmed_at: datetime | None = None
    """When its owner last said something of it again; a silence before that is no answer any more."""

    def may_be_offered(self, now: datetime) -> bool:
        """Open, and its lease still runs: a stale bed is never offered."""
        return self.state is VacancyState.OPEN and (self.offerable_until is None or now < self.offerable_until)

    def begins_at(self, now: datetime) -> datetime:
        """When a household that is offered it now can be there: the right to it must run until then at least."""
        return max(now, self.available_from)


@dataclass(slots=True)
class Offer:
    """A vacancy offered to an entry, until one of its outcomes."""

    id: UUID
    vacancy_id: UUID
    entry: Entry
    kind: ListKind
    made_at: datetime
    deadline_at: datetime
    full_deadline_at: datetime | None = None
    """The deadline if neither the vacancy's lease nor the entry's right ended before; None when neither does."""
    state: OfferState = OfferState.MADE
    accepted_at: datetime | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    claimed_at: datetime | None = None
    ended_at: datetime | None = None
    remind_at: datetime | None = None
    decided_by: str | None = None
    """The organisation that answered, which is not the coordinator's when it acts on their behalf."""
    undone: str | None = None
    """Why its answer was taken back."""
    policy: str = ""
    """By which version of the programme it was made, which also says what follows from its answer."""

    @property
    def is_open(self) -> bool:
        """Somebody has still to answer: the provider, or the coordinator."""
        return self.state in OPEN_OFFER_STATES


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
