"""Bodies of the registry's explanations: why an offer was made, and where an entry stands. Never who the others are."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from schemas.api.paging import RecentQuery
from schemas.base import Schema, UtcDatetime
from schemas.sensitivity import Word
from schemas.vocabulary import ReplayOutcome

Rule = Literal["more-urgent", "waiting-longer", "lower-lot", "tie"]


class Considered(Schema):
    """Someone before the chosen entry: by which rule, and every reason why this vacancy was not for them."""

    position: int = Field(ge=1, description="counted from the head of the list at the moment of the decision")
    rule: Rule = Field(description="what puts them before the chosen entry")
    reasons: list[Word]
    entry_id: UUID | None = Field(None, description="for auditors only")


class CountedByReasons(Schema):
    """How many more stood before the chosen entry with exactly these reasons."""

    reasons: list[Word]
    count: int


class Decision(Schema):
    """Why this entry was offered this vacancy."""

    decision_id: UUID
    offer_id: UUID
    entry_id: UUID
    policy: Word = Field(description="name and version of the order that was used")
    decided_at: UtcDatetime
    considered: list[Considered] = Field(description="those before the chosen entry, the first hundred, in order")
    counted: list[CountedByReasons] = Field(description="the rest of them")
    counted_at_least: bool = Field(description="counting ended at its limit: there are as many as that, or more")
    vacancy_id: UUID | None = Field(None, description="for auditors only")
    digest: Word | None = Field(None, description="SHA-256 of what was looked at and explained; for auditors only")


class Decisions(Schema):
    """A page of decisions, in the order in which they were made."""

    decisions: list[Decision]


class DecisionsQuery(RecentQuery):
    """Which decisions."""


class Replay(Schema):
    """What came of making a decision again, from what was looked at and by the policy that it names."""

    decision_id: UUID
    policy: Word = Field(description="name and version of the order that was used")
    outcome: ReplayOutcome = Field(description="`same` is byte for byte; each other one says what is not")
    replayed_at: UtcDatetime


class AheadByRule(Schema):
    """How many wait before this entry, by the rule that puts them there."""

    more_urgent: int
    waiting_longer: int = Field(description="as urgent, and waiting longer")
    lower_lot: int = Field(description="as urgent, waiting since the same moment, and first in a draw")
    tie: int = Field(description="as those, with no draw between them, and first by the unique last key")
    at_least: bool = Field(description="counting ended at 10000 by one of the rules: there are as many, or more")


class Texts(Schema):
    """The same in Dutch and in English."""

    nl: Word
    en: Word


class ExcludingReason(Schema):
    """Why a vacancy is not for this household, and what would change that."""

    reason: Word
    change: Word = Field(description="what would have to be otherwise, for programs")
    values: list[Word]
    text: Texts


class ExcludingVacancy(Schema):
    """A vacancy of this list that is to be had now, but not by this household. Which one it is, is not said."""

    state: Literal["open", "offered"]
    available_from: UtcDatetime
    exclusions: list[ExcludingReason]


class ExpectedWait(Schema):
    """Eight of ten of those who were placed in the last twelve months waited between these numbers of days."""

    lowest_days: int
    highest_days: int
    basis: Literal["alike", "list"] = Field(
        description="alike: households of the same size that need the same; list: everyone of the list"
    )
    placements: int = Field(ge=10, description="how many it is drawn from")


class Position(Schema):
    """Where an entry stands, what keeps it from what is free, and how long it may take."""

    entry_id: UUID
    waitlist: Word
    state: Word
    position: int | None = Field(description="1 is the head of the list; none when the entry is not in line")
    ahead: AheadByRule | None
    excluding_vacancies: list[ExcludingVacancy] = Field(description="at most a hundred open and a hundred offered")
    vacancies_at_least: bool = Field(description="there may be more vacancies than were looked at")
    suitable_vacancies: int = Field(description="vacancies that others are being asked about, and that would suit")
    expected_wait: ExpectedWait | None
    no_expectation: Literal["not-waiting", "fewer-than-ten-placements"] | None = Field(
        description="why there is no expected wait"
    )
