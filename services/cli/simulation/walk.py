"""Steps of everyone concerned, each of which means something only together with what is there already."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from schemas.api.registry import Waitlist
from schemas.vocabulary import AgeBand, DeclineReason, EnquiryRefusal, Programme, Region, Sex
from services.chassis.errors import Conflict, NotFound
from services.cli.simulation.acts import Acts
from services.registry.domain.model import Profile

PROFILES = (
    Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, 1, 0, wheelchair=False, needs=frozenset()),
    Profile(Sex.MALE, AgeBand.AGE_18_TO_22, 1, 0, wheelchair=False, needs=frozenset()),
    Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, 1, 3, wheelchair=True, needs=frozenset()),
    Profile(Sex.UNKNOWN, AgeBand.UNKNOWN, 1, 0, wheelchair=False, needs=frozenset()),
)
KINDS = (
    "join", "join", "leave", "accept", "accept", "decline", "post", "post", "withdraw", "affirm", "arrive", "miss",
    "depart", "slot", "withdraw_slot", "claim", "claim_next", "house", "reverse", "join_housing", "change", "change",
    "ask", "agree", "refuse", "join_vo", "join_omm", "entitle", "refuse_unsafe", "found", "gone", "forgotten",
    "undo", "undo", "merge", "part",
)  # fmt: skip
ANSWERS = frozenset({"accept", "decline", "refuse_unsafe"})
ABSENT_SHARE = 0.1
SILENT_SHARE = 0.25


def drawn_kinds(chance: random.Random) -> tuple[str, ...]:
    """What users do in one run: some things nobody does, and in some runs no coordinator answers anything."""
    absent = {kind for kind in sorted(set(KINDS)) if chance.random() < ABSENT_SHARE}
    if chance.random() < SILENT_SHARE:
        absent |= ANSWERS
    return tuple(kind for kind in KINDS if kind not in absent)


class Walk:
    """Carries out steps that mean something only together with what is there already."""

    def __init__(self, world: Acts) -> None:
        self.world = world
        self.entries: list[tuple[UUID, UUID]] = []
        self.units: list[UUID] = []
        self.mediated: list[UUID] = []
        self.slots: list[UUID] = []
        self.claims: list[UUID] = []
        self.found: list[UUID] = []
        self.mergers: list[UUID] = []

    async def begin(self) -> None:
        """Units that differ in whom they take, and a municipality."""
        await self.world.add_municipality()
        self.units = [
            await self.world.add_unit(places=5),
            await self.world.add_unit(places=1, sexes=[Sex.MALE]),
            await self.world.add_unit(places=2, region=Region.LIMBURG),
            await self.world.add_unit(places=5, kept_for_places=3),
        ]
        self.mediated = [await self.world.add_unit(places=4, programme=Programme.VO)]
        self.units += [*self.mediated, await self.world.add_unit(places=2, programme=Programme.OMM)]

    async def take(self, kind: str, number: int) -> None:
        """Take one step of a kind; which of what is there it is about, the number says."""
        step: Callable[[int], Awaitable[object]] = getattr(self, f"_{kind}")
        try:
            await step(number)
        except (Conflict, NotFound):
            return  # A refusal is a fine answer, as long as it changes nothing.

    async def _join(self, number: int) -> None:
        profile = PROFILES[number % len(PROFILES)]
        entry = await self.world.join(profile, days=number % 17, urgency=number % 3)
        self.entries.append((entry.id, entry.case_id))

    async def _join_housing(self, number: int) -> None:
        if self.entries:
            case_id = self.entries[number % len(self.entries)][1]
            await self.world.join(waitlist="housing", days=number % 13, case_id=case_id)

    async def _join_vo(self, number: int) -> None:
        await self._join_further("vo", number)

    async def _join_omm(self, number: int) -> None:
        await self._join_further("omm", number)

    async def _join_further(self, waitlist: Waitlist, number: int) -> None:
        if self.entries:
            case_id = self.entries[number % len(self.entries)][1]
            entry = await self.world.join(waitlist=waitlist, days=number % 13, case_id=case_id)
            self.entries.append((entry.id, entry.case_id))

    async def _change(self, number: int) -> None:
        if self.entries:
            excluded = frozenset({Region.LIMBURG} if number % 2 else ())
            profile = replace(PROFILES[number % len(PROFILES)], excluded_regions=excluded, region=Region.LIMBURG)
            await self.world.change(self.entries[number % len(self.entries)][1], profile)

    async def _entitle(self, number: int) -> None:
        if self.entries:
            until = self.world.clock() + timedelta(hours=number)
            await self.world.entitle(self.entries[number % len(self.entries)][0], until)

    async def _found(self, number: int) -> None:
        """A household is somewhere already, perhaps in a unit, perhaps of one who stands in line."""
        if self.entries:
            unit_id = self._unit(number) if number % 3 else None
            case_id = self.entries[number % len(self.entries)][1]
            self.found.append(await self.world.find(case_id, unit_id))

    async def _gone(self, number: int) -> None:
        if self.found:
            await self.world.lose(self.found[number % len(self.found)])

    async def _forgotten(self, number: int) -> None:
        """Found, and gone before anyone heard of it."""
        await self._found(number)
        if self.found:
            await self.world.lose(self.found[-1])

    async def _ask(self, number: int) -> None:
        await self.world.post_bed(self.mediated[0], lease_seconds=3600 * (1 + number))

    async def _agree(self, _number: int) -> None:
        await self.world.answer(self.mediated[0])

    async def _refuse(self, _number: int) -> None:
        await self.world.answer(self.mediated[0], EnquiryRefusal.NOT_SUITABLE)

    async def _refuse_unsafe(self, number: int) -> None:
        if made := await self.world.offers("made"):
            reasons = list(DeclineReason)
            await self.world.decline(made[number % len(made)]["id"], reasons[number % len(reasons)])

    async def _leave(self, number: int) -> None:
        if self.entries:
            await self.world.leave(self.entries[number % len(self.entries)][0])

    async def _accept(self, number: int) -> None:
        if made := await self.world.offers("made"):
            await self.world.accept(made[number % len(made)]["id"])

    async def _decline(self, number: int) -> None:
        if made := await self.world.offers("made"):
            await self.world.decline(made[number % len(made)]["id"])

    async def _undo(self, number: int) -> None:
        if answered := await self.world.offers("accepted", "declined"):
            await self.world.undo(answered[number % len(answered)]["id"])

    async def _merge(self, number: int) -> None:
        if self.entries:
            survivor, other = (self.entries[place % len(self.entries)][1] for place in (number, number + 1))
            self.mergers.append(await self.world.merge(survivor, other))

    async def _part(self, number: int) -> None:
        if self.mergers:
            await self.world.part(self.mergers[number % len(self.mergers)])

    async def _post(self, number: int) -> None:
        await self.world.post_bed(self._unit(number), lease_seconds=3600 * (1 + number))

    async def _withdraw(self, number: int) -> None:
        await self.world.withdraw_bed(self._unit(number))

    async def _affirm(self, number: int) -> None:
        await self.world.affirm_bed(self._unit(number))

    async def _arrive(self, number: int) -> None:
        await self.world.arrive(await self._unit_in("reserved", number))

    async def _miss(self, number: int) -> None:
        await self.world.miss(self._unit(number))

    async def _depart(self, number: int) -> None:
        await self.world.depart(await self._unit_in("occupied", number))

    async def _slot(self, number: int) -> None:
        self.slots.append((await self.world.open_slot(places=1 + number % 5)).id)

    async def _withdraw_slot(self, number: int) -> None:
        if self.slots:
            await self.world.withdraw_slot(self.slots[number % len(self.slots)])

    async def _claim(self, number: int) -> None:
        if self.slots:
            claim = await self.world.claim(self.slots[number % len(self.slots)])
            self.claims.append(claim.id)

    async def _house(self, number: int) -> None:
        if self.claims:
            await self.world.house(self.claims[number % len(self.claims)])

    async def _claim_next(self, number: int) -> None:
        claim = await self.world.claim_next(places=1 + number % 5)
        self.slots.append(claim.slot_id)
        self.claims.append(claim.id)

    async def _reverse(self, number: int) -> None:
        if self.claims:
            await self.world.reverse(self.claims[number % len(self.claims)])

    async def _unit_in(self, state: str, number: int) -> UUID:
        """Mostly one where this means something, for few get so far; and any, now and then or when there is none."""
        there = await self.world.units_in(state) if number % len(self.units) else ()
        return there[number % len(there)]["id"] if there else self._unit(number)

    def _unit(self, number: int) -> UUID:
        return self.units[number % len(self.units)]
