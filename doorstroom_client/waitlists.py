"""Waitlists: places in line, offers and their answers, and why it went as it did."""

from uuid import UUID

from doorstroom_client.listing import Listing
from doorstroom_client.transport import Transport
from schemas.api.cases import Pause
from schemas.api.decisions import Decision, Decisions, Position, Replay
from schemas.api.draws import Draw, Draws, Lot, Lots, NewDraw
from schemas.api.overviews import Chain, MonthsOfChain
from schemas.api.registry import (
    Decline,
    Entries,
    Entry,
    NewEntry,
    Offer,
    Offers,
    Undo,
    Waitlists,
    WaitlistSummary,
)
from schemas.vocabulary import DeclineReason, UndoReason


class WaitlistCalls:
    """For coordinators and the helpdesk; draws for the helpdesk and operators too, decisions for auditors."""

    _transport: Transport
    _registry: str

    def list_waitlists(self) -> Listing[Waitlists, WaitlistSummary]:
        """Every waitlist there is."""
        return self._transport.whole(f"{self._registry}/waitlists", Waitlists, lambda page: page.waitlists)

    # Places in line

    async def join_waitlist(self, entry: NewEntry, key: str | None = None) -> Entry:
        """Put a household in line."""
        return await self._transport.post(f"{self._registry}/entries", Entry, entry, key)

    def list_entries(
        self, state: str | None = None, waitlist: str | None = None, case_id: UUID | None = None
    ) -> Listing[Entries, Entry]:
        """Your entries, or those in one state, on one waitlist or of one case."""
        query = {"state": state, "waitlist": waitlist, "caseId": None if case_id is None else str(case_id)}
        return self._transport.list(f"{self._registry}/entries", Entries, lambda page: page.entries, query)

    async def get_entry(self, entry_id: UUID) -> Entry:
        """One entry."""
        return await self._transport.get(f"{self._registry}/entries/{entry_id}", Entry)

    async def leave_waitlist(self, entry_id: UUID, key: str | None = None) -> Entry:
        """Take a household out of line."""
        return await self._transport.post(f"{self._registry}/entries/{entry_id}/_leave", Entry, None, key)

    async def pause_entry(self, entry_id: UUID, pause: Pause, key: str | None = None) -> Entry:
        """Let a household stand aside, for a time or until it is resumed."""
        return await self._transport.post(f"{self._registry}/entries/{entry_id}/_pause", Entry, pause, key)

    async def resume_entry(self, entry_id: UUID, key: str | None = None) -> Entry:
        """Put it back in line, where it stood."""
        return await self._transport.post(f"{self._registry}/entries/{entry_id}/_resume", Entry, None, key)

    async def get_position(self, entry_id: UUID) -> Position:
        """Where an entry stands."""
        return await self._transport.get(f"{self._registry}/entries/{entry_id}/position", Position)

    # Offers

    def list_offers(
        self, state: str | None = None, case_id: UUID | None = None, *, newest_first: bool = False
    ) -> Listing[Offers, Offer]:
        """The offers made to your entries, or those in one state or of one case; the oldest first, unless said."""
        query = {
            "state": state,
            "caseId": None if case_id is None else str(case_id),
            "newestFirst": "true" if newest_first else None,
        }
        return self._transport.list(f"{self._registry}/offers", Offers, lambda page: page.offers, query)

    async def get_offer(self, offer_id: UUID) -> Offer:
        """One offer."""
        return await self._transport.get(f"{self._registry}/offers/{offer_id}", Offer)

    async def accept_offer(self, offer_id: UUID, key: str | None = None) -> Offer:
        """Say yes."""
        return await self._transport.post(f"{self._registry}/offers/{offer_id}/_accept", Offer, None, key)

    async def decline_offer(self, offer_id: UUID, reason: DeclineReason, key: str | None = None) -> Offer:
        """Say no."""
        url = f"{self._registry}/offers/{offer_id}/_decline"
        return await self._transport.post(url, Offer, Decline(reason=reason), key)

    async def undo_answer(self, offer_id: UUID, reason: UndoReason, key: str | None = None) -> Offer:
        """Take an answer back."""
        return await self._transport.post(f"{self._registry}/offers/{offer_id}/_undo", Offer, Undo(reason=reason), key)

    # Why

    async def get_decision_of_offer(self, offer_id: UUID) -> Decision:
        """Why an offer was made."""
        return await self._transport.get(f"{self._registry}/offers/{offer_id}/decision", Decision)

    async def get_decision(self, decision_id: UUID) -> Decision:
        """One decision."""
        return await self._transport.get(f"{self._registry}/decisions/{decision_id}", Decision)

    def list_decisions(self, *, newest_first: bool = False) -> Listing[Decisions, Decision]:
        """All decisions; for auditors."""
        query = {"newestFirst": "true" if newest_first else None}
        return self._transport.list(f"{self._registry}/decisions", Decisions, lambda page: page.decisions, query)

    async def replay_decision(self, decision_id: UUID) -> Replay:
        """Have a decision made again, and compared."""
        return await self._transport.get(f"{self._registry}/decisions/{decision_id}/replay", Replay)

    # The whole

    async def get_chain(self) -> Chain:
        """Who waits and what is free; for those who watch over the chain."""
        return await self._transport.get(f"{self._registry}/overviews/now", Chain)

    async def get_months(self) -> MonthsOfChain:
        """The last twelve months; for the same."""
        return await self._transport.get(f"{self._registry}/overviews/months", MonthsOfChain)

    # Draws

    async def commit_draw(self, draw: NewDraw, key: str | None = None) -> Draw:
        """Begin a draw for a list."""
        return await self._transport.post(f"{self._registry}/draws", Draw, draw, key)

    async def publish_draw(self, draw_id: UUID, key: str | None = None) -> Draw:
        """End a draw, and say what it was drawn from."""
        return await self._transport.post(f"{self._registry}/draws/{draw_id}/_publish", Draw, None, key)

    def list_draws(self) -> Listing[Draws, Draw]:
        """The draws there were."""
        return self._transport.whole(f"{self._registry}/draws", Draws, lambda page: page.draws)

    def list_lots(self, draw_id: UUID) -> Listing[Lots, Lot]:
        """What was drawn in a draw, for anyone to check."""
        return self._transport.list(f"{self._registry}/draws/{draw_id}/lots", Lots, lambda page: page.lots)
