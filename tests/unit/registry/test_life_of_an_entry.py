"""What may happen to a place in line: every act on every state, as a table."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from schemas.vocabulary import AgeBand, Sex
from services.registry.domain import entries
from services.registry.domain.entries import CONSEQUENCES
from services.registry.domain.errors import IllegalTransition
from services.registry.domain.model import Entry, EntryState, PauseReason, Profile
from tests.support.tables import rows_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WOMAN = Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, 1, 0, wheelchair=False, needs=frozenset())
WAITING = Entry(UUID(int=7), "cosm", UUID(int=8), "north", WOMAN, 0, NOW - timedelta(days=3), silences=2)

ACTS = """
state                       | pause   | resume  | withdraw  | lapse
waiting                     | paused  | refused | withdrawn | lapsed
paused, requested           | paused  | waiting | withdrawn | lapsed
paused, contact-review      | paused  | waiting | withdrawn | lapsed
paused, released            | paused  | refused | withdrawn | lapsed
offered                     | refused | refused | refused   | refused
placed                      | refused | refused | refused   | refused
withdrawn                   | refused | refused | refused   | refused
lapsed                      | refused | refused | refused   | refused
"""

ACT: dict[str, Callable[[Entry], None]] = {
    "pause": lambda entry: entries.pause(entry, PauseReason.REQUESTED, NOW + timedelta(days=1)),
    "resume": entries.resume,
    "withdraw": entries.withdraw,
    "lapse": entries.lapse,
}
CASES = [(row[0], *pair) for row in rows_of(ACTS) for pair in zip(ACT, row[1:], strict=True)]


@pytest.mark.parametrize(("state", "act", "expected"), CASES)
def test_an_act_leads_to_one_state_or_is_refused_and_changes_nothing(state: str, act: str, expected: str) -> None:
    """A pause has a reason as long as it lasts, or is remembered for who leaves; the place in line never changes."""
    name, _, reason = state.partition(", ")
    entry = replace(WAITING, state=EntryState(name), released=reason == "released")
    entry.pause_reason = PauseReason(reason) if reason and not entry.released else None
    before = replace(entry)
    if expected == "refused":
        with pytest.raises(IllegalTransition):
            ACT[act](entry)
        assert entry == before
        return
    ACT[act](entry)
    assert entry.state == expected
    remembered = before.pause_reason in CONSEQUENCES and entry.state is EntryState.WITHDRAWN
    assert (entry.pause_reason is not None) == (entry.state is EntryState.PAUSED or remembered)
    assert (entry.waiting_since, entry.urgency) == (before.waiting_since, before.urgency)


@pytest.mark.parametrize("reason", PauseReason)
def test_only_a_contact_review_makes_up_for_silence(reason: PauseReason) -> None:
    """Whoever does not answer cannot start anew by asking for a pause, and ending it."""
    entry = replace(WAITING)
    entries.pause(entry, reason, NOW + timedelta(days=1))
    entries.end_pause(entry)
    assert entry.silences == (0 if reason is PauseReason.CONTACT_REVIEW else WAITING.silences)


def test_a_right_ends_at_its_moment_and_not_before() -> None:
    """The moment itself counts; who has a place has nothing to lapse."""
    for moment, over in ((NOW + timedelta(seconds=1), False), (NOW, True)):
        assert entries.has_lapsed(replace(WAITING, eligible_until=moment), NOW) is over
    assert not entries.has_lapsed(replace(WAITING, state=EntryState.PLACED, eligible_until=NOW), NOW)
