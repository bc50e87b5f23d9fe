"""In which order people are next. A policy has a name and a version, and every decision names the one it used."""

from datetime import datetime
from uuid import UUID

from services.registry.domain.model import Entry

POLICY = "urgency-then-waiting-since.v1"

HIGHEST_URGENCY = 9


def precedence(urgency: int) -> int:
    """The urgency as a number that rises down the list, so that every part of the order is ascending."""
    return HIGHEST_URGENCY - urgency


def place_in_line(entry: Entry) -> tuple[int, datetime, UUID, UUID]:
    """The urgent first, then who has waited longest, then by lot if one was drawn; the id is unique."""
    return precedence(entry.urgency), entry.waiting_since, entry.lot, entry.id
