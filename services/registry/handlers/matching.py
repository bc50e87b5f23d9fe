"""Brings vacancies and waiting people together: the one place that makes offers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.calendar.hours import IsHoliday
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import allocation, offers
from services.registry.domain.allocation import PASSED_OVER_LIMIT, Choice, OfferedBefore, Situation
from services.registry.domain.decisions import (
    RUNNERS_UP_LIMIT,
    Decision,
    Line,
    Snapshot,
    explain,
    group_of,
    snapshot_of,
)
from services.registry.domain.eligibility import reasons_against
from services.registry.domain.errors import IllegalTransition
from services.registry.domain.model import Allocation, Entry, EntryState, Vacancy
from services.registry.domain.offers import RemindBefore, Timing
from services.registry.domain.order import place_in_line
from services.registry.domain.programmes import Programme, Programmes
from services.registry.handlers import messages
from services.registry.store import allocations as store
from services.registry.store import decisions
from services.registry.store.positions import AHEAD_LIMIT, ahead_in_groups
from services.registry.store.references import References
from services.registry.store.waitlists import Waitlist, WaitlistStore, ahead_of, first_in_line


@dataclass(slots=True)
class Matching:
    """Offers to be made, and the decisions that explain them. Nothing of it is stored yet."""

    made: list[Allocation] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    @property
    def vacancies(self) -> list[Vacancy]:
        """The vacancies that are offered by this."""
        return [made.vacancy for made in self.made]


@dataclass(frozen=True, slots=True)
class Matchmaker:
    """Decides who is offered what, under the lock of the waitlist."""

    lists: WaitlistStore
    programmes: Programmes
    is_holiday: IsHoliday
    helpdesk: str
    """The organisation that is told, beside the coordinator, when somebody should be contacted."""
    references: References = field(default_factory=References)
    """By which references organisations know people."""

    def offer_timing(self, programme: Programme, now: datetime) -> Timing:
        """How long a coordinator has to answer."""
        return Timing(now, programme.offer.after(now, self.is_holiday), self.remind_before(programme))

    def remind_before(self, programme: Programme) -> RemindBefore | None:
        """When to remind of a deadline; in the hours in which its time is counted."""
        hours = programme.remind_hours
        return None if hours is None else lambda moment: programme.offer.before(moment, hours, self.is_holiday)

    def enquiry_timing(self, programme: Programme, now: datetime) -> Timing:
        """How long a provider has to answer."""
        return Timing(now, programme.enquiry.after(now, self.is_holiday))

    async def match(
        self, unit: UnitOfWork, waitlist: Waitlist, free: Sequence[Vacancy], returned: Sequence[Entry] = ()
    ) -> Matching:
        """Find someone for each free vacancy, and a waiting vacancy for each entry that has come (back) to the list.

        `returned` must be stored as waiting already; the caller holds the list's lock.
        """
        wanted = [vacancy for vacancy in free if vacancy.may_be_offered(unit.now)]
        if returned:
            wanted += await self._waiting_for(unit, waitlist, returned, {vacancy.id for vacancy in free})
        if not wanted:
            return Matching()
        programme = self.programmes.at(waitlist.id, unit.now)
        situation = Situation(programme, await self._offered_before(unit, wanted), unit.now)
        candidates = await self._candidates(unit, waitlist, wanted, situation)
        choices = allocation.choose(wanted, candidates, situation)
        if not choices:
            return Matching()
        return await self._offers(unit, waitlist, choices, candidates, situation)

    async def larger_ones_wait(self, unit: UnitOfWork, waitlist: Waitlist, vacancy: Vacancy) -> bool:
        """Whether someone waits for whom this vacancy is kept, and who may have it."""
        before = await self._offered_before(unit, [vacancy])
        situation = Situation(self.programmes.at(waitlist.id, unit.now), before, unit.now)
        return any(
            allocation.large_enough(entry.profile, vacancy.terms) and not situation.reasons(entry, vacancy)
            for entry in await self._candidates(unit, waitlist, [vacancy], situation)
        )

    async def offer_again(
        self, unit: UnitOfWork, waitlist: Waitlist, vacancy: Vacancy, entry: Entry, *, agreed: bool
    ) -> None:
        """Offer a vacancy that nobody else could have to an entry whose refusal was taken back, and store all of it.

        `agreed`: a provider who is asked first has agreed to this household, as it is, before. Raises
        IllegalTransition when it does not suit them any more.
        """
        before = await store.offered_before(unit, [vacancy])
        before[vacancy.id].discard(entry.id)
        situation = Situation(self.programmes.at(waitlist.id, unit.now), before, unit.now)
        if situation.reasons(entry, vacancy):
            raise IllegalTransition("The vacancy does not suit the household any more; the refusal stands.")
        choices = [Choice(vacancy, entry)]
        matching = await self._offers(unit, waitlist, choices, [entry], situation, agreed=agreed)
        await store.update_vacancies(unit, matching.vacancies)
        await self.store(unit, matching)

    async def look_through(self, unit: UnitOfWork, waitlist: Waitlist) -> None:
        """Offer everything that is free in a list to whoever may have it, and store all of it."""
        async for page in store.open_vacancies(unit, waitlist):
            await self.match_and_store(unit, waitlist, page)

    async def store(self, unit: UnitOfWork, matching: Matching) -> None:
        """Store the offers and record their events. Their vacancies must be stored as offered already."""
        if matching.made:
            made = [offer for item in matching.made if (offer := item.offer) is not None]
            await store.insert_offers(unit, made)
            await decisions.add(unit, matching.decisions)
            for item in matching.made:
                await messages.record_begun(self.references, unit, item)

    async def match_and_store(
        self, unit: UnitOfWork, waitlist: Waitlist, free: Sequence[Vacancy], returned: Sequence[Entry] = ()
    ) -> None:
        """Match vacancies that the database knows, and store all of it."""
        matching = await self.match(unit, waitlist, free, returned)
        changed = {vacancy.id: vacancy for vacancy in (*free, *matching.vacancies)}
        await store.update_vacancies(unit, list(changed.values()))
        await self.store(unit, matching)

    async def _waiting_for(
        self, unit: UnitOfWork, waitlist: Waitlist, returned: Sequence[Entry], known: set[UUID]
    ) -> list[Vacancy]:
        profiles = {entry.profile for entry in returned}
        return [
            vacancy
            async for page in store.open_vacancies(unit, waitlist)
            for vacancy in page
            if vacancy.id not in known
            and vacancy.may_be_offered(unit.now)
            and any(not reasons_against(profile, vacancy.terms) for profile in profiles)
        ]

    async def _offered_before(self, unit: UnitOfWork, wanted: Sequence[Vacancy]) -> OfferedBefore:
        # A vacancy whose version is still zero was never offered to anyone.
        repeated = [vacancy for vacancy in wanted if vacancy.allocation_version]
        return await store.offered_before(unit, repeated) if repeated else {}

    async def _candidates(
        self, unit: UnitOfWork, waitlist: Waitlist, wanted: Sequence[Vacancy], situation: Situation
    ) -> list[Entry]:
        terms = {vacancy.terms for vacancy in wanted}
        suited = (waitlist.profiles.that_suit(offered, situation.programme) for offered in terms)
        eligible = list(dict.fromkeys(id_ for ids in suited for id_ in ids))
        preferences = [situation.region_preference(offered) for offered in terms]
        among = max((preference.among for preference in preferences if preference), default=0)
        count = len(wanted) + sum(map(len, situation.offered_before.values())) + among
        # Whom one vacancy suits all others of its terms suit, too; so of those the first are enough, whatever they are.
        all_alike = len(terms) == 1 and not any(offered.kept_for_places for offered in terms)
        limit = count + RUNNERS_UP_LIMIT if all_alike else None
        found: dict[UUID, Entry] = {}
        for begins in sorted({vacancy.begins_at(unit.now) for vacancy in wanted}):
            for entry in await first_in_line(
                unit, waitlist, eligible, count, begins, programme=situation.programme, limit=limit
            ):
                found.setdefault(entry.id, entry)
        return list(found.values())

    async def _ahead(
        self,
        unit: UnitOfWork,
        waitlist: Waitlist,
        choices: Sequence[Choice],
        situation: Situation,
        *,
        everyone: bool,
    ) -> list[Entry]:
        """Who stands in line before the chosen ones, unless it is sure that nobody was passed over."""
        programme = situation.programme
        by_right = programme.requires_reflection_period or programme.requires_permit
        in_order = not any(choice.before_others for choice in choices) and not situation.offered_before
        if in_order and not (everyone or waitlist.pausing or by_right) and _suit_all(waitlist, choices, programme):
            return []
        last = max((choice.entry for choice in choices), key=place_in_line)
        return await ahead_of(unit, waitlist, last, PASSED_OVER_LIMIT + len(choices) + 1)

    async def _line(
        self,
        unit: UnitOfWork,
        waitlist: Waitlist,
        choice: Choice,
        ahead: Sequence[Entry],
        before: Collection[UUID],
        limit: int,
    ) -> Line:
        """Who waits before the chosen one; counted only when it is more than are explained one by one."""
        own_place = place_in_line(choice.entry)
        first = [entry for entry in ahead if place_in_line(entry) < own_place]
        if len(first) <= PASSED_OVER_LIMIT:
            return Line(first)
        begins = choice.vacancy.begins_at(unit.now)
        groups = await ahead_in_groups(unit, waitlist.profiles, choice.entry, before, begins, limit)
        return Line(first, groups, at_least=sum(groups.values()) >= limit)

    async def _offers(
        self,
        unit: UnitOfWork,
        waitlist: Waitlist,
        choices: Sequence[Choice],
        candidates: Sequence[Entry],
        situation: Situation,
        *,
        agreed: bool = False,
    ) -> Matching:
        matching, chosen = Matching(), list[Entry]()
        someone_may_lapse = any(entry.eligible_until is not None for entry in candidates)
        ahead = await self._ahead(unit, waitlist, choices, situation, everyone=someone_may_lapse)
        for choice in choices:
            before = situation.offered_before.get(choice.vacancy.id, ())
            line = await self._line(unit, waitlist, choice, ahead, before, AHEAD_LIMIT // len(choices))
            gone = [entry for entry in chosen if place_in_line(entry) < place_in_line(choice.entry)]
            line = line.without(gone, [group_of(entry, before, choice.vacancy.begins_at(unit.now)) for entry in gone])
            left = [entry for entry in candidates if entry.state is EntryState.WAITING]
            seen = snapshot_of(choice, line, left, situation)
            decision = _decision(unit, choice, seen, situation.programme)
            matching.made.append(self._begun(decision.offer_id, choice, situation, agreed=agreed))
            matching.decisions.append(decision)
            chosen.append(choice.entry)
        return matching

    def _begun(self, offer_id: UUID, choice: Choice, situation: Situation, *, agreed: bool) -> Allocation:
        programme, now = situation.programme, situation.now
        begin, timing = offers.make, self.offer_timing(programme, now)
        if programme.mediates and not agreed:
            begin, timing = offers.enquire, self.enquiry_timing(programme, now)
        begun = begin(offer_id, choice.vacancy, choice.entry, timing)
        if begun.offer is not None:
            begun.offer.policy = programme.policy
        return begun


def _suit_all(waitlist: Waitlist, choices: Sequence[Choice], programme: Programme) -> bool:
    profiles, terms = waitlist.profiles, {choice.vacancy.terms for choice in choices}
    return all(len(profiles.that_suit(offered, programme)) == len(profiles) for offered in terms)


def _decision(unit: UnitOfWork, choice: Choice, seen: Snapshot, programme: Programme) -> Decision:
    explanation = explain(seen, programme)
    assert explanation.chosen == choice.entry.id, "what is remembered gives the same choice"  # noqa: S101 - an invariant
    return Decision(
        id=unit.identifiers(),
        offer_id=unit.identifiers(),
        entry_id=choice.entry.id,
        policy=programme.policy,
        snapshot=seen,
        explanation=explanation,
    )
