"""Bodies of the registry's API about cases: who a household is, and what is known of it.

Only `PersonalData` holds text that says who somebody is. It is stored encrypted, and no other body has room for it.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from schemas.api.paging import PageQuery
from schemas.api.registry import Entry, NewCase
from schemas.base import Schema, UtcDatetime
from schemas.sensitivity import Sensitivity, Word
from schemas.vocabulary import (
    AgeBand,
    ContactChannel,
    ContactOutcome,
    ExclusionReason,
    LegalBasis,
    MergeUndoReason,
    Need,
    PermitKind,
    PlacementConflict,
    PlacementKind,
    PlacementReview,
    Programme,
    Purpose,
    Referrer,
    ReflectionEnd,
    Region,
    Secrecy,
    Sex,
)

GROUP_LIMIT = 100


class NewMember(Schema):
    """Someone who belongs to the household. What a member needs, the household needs."""

    sex: Sex
    age_band: AgeBand
    wheelchair: bool = False
    needs: list[Need] = Field(default_factory=list, max_length=len(Need))


class Member(NewMember):
    """A member of a household."""

    member_id: UUID
    registered_for: bool = Field(description="the person whom the case is about; there is always one")
    comes_as_child: bool


class Members(Schema):
    """Everyone in a household, the person whom the case is about first."""

    members: list[Member]


class PoliceUnit(Schema):
    """A regional unit of the police."""

    kind: Literal["police_unit"]
    unit: Region


class KmarDistrict(Schema):
    """A district of the Koninklijke Marechaussee."""

    kind: Literal["kmar_district"]
    district: int = Field(ge=1, le=99, description="its number")


class NewReferral(Schema):
    """A report of a presumed victim."""

    referrer: Referrer
    region: Annotated[PoliceUnit | KmarDistrict, Field(discriminator="kind")] | None = Field(
        None, description="from where it was reported; the Labour Inspectorate reports centrally, and has none"
    )
    reference: UUID | None = Field(None, description="the report's own id at the referrer: the same report counts once")
    reported_at: UtcDatetime | None = Field(None, description="if earlier than now; never in the future")


class GroupReferral(NewReferral):
    """A report within a group: about one of your cases, or about a household that is registered by it."""

    case_id: UUID | None = None
    household: NewCase | None = None

    @model_validator(mode="after")
    def _either(self) -> "GroupReferral":
        if (self.case_id is None) == (self.household is None):
            raise ValueError("Give either caseId or household.")
        return self


class NewGroup(Schema):
    """Reports that come at once, such as after a raid: all of them are taken, or none."""

    referrals: list[GroupReferral] = Field(min_length=1, max_length=GROUP_LIMIT)


class Referral(NewReferral):
    """A report that was taken."""

    referral_id: UUID
    case_id: UUID
    reported_at: UtcDatetime


class Referrals(Schema):
    """Reports, in the order in which they were taken."""

    referrals: list[Referral]


class NewConsent(Schema):
    """That facts about a household may be passed on, and on what ground."""

    purpose: Purpose
    legal_basis: LegalBasis = LegalBasis.CONSENT
    given_at: UtcDatetime | None = Field(None, description="if earlier than now; never in the future")


class Consent(NewConsent):
    """A ground for passing facts on, from one moment to another."""

    consent_id: UUID
    given_at: UtcDatetime
    withdrawn_at: UtcDatetime | None


class Consents(Schema):
    """Every ground there is or was, the oldest first."""

    consents: list[Consent]


class NewExclusion(Schema):
    """Where the household must not be: exactly one of a region, a municipality and a facility. Why is kept apart."""

    region: Region | None = None
    municipality_code: str | None = Field(None, pattern=r"^GM\d{4}$", description="the CBS code")
    facility_id: UUID | None = None
    reason: ExclusionReason

    @model_validator(mode="after")
    def _one_place(self) -> "NewExclusion":
        if sum(place is not None for place in (self.region, self.municipality_code, self.facility_id)) != 1:
            raise ValueError("Give exactly one of region, municipalityCode and facilityId.")
        return self


class Exclusion(Schema):
    """A rule that keeps a household from a place."""

    exclusion_id: UUID
    region: Region | None
    municipality_code: Word | None
    facility_id: UUID | None
    set_at: UtcDatetime
    lifted_at: UtcDatetime | None


class Exclusions(Schema):
    """Every such rule there is or was, the oldest first."""

    exclusions: list[Exclusion]


class ExclusionBackground(Schema):
    """Who set a rule, and why."""

    set_by: Annotated[str, Sensitivity.PERSONAL]
    reason: ExclusionReason


class Preferences(Schema):
    """What is sought for a household, where there is a choice."""

    region: Region | None = Field(None, description="where shelter is preferred")
    secrecy_wanted: Secrecy = Field(Secrecy.KNOWN, description="how secret the place must be at least")


class NewReflectionPeriod(Schema):
    """The day on which a reflection period began."""

    started_on: date


class ReflectionPeriodEnd(Schema):
    """How and when a reflection period ended before its time."""

    reason: ReflectionEnd
    ended_on: date


class ReflectionPeriod(Schema):
    """At most three months, once, never extended."""

    started_on: date
    last_day: date = Field(description="the last day that it can run")
    ended_on: date | None
    end_reason: ReflectionEnd | None


class NewPermit(Schema):
    """A residence permit that was granted."""

    kind: PermitKind
    granted_on: date


class Permit(NewPermit):
    """A residence permit, and the household's place on the housing list that follows from it."""

    housing_entry: Entry | None = Field(description="none as long as facts may not be passed on for housing")


