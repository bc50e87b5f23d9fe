"""Bodies of the registry's API. Nothing in them names or describes a person beyond what eligibility looks at."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.api.paging import PageQuery, RecentQuery
from schemas.base import OrganisationId, Schema, UtcDatetime
from schemas.sensitivity import Word
from schemas.vocabulary import AgeBand, DeclineReason, ListKind, Need, Purpose, Sex, UndoReason

Waitlist = Annotated[str, Field(pattern="^(cosm|omm|loverboy|vo|housing)$", description="a programme, or housing")]
Urgency = Annotated[int, Field(ge=0, le=9, description="higher goes first")]


class Household(Schema):
    """People who must be placed together. Sex and age band are those of the person whom it is registered for."""

    sex: Sex
    age_band: AgeBand
    adults: int = Field(1, ge=0, le=20)
    children: int = Field(0, ge=0, le=20, description="children who come along count as places")
    wheelchair: bool = False
    needs: list[Need] = Field(default_factory=list, max_length=len(Need))


class NewCase(Household):
    """A household to be helped. Without consents it is registered only, and can stand in no waitlist."""

    consents: list[Purpose] = Field(
        default_factory=list, max_length=len(Purpose), description="what facts about it may be passed on for"
    )


class Case(Household):
    """A registered household, as it is now."""

    case_id: UUID
    registered_at: UtcDatetime
    merged_into: UUID | None = Field(None, description="the case that this one is the same person as")


class HelpdeskReference(Schema):
    """By which reference the helpdesk, and nobody else, knows a case."""

    helpdesk_reference: UUID


class NewEntry(Schema):
    """A household to be put in line."""

    case_id: UUID
    waitlist: Waitlist
    urgency: Urgency = 0
    waiting_since: UtcDatetime | None = Field(
        None, description="when the waiting began, if earlier than now; never in the future"
    )


class Entry(Schema):
    """A household's place on a waitlist."""

    entry_id: UUID
    case_id: UUID
    waitlist: Word
    urgency: int
    waiting_since: UtcDatetime
    state: Word = Field(description="waiting, offered, placed, paused, withdrawn or lapsed")
    lot: UUID | None = Field(None, description="what it drew, when it joined while a draw was running")
    ticket: UUID | None = Field(None, description="what it drew with: with it, the lot can be checked")


class Entries(Schema):
    """A page of entries."""

    entries: list[Entry]


class Offer(Schema):
    """A vacancy offered to one of your entries. Where it is, is not said here."""

    offer_id: UUID
    entry_id: UUID
    case_id: UUID
    waitlist: Word
    kind: ListKind
    state: Word = Field(
        description="enquired, ended, made, accepted, fulfilled, declined, expired, revoked or fell_through"
    )
    reason: Word | None
    made_at: UtcDatetime
    deadline_at: UtcDatetime = Field(description="answer before this moment, or the offer moves on")
    decided_at: UtcDatetime | None
    coordinator: OrganisationId = Field(description="the organisation that speaks for the household")
    decided_by: OrganisationId | None = Field(description="the organisation that answered, perhaps on their behalf")
    undone: UndoReason | None = Field(description="why the refusal was taken back; a new offer followed")


class Offers(Schema):
    """A page of offers."""

    offers: list[Offer]


class Decline(Schema):
    """Why an offer is declined, which has a consequence for the household's place: see its programme."""

    reason: DeclineReason


class Undo(Schema):
    """Why a refusal is taken back."""

    reason: UndoReason


class WaitlistSummary(Schema):
    """A waitlist."""

    waitlist: Word
    kind: ListKind


class Waitlists(Schema):
    """Every waitlist there is."""

    waitlists: list[WaitlistSummary]


class OffersQuery(RecentQuery):
    """Which offers."""

    state: str | None = Field(None, pattern="^[a-z_]{1,20}$")
    case_id: UUID | None = Field(None, description="only those of this case")


class EntriesQuery(PageQuery):
    """Which entries."""

    state: str | None = Field(None, pattern="^[a-z_]{1,20}$")
    case_id: UUID | None = Field(None, description="only those of this case")
    waitlist: Waitlist | None = None
