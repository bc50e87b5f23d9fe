"""The life of a unit as a table: where it stands, what happens, and where it stands then, or why not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from schemas.vocabulary import UnitState
from services.shelters.domain import unit as rules
from services.shelters.domain.errors import Refused
from services.shelters.domain.unit import Allocation, Episode, Unit

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
RENEWED = LATER + timedelta(days=3)
THIS, NEXT, OFFER = UUID(int=1), UUID(int=2), UUID(int=3)


def unit(state: str) -> Unit:
    """A unit that stands so; "enquired" is held by an enquiry, "closed" is out of service in a closed facility."""
    if state in ("out of service", "closed"):
        return Unit(UUID(int=9), closed=state == "closed")
    made = Unit(UUID(int=9), UnitState("held" if state == "enquired" else state), THIS, allocation_version=5)
    if state != "free":
        made.offer_id = OFFER
    if state != "occupied":
        made.freed_at = made.available_from = NOW
        made.lease_expires_at = LATER
    made.enquiring = state == "enquired"
    return made


def episode(available_in_days: float = 0) -> Episode:
    return Episode(NEXT, NOW, NOW + timedelta(days=available_in_days), LATER)


def follow(state: UnitState, version: int = 6, *, enquiring: bool = False) -> Callable[[Unit], object]:
    said = Allocation(THIS, version, state, None if state is UnitState.FREE else OFFER, enquiring)
    return lambda of: rules.follow(of, said, RENEWED, NOW)


EVENTS: dict[str, Callable[[Unit], object]] = {
    "the provider posts it free": lambda of: rules.post(of, episode()),
    "the provider posts it free from next week": lambda of: rules.post(of, episode(7)),
    "the provider affirms it": lambda of: rules.affirm(of, LATER + timedelta(days=1), NOW),
    "the provider withdraws it": rules.withdraw,
    "the facility closes": rules.close,
    "the lease ends": lambda of: rules.lapse(of, LATER),
    "a day passes": lambda of: rules.lapse(of, NOW + timedelta(days=1)),
    "the registry offers it": follow(UnitState.HELD),
    "the registry asks about a household": follow(UnitState.HELD, enquiring=True),
    "the coordinator accepts": follow(UnitState.RESERVED),
    "the coordinator declines": follow(UnitState.FREE),
    "an old message arrives late": follow(UnitState.RESERVED, 5),
    "the provider answers the enquiry": lambda of: rules.answer(of, OFFER, LATER, NOW),
    "the provider answers after the deadline": lambda of: rules.answer(of, OFFER, NOW, NOW),
    "the provider answers another enquiry": lambda of: rules.answer(of, NEXT, LATER, NOW),
    "the household arrives": lambda of: rules.arrive(of, NOW),
    "the household arrives too early": lambda of: rules.arrive(of, NOW - timedelta(seconds=1)),
    "the household does not come": rules.miss,
    "the household departs": rules.depart,
}

TABLE = """
stands         | what happens                              | then
out of service | the provider posts it free                | free
out of service | the provider posts it free from next week | refused: give a longer lease
out of service | the provider affirms it                   | refused: only a free or held one
out of service | the provider withdraws it                 | refused: free, held or reserved
out of service | the facility closes                       | out of service
out of service | the household arrives                     | refused: only a reserved one
out of service | the household departs                     | refused: only from an occupied one
closed         | the provider posts it free                | refused: reopen the facility first
free           | the provider posts it free                | refused: affirm its vacancy
free           | the provider affirms it                   | free
free           | the provider withdraws it                 | out of service
free           | the facility closes                       | out of service
free           | the lease ends                            | out of service
free           | a day passes                              | free
free           | the registry offers it                    | held
free           | the registry asks about a household       | enquired
free           | an old message arrives late               | free
free           | the household arrives                     | refused: only a reserved one
free           | the household does not come               | refused: only for a reserved one
free           | the provider answers the enquiry          | refused: answered or ended
held           | the provider affirms it                   | held
held           | the provider withdraws it                 | out of service
held           | the lease ends                            | out of service
held           | the coordinator accepts                   | reserved
held           | the coordinator declines                  | free
held           | the provider answers the enquiry          | refused: answered or ended
held           | the household arrives                     | refused: only a reserved one
enquired       | the provider answers the enquiry          | held
enquired       | the provider answers after the deadline   | refused: deadline has passed
enquired       | the provider answers another enquiry      | refused: answered or ended
enquired       | the registry offers it                    | held
enquired       | the coordinator declines                  | free
enquired       | the provider withdraws it                 | out of service
enquired       | the facility closes                       | out of service
enquired       | the lease ends                            | out of service
reserved       | the lease ends                            | reserved
reserved       | the provider affirms it                   | refused: only a free or held one
reserved       | the provider withdraws it                 | out of service
reserved       | the facility closes                       | out of service
reserved       | the household arrives                     | occupied
reserved       | the household arrives too early           | refused: not available yet
reserved       | the household does not come               | out of service
reserved       | the coordinator declines                  | free
occupied       | the provider posts it free                | refused: record the departure
occupied       | the provider withdraws it                 | refused: once the departure is recorded
occupied       | the facility closes                       | occupied
occupied       | the lease ends                            | occupied
occupied       | the registry offers it                    | occupied
occupied       | the household arrives                     | refused: only a reserved one
occupied       | the household departs                     | out of service
"""
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip().splitlines()[1:]]


@pytest.mark.parametrize(("stands", "event", "then"), ROWS, ids=[f"{row[0]}: {row[1]}" for row in ROWS])
def test_a_unit_goes_where_the_table_says(stands: str, event: str, then: str) -> None:
    """What is refused changes nothing; what ends an episode leaves nothing of it."""
    before, after = unit(stands), unit(stands)
    if then.startswith("refused: "):
        with pytest.raises(Refused, match=then.removeprefix("refused: ")):
            EVENTS[event](after)
        assert after == before
        return
    EVENTS[event](after)
    assert after.state == ("held" if then == "enquired" else then.replace(" ", "_"))
    assert after.enquiring == (then == "enquired")
    assert after.version in (before.version, before.version + 1)
    if then == "out of service" != stands:
        assert (after.vacancy_id, after.ended_vacancy_id, after.ended_by is None) == (None, THIS, False)
        assert (after.offer_id, after.lease_expires_at, after.available_from) == (None, None, None)


def test_a_word_about_another_episode_is_ignored() -> None:
    """The registry may still speak of the last vacancy when a new one has begun."""
    free = unit("free")
    assert not rules.follow(free, Allocation(NEXT, 99, UnitState.RESERVED, OFFER), RENEWED, NOW)
    assert free == unit("free")


@pytest.mark.parametrize(("stands", "said", "renewed"), [("reserved", UnitState.FREE, True),
                                                         ("reserved", UnitState.HELD, True),
                                                         ("reserved", UnitState.RESERVED, False),
                                                         ("held", UnitState.FREE, False),
                                                         ("free", UnitState.HELD, False),
                                                         ("occupied", UnitState.FREE, False)])  # fmt: skip
def test_a_lease_begins_again_when_a_reserved_unit_comes_back(stands: str, said: UnitState, *, renewed: bool) -> None:
    """Also when the next offer's message is the first that arrives; the provider was not asked to affirm it before."""
    of = unit(stands)
    lease, version = of.lease_expires_at, of.version
    follow(said)(of)
    assert (of.lease_expires_at, of.version) == ((RENEWED, version + 1) if renewed else (lease, version))


@pytest.mark.parametrize(("event", "now", "why"), [
    ("the lease ends", "out of service", "lapsed, because nobody affirmed it in time; post the unit again"),
    ("the provider withdraws it", "out of service", "was withdrawn; post the unit again"),
    ("the facility closes", "closed", "facility was closed; reopen the facility and post the unit again"),
    ("the provider withdraws it", "free", "was withdrawn; the unit has a new one"),
])  # fmt: skip
def test_a_vacancy_that_ended_says_how_and_what_to_do(event: str, now: str, why: str) -> None:
    """Whoever affirms it too late need not guess whether it ever existed."""
    of = unit("free")
    EVENTS[event](of)
    if now == "free":
        rules.post(of, episode())
    with pytest.raises(Refused, match=why):
        rules.refuse_ended(of)


def test_every_state_is_in_the_table() -> None:
    """A new state needs its rows."""
    assert {row[0].replace(" ", "_") for row in ROWS} >= set(UnitState)