class NewContactAttempt(Schema):
    """An attempt to reach a household, or someone who knows where it is."""

    channel: ContactChannel
    outcome: ContactOutcome
    attempted_at: UtcDatetime | None = Field(None, description="if earlier than now; never in the future")
    offer_id: UUID | None = Field(None, description="the offer that it was about")


class ContactAttempt(NewContactAttempt):
    """An attempt that was logged."""

    attempt_id: UUID
    attempted_at: UtcDatetime


class ContactAttempts(Schema):
    """A page of attempts, the oldest first."""

    contact_attempts: list[ContactAttempt]


class NewPlacement(Schema):
    """A place where a household is already, and which the registry did not offer it."""

    kind: PlacementKind
    since: UtcDatetime = Field(description="never in the future")
    programme: Programme | None = None
    unit_id: UUID | None = Field(None, description="when it is a unit of a provider that takes part")


class Placement(NewPlacement):
    """A placement that was recorded after the fact."""

    placement_id: UUID
    case_id: UUID
    recorded_at: UtcDatetime
    ended_at: UtcDatetime | None
    review: PlacementReview | None
    reviewed_at: UtcDatetime | None
    conflict: PlacementConflict | None = Field(
        description="why they cannot be in that unit, as its provider's service says"
    )


class Placements(Schema):
    """A page of such placements."""

    placements: list[Placement]


class PlacementsQuery(PageQuery):
    """Which placements."""

    reviewed: bool | None = Field(None, description="false: those that are still to be reviewed")


class Review(Schema):
    """What a coordinator finds of a placement."""

    review: PlacementReview


class NewMerger(Schema):
    """Two cases that are one person."""

    survivor_id: UUID
    merged_id: UUID


class Merger(NewMerger):
    """Two cases that were made one."""

    merger_id: UUID
    merged_at: UtcDatetime
    undone_at: UtcDatetime | None
    undo_reason: MergeUndoReason | None


class Mergers(Schema):
    """A page of mergers."""

    mergers: list[Merger]


class MergerUndo(Schema):
    """Why they are taken apart again."""

    reason: MergeUndoReason


class Pause(Schema):
    """Until when an entry is left out of the matching; without a moment, until it is resumed."""

    paused_until: UtcDatetime | None = None


class PersonalData(Schema):
    """Who somebody is, and how to reach them. Encrypted with a key of the case's own. Replaced as a whole."""

    name: Annotated[str | None, Sensitivity.PERSONAL] = Field(None, max_length=200)
    born_on: Annotated[date | None, Sensitivity.PERSONAL] = None
    nationality: Annotated[str | None, Sensitivity.PERSONAL] = Field(
        None, pattern="^[A-Z]{2}$", description="ISO 3166-1; none when it is not known"
    )
    alien_number: Annotated[str | None, Sensitivity.PERSONAL] = Field(
        None, max_length=20, description="V-nummer; a citizen service number never"
    )
    languages: Annotated[list[Annotated[str, Field(pattern="^[a-z]{2,3}$")]], Sensitivity.PERSONAL] = Field(
        default_factory=list, max_length=10
    )
    contact: Annotated[str | None, Sensitivity.PERSONAL] = Field(None, max_length=500)
    back_up_contact: Annotated[str | None, Sensitivity.PERSONAL] = Field(None, max_length=500)
    notes: Annotated[str | None, Sensitivity.PERSONAL] = Field(None, max_length=4000)
