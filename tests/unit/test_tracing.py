"""What follows from what, when messages are handled together."""

from uuid import UUID

import pytest

from schemas import catalogue
from schemas.envelope import Event
from services.chassis import tracing
from services.chassis.clock import system_identifiers
from tests.support.counting import NOW, SOURCE, about

FIRST, SECOND = UUID(int=1), UUID(int=2)
ONE, OTHER = f"00-{1:032x}-{1:016x}-01", f"00-{2:032x}-{2:016x}-01"


def event(subject: UUID, traceparent: str | None) -> Event:
    data = about(subject)
    return catalogue.event(
        data, id=system_identifiers(), source=SOURCE, subject=str(subject), time=NOW, traceparent=traceparent
    )


def test_of_several_messages_an_event_follows_from_the_one_about_the_same() -> None:
    """Each trace goes its own way, although one transaction has them all."""
    with tracing.handling("queue", [event(FIRST, ONE), event(SECOND, OTHER)]):
        assert tracing.cause_of(about(FIRST)) == ONE
        assert tracing.cause_of(about(SECOND)) == OTHER


def test_of_several_messages_nothing_is_guessed() -> None:
    """An event about something else follows from nobody knows which."""
    with tracing.handling("queue", [event(FIRST, ONE), event(SECOND, OTHER)]):
        assert tracing.cause_of(about(UUID(int=3))) is None


def test_of_a_single_message_everything_follows() -> None:
    """Whatever it is about; a message without a trace changes nothing."""
    with tracing.handling("queue", [event(FIRST, ONE), event(SECOND, None)]):
        assert tracing.cause_of(about(UUID(int=3))) == ONE


def test_nothing_follows_once_it_is_over() -> None:
    """Neither after a success nor after a failure, and never without a trace."""
    with tracing.handling("queue", [event(FIRST, None)]):
        assert tracing.cause_of(about(FIRST)) is None
    with pytest.raises(RuntimeError), tracing.handling("queue", [event(FIRST, ONE)]):
        raise RuntimeError
    with tracing.serving("service", "POST", "/things", ONE) as step:
        assert step.traceparent == ONE
        assert tracing.cause_of(about(FIRST)) == ONE
    assert tracing.cause_of(about(FIRST)) is None
