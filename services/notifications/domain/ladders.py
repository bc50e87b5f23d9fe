"""When somebody is reminded: ladders of reminders between the moment that something began and its deadline."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from services.calendar.hours import AnswerTime, IsHoliday


class Reminder(StrEnum):
    """What a reminder is, which says also whom it is for. Each is a kind of notification."""

    UNANSWERED = "offer-unanswered"
    """To the coordinator's organisation: the offer stalls."""
    FOR_SUBSTITUTE = "offer-for-substitute"
    """Into the same inbox, for whoever stands in for an absent coordinator."""
    FOR_HELPDESK = "offer-for-helpdesk"
    """To the helpdesk, who may answer for anyone."""


class Side(StrEnum):
    """From which end of the time a step is counted."""

    AFTER = "after"
    BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a ladder: so many hours after the offer was made, or before its deadline.

    `working`: only hours count in which Dutch offices work.
    """

    reminder: Reminder
    side: Side
    hours: int
    working: bool = False

    def moment(self, span: "Span", is_holiday: IsHoliday) -> datetime:
        """When it is taken, in UTC."""
        time = AnswerTime(self.hours, self.working)
        if self.side is Side.AFTER:
            return time.after(span.began_at, is_holiday)
        return time.before(span.deadline_at, self.hours, is_holiday)


@dataclass(frozen=True, slots=True)
class Span:
    """From when on somebody could answer, and until when they can."""

    began_at: datetime
    deadline_at: datetime


Ladder = Sequence[Step]


def _ladder(working_hours: Iterable[int], helpdesk_hours: int) -> Ladder:
    unanswered, substitute = working_hours
    return (
        Step(Reminder.UNANSWERED, Side.AFTER, unanswered, working=True),
        Step(Reminder.FOR_SUBSTITUTE, Side.AFTER, substitute, working=True),
        Step(Reminder.FOR_HELPDESK, Side.BEFORE, helpdesk_hours),
    )


# Policy, of which no rule in print was found; an operator may set it. The registry itself says before each deadline
# that it is near: 4 hours before that of a shelter's offer, a day before that of a home's.
DEFAULT_LADDERS: Mapping[str, Ladder] = MappingProxyType(
    {"shelter": _ladder((4, 6), helpdesk_hours=2), "housing": _ladder((16, 24), helpdesk_hours=8)}
)
"""By what the list is for."""


def due(ladder: Ladder, span: Span, told_until: datetime, now: datetime, is_holiday: IsHoliday) -> list[Reminder]:
    """What is to be said now, each once: what was missed is not said as often as it was missed.

    Nothing at or after the deadline.
    """
    if now >= span.deadline_at:
        return []
    taken = {step.reminder: None for at, step in _steps(ladder, span, is_holiday) if told_until < at <= now}
    return list(taken)


def next_due(ladder: Ladder, span: Span, after: datetime, is_holiday: IsHoliday) -> datetime | None:
    """When the next step after this moment is taken; None when there is none."""
    return next((at for at, _ in _steps(ladder, span, is_holiday) if at > after), None)


def _steps(ladder: Ladder, span: Span, is_holiday: IsHoliday) -> list[tuple[datetime, Step]]:
    """The steps between the beginning and the deadline, in order."""
    moments = ((step.moment(span, is_holiday), step) for step in ladder)
    within = (pair for pair in moments if span.began_at < pair[0] < span.deadline_at)
    return sorted(within, key=lambda pair: (pair[0], pair[1].reminder))
