"""Municipalities: slots and claims, how far quotas are, and what operators set."""

from collections.abc import AsyncGenerator
from datetime import datetime
from uuid import UUID

from doorstroom_client.listing import Listing
from doorstroom_client.stream import follow
from doorstroom_client.transport import Transport
from schemas.api.changes import Change
from schemas.api.municipalities import (
    Claim,
    ClaimReversal,
    Claims,
    ClaimState,
    MoveIn,
    Municipalities,
    Municipality,
    MunicipalityMerger,
    MunicipalityMergers,
    MunicipalReason,
    NationalNumber,
    NationalNumbers,
    NewClaim,
    NewMunicipality,
    NewMunicipalityMerger,
    NewQuotas,
    NewQuotaSwap,
    NewSlot,
    NewSupervisionLadder,
    Quota,
    Quotas,
    QuotaSwap,
    QuotaSwaps,
    Slot,
    Slots,
    SlotState,
    SupervisionLadder,
    SupervisionLadders,
)


class MunicipalCalls:
    """For municipalities, and for operators and auditors where it says so."""

    _transport: Transport
    _municipalities: str

    # Slots

    async def open_slot(self, slot: NewSlot, key: str | None = None) -> Slot:
        """Open a slot."""
        return await self._transport.post(f"{self._municipalities}/slots", Slot, slot, key)

    def list_slots(self, state: SlotState | None = None) -> Listing[Slots, Slot]:
        """Your slots, or those in one state."""
        return self._transport.list(f"{self._municipalities}/slots", Slots, lambda page: page.slots, {"state": state})

    async def withdraw_slot(self, slot_id: UUID, key: str | None = None) -> Slot:
        """Take a slot back."""
        return await self._transport.post(f"{self._municipalities}/slots/{slot_id}/_withdraw", Slot, None, key)

    # Claims

    async def claim_household(self, slot_id: UUID, key: str | None = None) -> Claim:
        """This household is ours."""
        return await self._transport.post(f"{self._municipalities}/claims", Claim, NewClaim(slot_id=slot_id), key)

    async def claim_next_household(self, places: int, *, wheelchair: bool = False, key: str | None = None) -> Claim:
        """The next household that accepts a home for so many is ours: pending until one does."""
        claim = NewClaim(places=places, wheelchair=wheelchair)
        return await self._transport.post(f"{self._municipalities}/claims", Claim, claim, key)

    async def house_household(self, claim_id: UUID, move_in: MoveIn | None = None, key: str | None = None) -> Claim:
        """The household has moved in: now, all of them, unless `move_in` says when, or how many."""
        url = f"{self._municipalities}/claims/{claim_id}/_house"
        return await self._transport.post(url, Claim, move_in or MoveIn(), key)

    async def get_claim(self, claim_id: UUID) -> Claim:
        """One of your claims."""
        return await self._transport.get(f"{self._municipalities}/claims/{claim_id}", Claim)

    def list_claims(self, state: ClaimState | None = None, *, overdue: bool = False) -> Listing[Claims, Claim]:
        """Your claims, or those in one state, or that are overdue."""
        query = {"state": state, "overdue": "true" if overdue else None}
        return self._transport.list(f"{self._municipalities}/claims", Claims, lambda page: page.claims, query)

    async def reverse_claim(self, claim_id: UUID, reason: MunicipalReason, key: str | None = None) -> Claim:
        """Take a claim back, and say why."""
        url = f"{self._municipalities}/claims/{claim_id}/_reverse"
        return await self._transport.post(url, Claim, ClaimReversal(reason=reason), key)

    # Quotas, for operators and auditors too

    def list_quotas(self, half_year: str | None = None, at: datetime | None = None) -> Listing[Quotas, Quota]:
        """How far the quotas of a half-year (this one, if not said) are, now or as things stood at a moment."""
        query = {"halfYear": half_year, "at": None if at is None else at.isoformat()}
        return self._transport.list(f"{self._municipalities}/quotas", Quotas, lambda page: page.quotas, query)

    def list_quota_swaps(self) -> Listing[QuotaSwaps, QuotaSwap]:
        """The swaps; a municipality's own."""
        return self._transport.list(f"{self._municipalities}/quota-swaps", QuotaSwaps, lambda page: page.swaps)

    def list_half_years(self) -> Listing[NationalNumbers, NationalNumber]:
        """The half-years whose quotas are set, with their national numbers."""
        return self._transport.list(f"{self._municipalities}/half-years", NationalNumbers, lambda page: page.half_years)

    def list_municipalities(self) -> Listing[Municipalities, Municipality]:
        """The municipalities, with their newest populations."""
        url = f"{self._municipalities}/municipalities"
        return self._transport.list(url, Municipalities, lambda page: page.municipalities)

    def list_municipality_mergers(self) -> Listing[MunicipalityMergers, MunicipalityMerger]:
        """The mergers."""
        url = f"{self._municipalities}/municipality-mergers"
        return self._transport.list(url, MunicipalityMergers, lambda page: page.mergers)

    def list_supervision_ladders(self) -> Listing[SupervisionLadders, SupervisionLadder]:
        """The ladders of the provinces that have one of their own."""
        url = f"{self._municipalities}/supervision-ladders"
        return self._transport.whole(url, SupervisionLadders, lambda page: page.ladders)

    def stream_quota_changes(self, last_event_id: str | None = None) -> AsyncGenerator[Change, None]:
        """That something of yours (everyone's, for operators and auditors) has changed, live, while you listen."""
        return follow(self._transport, f"{self._municipalities}/events", Change, last_event_id)

    # Operators

    async def register_municipality(self, municipality: NewMunicipality, key: str | None = None) -> Municipality:
        """Register a municipality; for operators."""
        return await self._transport.post(f"{self._municipalities}/municipalities", Municipality, municipality, key)

    async def set_quotas(self, quotas: NewQuotas, key: str | None = None) -> Quotas:
        """Share out the national number; for operators."""
        return await self._transport.post(f"{self._municipalities}/quotas", Quotas, quotas, key)

    async def swap_quota(self, swap: NewQuotaSwap, key: str | None = None) -> QuotaSwap:
        """Record that one municipality takes over a part of another's task; for operators."""
        return await self._transport.post(f"{self._municipalities}/quota-swaps", QuotaSwap, swap, key)

    async def merge_municipalities(self, merger: NewMunicipalityMerger, key: str | None = None) -> MunicipalityMerger:
        """Register that municipalities become one; for operators."""
        url = f"{self._municipalities}/municipality-mergers"
        return await self._transport.post(url, MunicipalityMerger, merger, key)

    async def withdraw_municipality_merger(self, merger_id: UUID, key: str | None = None) -> MunicipalityMerger:
        """Take back a merger whose day is still to come; for operators."""
        url = f"{self._municipalities}/municipality-mergers/{merger_id}/_withdraw"
        return await self._transport.post(url, MunicipalityMerger, None, key)

    async def set_supervision_ladder(self, ladder: NewSupervisionLadder, key: str | None = None) -> SupervisionLadder:
        """Set after how many checks behind a province takes each step; for operators."""
        url = f"{self._municipalities}/supervision-ladders"
        return await self._transport.post(url, SupervisionLadder, ladder, key)
