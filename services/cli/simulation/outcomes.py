"""Situations that must be reached, in some seed or other: a run that never saw them would show little."""

from collections import Counter

from sqlalchemy import ColumnElement, Executable, and_, select

from services.cli.simulation.acts import Acts
from services.notifications.domain.ladders import Reminder
from services.notifications.tables import notifications
from services.registry.tables import entries, offers

_STATE, _REASON = offers.c.state, offers.c.reason

_BY_OFFER: dict[str, ColumnElement[bool]] = {
    "an offer expired, and moved on": _STATE == "expired",
    "an offer was declined, and moved on": _STATE == "declined",
    "a bed was withdrawn while it was offered": and_(_STATE == "revoked", _REASON == "withdrawn"),
    "a lease lapsed while the bed was offered": and_(_STATE == "revoked", _REASON == "lapsed"),
    "a household became unsuitable while it was offered a bed": and_(_STATE == "revoked", _REASON.contains("-")),
    "another list's offer was revoked by an acceptance": and_(_STATE == "revoked", _REASON == "accepted_elsewhere"),
    "a household left the list by a merger while it was offered a bed": and_(
        _STATE == "revoked", _REASON == "left_list"
    ),
    "a bed was withdrawn while it was reserved": and_(_STATE == "fell_through", _REASON == "withdrawn"),
    "a household did not come": and_(_STATE == "fell_through", _REASON == "no_show"),
    "an acceptance was taken back": and_(_STATE == "fell_through", _REASON == "taken_back"),
    "a claim was reversed": and_(_STATE == "fell_through", _REASON == "claim_reversed"),
    "a provider refused in mediation": and_(_STATE == "ended", _REASON == "refused"),
    "a provider did not answer in time": and_(_STATE == "ended", _REASON == "unanswered"),
    "a household was placed": _STATE == "fulfilled",
    "a placement ended": and_(_STATE == "fulfilled", offers.c.ended_at.is_not(None)),
    "a household got a home": and_(_STATE == "fulfilled", offers.c.kind == "housing"),
}
_BY_ENTRY: dict[str, ColumnElement[bool]] = {
    "a right ended while they waited": entries.c.state == "lapsed",
    "a household was silent again and again": entries.c.pause_reason == "contact-review",
}
_BY_ACCIDENT = {
    "a process died before its commit": "before-commit",
    "a process died between commit and publish": "after-commit",
}
OFFERS_OPEN_AT_A_LOSS = "the broker lost everything while offers were open"
TWO_REPLICAS = "two replicas of the registry worked at once"
_BY_REMINDER = {f"somebody was told of an {kind}": notifications.c.kind == kind for kind in Reminder}
SOMETIMES = (*_BY_OFFER, *_BY_ENTRY, *_BY_REMINDER, *_BY_ACCIDENT, OFFERS_OPEN_AT_A_LOSS, TWO_REPLICAS)

# Built once: every seed asks.
_ASKED: dict[str, tuple[str, Executable]] = {
    situation: (service, select(table.c.id).where(condition).limit(1))
    for service, table, situations in (
        ("registry", offers, _BY_OFFER),
        ("registry", entries, _BY_ENTRY),
        ("notifications", notifications, _BY_REMINDER),
    )
    for situation, condition in situations.items()
}


async def reached(world: Acts) -> Counter[str]:
    """Which of them the databases tell of."""
    return Counter({situation: len(await world.rows(*asked)) for situation, asked in _ASKED.items()})


def by_point(label: str) -> str | None:
    """The situation that a death at this labelled point is."""
    return next((situation for situation, point in _BY_ACCIDENT.items() if label.endswith(point)), None)
