"""Questions to a database, each of which finds what must never be there."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CompoundSelect, Select, Text, literal, select, union_all

from services.chassis.unit_of_work import UnitOfWork

FINDINGS_LIMIT = 100
"""How many findings of one kind are named."""

Question = Select[tuple[object]] | CompoundSelect[tuple[object]]
Questions = Mapping[str, Question]
"""What is wrong, and the statement that gives the id of each thing of which that is true."""


def questions(asked: Questions) -> Questions:
    """The same, bounded. Built once: a simulation asks them all the time."""
    return {what: query.limit(FINDINGS_LIMIT) for what, query in asked.items()}


def missing(needed: Select[Any], there: Select[Any]) -> CompoundSelect[tuple[object]]:
    """The ids of `needed`, a column `id`, that are not among `there`.

    A difference of sets is worked out in one pass over each. Where something does not exist, a planner that knows
    nothing yet of tables that were just filled compares everything with everything.
    """
    return needed.except_(there).order_by("id")


def at_once(asked: Questions) -> CompoundSelect[tuple[str]]:
    """What is wrong, without the ids, as one statement: a simulation asks it after every step."""
    found = (
        select(literal(what, Text).label("what")).select_from(query.subquery()).limit(1).subquery()
        for what, query in asked.items()
    )
    return union_all(*(select(one.c.what) for one in found))


async def broken(unit: UnitOfWork, asked: Questions) -> list[str]:
    """Everything that is wrong: what, and an id."""
    return [f"{what}: {id_}" for what, query in asked.items() for [id_] in await unit.execute(query)]
