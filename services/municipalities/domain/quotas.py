"""How many people each municipality must house: integers only, from the national number to what remains.

Huisvestingswet 2014, article 29: in proportion to the inhabitants on 1 January of the year before, rounded up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.municipalities.domain.errors import Refused
from services.municipalities.domain.half_year import AMSTERDAM, MONTHS, HalfYear

COUNTS_SINCE = date(2012, 1, 1)
"""From then on a housed victim with a permit counts."""


class QuotaKind(StrEnum):
    """Which law there is: configuration, because one that abolishes the quota is expected."""

    BY_POPULATION = "by-population"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class QuotaRules:
    """Which kind of quota there is, and from which day on a housed household counts, or no longer counts, for it."""

    kind: QuotaKind = QuotaKind.BY_POPULATION
    counts_from: tuple[tuple[date, bool], ...] = ((COUNTS_SINCE, True),)

    def counts(self, moment: datetime) -> bool:
        """Whether a household that moves in at this moment counts for the quota."""
        day = moment.astimezone(AMSTERDAM).date()
        begun = [counts for begins, counts in sorted(self.counts_from) if begins <= day]
        return self.kind is not QuotaKind.NONE and bool(begun) and begun[-1]

    def ensure_quota(self) -> None:
        """Raises Refused when there is no quota to share out."""
        if self.kind is QuotaKind.NONE:
            raise Refused("There is no quota by the settings (DOORSTROOM_QUOTA_KIND is none), so none can be set.")


@dataclass(frozen=True, slots=True)
class Position:
    """Where one municipality stands in one half-year, in people."""

    quota: int = 0
    arrears: int = 0
    credit: int = 0
    swapped: int = 0
    claimed: int = 0
    housed: int = 0
    carried_over: int = 0
    """What was moved to the next half-year when this one was closed; negative for a credit."""

    @property
    def task(self) -> int:
        """What must be housed: the quota with what came over from before, and with what was swapped."""
        return self.quota + self.arrears - self.credit + self.swapped

    @property
    def remaining(self) -> int:
        """What was not housed in the half-year itself; negative when more was housed than asked."""
        return self.task - self.housed

    def expected(self, months: int) -> int:
        """The yardstick after so many months: m/6 of the task, rounded up."""
        return max(divided_up(self.task * months, MONTHS), 0)

    def is_behind(self, months: int) -> bool:
        """Whether fewer are housed than the yardstick asks."""
        return self.housed < self.expected(months)


def divided_up(number: int, by: int) -> int:
    """The quotient, rounded up, without ever leaving the integers."""
    return -(-number // by)


def quota_share(national_quota: int, inhabitants: int, national_inhabitants: int) -> int:
    """A municipality's part of the national number, by population, rounded up (Huisvestingswet 2014, article 29)."""
    return divided_up(national_quota * inhabitants, national_inhabitants)


def shares(national_quota: int, populations: Mapping[str, int], national_inhabitants: int) -> dict[str, int]:
    """Each municipality's part, by code. Raises Refused when the country has fewer people than its municipalities."""
    if national_inhabitants < sum(populations.values()):
        raise Refused("The country has fewer inhabitants than its municipalities together; correct that number.")
    return {
        code: quota_share(national_quota, inhabitants, national_inhabitants)
        for code, inhabitants in sorted(populations.items())
    }


def check_swap(giver: str, taker: str, people: int, giving: Position, half_year: HalfYear, now: datetime) -> None:
    """Raises Refused when a municipality may not hand this part of its task to the other."""
    if giver == taker:
        raise Refused("A swap is between two municipalities; name another one.")
    if now >= half_year.next.begins_at:
        raise Refused("The half-year is over, so its task cannot be swapped any more; swap in a later one.")
    if people > giving.remaining - giving.claimed:
        raise Refused("The municipality has less left to house than it would give away, claims not counted.")
