"""Plays one whole cascade through the public APIs and the live stream, and tells how long each step took."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from doorstroom_client import Client
from schemas.api.decisions import Position
from schemas.api.municipalities import NewSlot, Quota
from schemas.api.municipalities import Slot as MunicipalSlot
from schemas.api.notifications import Notification
from schemas.vocabulary import DeclineReason, Programme
from services.cli.cast import Cast
from services.cli.sample import COORDINATORS, FAMILY, MUNICIPALITIES

STEP_SECONDS = 20.0
UTRECHT, UTRECHT_NAME, *_ = MUNICIPALITIES[4]


@dataclass(slots=True)
class Timeline:
    """Prints each step with the milliseconds since the first one and since the last one."""

    write: Callable[[str], None]
    started: float = field(default_factory=time.perf_counter)
    last: float = field(default_factory=time.perf_counter)

    def step(self, who: str, what: str) -> None:
        """Something has just been seen to happen."""
        now = time.perf_counter()
        since_start, since_last = (now - self.started) * 1000, (now - self.last) * 1000
        self.write(f"  {since_start:8.1f} ms  {since_last:+8.1f}   {who:<22} {what}")
        self.last = now


class Ears:
    """Listens to every coordinator's live stream."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._heard: asyncio.Queue[tuple[str, Notification]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Connect the streams; from here on nothing is missed."""
        for name in COORDINATORS:
            self._tasks.append(asyncio.create_task(self._listen(name)))
        # A stream begins with what comes after it is open, and only the server knows when that is.
        await asyncio.sleep(0.3)

    async def close(self) -> None:
        """Disconnect."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def next(self, kind: str) -> tuple[str, Notification]:
        """Wait for the next notification of this kind, whoever it is for. Raises TimeoutError."""
        async with asyncio.timeout(STEP_SECONDS):
            while True:
                name, notification = await self._heard.get()
                if notification.kind == kind:
                    return name, notification

    async def _listen(self, name: str) -> None:
        async for notification in self._cast.coordinator(name).stream_notifications():
            self._heard.put_nowait((name, notification))


class Demo:
    """Slot → home → bed → next person."""

    def __init__(self, cast: Cast, half_year: str, write: Callable[[str], None]) -> None:
        self._cast = cast
        self._half_year = half_year
        self._write = write

    async def play(self) -> None:
        """Play it. Raises TimeoutError when a step does not happen."""
        ears = Ears(self._cast)
        await ears.open()
        try:
            await self._cascade(ears, Timeline(self._write))
        finally:
            await ears.close()

    async def _cascade(self, ears: Ears, timeline: Timeline) -> None:
        municipality = self._cast.municipality(UTRECHT)
        slot = await municipality.open_slot(NewSlot(places=2))
        timeline.step(UTRECHT_NAME, "opens a slot for two people under its housing quota")
        name, offered = await ears.next("offer-made")
        timeline.step(name, "is notified: the next household on the housing list is offered it")
        await self._cast.coordinator(name).accept_offer(offered.subject)
        timeline.step(name, "accepts for the household")
        accepted = await _accepted(municipality, slot.slot_id)
        timeline.step(UTRECHT_NAME, f"sees it: {accepted.adults} adult and {accepted.children} child will come")
        claim = await municipality.claim_household(slot.slot_id)
        timeline.step(UTRECHT_NAME, "claims the household")
        await municipality.house_household(claim.claim_id)
        timeline.step(UTRECHT_NAME, "houses them: they have moved in")
        await ears.next("placement-ended")
        timeline.step(name, "is notified: their place in the shelter comes free")
        name, offered = await ears.next("offer-made")
        timeline.step(name, "is notified: the next person on the shelter waitlist is offered it")
        await self._cast.coordinator(name).decline_offer(offered.subject, DeclineReason.UNSAFE)
        timeline.step(name, "declines as unsafe: they keep their place, and this facility is excluded for them")
        name, offered = await ears.next("offer-made")
        timeline.step(name, "is notified: the refusal has moved it on to the next household")
        quota = await _quota(municipality, self._half_year)
        timeline.step(UTRECHT_NAME, f"quota {self._half_year}: {quota.housed} of {quota.task} housed, counted once")
        await self._explain(self._cast.coordinator(name), offered.subject)
        await self._stand(self._cast.coordinator(FAMILY.coordinator))

    async def _explain(self, coordinator: Client, offer_id: UUID) -> None:
        decision = await coordinator.get_decision_of_offer(offer_id)
        self._write(f"\n  Why this household? Policy {decision.policy}; passed over further up the list:")
        for passed in decision.considered:
            self._write(f"    number {passed.position:<2} {passed.rule:<15} {', '.join(passed.reasons)}")
        if not decision.considered:
            self._write("    nobody: they were first in line")

    async def _stand(self, coordinator: Client) -> None:
        """Where a family stands that still waits: it is the one of this coordinator's that waits longest."""
        entries = (await coordinator.list_entries()).entries
        waiting = [entry for entry in entries if (entry.waitlist, entry.state) == (Programme.COSM, "waiting")]
        if waiting:
            longest = min(waiting, key=lambda entry: (entry.waiting_since, entry.entry_id))
            position = await coordinator.get_position(longest.entry_id)
            self._write(f"\n  And a family of {FAMILY.people} that still waits? {_standing(position)}")
            self._write(f"    What would help them: {_help(position)}. {_wait(position)}")


def _standing(position: Position) -> str:
    if position.ahead is None:
        return f"They are {position.state}."
    ahead = position.ahead
    return f"Number {position.position}: {ahead.more_urgent} more urgent, {ahead.waiting_longer} waiting longer."


def _help(position: Position) -> str:
    """What would change the reasons, each said once."""
    texts = [item.text.en for vacancy in position.excluding_vacancies for item in vacancy.exclusions]
    return ", ".join(dict.fromkeys(texts)) or "another vacancy"


def _wait(position: Position) -> str:
    wait = position.expected_wait
    if wait is None:
        return "How long it takes, nobody can say from fewer than ten placements."
    return f"Eight of ten waited {wait.lowest_days} to {wait.highest_days} days."


async def _accepted(municipality: Client, slot_id: UUID) -> MunicipalSlot:
    async with asyncio.timeout(STEP_SECONDS):
        while True:
            slots = (await municipality.list_slots()).slots
            found = next((slot for slot in slots if slot.slot_id == slot_id and slot.accepted), None)
            if found is not None:
                return found
            await asyncio.sleep(0.002)


async def _quota(municipality: Client, half_year: str) -> Quota:
    return (await municipality.list_quotas(half_year)).quotas[0]
