"""What an import has to do, given what is there already: so that importing the same again does nothing twice."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from doorstroom_client.spreadsheets.bed_rows import BedRow
from doorstroom_client.spreadsheets.sheet import Fault, Faulty, later
from schemas.api.shelters import BULK_LIMIT, FreeUnit, NewUnit, Unit
from schemas.vocabulary import UnitState


class Action(StrEnum):
    """What is done with a row."""

    POST = "post"
    ADD = "add"
    """And post."""
    LEAVE = "leave"
    """It is in service already: free, held, reserved or occupied."""


@dataclass(frozen=True, slots=True)
class Step:
    """A row, what is done with it, and the unit that it is about, when that is there already."""

    row: BedRow
    action: Action
    unit: Unit | None

    @property
    def request(self) -> FreeUnit:
        """What is asked for it of the server."""
        if self.unit is None:
            return self.row.free
        return self.row.free.model_copy(update={"unit_id": self.unit.unit_id, "unit": None})


def plan(rows: Sequence[BedRow], units: Sequence[Unit]) -> list[Step]:
    """What to do with each row.

    A row that describes a unit stands for one that is just so, if there is one that no other row stands for; those in
    service first. Only for a row that none is left for, one is added. So what a row added is found again by the same
    row, whatever has become of it. Raises Faulty.
    """
    known = {unit.unit_id: unit for unit in units}
    named = {row.free.unit_id for row in rows}
    faults = [
        Fault(row.line, later("there is no such unit among yours"), column="unit")
        for row in rows
        if row.free.unit_id is not None and row.free.unit_id not in known
    ]
    if faults:
        raise Faulty(faults)
    alike: defaultdict[object, list[Unit]] = defaultdict(list)
    for unit in sorted(units, key=_out_of_service_last, reverse=True):
        if unit.unit_id not in named:
            alike[_kind(unit)].append(unit)
    return [_step(row, _unit_of(row, known, alike)) for row in rows]


def _unit_of(row: BedRow, known: dict[UUID, Unit], alike: defaultdict[object, list[Unit]]) -> Unit | None:
    if row.free.unit_id is not None:
        return known[row.free.unit_id]
    assert row.free.unit is not None, "either of them is given"  # noqa: S101 - the model says so
    left = alike[_kind(row.free.unit)]
    return left.pop() if left else None


def _step(row: BedRow, unit: Unit | None) -> Step:
    if unit is None:
        return Step(row, Action.ADD, None)
    return Step(row, Action.POST if unit.state is UnitState.OUT_OF_SERVICE else Action.LEAVE, unit)


def _out_of_service_last(unit: Unit) -> tuple[bool, str]:
    return unit.state is UnitState.OUT_OF_SERVICE, str(unit.unit_id)


def _kind(unit: NewUnit) -> object:
    """What makes two units the same to everyone but those who live there."""
    return (
        unit.facility_id,
        unit.programme,
        unit.places,
        frozenset(unit.accepts.sexes),
        frozenset(unit.accepts.age_bands),
        unit.accepts.children,
        unit.serves.wheelchair,
        frozenset(unit.serves.needs),
        unit.kept_for_places,
    )


def to_post(steps: Sequence[Step]) -> list[Step]:
    """Those with which something is done. Raises Faulty when these are more than can be done at once."""
    wanted = [step for step in steps if step.action is not Action.LEAVE]
    if len(wanted) > BULK_LIMIT:
        text = later("%(units)s units are to be posted, and at most %(limit)s at once; divide it")
        raise Faulty([Fault(0, text, {"units": len(wanted), "limit": BULK_LIMIT})])
    return wanted
