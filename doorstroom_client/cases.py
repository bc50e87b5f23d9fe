"""Cases: what coordinators register of a household, on what ground, and who it is."""

from uuid import UUID

from doorstroom_client.listing import Listing
from doorstroom_client.transport import Transport
from schemas.api.cases import (
    Consent,
    Consents,
    ContactAttempt,
    ContactAttempts,
    Exclusion,
    ExclusionBackground,
    Exclusions,
    Member,
    Members,
    Merger,
    Mergers,
    MergerUndo,
    NewConsent,
    NewContactAttempt,
    NewExclusion,
    NewGroup,
    NewMember,
    NewMerger,
    NewPermit,
    NewPlacement,
    NewReferral,
    NewReflectionPeriod,
    Permit,
    PersonalData,
    Placement,
    Placements,
    Preferences,
    Referral,
    Referrals,
    ReflectionPeriod,
    ReflectionPeriodEnd,
    Review,
)
from schemas.api.registry import Case, HelpdeskReference, NewCase


class CaseCalls:
    """For coordinators and the helpdesk."""

    _transport: Transport
    _registry: str

    async def register_case(self, case: NewCase, key: str | None = None) -> Case:
        """Register a household."""
        return await self._transport.post(f"{self._registry}/cases", Case, case, key)

    async def get_case(self, case_id: UUID) -> Case:
        """A household as it is now."""
        return await self._transport.get(self._case(case_id), Case)

    async def get_helpdesk_reference(self, case_id: UUID) -> HelpdeskReference:
        """By which reference the helpdesk knows a household: theirs to use, and nobody else's."""
        return await self._transport.get(f"{self._case(case_id)}/helpdesk-reference", HelpdeskReference)

    # Reports

    async def refer_case(self, case_id: UUID, referral: NewReferral, key: str | None = None) -> Referral:
        """Take one more report about a household."""
        return await self._transport.post(f"{self._case(case_id)}/referrals", Referral, referral, key)

    def list_referrals(self, case_id: UUID) -> Listing[Referrals, Referral]:
        """The reports about a household."""
        return self._transport.whole(f"{self._case(case_id)}/referrals", Referrals, lambda page: page.referrals)

    async def refer_group(self, group: NewGroup, key: str | None = None) -> Referrals:
        """Take the reports about a whole group, or none."""
        return await self._transport.post(f"{self._registry}/referrals/bulk", Referrals, group, key)

    # The household

    def list_members(self, case_id: UUID) -> Listing[Members, Member]:
        """Who must be placed together."""
        return self._transport.whole(f"{self._case(case_id)}/members", Members, lambda page: page.members)

    async def add_member(self, case_id: UUID, member: NewMember, key: str | None = None) -> Member:
        """Someone more must be placed with a household."""
        return await self._transport.post(f"{self._case(case_id)}/members", Member, member, key)

    async def change_member(self, case_id: UUID, member_id: UUID, member: NewMember) -> Member:
        """Say anew what is known of someone in a household."""
        return await self._transport.put(f"{self._case(case_id)}/members/{member_id}", Member, member)

    async def remove_member(self, case_id: UUID, member_id: UUID) -> None:
        """Someone need not be placed with a household any more."""
        await self._transport.delete(f"{self._case(case_id)}/members/{member_id}")

    async def get_preferences(self, case_id: UUID) -> Preferences:
        """What is sought for a household, beyond what it needs."""
        return await self._transport.get(f"{self._case(case_id)}/preferences", Preferences)

    async def set_preferences(self, case_id: UUID, preferences: Preferences) -> Preferences:
        """Say what is sought for a household, in the place of what was said before."""
        return await self._transport.put(f"{self._case(case_id)}/preferences", Preferences, preferences)

    # Where they must not go

    def list_exclusions(self, case_id: UUID) -> Listing[Exclusions, Exclusion]:
        """Where a household must not be placed."""
        return self._transport.whole(f"{self._case(case_id)}/exclusions", Exclusions, lambda page: page.exclusions)

    async def add_exclusion(self, case_id: UUID, exclusion: NewExclusion, key: str | None = None) -> Exclusion:
        """Keep a household from a place."""
        return await self._transport.post(f"{self._case(case_id)}/exclusions", Exclusion, exclusion, key)

    async def lift_exclusion(self, case_id: UUID, exclusion_id: UUID, key: str | None = None) -> Exclusion:
        """Let a household be placed there again."""
        url = f"{self._case(case_id)}/exclusions/{exclusion_id}/_lift"
        return await self._transport.post(url, Exclusion, None, key)

    async def get_exclusion_background(self, case_id: UUID, exclusion_id: UUID) -> ExclusionBackground:
        """What was written about an exclusion; with a scope of its own."""
        url = f"{self._case(case_id)}/exclusions/{exclusion_id}/background"
        return await self._transport.get(url, ExclusionBackground)

    # On what ground

    def list_consents(self, case_id: UUID) -> Listing[Consents, Consent]:
        """What facts about a household may be, or might be, passed on for."""
        return self._transport.whole(f"{self._case(case_id)}/consents", Consents, lambda page: page.consents)

    async def give_consent(self, case_id: UUID, consent: NewConsent, key: str | None = None) -> Consent:
        """Record that facts may be passed on for a purpose."""
        return await self._transport.post(f"{self._case(case_id)}/consents", Consent, consent, key)

    async def withdraw_consent(self, case_id: UUID, consent_id: UUID, key: str | None = None) -> Consent:
        """Record that they may not any more."""
        url = f"{self._case(case_id)}/consents/{consent_id}/_withdraw"
        return await self._transport.post(url, Consent, None, key)

    async def get_reflection_period(self, case_id: UUID) -> ReflectionPeriod:
        """The reflection period of a household."""
        return await self._transport.get(f"{self._case(case_id)}/reflection-period", ReflectionPeriod)

    async def start_reflection_period(
        self, case_id: UUID, period: NewReflectionPeriod, key: str | None = None
    ) -> ReflectionPeriod:
        """Record that a reflection period has begun."""
        url = f"{self._case(case_id)}/reflection-period"
        return await self._transport.post(url, ReflectionPeriod, period, key)

    async def end_reflection_period(
        self, case_id: UUID, end: ReflectionPeriodEnd, key: str | None = None
    ) -> ReflectionPeriod:
        """Record that it has ended before its time."""
        url = f"{self._case(case_id)}/reflection-period/_end"
        return await self._transport.post(url, ReflectionPeriod, end, key)

    async def get_permit(self, case_id: UUID) -> Permit:
        """The permit of a household."""
        return await self._transport.get(f"{self._case(case_id)}/permit", Permit)

    async def grant_permit(self, case_id: UUID, permit: NewPermit, key: str | None = None) -> Permit:
        """Record a permit: the household joins the housing list."""
        return await self._transport.post(f"{self._case(case_id)}/permit", Permit, permit, key)

    # Contact

    async def log_contact_attempt(
        self, case_id: UUID, attempt: NewContactAttempt, key: str | None = None
    ) -> ContactAttempt:
        """Record that somebody tried to reach a household, and what came of it."""
        return await self._transport.post(f"{self._case(case_id)}/contact-attempts", ContactAttempt, attempt, key)

    def list_contact_attempts(self, case_id: UUID) -> Listing[ContactAttempts, ContactAttempt]:
        """The attempts to reach a household."""
        url = f"{self._case(case_id)}/contact-attempts"
        return self._transport.list(url, ContactAttempts, lambda page: page.contact_attempts)

    # Placements after the fact

    async def record_placement(self, case_id: UUID, placement: NewPlacement, key: str | None = None) -> Placement:
        """Record where a household was placed without an offer."""
        return await self._transport.post(f"{self._case(case_id)}/placements", Placement, placement, key)

    def list_placements(self, *, reviewed: bool | None = None) -> Listing[Placements, Placement]:
        """Placements after the fact; all, or those that somebody has, or has not, looked at."""
        query = {"reviewed": None if reviewed is None else str(reviewed).lower()}
        return self._transport.list(f"{self._registry}/placements", Placements, lambda page: page.placements, query)

    async def review_placement(self, placement_id: UUID, review: Review, key: str | None = None) -> Placement:
        """Say what you find of a placement after the fact."""
        return await self._transport.post(f"{self._registry}/placements/{placement_id}/_review", Placement, review, key)

    async def end_placement(self, placement_id: UUID, key: str | None = None) -> Placement:
        """The household has left such a place."""
        return await self._transport.post(f"{self._registry}/placements/{placement_id}/_end", Placement, None, key)

    # One person, registered twice

    async def merge_cases(self, merger: NewMerger, key: str | None = None) -> Merger:
        """Two cases are about the same person."""
        return await self._transport.post(f"{self._registry}/case-mergers", Merger, merger, key)

    def list_case_mergers(self) -> Listing[Mergers, Merger]:
        """What was merged."""
        return self._transport.list(f"{self._registry}/case-mergers", Mergers, lambda page: page.mergers)

    async def undo_case_merger(self, merger_id: UUID, undo: MergerUndo, key: str | None = None) -> Merger:
        """They are not."""
        return await self._transport.post(f"{self._registry}/case-mergers/{merger_id}/_undo", Merger, undo, key)

    # Who they are

    async def get_personal_data(self, case_id: UUID) -> PersonalData:
        """Who a household is; with a scope of its own."""
        return await self._transport.get(f"{self._case(case_id)}/personal-data", PersonalData)

    async def replace_personal_data(self, case_id: UUID, personal_data: PersonalData) -> None:
        """Store who a household is, in the place of what was stored before."""
        await self._transport.put_silently(f"{self._case(case_id)}/personal-data", personal_data)

    async def erase_personal_data(self, case_id: UUID) -> None:
        """Destroy what says who a household is, for good."""
        await self._transport.delete(f"{self._case(case_id)}/personal-data")

    def _case(self, case_id: UUID) -> str:
        return f"{self._registry}/cases/{case_id}"
