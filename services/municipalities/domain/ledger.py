"""The quota ledger: bookings of people between accounts. Every booking sums to zero, and nothing is ever changed.

For each municipality and half-year there are three accounts: OPEN (still to be claimed), CLAIMED and HOUSED. Quotas
come out of the NATIONAL account. Arrears move from one half-year's OPEN to the next, a swap from one municipality's
OPEN to another's. So OPEN + CLAIMED + HOUSED is always the task, less what was carried over to the next half-year.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.municipalities.domain.half_year import HalfYear
from services.municipalities.domain.quotas import Position


class Account(StrEnum):
    """Where people stand."""

    NATIONAL = "national"
    OPEN = "open"
    CLAIMED = "claimed"
    HOUSED = "housed"


class Kind(StrEnum):
    """Why they are there."""

    QUOTA = "quota"
    ARREARS = "arrears"
    CREDIT = "credit"
    CARRIED_OVER = "carried_over"
    SWAP = "swap"
    CLAIMED = "claimed"
    CLAIM_REVERSED = "claim_reversed"
    CLAIM_CARRIED_OUT = "claim_carried_out"
    CLAIM_CARRIED_IN = "claim_carried_in"
    CLAIM_TAKEN_BACK_OUT = "claim_taken_back_out"
    CLAIM_TAKEN_BACK_IN = "claim_taken_back_in"
    """It was carried over although they had moved in before, which nobody had said."""
    CLAIM_RESIZED = "claim_resized"
    """Not as many moved in as were claimed."""
    HOUSED = "housed"
    HOUSED_REVERSED = "housed_reversed"
    NOT_COUNTED = "not_counted"
    """Housed on a day on which that does not count for the quota."""


CLAIM_KINDS = frozenset(
    {
        Kind.CLAIMED,
        Kind.CLAIM_REVERSED,
        Kind.CLAIM_CARRIED_OUT,
        Kind.CLAIM_CARRIED_IN,
        Kind.CLAIM_TAKEN_BACK_OUT,
        Kind.CLAIM_TAKEN_BACK_IN,
        Kind.CLAIM_RESIZED,
        Kind.HOUSED,
        Kind.HOUSED_REVERSED,
        Kind.NOT_COUNTED,
    }
)
"""What a claim causes: it moves people between one municipality's accounts, and so sums to zero in each half-year."""


@dataclass(frozen=True, slots=True)
class Line:
    """So many people more (or fewer, when negative) on one account."""

    municipality_code: str
    half_year: HalfYear
    account: Account
    kind: Kind
    people: int


Booking = tuple[Line, ...]
"""Lines that belong together and sum to zero."""


def quota(code: str, half_year: HalfYear, people: int) -> Booking:
    """The municipality's part of the national number."""
    return _moved(code, half_year, Kind.QUOTA, Account.NATIONAL, Account.OPEN, people)


def carried_over(code: str, half_year: HalfYear, people: int) -> Booking:
    """What is left of a half-year goes to the next: as arrears, or, when negative, as a credit."""
    came = Kind.ARREARS if people > 0 else Kind.CREDIT
    return (
        Line(code, half_year, Account.OPEN, Kind.CARRIED_OVER, -people),
        Line(code, half_year.next, Account.OPEN, came, people),
    )


def swapped(giver: str, taker: str, half_year: HalfYear, people: int) -> Booking:
    """One municipality takes over a part of another's task; the sum stays as it was."""
    return (
        Line(giver, half_year, Account.OPEN, Kind.SWAP, -people),
        Line(taker, half_year, Account.OPEN, Kind.SWAP, people),
    )


def claimed(code: str, half_year: HalfYear, people: int) -> Booking:
    """A household was claimed."""
    return _moved(code, half_year, Kind.CLAIMED, Account.OPEN, Account.CLAIMED, people)


def claim_resized(code: str, half_year: HalfYear, people: int) -> Booking:
    """A claimed household has so many people more, or, when negative, fewer."""
    return _moved(code, half_year, Kind.CLAIM_RESIZED, Account.OPEN, Account.CLAIMED, people)


def claim_reversed(code: str, half_year: HalfYear, people: int) -> Booking:
    """A claim came to nothing."""
    return _moved(code, half_year, Kind.CLAIM_REVERSED, Account.CLAIMED, Account.OPEN, people)


def claim_carried(code: str, half_year: HalfYear, to: HalfYear, people: int) -> Booking:
    """A claim is still open when its half-year is over: it counts in a later one, or in an earlier one after all."""
    gone, came = Kind.CLAIM_CARRIED_OUT, Kind.CLAIM_CARRIED_IN
    if to < half_year:
        gone, came = Kind.CLAIM_TAKEN_BACK_OUT, Kind.CLAIM_TAKEN_BACK_IN
    out = _moved(code, half_year, gone, Account.CLAIMED, Account.OPEN, people)
    return out + _moved(code, to, came, Account.OPEN, Account.CLAIMED, people)


def housed(code: str, half_year: HalfYear, people: int, *, counts: bool) -> Booking:
    """A claimed household moved in; on a day on which that does not count, only the claim is over."""
    if counts:
        return _moved(code, half_year, Kind.HOUSED, Account.CLAIMED, Account.HOUSED, people)
    return _moved(code, half_year, Kind.NOT_COUNTED, Account.CLAIMED, Account.OPEN, people)


def housed_reversed(code: str, half_year: HalfYear, people: int) -> Booking:
    """What was counted as housed does not count after all."""
    return _moved(code, half_year, Kind.HOUSED_REVERSED, Account.HOUSED, Account.OPEN, people)


def taken_over(into: str, sums: Iterable[Line]) -> Booking:
    """After a merger the whole book of a municipality, given as sums, is its successor's: kind by kind."""
    return tuple(
        line
        for old in sums
        for line in (
            Line(old.municipality_code, old.half_year, old.account, old.kind, -old.people),
            Line(into, old.half_year, old.account, old.kind, old.people),
        )
    )


def position(lines: Iterable[Line]) -> Position:
    """What the lines of one municipality and half-year, or sums of them, add up to.

    What came over from before is either too few or too many housed: late reversals make the two cancel out.
    """
    kinds = dict.fromkeys(Kind, 0)
    accounts = dict.fromkeys(Account, 0)
    for line in lines:
        accounts[line.account] += line.people
        if line.account is Account.OPEN:
            kinds[line.kind] += line.people
    came_over = kinds[Kind.ARREARS] + kinds[Kind.CREDIT]
    return Position(
        quota=kinds[Kind.QUOTA],
        arrears=max(came_over, 0),
        credit=max(-came_over, 0),
        swapped=kinds[Kind.SWAP],
        claimed=accounts[Account.CLAIMED],
        housed=accounts[Account.HOUSED],
        carried_over=-kinds[Kind.CARRIED_OVER],
    )


def _moved(code: str, half_year: HalfYear, kind: Kind, giver: Account, taker: Account, people: int) -> Booking:
    return (Line(code, half_year, giver, kind, -people), Line(code, half_year, taker, kind, people))
