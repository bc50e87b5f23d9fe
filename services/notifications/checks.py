"""What must never be false in the notifications' database, as questions that find what breaks it: ids and numbers only.

A recipient's own id is an organisation's, which is no person's; it is named so that somebody can look.
"""

from sqlalchemy import func, literal, select

from services.chassis.checks import broken, missing, questions
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.domain.ladders import Reminder
from services.notifications.tables import notifications, recipients, reminders, subjects

_COUNT = func.count(notifications.c.id)
_first, _last = func.min(notifications.c.sequence), func.max(notifications.c.sequence)

_DECIDED = (
    "offer-accepted",
    "offer-declined",
    "offer-expired",
    "offer-revoked",
    "placement-fell-through",
    "placement-ended",
)
_decision = notifications.alias("decision")
_DECISION = select(_decision.c.id).where(_decision.c.kind.in_(_DECIDED))

BROKEN = questions(
    {
        # Numbers are unique and whole: as many as there are from 1 to the last one means that none is missing.
        "inbox with a gap in its numbers": (
            select(notifications.c.recipient)
            .group_by(notifications.c.recipient)
            .having((_first != 1) | (_last != _COUNT))
            .order_by(notifications.c.recipient)
        ),
        "inbox that does not end with the last number given out": (
            select(recipients.c.id)
            .outerjoin(notifications, notifications.c.recipient == recipients.c.id)
            .group_by(recipients.c.id, recipients.c.last_sequence)
            .having(func.coalesce(_last, literal(0)) != recipients.c.last_sequence)
            .order_by(recipients.c.id)
        ),
        "notification about something whose version is not remembered": (
            select(notifications.c.id)
            .where(~select(subjects.c.id).where(subjects.c.id == notifications.c.subject).exists())
            .order_by(notifications.c.id)
        ),
        "version remembered of something that nobody was told about": (
            missing(select(subjects.c.id), select(notifications.c.subject))
        ),
        "reminder that waits for an offer that was decided": (
            select(reminders.c.id).where(_DECISION.where(_decision.c.subject == reminders.c.id).exists())
        ),
        # Of one recipient the numbers tell what was first; by the clocks of two processes nobody can.
        "reminder of an offer that was decided": (
            select(notifications.c.id).where(
                notifications.c.kind.in_([kind.value for kind in Reminder]),
                _DECISION.where(
                    _decision.c.subject == notifications.c.subject,
                    _decision.c.recipient == notifications.c.recipient,
                    _decision.c.sequence < notifications.c.sequence,
                ).exists(),
            )
        ),
    }
)


async def findings(unit: UnitOfWork) -> list[str]:
    """Everything that is wrong, at most 100 of a kind: what, and the id of the recipient, notification or subject."""
    return await broken(unit, BROKEN)
